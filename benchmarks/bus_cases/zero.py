"""From the instant at which a tenant's money is used up to the contact that opens.

The instant is computed from the simulated meter: its register rises evenly, and the ledger tells
afterwards at which register the money was at zero. The register's whole Wh blur it by 60 ms.
"""

from decimal import Decimal
import json

from benchmarks.bus_cases.home import Home, account_of, document, home
from benchmarks.bus_cases.stand import Line, Tally, percentile, spread
from benchmarks.bus_line.plan import Energy, LinePlan, Way
from benchmarks.bus_line.process import Simulator

LINES, METERS = 4, 24
WATTS = 60_000
PRICE = Decimal(60)
"""With this load a unit of money lasts for one second."""
FIRST_S, NEXT_S = 40, Decimal("0.6")
"""When the first account runs out, and how much later each next one."""
_AFTER_S = 30.0


async def measure(simulator: Simulator, tally: Tally) -> None:
    """Let all accounts of four crowded lines run out, one after the other and many in between."""
    plan = LinePlan(way=Way.RTU_TCP, meters=METERS, watts=WATTS)
    lines = [Line.make(simulator, plan) for _ in range(LINES)]
    async with home() as house:
        site = document(lines, balances=_balances(lines), price=PRICE)
        result = await house.client.action("import_site", content=site.text)
        if result["faults"]:
            raise RuntimeError(json.dumps(result["faults"][:3]))
        energies = [simulator.energies(line.number) for line in lines]
        await house.rest(float(FIRST_S + NEXT_S * LINES * METERS) + _AFTER_S)
        delays = []
        for line, registers in zip(lines, energies, strict=True):
            delays += await _delays(house, line, registers)
        ledger = await house.client.action("verify_ledger")
    name = f"zero of money to open contact: {len(delays)} of {LINES * METERS} accounts"
    tally.judge(f"{name} cut, ledger ok: {ledger['ok']}", len(delays), least=LINES * METERS)
    if delays:
        told = f"{name}, {LINES} lines 9600: {spread(delays)}, min {min(delays) * 1000:.0f} ms"
        tally.judge(f"{told}: p99", percentile(delays, 0.99), most=2.0)


def _balances(lines: list[Line]) -> dict[str, str]:
    """Return opening balances; neighbours in time are on different lines."""
    return {
        account_of(line, unit): str(FIRST_S + NEXT_S * (LINES * (unit - 1) + place))
        for place, line in enumerate(lines)
        for unit in range(1, METERS + 1)
    }


async def _delays(house: Home, line: Line, registers: dict[int, Energy]) -> list[float]:
    """Return how long each contact took to open, of those that did."""
    opened_at: dict[int, float] = {}
    for move in line.simulator.moves(line.number):
        if not move.closed:
            opened_at.setdefault(move.unit, move.at)
    delays = []
    for unit, at in opened_at.items():
        found = await house.client.action("get_account", account=account_of(line, unit))
        kwh_now = Decimal(found["meters"][0]["energy_wh"]) / 1000
        kwh_at_zero = kwh_now + Decimal(found["balance"]) / PRICE
        delays.append(at - registers[unit].reaches(float(kwh_at_zero)))
    return delays
