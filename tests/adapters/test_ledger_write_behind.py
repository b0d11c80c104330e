"""A transaction knows what it has read and done, and writes it late and many rows at once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import tracemalloc

import pytest
from sqlalchemy import Engine, event

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.posting import post_new
from custom_components.compere_prepaid.core.ledger.records import HoldKind, NewTransfer
from tests.adapters.ledger_books import (
    A_101,
    ENGINES,
    METER,
    NOON,
    PRICES,
    YUAN,
    Work,
    balance,
    install,
    meddle,
    next_charge,
    refusal,
    request_for,
    switch,
    top_up,
    use,
    write_tariff,
)

pytestmark = pytest.mark.parametrize("engine", ENGINES)


def fleet(number: int) -> tuple[Sequence[AccountNumber], Sequence[MeterSerial]]:
    """Return accounts and meters, one for each."""
    accounts = [AccountNumber(f"A-{each:04}") for each in range(number)]
    return accounts, [MeterSerial(f"33B025{each:07}") for each in range(number)]


def sweep(accounts: Sequence[AccountNumber], meters: Sequence[MeterSerial]) -> Work[None]:
    """Charge each account for its meter."""

    def work(tx: LedgerTransaction) -> None:
        tx.prefetch(accounts, meters)
        for account, meter in zip(accounts, meters, strict=True):
            mark = tx.mark(meter)
            assert mark is not None
            charge, after = next_charge(mark, 7, "flat", account)
            post_new(tx, request_for(charge), charge.to_at)
            tx.insert_charge(charge)
            tx.move_mark(mark, after)
            assert tx.balance(tenant(account)) < 0
            assert tx.holds(meter) == ()

    return work


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that an engine is given."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        seen.append(sql)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def test_sweep_costs_the_same_few_statements(
    ledger: DatabaseLedger, engine: str, figure: Callable[[str], None]
) -> None:
    """Charging two hundred meters takes no more statements than charging ten."""
    writer = await ledger._writer.call(lambda engine: engine)
    await ledger.run(write_tariff)
    costs = []
    for number in (10, 200):
        accounts, meters = fleet(number)
        for meter in meters:
            if await ledger.read(lambda tx, meter=meter: tx.mark(meter)) is None:  # type: ignore[misc]
                await ledger.run(install(meter))
        with counted(writer) as statements:
            await ledger.run(sweep(accounts, meters))
        costs.append(len(statements))
    figure(f"{engine}: a sweep over 10 meters and one over 200 take {costs} statements")
    assert costs[1] <= costs[0] < 20
    assert await balance(ledger, tenant(AccountNumber("A-0009"))) == -14 * PRICES["flat"]
    assert (await ledger.verify()).faults == ()


async def test_more_than_one_query_can_name(ledger: DatabaseLedger) -> None:
    """Reading ahead for very many accounts and meters changes no answer."""
    accounts, meters = fleet(1234)
    await ledger.run(install(meters[700]))
    await ledger.run(top_up("desk-1", 5, accounts[1200]))

    def look(tx: LedgerTransaction) -> tuple[object, ...]:
        return (
            [tx.balance(tenant(account)) for account in accounts],
            [tx.generation(meter) for meter in meters],
            [tx.mark(meter) for meter in meters],
            [tx.announcement(account) for account in accounts],
        )

    def look_after_reading_ahead(tx: LedgerTransaction) -> tuple[object, ...]:
        tx.prefetch(accounts, meters)
        return look(tx)

    assert await ledger.read(look_after_reading_ahead) == await ledger.read(look)


async def test_transaction_sees_what_it_did(ledger: DatabaseLedger) -> None:
    """Sums, charges and transfers include what is not written yet."""

    def work(tx: LedgerTransaction) -> tuple[object, ...]:
        install()(tx)
        top_up("desk-1", 5)(tx)
        use(10, "flat")(tx)
        first = tx.spending(A_101, NOON, NOON.replace(year=2027))
        use(20, "peak")(tx)
        end = NOON.replace(year=2027)
        return (
            first.energy_wh,
            tx.spending(A_101, NOON, end).energy_wh,
            tx.charged_wh(A_101, NOON, end),
            [charge.to_wh for charge in tx.charges(A_101, NOON, end)],
            {transfer.seq for transfer in tx.transfers(tenant(A_101), 10)},
            tx.first_charge_at(A_101),
            tx.head().seq,
        )

    assert await ledger.run(work) == (
        10,
        30,
        {"flat": 10, "peak": 20},
        [1010, 1030],
        {1, 2, 3},
        NOON,
        3,
    )


async def test_charges_come_in_order_and_not_all_at_once(ledger: DatabaseLedger) -> None:
    """Twenty thousand charges are read in the space of a few, by time and meter."""
    meters = (METER, MeterSerial("33B0250100002"))

    def work(tx: LedgerTransaction) -> None:
        for meter in meters:
            install(meter)(tx)
            for _ in range(10_000):
                mark = tx.mark(meter)
                assert mark is not None
                charge, after = next_charge(mark, 1, "free")
                tx.insert_charge(charge)
                tx.move_mark(mark, after)

    await ledger.run(work)

    def read(tx: LedgerTransaction) -> tuple[int, int]:
        number, last = 0, (NOON, "")
        tracemalloc.start()
        try:
            for charge in tx.charges(A_101, NOON, NOON.replace(year=2029)):
                assert last < (charge.from_at, charge.meter)
                number, last = number + 1, (charge.from_at, charge.meter)
            return number, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    number, peak = await ledger.read(read)
    assert number == 20_000
    assert peak < 4_000_000


@pytest.mark.parametrize("apart", [False, True], ids=["in one transaction", "in two"])
async def test_same_id_cannot_be_booked_blindly(ledger: DatabaseLedger, *, apart: bool) -> None:
    """What is booked without looking first is refused by the key if it is there."""
    await ledger.run(install())
    mark = await ledger.read(lambda tx: tx.mark(METER))
    assert mark is not None
    request: NewTransfer = request_for(next_charge(mark, 5, "flat")[0])
    if apart:
        await ledger.run(lambda tx: post_new(tx, request, NOON))

    def work(tx: LedgerTransaction) -> None:
        for _ in range(1 if apart else 2):
            post_new(tx, request, NOON)

    assert (await ledger.run(lambda tx: tx.head())).seq == int(apart)
    assert (await refusal(ledger.run(work))).key == "ledger_rule_broken"
    assert (await ledger.read(lambda tx: tx.head())).seq == int(apart)


async def test_repeated_request_writes_nothing(ledger: DatabaseLedger) -> None:
    """A replay costs no commit to the disk: not even the lease's row is touched."""
    await ledger.run(top_up("desk-1", 5))
    writer = await ledger._writer.call(lambda engine: engine)
    with counted(writer) as statements:
        assert (await ledger.run(top_up("desk-1", 5))).replayed
    assert not [sql for sql in statements if sql.startswith(("INSERT", "UPDATE"))]


