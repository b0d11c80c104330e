"""The mall as a site file: what an owner would import to run it prepaid.

The opening balances make something happen soon: one shop crosses its warning level after about a
minute and a half, one runs out after two and a half, one is warned already and one is already off.
How much those shops will spend until then is computed from their loads and the price of the hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
import json
import math
import re
from types import MappingProxyType

from .clock import MICROSECONDS
from .energy import UNITS_PER_WH
from .line import SimulatedLine, Transport
from .loads import scramble
from .mall import Mall
from .meter import SimulatedMeter
from .shared_costs import shared_costs
from .tenants import COOLING_NAME

WARNS_SOON, TRIPS_SOON, WARNED, OFF = "A-102", "A-101", "A-107", "B-203"
"""The shops to which something happens."""

WARNS_AFTER_S, TRIPS_AFTER_S = 90, 150

_LARGEST_BREAKER_A = 10_000
"""A site file names none that is larger."""

MAX_SPEED = 100
"""Beyond that the scaled breakers of shops are larger; a main meter is left out earlier."""

_WARNING_LEVEL = 50
_CENT = Decimal("0.01")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 &/_.-]*[A-Za-z0-9]|[A-Za-z]")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffPlan:
    """A tariff of the demonstration."""

    name: str
    prices: Mapping[str, Decimal]
    slots: Mapping[str, str]
    tiers: str = "[]"

    def price_at(self, moment: datetime) -> Decimal:
        """Return the price of a kWh at a local moment, before any tier is reached."""
        clock = f"{moment:%H:%M}"
        period = [name for starts, name in sorted(self.slots.items()) if starts <= clock][-1]
        return self.prices[period]


_TIME_OF_USE = MappingProxyType(
    {
        "00:00": "valley",
        "08:00": "flat",
        "10:00": "peak",
        "12:00": "flat",
        "14:00": "peak",
        "21:00": "flat",
    }
)

RETAIL = TariffPlan(
    name="Retail TOU",
    prices={"peak": Decimal("0.9876"), "flat": Decimal("0.6173"), "valley": Decimal("0.2915")},
    slots=_TIME_OF_USE,
    tiers="[{up_to: 2000}, {up_to: 5000, adder: 0.05}, {adder: 0.10}]",
)
FOOD_COURT = TariffPlan(
    name="Food court TOU",
    prices={"peak": Decimal("1.0420"), "flat": Decimal("0.6580"), "valley": Decimal("0.3120")},
    slots=_TIME_OF_USE,
)
KIOSK = TariffPlan(name="Kiosk flat", prices={"flat": Decimal("0.7500")}, slots={"00:00": "flat"})
TARIFFS = (RETAIL, FOOD_COURT, KIOSK)

_TARIFF_BY_AREA = MappingProxyType({"Food court": FOOD_COURT, "Kiosks": KIOSK})
_FLOOR_BY_AREA = MappingProxyType(
    {
        "Food court": "Level 1",
        "Fashion street": "Level 2",
        "Ground floor": "Level 0",
        "Plant room": "Basement",
    }
)
_HOURS_BY_AREA = MappingProxyType({"Food court": 91, "Ground floor": 98, "Kiosks": 70})
"""How many hours a week shops are open; 84 elsewhere."""
_POLICY_BY_AREA = MappingProxyType({"Kiosks": "Kiosk"})
_POLICY_BY_METER = MappingProxyType({"G-001": "Anchor tenant"})

_POLICIES = """\
  - {name: Standard, warning_levels: [100, 50], cut_off: 0, credit_limit: 0, reconnect: auto}
  - {name: Kiosk, warning_levels: [20, 10], cut_off: 0, credit_limit: 0, reconnect: auto}
  - name: Anchor tenant
    warning_levels: [500, 200]
    cut_off: 0
    credit_limit: 300
    reconnect: confirm
