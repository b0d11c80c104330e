"""A mall from a site file: whoever has written one can try it before a meter is wired.

Of the site file only `buses`, `meters` and `accounts` are read. Gateways listen on loopback at the
ports that the file names, whatever host it names; a serial device outside `/dev` is created at its
path, one inside `/dev` in the folder of serial ports.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from .line import LinePlan, Transport
from .loads import LoadKind, scramble
from .main_meter import MainMeterPlan
from .meter import DEFAULT_MODEL, MeterPlan
from .models import MODELS, circuits_of
from .tenants import MallPlan

_SHOPS = (LoadKind.FASHION, LoadKind.CAFE, LoadKind.RESTAURANT, LoadKind.ELECTRONICS)


def read_plan(path: Path, *, pace: bool = True) -> MallPlan:
    """Return the mall that a site file describes."""
    document = yaml.safe_load(path.read_text("utf-8"))
    try:
        tenants = {
            str(serial): str(account["name"])
            for account in document.get("accounts") or []
            for serial in account["meters"]
        }
        lines = [_line(bus, pace=pace) for bus in document["buses"]]
        meters: dict[str, list[MeterPlan]] = {line.name: [] for line in lines}
        mains = {str(main) for feeder in document.get("feeders") or [] for main in feeder["main"]}
        for meter in document["meters"]:
            for serial in circuits_of(str(meter["serial"]), str(meter["profile"])):
                plan = _meter(meter, serial, has_tenant=serial in tenants)
                meters[meter["bus"]].append(_as_main(plan) if serial in mains else plan)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no site file that can be simulated: {error!r}") from error
    names = {plan.serial: plan.name for plans in meters.values() for plan in plans}
    return MallPlan(
        lines=lines,
        meters=meters,
        tenants={names[serial]: shop for serial, shop in tenants.items() if serial in names},
    )


def _line(bus: Mapping[str, Any], *, pace: bool) -> LinePlan:
    device = str(bus.get("device", ""))
    return LinePlan(
        name=str(bus["name"]),
        transport=Transport(bus["transport"]),
        port=int(bus.get("port", 0)),
        device="" if device.startswith("/dev/") else device,
        baudrate=int(bus.get("baudrate", 9600)),
        parity=str(bus.get("parity", "E")),
        stopbits=int(bus.get("stopbits", 1)),
        pace=pace,
    )


def _as_main(plan: MeterPlan) -> MeterPlan:
    return MainMeterPlan(**{field.name: getattr(plan, field.name) for field in fields(plan)})


def _meter(meter: Mapping[str, Any], serial: str, *, has_tenant: bool) -> MeterPlan:
    drawn = scramble(int.from_bytes(serial.encode()))
    return MeterPlan(
        serial=serial,
        name=str(meter["name"]) if serial == str(meter["serial"]) else serial,
        address=int(meter["address"]),
        kind=_SHOPS[drawn % len(_SHOPS)] if has_tenant else LoadKind.LIGHTING,
        rated_kw=max(1, int(meter.get("rated_power", 10))),
        breaker_a=int(meter.get("breaker", 40)),
        area=str(meter.get("area", "")),
        floor_area=int(meter.get("floor_area", 0)),
        starts_wh=1_000_000 + drawn % 6_000_000,
        model=str(meter["profile"]) if meter["profile"] in MODELS else DEFAULT_MODEL,
    )
