"""Rows that need no more than a key: how things stand, and what is written once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.ids import AccountNumber, TransferId
from custom_components.compere_prepaid.core.ledger.account_rows import (
    Batch,
    CreditWatch,
    Debt,
    DebtKind,
    Decision,
    DecisionKind,
    DemandPeak,
    Fee,
    FeeKind,
    HistoryRow,
    IssuedStatement,
    ReadReceipt,
    Rerating,
    StateRow,
    Supply,
    TaxTotal,
    Tenancy,
)
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Approval,
    ApprovalState,
    AutoTopUp,
    BillKind,
    BillLine,
    CashClose,
    CashReceipt,
    MeterToken,
    Method,
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
    PortalDevice,
    PortalPin,
    ProviderRefund,
    ProviderRefundState,
    ProviderTxn,
    Reconciliation,
    SuspenseAssignment,
    TenantChoice,
    TxnVerdict,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.money.amount import ZERO, Amount
from tests.adapters.ledger_books import (
    A_101,
    ENGINES,
    METER,
    NOON,
    Work,
    install,
    refusal,
    top_up,
)

pytestmark = pytest.mark.parametrize("engine", ENGINES)

B_202 = AccountNumber("B-202")
HOUR = timedelta(hours=1)


def tax(account: AccountNumber, ppm: int, net: int) -> TaxTotal:
    """Return what was charged at a tax rate."""
    return TaxTotal(
        account=account, fund="electricity", ppm=ppm, net=Amount(net), tax=Amount(net // 10)
    )


def peak(month: int, quantity: int) -> DemandPeak:
    """Return the highest demand in a month."""
    return DemandPeak(
        account=A_101, month=date(2026, month, 1), item="peak kW", quantity=quantity, at=NOON
    )


def supply(number: int, account: AccountNumber = A_101) -> Supply:
    """Return a supply of the meter's first generation, open."""
    return Supply(
        meter=METER,
        generation=1,
        number=number,
        account=account,
        from_wh=1000 * number,
        from_at=NOON + number * HOUR,
    )


def fee(day: int, amount: int = 5) -> Fee:
    """Return a day's standing charge, paid by a transfer that the tests book."""
    return Fee(
        account=A_101,
        kind=FeeKind.STANDING,
        day=date(2026, 11, day),
        tariff="Retail",
        tariff_valid_from=date(2026, 1, 1),
        amount=Amount(amount),
        transfer_id=TransferId(f"top:fee-{day}:A-101"),
    )


def order(name: str) -> PayOrder:
    """Return an order that nobody has paid."""
    return PayOrder(
        id=name,
        provider="wechat",
        account=A_101,
        fund="electricity",
        amount=Amount(500),
        currency="CNY",
        method=Method.JSAPI,
        key=f"page-{name}",
        created_at=NOON,
        expires_at=NOON + HOUR,
        changed_at=NOON,
    )


def payment(txn: str, transfer: str | None) -> ProviderTxn:
    """Return a payment."""
    return ProviderTxn(
        provider="wechat",
        txn=txn,
        order_id="01JDKQ",
        account=A_101,
        amount=Amount(500),
        verdict=TxnVerdict.CREDITED if transfer else TxnVerdict.FOREIGN,
        source=PaymentSource.NOTICE,
        paid_at=NOON,
        day=date(2026, 11, 25),
        recorded_at=NOON,
        transfer_id=TransferId(transfer) if transfer else None,
    )


def refund_of(txn: str) -> ProviderRefund:
    """Return a refund that was just asked for."""
    return ProviderRefund(
        id="R1",
        provider="wechat",
        txn=txn,
        order_id="01JDKQ",
        account=A_101,
        fund="electricity",
        amount=Amount(200),
        reason="too much",
        user="boss",
        state=ProviderRefundState.RESERVED,
        created_at=NOON,
        changed_at=NOON,
    )


def auto(threshold: Amount) -> AutoTopUp:
    """Return an automatic top-up."""
    return AutoTopUp(
        account=A_101,
        provider="stripe",
        means="{}",
        enabled=True,
        threshold=threshold,
        amount=Amount(500),
        changed_at=NOON,
    )


