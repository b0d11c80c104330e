"""The mall of the demonstration: who rents what, and which line it hangs on.

Twenty-four shops, four meters of common areas, a meter with four circuits for the cooling and the
main meter of it all: two risers behind transparent serial servers, the plant room behind a Modbus
TCP gateway, and the kiosks on the roof at a serial port.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from .line import LinePlan, Transport
from .loads import LoadKind, scramble
from .main_meter import MainMeterPlan
from .meter import MeterPlan

EAST, WEST, PLANT, ROOF = "East riser", "West riser", "Plant room", "Roof kiosks"

PORTS = MappingProxyType({EAST: 0, WEST: 1, PLANT: 2})
"""Ports count from a base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MallPlan:
    """Lines, and the meters on each; who has no tenant is a common area."""

    lines: Sequence[LinePlan]
    meters: Mapping[str, Sequence[MeterPlan]]
    """By the name of the line."""
    tenants: Mapping[str, str]
    """Name of the shop by name of the meter."""


_R, _C, _F = LoadKind.RESTAURANT, LoadKind.CAFE, LoadKind.FASHION

# Meter, shop, kind, rated power in kW, breaker in A, area, floor area in m².
_Row = tuple[str, str, LoadKind, int, int, str, int]

_EAST_ROWS: tuple[_Row, ...] = (
    ("A-101", "Noodle House", _R, 22, 40, "Food court", 120),
    ("A-102", "Bubble Tea", _C, 9, 20, "Food court", 35),
    ("A-103", "Dumpling Garden", _R, 26, 50, "Food court", 140),
    ("A-104", "Coffee Corner", _C, 12, 25, "Food court", 60),
    ("A-105", "Hot Pot Palace", _R, 44, 80, "Food court", 260),
    ("A-106", "Sushi Bar", _R, 18, 32, "Food court", 95),
    ("A-107", "Bakery Lane", _C, 24, 40, "Food court", 80),
    ("A-108", "Burger Grill", _R, 30, 50, "Food court", 130),
    ("A-109", "Ice Cream Dream", _C, 10, 20, "Food court", 40),
    ("A-110", "Curry Kitchen", _R, 20, 40, "Food court", 110),
    ("A-111", "Juice Point", _C, 7, 16, "Food court", 28),
    ("A-112", "Tea House", _C, 8, 16, "Food court", 70),
)
_WEST_ROWS: tuple[_Row, ...] = (
    ("B-201", "Silk & Thread", _F, 11, 25, "Fashion street", 180),
    ("B-202", "Denim Depot", _F, 9, 20, "Fashion street", 150),
    ("B-203", "Shoe Gallery", _F, 8, 20, "Fashion street", 130),
    ("B-204", "Little Stars", _F, 7, 16, "Fashion street", 115),
    ("B-205", "Jade Jewellery", _F, 10, 20, "Fashion street", 65),
    ("B-206", "Lotus Cosmetics", _F, 12, 25, "Fashion street", 140),
    ("G-001", "Fresh Market", LoadKind.SUPERMARKET, 58, 100, "Ground floor", 900),
    ("G-002", "Phone World", LoadKind.ELECTRONICS, 14, 25, "Ground floor", 160),
    ("G-003", "Home Cinema", LoadKind.ELECTRONICS, 18, 32, "Ground floor", 210),
    ("G-004", "Book Harbour", _F, 13, 25, "Ground floor", 320),
)
_PLANT_ROWS: tuple[_Row, ...] = (
    ("P-1 Escalators", "", LoadKind.ESCALATOR, 30, 63, "Plant room", 0),
    ("P-2 Lifts", "", LoadKind.LIFT, 25, 50, "Plant room", 0),
    ("P-3 Lighting", "", LoadKind.LIGHTING, 28, 50, "Plant room", 0),
    ("P-4 Ventilation", "", LoadKind.AIR_CONDITIONING, 20, 50, "Plant room", 0),
)
_COOLING_ROWS: tuple[_Row, ...] = (
    ("P-5 Chiller 1", "", LoadKind.AIR_CONDITIONING, 34, 63, "Plant room", 0),
    ("P-5 Chiller 2", "", LoadKind.AIR_CONDITIONING, 30, 63, "Plant room", 0),
    ("P-5 Pumps", "", LoadKind.AIR_CONDITIONING, 12, 63, "Plant room", 0),
    ("P-5 Air handling", "", LoadKind.AIR_CONDITIONING, 18, 63, "Plant room", 0),
)
COOLING, COOLING_NAME = "MAP12E0250105", "P-5 Cooling"
"""The device whose four circuits these are: their serial numbers are its own and a channel."""