"""


def write_site(
    mall: Mall, *, name: str = "Riverside Mall", currency: str = "CNY", at: datetime | None = None
) -> str:
    """Return a mall whose doors are open as a site file; `at` is when it will be imported."""
    local = (at or datetime.now(UTC)).astimezone(mall.time_zone)
    speed = mall.clock.speed
    if speed > MAX_SPEED:
        raise ValueError(f"a site file describes a mall of at most {MAX_SPEED} times the speed")
    sections = [
        "# The simulated mall. Write it anew for each run: ports and opening balances change.",
        f"site: {{name: {_text(name)}, currency: {currency}, time_zone: {mall.time_zone.key}}}",
        "buses:",
        *(_bus(mall, line) for line in mall.lines.values()),
        *_meters(mall, speed),
        "accounts:",
        *(_account(meter, mall, local) for meter in mall.meters if meter.name in mall.plan.tenants),
        "tariffs:",
        *(_tariff(tariff) for tariff in TARIFFS),
        "policies:",
        _POLICIES.rstrip("\n"),
        *shared_costs([meter for meter in mall.meters if _fits(meter, _scale(speed))]),
    ]
    return "\n".join(sections) + "\n"


def opening_balance(meter: SimulatedMeter, local: datetime, speed: Fraction) -> Decimal:
    """Return what a shop has paid in advance when the site file is imported."""
    if meter.name == OFF:
        return Decimal(0)
    if meter.name == WARNED:
        return Decimal("31.20")
    if meter.name == TRIPS_SOON:
        return _spent(meter, TRIPS_AFTER_S, local, speed)
    if meter.name == WARNS_SOON:
        return _WARNING_LEVEL + _spent(meter, WARNS_AFTER_S, local, speed)
    # A shop that spends faster because time runs faster has paid more, too.
    paid = 150 + meter.plan.rated_kw * 20 + scramble(meter.seed) % 200
    return Decimal(paid * _scale(speed))


def _scale(speed: Fraction) -> int:
    """Return by which whole number power seems larger to somebody whose time is not simulated."""
    return max(1, math.ceil(speed))


def _spent(meter: SimulatedMeter, seconds: int, local: datetime, speed: Fraction) -> Decimal:
    """Return what a shop spends in so many seconds from now, at least a cent."""
    meter.advance()
    until_us = meter.at_us + int(seconds * speed * MICROSECONDS)
    wh = meter.load.watt_microseconds(meter.at_us, until_us) // UNITS_PER_WH
    cost = tariff_of(meter).price_at(local) * wh / 1000
    return max(_CENT, cost.quantize(_CENT, ROUND_CEILING))


def tariff_of(meter: SimulatedMeter) -> TariffPlan:
    """Return the tariff of the shop behind a meter."""
    return _TARIFF_BY_AREA.get(meter.plan.area, RETAIL)


def _bus(mall: Mall, line: SimulatedLine) -> str:
    plan = line.plan
    if plan.transport is Transport.SERIAL:
        place = f"device: {_text(str(mall.device(line.name)))}, baudrate: {plan.baudrate}"
        place += f", parity: {plan.parity}, stopbits: {plan.stopbits}"
    else:
        place = f"host: 127.0.0.1, port: {mall.port(line.name)}"
        if plan.transport is Transport.RTU_TCP:
            place += f", baudrate: {plan.baudrate}"
    return f"  - {{name: {_text(line.name)}, transport: {plan.transport}, {place}}}"


def _meters(mall: Mall, speed: Fraction) -> list[str]:
    lines = []
    if _scale(speed) > 1:
        lines += [
            f"# Time runs {float(speed):g} times as fast in this mall, so in a real minute a meter",
            "# counts that many minutes' energy. The breakers are scaled likewise, or every",
            "# reading would look like more than the wiring can carry.",
        ]
    lines.append("meters:")
    for line in mall.lines.values():
        fit = [meter for meter in line.meters if _fits(meter, _scale(speed))]
        devices = {device_of(meter): meter for meter in reversed(fit)}
        lines += [
            _meter(serial, devices[serial], line.name, _scale(speed))
            for serial in reversed(devices)
        ]
    return lines


def _fits(meter: SimulatedMeter, scale: int) -> bool:
    return meter.plan.breaker_a * scale <= _LARGEST_BREAKER_A


def device_of(meter: SimulatedMeter) -> str:
    """Return the serial number of a meter, or of the device whose circuit it is."""
    return meter.serial.rpartition("-")[0] or meter.serial


def _meter(serial: str, meter: SimulatedMeter, line: str, scale: int) -> str:
    plan = meter.plan
    is_circuit = serial != meter.serial
    parts = [
        f"serial: {_text(serial)}",
        f"name: {_text(COOLING_NAME if is_circuit else meter.name)}",
        f"bus: {_text(line)}",
        f"address: {meter.address}",
        f"profile: {plan.model}",
        f"area: {_text(plan.area)}",
    ]
    if plan.area in _FLOOR_BY_AREA:
        parts.append(f"floor: {_text(_FLOOR_BY_AREA[plan.area])}")
    if plan.floor_area:
        parts.append(f"floor_area: {plan.floor_area}")
    if not is_circuit:
        parts.append(f"rated_power: {plan.rated_kw}")
    parts.append(f"breaker: {plan.breaker_a * scale}")
    return f"  - {{{', '.join(parts)}}}"


def _account(meter: SimulatedMeter, mall: Mall, local: datetime) -> str:
    policy = _POLICY_BY_AREA.get(meter.plan.area, "Standard")
    policy = _POLICY_BY_METER.get(meter.name, policy)
    shop = mall.plan.tenants[meter.name]
    balance = opening_balance(meter, local, mall.clock.speed)
    return (
        f"  - {{number: {_text(meter.name)}, name: {_text(shop)}, meters: [{_text(meter.serial)}],"
        f" tariff: {tariff_of(meter).name}, policy: {policy}, opening_balance: {balance},"
        f" opening_hours: {_HOURS_BY_AREA.get(meter.plan.area, 84)}}}"
    )


def _tariff(tariff: TariffPlan) -> str:
    prices = ", ".join(f"{period}: {price}" for period, price in tariff.prices.items())
    slots = ", ".join(f'"{starts}": {period}' for starts, period in tariff.slots.items())
    return f"""\
  - name: {tariff.name}
    valid_from: 2026-01-01
    prices: {{{prices}}}
    schedule:
      - {{days: [mon-sun], months: [1-12], slots: {{{slots}}}}}
    tiers: {tariff.tiers}
    tier_proration: none
    standing: {{per_day: 0, per_month: 0}}
    minimum_per_month: 0
    tax: {{percent: 0, included: true}}"""


def _text(value: str) -> str:
    """Return a word as YAML that nothing can take for a number, a date or a key."""
    return (
        value if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED else json.dumps(value)
    )