MONTH = date(2026, 11, 1)
STATES = [
    (
        {"account": A_101, "fund": "electricity", "ppm": 90_000},
        tax(A_101, 90_000, 100),
        tax(A_101, 90_000, 250),
    ),
    ({"account": A_101, "month": MONTH, "item": "peak kW"}, peak(11, 4000), peak(11, 5000)),
    (
        {"account": A_101},
        Tenancy(account=A_101, name="Noodle House", opened_at=NOON),
        Tenancy(
            account=A_101,
            name="Noodle House & Sons 面",
            opened_at=NOON,
            closed_at=NOON + HOUR,
            charged_through=date(2026, 11, 24),
            closed_through=date(2026, 10, 1),
            emergency=Amount(7),
        ),
    ),
    (
        {"id": "01JDKQ"},
        order("01JDKQ"),
        replace(
            order("01JDKQ"),
            params='{"total":500}',
            checkout='{"url":"面"}',
            state=OrderState.PAID,
            changed_at=NOON + HOUR,
            paid_txn="4200",
            note="late",
        ),
    ),
    (
        {"id": "R1"},
        refund_of("4200"),
        replace(
            refund_of("4200"),
            state=ProviderRefundState.ABNORMAL,
            provider_ref="5030",
            changed_at=NOON + HOUR,
            note="card is gone",
        ),
    ),
    (
        {"id": "cash-1"},
        Approval(id="cash-1", content="{}", asked_by="cashier", asked_at=NOON),
        Approval(
            id="cash-1",
            content="{}",
            asked_by="cashier",
            asked_at=NOON,
            state=ApprovalState.APPROVED,
            decided_by="boss",
            decided_at=NOON + HOUR,
        ),
    ),
    (
        {"account": A_101},
        TenantChoice(account=A_101, language="zh-Hans"),
        TenantChoice(account=A_101, language="ms", alarm_threshold=Amount(7)),
    ),
    (
        {"account": A_101},
        PortalPin(account=A_101, set_at=NOON),
        PortalPin(
            account=A_101,
            salt="aa",
            digest="bb",
            set_at=NOON,
            failures=5,
            failed_at=NOON,
            locked_until=NOON + HOUR,
        ),
    ),
    (
        {"meter": METER},
        MeterToken(meter=METER, rotation=1, at=NOON, user="boss"),
        MeterToken(meter=METER, rotation=2, at=NOON + HOUR, user="boss"),
    ),
    (
        {"account": A_101, "id": "ab12"},
        PortalDevice(account=A_101, id="ab12", bound_at=NOON),
        PortalDevice(account=A_101, id="ab12", name="Li's", bound_at=NOON, revoked_at=NOON + HOUR),
    ),
    (
        {"account": A_101},
        auto(Amount(50)),
        replace(auto(Amount(80)), last_order="01JDKQ"),
    ),
    (
        {"account": A_101, "name": "old"},
        Debt(account=A_101, name="old", kind=DebtKind.PERCENT, ppm=1, opened_at=NOON),
        Debt(
            account=A_101,
            name="old",
            kind=DebtKind.TIME,
            amount=Amount(9),
            per="week",
            due=Amount(3),
            due_through=date(2026, 11, 24),
            opened_at=NOON,
        ),
    ),
    (
        {"account": A_101},
        CreditWatch(account=A_101, days_told=3, noticed_at=NOON),
        CreditWatch(
            account=A_101,
            put_off_until=NOON + HOUR,
            put_off_why="protected",
            reminded_for=NOON + HOUR,
            grace_until=NOON + 2 * HOUR,
            disputed_at=NOON,
            dispute_reason="meter in doubt 表",
            adapts_until=NOON + 24 * HOUR,
            shadow_cut_at=NOON,
        ),
    ),
]


@pytest.mark.parametrize(
    ("key", "first", "second"), STATES, ids=[type(state[1]).__name__ for state in STATES]
)
async def test_latest_state_replaces_the_one_before(
    ledger: DatabaseLedger, key: dict[str, object], first: StateRow, second: StateRow
) -> None:
    """A state is found as it was put last, in the same transaction and in later ones."""

    def find(tx: LedgerTransaction) -> StateRow | None:
        return tx.find(type(first), **key)

    def put(*rows: StateRow) -> Work[StateRow | None]:
        def work(tx: LedgerTransaction) -> StateRow | None:
            for row in rows:
                tx.put(row)
            return find(tx)

        return work

    if isinstance(first, ProviderRefund):
        await ledger.run(lambda tx: tx.add(payment("4200", None)))
    assert await ledger.read(find) is None
    for rows in ((first,), (second,), (first, second)):
        assert await ledger.run(put(*rows)) == rows[-1]
        assert await ledger.read(find) == rows[-1]
    assert await ledger.read(lambda tx: tx.rows(type(first))) == (second,)
    if "account" in key:
        assert await ledger.read(lambda tx: tx.rows(type(first), account=B_202)) == ()


