"""Statements add up: to the ledger exactly, and as they are shown."""

from datetime import UTC, datetime, timedelta
import json

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.compere_prepaid.core.ledger.account_rows import Tenancy
from custom_components.compere_prepaid.core.ledger.accounts import Fund, tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.statement.data import statement_data, statement_text
from custom_components.compere_prepaid.core.statement.issuing import statement_maker
from custom_components.compere_prepaid.core.statement.model import Statement
from custom_components.compere_prepaid.core.statement.statement import Span
from tests.core.prepayment.desk import CNY, SHOP, START, ZONE, Desk, money
from tests.core.statement.rich_month import a_rich_month


async def statement(desk: Desk, since: datetime, until: datetime) -> Statement:
    """Make the shop's statement of a time."""

    def read(tx: LedgerTransaction) -> Statement:
        tenancy = tx.find(Tenancy, account=SHOP)
        assert tenancy
        return statement_maker(desk.book).make(tx, tenancy, Span(since=since, until=until))

    return await desk.ledger.read(read)


async def test_statement_of_a_month(desk: Desk) -> None:
    """Each line leads to what it is for; the lines make the difference of the balances."""
    await a_rich_month(desk)
    april = datetime(2026, 3, 31, 16, tzinfo=UTC)
    march = await statement(desk, START, april)
    [power, service] = march.funds
    kinds = [line.code.value for line in power.lines]
    others = {"standing", "demand", "minimum", "tax", "opening", "top_up", "debt_recovery"}
    assert set(kinds) == {"charge"} | others
    count = kinds.count("charge")
    assert kinds[:count] == ["charge"] * count  # energy first
    assert [line.count for line in power.lines if line.code == "standing"] == [30]
    energy = [line.energy for line in power.lines if line.energy]
    assert sum(detail.energy_wh for detail in energy) == sum(
        (await desk.ledger.read(lambda tx: tx.charged_wh(SHOP, START, april))).values()
    )
    assert [line.code.value for line in service.lines] == ["service", "tax"]
    rest = await statement(desk, april, desk.clock.now().replace(year=2027))
    for before, after, fund in zip(march.funds, rest.funds, Fund, strict=True):
        assert before.opening == 0
        assert before.closing == after.opening
        assert after.closing == await desk.ledger.read(
            lambda tx, fund=fund: tx.balance(tenant(SHOP, fund))  # type: ignore[misc]
        )
        for part in (before, after):
            assert part.opening + sum(line.amount for line in part.lines) == part.closing
            shown = sum(line.shown for line in part.lines)
            assert part.opening_shown + shown == part.closing_shown
    await desk.verified()


async def test_statement_as_data(desk: Desk) -> None:
    """Plain data, canonical text, and an anchor into the chain."""
    await a_rich_month(desk)
    made = await statement(desk, START, desk.clock.now())
    data = statement_data(made, CNY, ZONE)
    assert json.loads(statement_text(data)) == data
    head = await desk.ledger.read(lambda tx: tx.head())
    assert data["anchor"] == f"{head.seq}-{head.hash[:12]}"
    lines = data["funds"]["electricity"]["lines"]
    first = lines[0]
    assert first["period"] == "peak"
    assert first["price"] == "0.987600"
    assert first["from"].endswith("+08:00")
    top_up = next(line for line in lines if line["kind"] == "top_up")
    assert (top_up["reason"], top_up["user"], top_up["amount"]) == (
        "r10",
        "anna",
        "123.450000000",
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cuts=st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=6))
async def test_any_borders(cuts: list[int], rich: Desk) -> None:
    """Statements of any following times hand their balances on and lose nothing."""
    borders = sorted({START + timedelta(minutes=cut) for cut in cuts} | {START})
    end = rich.clock.now() + timedelta(days=1)
    balance = 0
    shown = CNY.rounded(money(0))
    for since, until in zip(borders, [*borders[1:], end], strict=True):
        part = (await statement(rich, since, until)).funds[0]
        assert part.opening == balance
        assert part.opening_shown == shown
        assert part.opening + sum(line.amount for line in part.lines) == part.closing
        balance, shown = part.closing, part.closing_shown
    assert balance == rich.book.account(SHOP).fund
