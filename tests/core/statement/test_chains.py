"""Whatever is issued in whatever order: statements hand on their balances and lose nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.prepayment.calendar import month_of
from custom_components.compere_prepaid.core.statement.issuing import SINCE_LAST, Asked
from tests.core.prepayment.desk import SHOP, ZONE, Desk, money
from tests.core.statement.readding import readd
from tests.core.statement.year import TARIFFS as TARIFFS_OF_A_YEAR

TARIFFS = (
    *TARIFFS_OF_A_YEAR,
    {
        "name": "Free",
        "valid_from": "2025-01-01",
        "prices": {"flat": 0},
        "schedule": [{"slots": {"00:00": "flat"}}],
    },
)
_REFUSED = {
    *("statement_told", "statement_missing", "statement_followed"),
    *("statement_too_late", "statement_month_open"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """Hours pass; the meter counts and is read or is silent; something is paid; one is issued."""

    hours: int
    wh: int
    is_silent: bool
    pays: bool
    asked: str
    """Nothing, `since`, or how many months back: `0` to `2`, with a `!` for a correction."""


STEPS = st.lists(
    st.builds(
        Step,
        hours=st.integers(1, 500),
        wh=st.integers(0, 5000),
        is_silent=st.booleans(),
        pays=st.booleans(),
        asked=st.sampled_from(["", "", "since", "0", "1", "1", "2", "1!", "1!", "2!"]),
    ),
    min_size=2,
    max_size=10,
)


def _asked(desk: Desk, written: str) -> Asked:
    if written == "since":
        return SINCE_LAST
    month: date = month_of(desk.clock.now(), ZONE)
    for _ in range(int(written[0])):
        month = (month - timedelta(days=1)).replace(day=1)
    return Asked(month=month, correct=written.endswith("!"))


async def _play(path: Path, rates: str, steps: Sequence[Step]) -> None:
    desk = await Desk(path).open()
    await desk.write(*TARIFFS)
    await desk.shop("100", rates=rates)
    await desk.read(0)
    wh = 0
    for number, step in enumerate(steps):
        desk.clock.forward(hours=step.hours)
        wh += step.wh * step.hours // 10
        if not step.is_silent:
            await desk.read(wh)
        await desk.charging.on_clock()
        if step.pays:
            fund = Fund.SERVICE if number % 2 else Fund.ELECTRICITY
            await desk.cashier.top_up([SHOP], money("10.01"), reference=f"{number}", fund=fund)
        if step.asked:
            try:
                await desk.moves.issue_statements([SHOP], "anna", _asked(desk, step.asked))
            except InvalidInputError as error:
                if error.key not in _REFUSED:
                    raise
    await desk.moves.issue_statements([SHOP], "anna")
    await desk.verified()
    await desk.ledger.close()


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(steps=STEPS, rates=st.sampled_from([each["name"] for each in TARIFFS]))
async def test_any_statements_in_any_order(steps: list[Step], rates: str) -> None:
    """Added up again from the ledger's file, each tells what is its own and nothing twice."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        await _play(path, rates, steps)
        found = readd(path)
    assert found.where == []
    assert found.statements