async def test_row_changed_behind_our_back_is_noticed(ledger: DatabaseLedger) -> None:
    """Totals that are not those that were read are not written over."""
    await ledger.run(top_up("desk-1", 5))

    def work(tx: LedgerTransaction) -> None:
        stale = tx._totals.find("asset:cash")  # type: ignore[attr-defined]
        stale.version -= 1
        top_up("desk-2", 5)(tx)

    error = await refusal(ledger.run(work))
    assert (error.key, error.placeholders) == (
        "ledger_rule_broken",
        {"rule": "a row of account may not be changed so"},
    )
    assert await balance(ledger) == 5 * YUAN


async def test_next_transaction_need_not_read_again(ledger: DatabaseLedger) -> None:
    """What a writer knows stays true as long as nobody else writes."""
    accounts, meters = fleet(3)
    for meter in meters:
        await ledger.run(install(meter))
    await ledger.run(sweep(accounts, meters))
    writer = await ledger._writer.call(lambda engine: engine)
    with counted(writer) as statements:
        await ledger.run(sweep(accounts, meters))
    asked = [sql for sql in statements if sql.startswith("SELECT")]
    assert [sql.split("FROM ")[1].split()[0] for sql in asked] == ["chain_head"]


async def test_writer_forgets_what_somebody_else_may_have_changed(
    ledger: DatabaseLedger, place: Path | str
) -> None:
    """A token that is not ours says that another hand has written the book."""
    await ledger.run(top_up("desk-1", 5))
    meddle(place, "UPDATE account SET cr = cr + 1 WHERE id LIKE 'liability:%'")
    assert await ledger.run(lambda tx: tx.balance(tenant(A_101))) == 5 * YUAN
    meddle(place, "UPDATE chain_head SET token = 'another hand'")
    assert await ledger.run(lambda tx: tx.balance(tenant(A_101))) == 5 * YUAN + 1


async def test_writer_forgets_what_was_not_kept(ledger: DatabaseLedger) -> None:
    """After a transaction that failed, what it did is not remembered."""
    await ledger.run(top_up("desk-1", 5))
    await ledger.run(install())

    def fail(tx: LedgerTransaction) -> None:
        top_up("desk-2", 7)(tx)
        use(10, "flat")(tx)
        switch(HoldKind.MANUAL, place=True)(tx)
        raise InvalidInputError("amount_is_zero")

    await refusal(ledger.run(fail))

    def look(tx: LedgerTransaction) -> tuple[object, ...]:
        mark = tx.mark(METER)
        assert mark is not None
        return tx.balance(tenant(A_101)), mark.wh, tx.holds(METER), tx.demand(METER)

    assert await ledger.run(look) == (5 * YUAN, 1000, (), None)


async def test_released_holds_are_forgotten(ledger: DatabaseLedger) -> None:
    """What a writer remembers does not grow with history."""
    for _ in range(5):
        for place in (True, False):
            await ledger.run(switch(HoldKind.MANUAL, place=place))
    assert ledger._writes._memory.known["hold"] == {(METER,): {}}