async def test_rows_come_in_the_order_of_their_key(ledger: DatabaseLedger) -> None:
    """Some columns pick rows; those that a transaction has just put are among them."""
    written = [tax(A_101, 60_000, 1), tax(A_101, 90_000, 2), tax(B_202, 90_000, 3)]

    def look(tx: LedgerTransaction) -> tuple[object, ...]:
        return (
            tx.rows(TaxTotal),
            tx.rows(TaxTotal, account=A_101),
            tx.rows(TaxTotal, ppm=90_000),
            tx.rows(TaxTotal, account=B_202, ppm=60_000),
        )

    def work(tx: LedgerTransaction) -> tuple[object, ...]:
        for row in reversed(written):
            tx.put(row)
        return look(tx)

    expected = (tuple(written), tuple(written[:2]), tuple(written[1:]), ())
    assert await ledger.run(work) == expected
    assert await ledger.read(look) == expected


async def test_peaks_are_known_month_by_month(ledger: DatabaseLedger) -> None:
    """A month's peak is found without reading the years before it, which are there too."""

    def work(tx: LedgerTransaction) -> None:
        for month in range(1, 12):
            tx.put(peak(month, month * 100))

    await ledger.run(work)
    months = await ledger.read(lambda tx: tx.rows(DemandPeak, account=A_101))
    assert [found.month.month for found in months] == list(range(1, 12))
    one = await ledger.read(lambda tx: tx.rows(DemandPeak, account=A_101, month=MONTH))
    assert one == (peak(11, 1100),)


def rerating(run: str, transfer: str | None) -> Rerating:
    """Return a run of rating again."""
    return Rerating(
        run=run,
        account=A_101,
        since=NOON,
        until=NOON + HOUR,
        at=NOON,
        user="auditor",
        reason="wrong season",
        difference=Amount(5 if transfer else 0),
        transfer_id=TransferId(transfer) if transfer else None,
    )


HISTORY = [
    (fee(24), fee(25)),
    (rerating("one", "top:fee-24:A-101"), rerating("two", None)),
    tuple(
        IssuedStatement(
            account=A_101,
            number=number,
            since=NOON,
            until=NOON + HOUR,
            issued_at=NOON,
            user="cashier",
            anchor=f"{number}-abc",
            content="{}",
        )
        for number in (1, 2)
    ),
    tuple(
        Decision(
            account=A_101,
            number=number,
            kind=DecisionKind.GRACE,
            at=NOON,
            until=NOON + HOUR,
            user="boss",
            detail="fair of the trade",
            available=Amount(-7),
        )
        for number in (1, 2)
    ),
    tuple(ReadReceipt(account=A_101, announcement=name, at=NOON, by="portal") for name in "ab"),
    (payment("4200", "top:fee-24:A-101"), payment("4201", None)),
    tuple(
        SuspenseAssignment(
            provider="wechat",
            txn=txn,
            account=account,
            at=NOON,
            user="boss",
            reason="told by the tenant",
            transfer_id=TransferId("top:fee-24:A-101"),
        )
        for txn, account in (("4298", A_101), ("4299", None))
    ),
    tuple(
        PaymentNotice(
            provider="wechat",
            id=name,
            received_at=NOON,
            verdict="accepted",
            headers="{}",
            body="面",
        )
        for name in "ab"
    ),
    tuple(
        BillLine(
            provider="wechat",
            day=date(2026, 11, 25),
            kind=kind,
            ref="4200",
            order_id="01JDKQ",
            amount=Amount(500),
            fee=Amount(3),
            currency="CNY",
            at=NOON,
            read_at=NOON,
        )
        for kind in BillKind
    ),
    tuple(
        Reconciliation(
            provider="wechat",
            day=date(2026, 11, 25),
            number=number,
            at=NOON,
            user="boss",
            unexplained=Amount(-5),
            content="{}",
        )
        for number in (1, 2)
    ),
    tuple(
        CashReceipt(
            number=number,
            account=A_101,
            amount=Amount(-5),
            transfer_id=TransferId(f"top:fee-{23 + number}:A-101"),
            at=NOON,
            user="cashier",
            approver="boss",
        )
        for number in (1, 2)
    ),
    tuple(
        CashClose(
            number=number,
            at=NOON,
            user="cashier",
            through=number,
            expected=Amount(500),
            counted=Amount(495),
            difference=Amount(-5),
            content="{}",
        )
        for number in (1, 2)
    ),
    tuple(
        Batch(id=name, action="top_up", at=NOON, user="boss", content="{}")
        for name in ("fair", "undo:fair")
    ),
]


HISTORY_SUSPENDED = (payment("4298", "top:fee-24:A-101"), payment("4299", "top:fee-25:A-101"))


