"""What posting a run books, to the last instant, and whom and what it refuses, by name."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from custom_components.compere_prepaid.core.allocation.events import SharedCosts
from custom_components.compere_prepaid.core.allocation.posting import transfer_of
from custom_components.compere_prepaid.core.allocation.premises import unit_of_meter
from custom_components.compere_prepaid.core.allocation.runs import Asked
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import SHARED_COSTS, Fund, tenant
from custom_components.compere_prepaid.core.ledger.allocation_rows import (
    AllocationStep,
    RunStep,
)
from custom_components.compere_prepaid.core.ledger.records import Transfer, TransferCode
from tests.core.allocation.mall import BOOKS, IN_OCTOBER, LIFTS, NOVEMBER, RICE, TEA, AllocatingMall
from tests.core.prepayment.desk import money

MORE = {AccountNumber(f"B-{number}"): MeterSerial(f"N{number}") for number in range(1, 5)}
"""Shops besides the three, as large as the tea house."""


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall whose October is over and has a bill of 1000 yuan, taxed at 6 %."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    await mall.pool(LIFTS)
    mall.at(date(2026, 11, 3), 9)
    await mall.bill()
    yield mall
    await mall.desk.verified()
    await mall.desk.ledger.close()


async def booked(mall: AllocatingMall, *, reversed_: bool = False) -> Transfer:
    """Return the transfer of the tea house's share in October."""
    name = transfer_of("2026-10", TEA, reversed_=reversed_)
    found = await mall.desk.ledger.read(lambda tx: tx.find_transfer(name))
    assert found is not None
    return found


async def test_what_is_booked(mall: AllocatingMall) -> None:
    """A share counts as of the run's last instant in the mall's time, one taken back as of now."""
    run = await mall.runs.propose(IN_OCTOBER, user="anna")
    assert run.head is not None
    at = mall.at(date(2026, 11, 3), 10)
    await mall.runs.approve("2026-10", user="bert", reason="looked at")
    posted = await booked(mall)
    assert (posted.debit, posted.credit) == (tenant(TEA, Fund.SERVICE), SHARED_COSTS)
    assert (posted.amount, posted.code) == (money(300), TransferCode.ALLOCATION)
    assert posted.effective_at == datetime(2026, 10, 31, 15, 59, 59, 999_999, tzinfo=UTC)
    assert (posted.recorded_at, posted.user, posted.reason) == (at, "bert", "looked at")
    assert (posted.source, posted.detail) == ("allocation", run.head.digest)
    at = mall.at(date(2026, 11, 4), 8)
    await mall.runs.reverse("2026-10", user="carl", reason="wrong bill")
    taken = await booked(mall, reversed_=True)
    assert (taken.debit, taken.credit) == (posted.credit, posted.debit)
    assert (taken.amount, taken.code) == (posted.amount, posted.code)
    assert (taken.recorded_at, taken.effective_at, taken.user) == (at, at, "carl")
    steps = await mall.desk.ledger.read(lambda tx: tx.rows(AllocationStep, run="2026-10"))
    assert [(one.step, one.user, one.reason) for one in steps] == [
        (RunStep.POSTED, "bert", "looked at"),
        (RunStep.REVERSED, "carl", "wrong bill"),
    ]


async def test_what_tenants_are_told(mall: AllocatingMall) -> None:
    """What each is charged with tax, and given back; not what the service fund happened to hold."""
    await mall.runs.propose(IN_OCTOBER, user="anna")
    for _ in range(2):
        await mall.runs.approve("2026-10", user="bert")
    await mall.runs.reverse("2026-10", user="bert", reason="wrong bill")
    told = [event for event in mall.desk.events if isinstance(event, SharedCosts)]
    sums = {TEA: "318", RICE: "212", BOOKS: "530"}
    assert [(event.account, event.amount) for event in told] == [
        *((account, money(part)) for account, part in sums.items()),
        *((account, -money(part)) for account, part in sums.items()),
    ]
    assert {(event.run, event.since, event.until) for event in told} == {
        ("2026-10", "2026-10-01", "2026-11-01")
    }


async def test_who_left_is_named(mall: AllocatingMall) -> None:
    """Nothing is booked on anybody while one of them takes no more money."""
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.desk.moves.move_out(RICE, user="anna")
    with pytest.raises(InvalidInputError) as refused:
        await mall.runs.approve("2026-10", user="bert")
    assert refused.value.key == "allocation_closed"
    assert refused.value.placeholders == {"accounts": RICE}
    assert mall.service_fund(TEA) == 0


async def test_nothing_is_taken_back_while_one_has_left(mall: AllocatingMall) -> None:
    """The others would have their money back, and who left would not."""
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.runs.approve("2026-10", user="bert")
    await mall.desk.moves.move_out(RICE, user="anna")
    with pytest.raises(InvalidInputError) as refused:
        await mall.runs.reverse("2026-10", user="bert", reason="wrong bill")
    assert refused.value.key == "allocation_closed"
    assert refused.value.placeholders == {"accounts": RICE}
    assert mall.service_fund(TEA) == -money(318)


async def test_of_many_who_left_five_are_named(mall: AllocatingMall) -> None:
    """How many more there are is told, if there are."""
    for account, serial in MORE.items():
        await mall.desk.open_other(account, "1000", meters=(serial,))
        await mall.premises(unit_of_meter(serial), "2026-10-01", floor_area=120_000)
        await mall.desk.read(0, serial)
    mall.at(date(2026, 12, 2))
    everybody = [TEA, RICE, BOOKS, *MORE]
    in_november = Asked(since=NOVEMBER, until=date(2026, 12, 1))
    await mall.bill("2", since=in_november.since, until=in_november.until)
    run = await mall.runs.propose(in_november, user="anna")
    assert all(run.shares[account].amount for account in everybody)
    for gone, names in (
        (everybody[:5], ", ".join(everybody[:5])),
        (everybody[5:], ", ".join(everybody[:5]) + " (+2)"),
    ):
        for account in gone:
            await mall.desk.moves.move_out(account, user="anna")
        with pytest.raises(InvalidInputError) as refused:
            await mall.runs.approve("2026-11", user="bert")
        assert refused.value.placeholders == {"accounts": names}


async def test_a_cancelled_bill_is_named(mall: AllocatingMall) -> None:
    """With the run that has it, so that both can be found."""
    await mall.runs.propose(IN_OCTOBER, user="anna")
    await mall.bills.cancel("Otis", "1", user="anna", reason="wrong")
    with pytest.raises(InvalidInputError) as refused:
        await mall.runs.approve("2026-10", user="bert")
    assert refused.value.key == "allocation_bill_cancelled"
    assert refused.value.placeholders == {"run": "2026-10", "supplier": "Otis", "number": "1"}


async def test_where_a_run_stands_is_told(mall: AllocatingMall) -> None:
    """A step that comes too late is refused with what has become of the run."""
    await mall.runs.propose(IN_OCTOBER, user="anna")
    with pytest.raises(InvalidInputError) as refused:
        await mall.runs.reverse("2026-10", user="bert", reason="too early")
    assert refused.value.key == "allocation_over"
    assert refused.value.placeholders == {"run": "2026-10", "state": "proposed"}
    await mall.runs.approve("2026-10", user="bert")
    with pytest.raises(InvalidInputError) as refused:
        await mall.runs.reject("2026-10", user="bert")
    assert refused.value.placeholders == {"run": "2026-10", "state": "posted"}
