"""A mall in which one shop has a DL/T 645 meter and its neighbour, on the same wires, a KPM33B."""

from fractions import Fraction
from typing import Any

from simulator.clock import ManualClock
from simulator.dlt645 import Dlt645Meter, Dlt645Plan
from simulator.line import LinePlan, Transport
from simulator.loads import LoadKind
from simulator.mall import Mall
from simulator.meter import MeterPlan
from simulator.tenants import MallPlan
from tests.site_fixtures import MONDAY_NOON

LINE, SHOP, NEIGHBOUR = "West riser", "B-201", "B-202"
DIGITS = "000016818505"
KPM33B = "33B0025950001"
PASSWORD = "123456"  # noqa: S105  # the simulated meter's


def dlt645_mall(
    transport: Transport = Transport.RTU_TCP, *, baudrate: int = 115200, pace: bool = False
) -> Mall:
    """Return the mall; its time stands still until a test moves it."""
    common: dict[str, Any] = {
        "kind": LoadKind.FASHION,
        "rated_kw": 11,
        "breaker_a": 100,
        "area": "",
    }
    plan = MallPlan(
        lines=[LinePlan(name=LINE, transport=transport, baudrate=baudrate, pace=pace)],
        meters={
            LINE: [
                Dlt645Plan(
                    serial=DIGITS, name=SHOP, address=0, floor_area=0, starts_wh=40_000, **common
                ),
                MeterPlan(serial=KPM33B, name=NEIGHBOUR, address=1, floor_area=0, **common),
            ]
        },
        tenants={SHOP: "Silk & Thread", NEIGHBOUR: "Denim Depot"},
    )
    return Mall.build(plan, clock=ManualClock(MONDAY_NOON), speed=Fraction(1))


def dlt645_meter(mall: Mall) -> Dlt645Meter:
    """Return the meter that speaks DL/T 645."""
    meter = mall.meter(SHOP)
    assert isinstance(meter, Dlt645Meter)
    return meter


def dlt645_file(mall: Mall, *, password: str | None = PASSWORD, balance: str = "1") -> str:
    """Return the site file; without a password the relay can be read alone."""
    plan = mall.lines[LINE].plan
    place = (
        f"device: {mall.device(LINE)}"
        if plan.transport is Transport.SERIAL
        else f"host: 127.0.0.1, port: {mall.port(LINE)}"
    )
    access = f", relay_access: {{password: {password}, level: 02}}" if password else ""
    terms = f"tariff: Flat, policy: Careful, opening_balance: {balance}"
    return f"""\
site: {{name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}}
buses:
  - {{name: {LINE}, transport: {plan.transport}, {place}, baudrate: {plan.baudrate}, timeout: 0.2}}
meters:
  - {{serial: {DIGITS}, name: {SHOP}, bus: {LINE}, address: {DIGITS}, profile: dlt645_2007, breaker: 100{access}}}
  - {{serial: {KPM33B}, name: {NEIGHBOUR}, bus: {LINE}, address: 1, profile: compere_kpm33b, breaker: 100}}
accounts:
  - {{number: {SHOP}, name: Silk & Thread, meters: [{DIGITS}], {terms}}}
  - {{number: {NEIGHBOUR}, name: Denim Depot, meters: [{KPM33B}], {terms}}}
tariffs:
  - {{name: Flat, valid_from: 2026-01-01, prices: {{flat: 1}}}}
policies:
  - {{name: Careful, warning_levels: [0.5]}}
"""  # noqa: E501  # a meter a line