@pytest.mark.parametrize("rows", HISTORY, ids=lambda rows: type(rows[0]).__name__)
async def test_history_is_written_once(
    ledger: DatabaseLedger, rows: tuple[HistoryRow, HistoryRow]
) -> None:
    """A row of history is found from the start, and its key cannot come again."""
    kind = type(rows[0])

    def add(*added: HistoryRow) -> Work[object]:
        def work(tx: LedgerTransaction) -> tuple[HistoryRow, ...]:
            for row in added:
                tx.add(row)
            return tx.rows(kind)

        return work

    for day in (24, 25):
        await ledger.run(top_up(f"fee-{day}", 5))
    if kind is SuspenseAssignment:
        for row in HISTORY_SUSPENDED:
            await ledger.run(add(row))
    assert await ledger.run(add(rows[0])) == (rows[0],)
    assert await ledger.run(add(rows[1])) == rows
    for again in ((rows[0],), (rows[1], rows[1])):
        assert (await refusal(ledger.run(add(*again)))).key == "ledger_rule_broken"
    columns: dict[str, object] = {"account": A_101} if hasattr(rows[0], "account") else {}
    if kind is SuspenseAssignment:
        columns = {"provider": "wechat"}
    assert await ledger.read(lambda tx: tx.rows(kind, **columns)) == rows


async def test_fee_is_found_before_it_is_written(ledger: DatabaseLedger) -> None:
    """What asks whether a day is charged already sees the charge of this transaction."""
    key = {"account": A_101, "kind": FeeKind.STANDING, "day": date(2026, 11, 24), "item": ""}

    def work(tx: LedgerTransaction) -> tuple[Fee | None, Fee | None]:
        before = tx.find(Fee, **key)
        top_up("fee-24", 5)(tx)
        tx.add(fee(24))
        return before, tx.find(Fee, **key)

    assert await ledger.run(work) == (None, fee(24))
    assert await ledger.read(lambda tx: tx.find(Fee, **key)) == fee(24)


async def test_fee_without_its_transfer_is_refused(ledger: DatabaseLedger) -> None:
    """What somebody owes is always money that moved."""
    assert (await refusal(ledger.run(lambda tx: tx.add(fee(24))))).key == "ledger_rule_broken"


async def test_supplies_end_once(ledger: DatabaseLedger) -> None:
    """A supply is open until it is ended, and another one may follow."""

    def begin(number: int, account: AccountNumber) -> Work[None]:
        return lambda tx: tx.add(supply(number, account))

    await ledger.run(install())
    await ledger.run(begin(1, A_101))
    ended = replace(supply(1), to_wh=2000, to_at=NOON + 2 * HOUR)
    await ledger.run(lambda tx: tx.end_supply(ended))
    await ledger.run(begin(2, B_202))
    whole = (ended, supply(2, B_202))
    assert await ledger.read(lambda tx: tx.rows(Supply, meter=METER)) == whole
    assert await ledger.read(lambda tx: tx.rows(Supply, meter=METER, generation=1)) == whole
    assert await ledger.read(lambda tx: tx.rows(Supply, account=B_202)) == whole[1:]
    for wrong in (ended, supply(2, B_202), replace(supply(3), to_wh=4000, to_at=NOON)):
        refused = await refusal(ledger.run(lambda tx, wrong=wrong: tx.end_supply(wrong)))  # type: ignore[misc]
        assert refused.key == "ledger_rule_broken"
    refused = await refusal(ledger.run(begin(2, A_101)))
    assert refused.key == "ledger_rule_broken"
    assert await ledger.read(lambda tx: tx.rows(Supply, meter=METER)) == whole


async def test_the_last_of_its_kind(ledger: DatabaseLedger) -> None:
    """It is found among what is written and what is not yet, of one day or of all."""

    def row(provider: str, day: int, number: int) -> Reconciliation:
        return Reconciliation(
            provider=provider,
            day=date(2026, 11, day),
            number=number,
            at=NOON,
            unexplained=ZERO,
            content="{}",
        )

    def work(tx: LedgerTransaction) -> None:
        assert tx.last(Reconciliation) is None
        for number in range(1, 12):
            tx.add(row("stripe", 25, number))
            assert tx.last(Reconciliation, provider="stripe") == row("stripe", 25, number)
        tx.add(row("wechat", 24, 1))
        assert tx.last(Reconciliation) == row("wechat", 24, 1)

    await ledger.run(work)
    day = {"provider": "stripe", "day": date(2026, 11, 25)}
    assert await ledger.read(lambda tx: tx.last(Reconciliation, **day)) == row("stripe", 25, 11)
    assert await ledger.read(lambda tx: tx.last(CashReceipt)) is None