MAIN = MainMeterPlan(
    serial="SDM6300250110",
    name="M-0 Main",
    address=6,
    kind=LoadKind.LIGHTING,
    rated_kw=630,
    breaker_a=1000,
    area="Plant room",
    floor_area=0,
    model="eastron_sdm630",
    lost_permille=18,  # in cables and transformer
)

_ROOF_ROWS: tuple[_Row, ...] = (
    ("K-1", "Flower Kiosk", LoadKind.KIOSK, 3, 16, "Kiosks", 12),
    ("K-2", "Phone Repair", LoadKind.KIOSK, 4, 20, "Kiosks", 10),
)


def _meters(rows: Sequence[_Row], first_number: int) -> list[MeterPlan]:
    """Give each row an address on its line and a serial number as the vendor counts them."""
    plans = []
    for place, (name, _, kind, rated_kw, breaker_a, area, floor_area) in enumerate(rows):
        number = first_number + place
        plans.append(
            MeterPlan(
                serial=f"33B0025950{number:03d}",  # KPM33B, China, RS485, September 2025
                name=name,
                address=place + 1,
                kind=kind,
                rated_kw=rated_kw,
                breaker_a=breaker_a,
                area=area,
                floor_area=floor_area,
                # Below 16 384 kWh single precision still tells one watt-hour from the next.
                starts_wh=1_200_000 + scramble(number) % 6_000_000,
            )
        )
    return plans


def _plant(rows: Sequence[_Row], first_number: int) -> list[MeterPlan]:
    """Return the meters of the plant room: common areas, cooling by circuit, the main meter."""
    cooling = [
        replace(plan, serial=f"{COOLING}-{circuit}", address=5, model="wirenboard_map12e")
        for circuit, plan in enumerate(_meters(_COOLING_ROWS, 101), 1)
    ]
    return [*_meters(rows, first_number), *cooling, MAIN]


def mall_plan(*, port_base: int = 0, baudrate: int = 9600, pace: bool = True) -> MallPlan:
    """Return the mall of the demonstration; port base 0 takes free ports."""
    rows = {EAST: _EAST_ROWS, WEST: _WEST_ROWS, PLANT: _PLANT_ROWS, ROOF: _ROOF_ROWS}
    transports = {PLANT: Transport.MODBUS_TCP, ROOF: Transport.SERIAL}
    lines, meters, number = [], {}, 1
    for name, line_rows in rows.items():
        port = port_base + PORTS[name] if port_base and name in PORTS else 0
        transport = transports.get(name, Transport.RTU_TCP)
        lines.append(
            LinePlan(name=name, transport=transport, port=port, baudrate=baudrate, pace=pace)
        )
        meters[name] = (_plant if name == PLANT else _meters)(line_rows, number)
        number += len(line_rows)
    tenants = {row[0]: row[1] for line_rows in rows.values() for row in line_rows if row[1]}
    return MallPlan(lines=lines, meters=meters, tenants=tenants)


def one_line_plan(
    meters: int = 24,
    *,
    transport: Transport = Transport.RTU_TCP,
    port: int = 0,
    baudrate: int = 9600,
    pace: bool = True,
) -> MallPlan:
    """Return a mall whose shops all hang on one line: for tests and measurements."""
    shops = (*_EAST_ROWS, *_WEST_ROWS, *_ROOF_ROWS)
    if not 1 <= meters <= 247:
        raise ValueError("a line has 1 to 247 addresses")
    rows = [
        shops[place]
        if place < len(shops)
        else (f"Z-{place + 1:03d}", f"Shop {place + 1}", _F, 10, 20, "Annex", 100)
        for place in range(meters)
    ]
    name = EAST
    line = LinePlan(name=name, transport=transport, port=port, baudrate=baudrate, pace=pace)
    return MallPlan(
        lines=[line],
        meters={name: _meters(rows, 1)},
        tenants={row[0]: row[1] for row in rows},
    )
