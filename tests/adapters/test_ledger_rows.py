"""What the ledger stores: money, energy, supply; and what it refuses to store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import Supply
from custom_components.compere_prepaid.core.ledger.accounts import CASH, tenant
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import (
    Announcement,
    BillMark,
    Document,
    Hold,
    HoldKind,
    RegisterGeneration,
    RelayDemand,
    Spending,
    Term,
    TermKind,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from tests.adapters.ledger_books import (
    A_101,
    ENGINES,
    METER,
    NOON,
    YUAN,
    Work,
    balance,
    book_charge,
    install,
    next_charge,
    refusal,
    remove,
    switch,
    top_up,
    two_phase,
    use,
    write_tariff,
)

pytestmark = pytest.mark.parametrize("engine", ENGINES)

# -- money ---------------------------------------------------------------------------------------


async def test_two_phases_of_a_payment(ledger: DatabaseLedger) -> None:
    """A pending transfer is no money; posting makes it money, voiding makes it nothing."""
    await ledger.run(two_phase("pay:1", TransferKind.PENDING, 5000))
    await ledger.run(two_phase("pay:2", TransferKind.PENDING, 700))
    assert await balance(ledger) == 0
    await ledger.run(two_phase("pay:1:post", TransferKind.POST, 5000, "pay:1"))
    await ledger.run(two_phase("pay:2:void", TransferKind.VOID, 700, "pay:2"))
    assert await balance(ledger) == 50 * YUAN
    assert (await ledger.verify()).ok


@pytest.mark.parametrize(
    ("second", "reference"),
    [
        (two_phase("x", TransferKind.POST, 5000, "pay:1"), "pay:1"),
        (two_phase("x", TransferKind.VOID, 5000, "pay:1"), "pay:1"),
        (two_phase("x", TransferKind.POST, 5000, "pay:9"), "pay:9"),
        (two_phase("x", TransferKind.POST, 5000), "x"),
        (two_phase("x", TransferKind.POST, 701, "pay:2"), "pay:2"),
        (two_phase("x", TransferKind.VOID, 600, "pay:2"), "pay:2"),
        (two_phase("x", TransferKind.POST, 700, "pay:2", debit="asset:bank"), "pay:2"),
        (two_phase("x", TransferKind.POST, 50, "pay:1:post"), "pay:1:post"),
        (two_phase("x", TransferKind.POSTED, 700, "pay:2"), "pay:2"),
    ],
    ids=[
        "posted twice",
        "voided after posting",
        "never pending",
        "names nothing",
        "more than pending",
        "voided in part",
        "other account",
        "not a pending transfer",
        "resolved by a plain transfer",
    ],
)
async def test_pending_transfer_is_resolved_once_and_as_it_is(
    ledger: DatabaseLedger, second: Work[object], reference: str
) -> None:
    """What is not open, or does not fit, is refused and changes nothing."""
    await ledger.run(two_phase("pay:1", TransferKind.PENDING, 5000))
    await ledger.run(two_phase("pay:1:post", TransferKind.POST, 5000, "pay:1"))
    await ledger.run(two_phase("pay:2", TransferKind.PENDING, 700))
    error = await refusal(ledger.run(second))
    assert (error.key, error.placeholders) == ("pending_not_open", {"reference": reference})
    assert await balance(ledger) == 50 * YUAN
    assert (await ledger.verify()).ok


async def test_balance_that_would_not_fit_is_refused(ledger: DatabaseLedger) -> None:
    """No balance comes near the end of 64 bits."""
    await ledger.run(top_up("desk-1", 3_000_000_000))
    error = await refusal(ledger.run(top_up("desk-2", 3_000_000_000)))
    assert error.key == "balance_too_large"
    assert await balance(ledger) == 3_000_000_000 * YUAN


async def test_ledger_accounts_have_a_side(ledger: DatabaseLedger) -> None:
    """An account of no known kind is refused."""
    error = await refusal(ledger.run(two_phase("x", TransferKind.POSTED, 1, debit="pocket:mine")))
    assert (error.key, error.placeholders) == (
        "ledger_account_unknown",
        {"account": "pocket:mine"},
    )


async def test_latest_transfers_of_an_account(ledger: DatabaseLedger) -> None:
    """Debits and credits come together, by the time they speak of, no more than asked for."""
    other = AccountNumber("B-202")
    await ledger.run(install())
    await ledger.run(top_up("desk-1", 10))
    await ledger.run(use(100, "flat"))
    await ledger.run(top_up("desk-2", 10, other))
    await ledger.run(top_up("desk-3", 10))
    of_tenant = await ledger.read(lambda tx: tx.transfers(tenant(A_101), 10))
    assert [transfer.seq for transfer in of_tenant] == [2, 4, 1]
    assert of_tenant[1].user == "cashier"
    top_ups = await ledger.read(lambda tx: tx.transfers(tenant(A_101), 2, only=TransferCode.TOP_UP))
    assert [transfer.seq for transfer in top_ups] == [4, 1]
    of_cash = await ledger.read(lambda tx: tx.transfers(CASH, 2))
    assert [transfer.seq for transfer in of_cash] == [4, 3]
    found = await ledger.read(lambda tx: tx.find_transfer(TransferId("top:desk-3:A-101")))
    assert found == of_tenant[1]
    assert found.recorded_at == found.effective_at == NOON


# -- energy --------------------------------------------------------------------------------------


async def test_charges_move_money_and_mark_together(ledger: DatabaseLedger) -> None:
    """A charge costs Wh × price exactly, and the mark stands at its end."""
    await ledger.run(install(start_wh=1000))
    await ledger.run(use(700, "flat"))
    await ledger.run(use(300, "free"))
    assert await balance(ledger) == -700 * 617_300
    end = NOON + timedelta(minutes=30)
    assert await ledger.read(lambda tx: tx.mark(METER)) == BillMark(
        meter=METER, generation=1, wh=2000, at=end
    )
    first = NOON + timedelta(minutes=15)
    assert await ledger.read(lambda tx: tx.charged_wh(A_101, NOON, end)) == {
        "flat": 700,
        "free": 300,
    }
    assert await ledger.read(lambda tx: tx.charged_wh(A_101, first, end)) == {"free": 300}
    assert await ledger.read(lambda tx: tx.charged_wh(A_101, NOON, NOON)) == {}
    assert await ledger.read(lambda tx: tx.spending(A_101, NOON, first)) == Spending(
        energy_wh=700, amount=Amount(700 * 617_300)
    )
    assert await ledger.read(lambda tx: tx.spending(A_101, end, end)) == Spending()
    borders = [NOON - timedelta(days=1), NOON, first, end]
    assert await ledger.read(lambda tx: tx.spending_of([A_101, AccountNumber("B")], borders)) == {
        A_101: [
            Spending(),
            Spending(energy_wh=700, amount=Amount(700 * 617_300)),
            Spending(energy_wh=300),
        ]
    }
    assert await ledger.read(lambda tx: tx.first_charge_at(A_101)) == NOON
    assert await ledger.read(lambda tx: tx.first_charge_at(AccountNumber("B"))) is None


@pytest.mark.parametrize("shift", [-1, 1], ids=["overlap", "gap"])
async def test_charges_tile(ledger: DatabaseLedger, shift: int) -> None:
    """A charge that does not begin where the last one ended is refused."""
    await ledger.run(install())
    await ledger.run(use(700, "flat"))

    def work(tx: LedgerTransaction) -> None:
        mark = tx.mark(METER)
        assert mark is not None
        charge, after = next_charge(replace(mark, wh=mark.wh + shift), 10, "free")
        book_charge(tx, charge)
        tx.move_mark(mark, after)

    error = await refusal(ledger.run(work))
    assert (error.key, error.placeholders) == ("mark_moved", {"meter": METER})


async def test_same_interval_is_charged_once(ledger: DatabaseLedger) -> None:
    """Two that saw the same mark cannot both charge from it."""
    await ledger.run(install())
    mark = await ledger.read(lambda tx: tx.mark(METER))
    assert mark is not None
    charge, after = next_charge(mark, 10, "flat")

    def work(tx: LedgerTransaction) -> None:
        book_charge(tx, charge)
        tx.move_mark(mark, after)

    await ledger.run(work)
    assert (await refusal(ledger.run(work))).key == "mark_moved"
    assert await balance(ledger) == -10 * 617_300


@pytest.mark.parametrize(("wh", "seconds"), [(-1, 0), (0, -1)], ids=["fewer Wh", "an earlier time"])
async def test_mark_never_goes_back(ledger: DatabaseLedger, wh: int, seconds: int) -> None:
    """Neither the Wh nor the time of a bill mark can become less."""
    await ledger.run(install())

    def work(tx: LedgerTransaction) -> None:
        mark = tx.mark(METER)
        assert mark is not None
        moved = replace(mark, wh=mark.wh + wh, at=mark.at + timedelta(seconds=seconds))
        tx.move_mark(mark, moved)

    assert (await refusal(ledger.run(work))).key == "mark_moved"


async def test_time_may_pass_without_use(ledger: DatabaseLedger) -> None:
    """A mark moves on in time where nothing was used."""
    await ledger.run(write_tariff)
    await ledger.run(install())

    def work(tx: LedgerTransaction) -> None:
        mark = tx.mark(METER)
        assert mark is not None
        tx.move_mark(mark, replace(mark, at=NOON + timedelta(days=1)))

    await ledger.run(work)
    await ledger.run(use(10, "flat"))
    assert (await ledger.verify()).ok


def _charge_without_mark(tx: LedgerTransaction) -> None:
    mark = tx.mark(METER)
    assert mark is not None
    book_charge(tx, next_charge(mark, 10, "flat")[0])


def _mark_without_charge(tx: LedgerTransaction) -> None:
    mark = tx.mark(METER)
    assert mark is not None
    tx.move_mark(mark, replace(mark, wh=mark.wh + 10))


def _closed_before_charged(tx: LedgerTransaction) -> None:
    generation = tx.generation(METER)
    assert generation is not None
    tx.close_generation(replace(generation, closed_wh=generation.start_wh + 10, closed_at=NOON))


def _closed_without_reading(tx: LedgerTransaction) -> None:
    generation = tx.generation(METER)
    assert generation is not None
    tx.close_generation(generation)


def _hold_without_demand(tx: LedgerTransaction) -> None:
    tx.place_hold(Hold(meter=METER, kind=HoldKind.MANUAL, placed_at=NOON, placed_by="test"))


def _demand_without_hold(tx: LedgerTransaction) -> None:
    tx.set_demand(RelayDemand(meter=METER, closed=False, version=1, cause="whim", decided_at=NOON))


def _document_twice(tx: LedgerTransaction) -> None:
    write_tariff(tx)
    write_tariff(tx)


def _hold_twice(tx: LedgerTransaction) -> None:
    _hold_without_demand(tx)
    _hold_without_demand(tx)


@pytest.mark.parametrize(
    "work",
    [
        _charge_without_mark,
        _mark_without_charge,
        _closed_before_charged,
        _closed_without_reading,
        _hold_without_demand,
        _demand_without_hold,
        _hold_twice,
        _document_twice,
        install(),
    ],
    ids=lambda work: work.__name__,
)
async def test_mistakes_of_ours_do_not_reach_the_book(
    ledger: DatabaseLedger, work: Work[None]
) -> None:
    """What belongs together is committed together, or not at all."""
    await ledger.run(install())
    assert (await refusal(ledger.run(work))).key == "ledger_rule_broken"
    assert (await ledger.verify()).ok


async def test_generations_follow_each_other(ledger: DatabaseLedger) -> None:
    """A replaced register is closed at its mark, and the next one has a mark of its own."""
    assert await ledger.read(lambda tx: tx.last_generation(METER)) == 0
    assert await ledger.read(lambda tx: tx.mark(METER)) is None
    await ledger.run(write_tariff)
    await ledger.run(install(start_wh=1000))
    await ledger.run(use(700, "flat"))
    await ledger.run(remove())
    assert await ledger.read(lambda tx: tx.generation(METER)) is None
    assert await ledger.read(lambda tx: tx.mark(METER)) is None
    opened = RegisterGeneration(meter=METER, generation=2, start_wh=0, start_at=NOON)
    await ledger.run(lambda tx: tx.open_generation(opened))
    assert await ledger.read(lambda tx: tx.generation(METER)) == opened
    assert await ledger.read(lambda tx: tx.last_generation(METER)) == 2
    found = await ledger.verify()
    assert (found.ok, found.charged_wh, found.register_wh) == (True, 700, 700)
    closed = replace(opened, generation=1, closed_wh=1700, closed_at=NOON)
    error = await refusal(ledger.run(lambda tx: tx.close_generation(closed)))
    assert error.key == "ledger_rule_broken"


# -- supply and agreements -------------------------------------------------------------------------


async def test_holds_stand_until_released(ledger: DatabaseLedger) -> None:
    """Holds of several kinds stand side by side, and come again after a release."""
    await ledger.run(switch(HoldKind.MANUAL, place=True))
    await ledger.run(switch(HoldKind.NO_CREDIT, place=True, at=NOON + timedelta(seconds=1)))
    holds = await ledger.read(lambda tx: tx.holds(METER))
    assert [hold.kind for hold in holds] == [HoldKind.MANUAL, HoldKind.NO_CREDIT]
    for _ in range(2):
        await ledger.run(switch(HoldKind.MANUAL, place=False))
        await ledger.run(switch(HoldKind.MANUAL, place=True))
    await ledger.run(switch(HoldKind.MANUAL, place=False))
    await ledger.run(switch(HoldKind.NO_CREDIT, place=False))
    assert await ledger.read(lambda tx: tx.holds(METER)) == ()
    error = await refusal(ledger.run(switch(HoldKind.MANUAL, place=False)))
    assert error.key == "hold_not_standing"
    assert (await ledger.verify()).ok


async def test_only_the_present_demand_is_confirmed(ledger: DatabaseLedger) -> None:
    """A read-back that comes after the demand changed confirms nothing."""
    assert await ledger.read(lambda tx: tx.demand(METER)) is None
    await ledger.run(switch(HoldKind.MANUAL, place=True))
    await ledger.run(switch(HoldKind.MANUAL, place=False))
    assert await ledger.run(lambda tx: tx.confirm_demand(METER, 1, NOON)) is False
    assert await ledger.run(lambda tx: tx.confirm_demand(METER, 2, NOON)) is True
    assert await ledger.read(lambda tx: tx.demand(METER)) == RelayDemand(
        meter=METER,
        closed=True,
        version=2,
        cause="hold:manual",
        decided_at=NOON,
        confirmed_at=NOON,
    )


async def test_announcement_is_replaced(ledger: DatabaseLedger) -> None:
    """An account has one announcement; at first nothing was told."""
    for level in (None, Amount(100 * YUAN), Amount(50 * YUAN), None):
        told = Announcement(account=A_101, level=level)
        await ledger.run(lambda tx, told=told: tx.set_announcement(told))  # type: ignore[misc]
        assert await ledger.read(lambda tx: tx.announcement(A_101)) == told
    nobody = AccountNumber("B")
    assert (await ledger.read(lambda tx: tx.announcement(nobody))).level is None


async def test_terms_hold_from_their_instant_on(ledger: DatabaseLedger) -> None:
    """The latest agreement before an instant is in force; of two at once, the later written."""

    def term(value: str, hours: int) -> Term:
        at = NOON + timedelta(hours=hours)
        return Term(account=A_101, kind=TermKind.TARIFF, value=value, valid_from=at, user="me")

    first, second, third = term("Retail", 0), term("Night", 1), term("Day", 1)
    for each in (first, second, third):
        await ledger.run(lambda tx, each=each: tx.add_term(each))  # type: ignore[misc]

    async def in_force(at: datetime, kind: TermKind = TermKind.TARIFF) -> Term | None:
        return await ledger.read(lambda tx: tx.term(A_101, kind, at))

    assert await in_force(NOON - timedelta(microseconds=1)) is None
    assert await in_force(NOON) == first
    assert await in_force(NOON + timedelta(hours=9)) == third
    assert await in_force(NOON, TermKind.POLICY) is None


async def test_documents_by_name_and_version(ledger: DatabaseLedger) -> None:
    """All versions of a kind come in order; one is found by its name and version."""
    days = ["2026-07-01", "2026-01-01"]
    written = [
        Document(kind="tariff", name=name, version=day, content=f"{name} {day} 峰")
        for name in ("Retail", "Anchor")
        for day in days
    ]
    for document in written:
        await ledger.run(lambda tx, new=document: tx.insert_document(new))  # type: ignore[misc]
    found = await ledger.read(lambda tx: tx.documents("tariff"))
    assert found == tuple(sorted(written, key=lambda each: (each.name, each.version)))
    assert await ledger.read(lambda tx: tx.documents("policy")) == ()
    one = await ledger.read(lambda tx: tx.find_document("tariff", "Retail", days[1]))
    assert one == written[1]


async def test_instants_keep_their_microseconds(ledger: DatabaseLedger) -> None:
    """An instant comes back aware, in UTC and exact."""
    at = datetime(2026, 10, 25, 0, 59, 59, 999_999, tzinfo=UTC)
    await ledger.run(install(at=at))
    mark = await ledger.read(lambda tx: tx.mark(METER))
    assert mark is not None
    assert mark.at == at
    assert mark.at.tzinfo is UTC


async def test_holds_since(ledger: DatabaseLedger) -> None:
    """Those of a kind that were placed or released since an instant, and only this kind."""
    other = MeterSerial("33B0250100002")
    hour = timedelta(hours=1)
    for meter, kind, place, after in (
        (METER, HoldKind.NO_CREDIT, True, 0),
        (METER, HoldKind.MANUAL, True, 1),
        (METER, HoldKind.NO_CREDIT, False, 2),
        (other, HoldKind.NO_CREDIT, True, 3),
        (METER, HoldKind.NO_CREDIT, True, 4),
    ):
        await ledger.run(switch(kind, place=place, meter=meter, at=NOON + after * hour))

    async def found(after: int) -> list[tuple[str, int, int | None]]:
        holds = await ledger.read(
            lambda tx: tx.holds_since(HoldKind.NO_CREDIT, NOON + after * hour)
        )
        return [
            (
                hold.meter,
                (hold.placed_at - NOON) // hour,
                None if hold.released_at is None else (hold.released_at - NOON) // hour,
            )
            for hold in holds
        ]

    first, second, third = (METER, 0, 2), (METER, 4, None), (other, 3, None)
    assert await found(0) == await found(2) == [first, second, third]
    assert await found(3) == [second, third]
    assert await found(5) == []


async def test_supplies_by_registers_that_counted(ledger: DatabaseLedger) -> None:
    """Of a group of accounts at once; what never counted has nothing to tell."""
    other, spare = AccountNumber("B-202"), MeterSerial("33B0250100002")
    supplies = [
        Supply(meter=meter, generation=1, number=1, account=account, from_wh=1000, from_at=NOON)
        for meter, account in ((METER, A_101), (spare, A_101))
    ]

    def supply(tx: LedgerTransaction) -> None:
        for one in supplies:
            tx.add(one)

    for work in (install(), install(spare), supply, use(100, "flat")):
        await ledger.run(work)
    found = await ledger.read(lambda tx: tx.supplies_of([A_101, other]))
    assert found == {A_101: supplies[:1]}
