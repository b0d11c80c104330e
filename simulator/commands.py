"""What can be done to a running mall, one command at a time."""

from collections.abc import Mapping
from typing import Any

from .faults import Fault, FaultKind
from .line import SimulatedLine
from .mall import Mall
from .meter import SimulatedMeter

FAULTS = {kind.value.replace("_", "-"): kind for kind in FaultKind}
"""Faults as they are typed."""


class CommandError(Exception):
    """The command makes no sense; the message says why."""


async def run_command(mall: Mall, command: Mapping[str, Any]) -> str:
    """Do what a command says and return what was done."""
    verb, name = str(command.get("command", "")), str(command.get("target", ""))
    try:
        if verb in {"unplug", "plug-in"}:
            return await _plug(mall, verb, name)
        target = _target(mall, name)
        if verb in FAULTS:
            return _fail(target, FAULTS[verb], command)
        if verb == "heal":
            target.heal()
            return f"{name} is healed"
        if not isinstance(target, SimulatedMeter):
            raise CommandError(f"{name} is a line: {verb or 'that'} is for meters")
        return _change(target, verb, command)
    except (TypeError, ValueError) as error:
        raise CommandError(str(error)) from error


def describe(mall: Mall) -> dict[str, Any]:
    """Return what is going on in the mall."""
    return {
        "speed": float(mall.clock.speed),
        "lines": [
            {
                "name": line.name,
                "address": mall.endpoints[line.name].address,
                "faults": line.faults.names(),
                "requests": line.statistics.requests,
                "answers": line.statistics.answers,
                "meters": [_describe(meter, mall) for meter in line.meters],
            }
            for line in mall.lines.values()
        ],
    }


def _describe(meter: SimulatedMeter, mall: Mall) -> dict[str, Any]:
    return {
        "name": meter.name,
        "shop": mall.plan.tenants.get(meter.name, ""),
        "serial": meter.serial,
        "address": meter.address,
        "wh": meter.true_wh,
        "power_w": meter.power_w,
        "relay": "closed" if meter.relay_closed else "open",
        "closings": meter.closings,
        "faults": meter.faults.names(),
    }


def _target(mall: Mall, name: str) -> SimulatedMeter | SimulatedLine:
    if name in mall.lines:
        return mall.lines[name]
    try:
        return mall.meter(name)
    except KeyError:
        known = ", ".join([*mall.lines, *(meter.name for meter in mall.meters)])
        raise CommandError(f"no line or meter is called {name!r}; there are {known}") from None


async def _plug(mall: Mall, verb: str, name: str) -> str:
    if name not in mall.endpoints:
        raise CommandError(f"no line is called {name!r}; there are {', '.join(mall.endpoints)}")
    if verb == "unplug":
        await mall.unplug(name)
        return f"{name} is unplugged"
    await mall.plug_in(name)
    return f"{name} is plugged in at {mall.endpoints[name].address}"


def _fail(
    target: SimulatedMeter | SimulatedLine, kind: FaultKind, command: Mapping[str, Any]
) -> str:
    if kind is FaultKind.STUCK and isinstance(target, SimulatedLine):
        raise CommandError("a relay is stuck in a meter, not in a line: name the meter")
    times = command.get("times")
    fault = Fault(
        kind=kind,
        seconds=float(command.get("seconds", 1.0)),
        code=int(command.get("code", 4)),
        times=None if times is None else int(times),
        share=float(command.get("share", 1.0)),
    )
    target.fail(fault)
    return f"{target.name} is {kind.value.replace('_', ' ')}"


def _change(meter: SimulatedMeter, verb: str, command: Mapping[str, Any]) -> str:
    value = str(command.get("value", ""))
    match verb:
        case "load":
            meter.set_load(None if value == "auto" else int(value))
            return f"{meter.name} draws {meter.power_w} W"
        case "voltage":
            meter.set_voltage(*([] if value == "auto" else map(int, value.split(","))))
            return f"{meter.name} has {', '.join(map(str, meter.volts))} V"
        case "bypass":
            meter.set_bypass(int(value))
            return f"{meter.bypass_w} W flow past the relay of {meter.name}"
        case "energy":
            meter.set_energy(int(value))
            return f"{meter.name} shows {meter.true_wh} Wh"
        case "replace":
            if len(value) != 13 or not value.isascii():
                raise CommandError("a serial number has 13 characters")
            meter.replace(value, wh=int(command.get("wh", 0)))
            return f"{meter.name} is now meter {meter.serial}"
        case _:
            raise CommandError(f"no command is called {verb!r}")
