"""What meters keep without supply, in a file.

A meter's registers are non-volatile and its relay latches, so a mall that is started again goes on
where it stopped: nobody sees an energy go backwards. While the mall is off no energy flows. A mall
that was killed cannot know how far its meters were read after the last save, so they go on from a
little above.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any

from .energy import EnergyRegisters
from .meter import SimulatedMeter
from .settings import ForcedState, MeterSettings

_VERSION = 1


def snapshot_meter(meter: SimulatedMeter) -> dict[str, Any]:
    """Return what a meter keeps."""
    meter.advance()
    energy, settings, forced = meter.energy, meter.settings, meter.settings.forced
    return {
        "serial": meter.serial,
        "address": meter.address,
        "phases": list(energy.phases),
        "rates": list(energy.rates),
        "months": [list(rates) for rates in energy.months],
        "month": energy.month,
        "commanded_closed": meter.commanded_closed,
        "remote_control": settings.remote_control,
        "forced": None if forced is None else [forced.closed, forced.minutes, forced.until_us],
        "credit": settings.credit,
        "overdraft": settings.overdraft,
        "prepaid": meter.prepaid,
        "password": settings.password,
        "hold_time_s": settings.hold_time_s,
        "load_threshold": settings.load_threshold,
    }


def restore_meter(meter: SimulatedMeter, kept: Any) -> None:
    """Let a meter go on from what it kept."""
    meter.serial = str(kept["serial"])
    meter.address = int(kept["address"])
    meter.energy = EnergyRegisters(
        phases=[int(units) for units in kept["phases"]],
        rates=[int(units) for units in kept["rates"]],
        months=[[int(units) for units in rates] for rates in kept["months"]],
        month=int(kept["month"]),
    )
    meter.commanded_closed = bool(kept["commanded_closed"])
    meter.prepaid = bool(kept["prepaid"])
    meter.settings = MeterSettings(
        remote_control=bool(kept["remote_control"]),
        forced=None if kept["forced"] is None else ForcedState(*kept["forced"]),
        credit=int(kept["credit"]),
        overdraft=int(kept["overdraft"]),
        password=int(kept["password"]),
        hold_time_s=int(kept["hold_time_s"]),
        load_threshold=int(kept["load_threshold"]),
    )
    meter.settle()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The content of a state file."""

    meters: Mapping[str, object]
    """What each meter keeps, by its name."""
    clean: bool
    """Whether the mall was closed properly; else meters counted on after this was written."""


def read_state(path: Path) -> State:
    """Return what a state file holds; nothing if there is none yet."""
    if not path.exists():
        return State(meters={}, clean=True)
    document = json.loads(path.read_text("utf-8"))
    if document.get("version") != _VERSION:
        raise ValueError(f"{path} was written by another version: delete it to start over")
    return State(meters=document["meters"], clean=document["clean"])


def write_state(path: Path, state: State) -> None:
    """Replace a state file; whoever reads it sees the old or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    document = {"version": _VERSION, "clean": state.clean, "meters": state.meters}
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
