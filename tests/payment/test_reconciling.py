"""Any bill beside any book: every line is explained or named, sums add up, twice is like once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.ledger.payment_rows import (
    BillKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.provider import BillEntry, RefundOutcome
from custom_components.compere_prepaid.core.payment.reconciling import (
    Fault,
    FaultKind,
    content_of,
    faults_of,
)
from tests.core.prepayment.desk import START, money
from tests.payment.bench import DAY, Bench
from tests.tampering import tampered

PAYMENT, REFUND = BillKind.PAYMENT, BillKind.REFUND
YUAN = money(1)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Open a bench."""
    bench = await Bench.open(tmp_path / "ledger.db")
    yield bench
    await bench.till.desk.ledger.close()


async def test_a_day_in_order(bench: Bench) -> None:
    """Payments, one of which only the bill tells of, a refund and fees: nothing is left over."""
    paid = await bench.paid(100)
    await bench.paid(50, told=False)
    await bench.refund(paid, 30)
    laid = await bench.lay(list(bench.bank.entries(DAY)))
    assert (laid.faults, laid.row.unexplained, laid.is_new) == ((), 0, True)
    content = content_of(laid.row)
    assert content["payment"] == {"count": 2, "amount": money(150)}
    assert content["refund"] == {"count": 1, "amount": money(30)}
    assert content["credited"] == ["T00000002"]
    assert content["fees"] == await bench.fees() == money("0.72")
    assert await bench.clearing() == money("119.28")
    assert bench.balance == money(140)
    again = await bench.lay(list(bench.bank.entries(DAY)))
    assert (again.is_new, again.row) == (False, laid.row)
    assert await bench.clearing() == money("119.28")
    await bench.till.desk.verified()


async def test_what_does_not_agree_is_named(bench: Bench) -> None:
    """On either side, with what of it nobody can explain; and it ends when its reason does."""
    first, second, third = [await bench.paid(yuan) for yuan in (10, 20, 30)]
    back = (await bench.refund(third, 3)).id
    lines = {line.ref: line for line in bench.bank.entries(DAY)}
    foreign = replace(lines[first.txn], ref="X", payment=None)
    entries = [
        replace(lines[second.txn], amount=money(21), payment=None),
        lines[third.txn],
        lines[third.txn],
        foreign,
        replace(foreign, ref="U", currency="USD"),
        replace(lines[back], ref="console"),
    ]
    laid = await bench.lay(entries, credit=False)
    assert {(one.line, one.ref, one.kind, one.amount) for one in laid.faults} == {
        (PAYMENT, first.txn, FaultKind.UNBILLED, money(10)),
        (PAYMENT, second.txn, FaultKind.OTHER_AMOUNT, money(1)),
        (PAYMENT, third.txn, FaultKind.TWICE, money(30)),
        (PAYMENT, "X", FaultKind.UNBOOKED, money(10)),
        (PAYMENT, "U", FaultKind.UNBOOKED, 0),
        (REFUND, "console", FaultKind.UNBOOKED, money(3)),
        (REFUND, back, FaultKind.UNBILLED, money(3)),
    }
    assert laid.row.unexplained == money(57)
    assert tuple(faults_of(laid.row)) == laid.faults
    looked = await bench.lay(None)
    assert (looked.is_new, looked.row) == (False, laid.row)
    mended = await bench.lay([*entries[:2], *entries[3:], lines[first.txn]])
    assert {one.kind for one in laid.faults} - {one.kind for one in mended.faults} == {
        FaultKind.TWICE
    }
    assert mended.row.number == 2


async def test_a_bill_that_changes(bench: Bench) -> None:
    """What was read first stands, what is new is added, fees follow; the change is named."""
    paid = await bench.paid(100)
    (line,) = bench.bank.entries(DAY)
    await bench.lay([replace(line, fee=money("0.50"))])
    assert await bench.fees() == money("0.50")
    more = replace(line, ref="later", amount=money(5), fee=money("0.10"), payment=None)
    laid = await bench.lay([replace(line, fee=money("0.70")), more], credit=False)
    assert {(one.ref, one.kind, one.amount) for one in laid.faults} == {
        (paid.txn, FaultKind.CHANGED, money("0.20")),
        ("later", FaultKind.UNBOOKED, money(5)),
    }
    assert await bench.fees() == money("0.60")
    laid = await bench.lay([replace(line, fee=money("0.50"))])
    assert [(one.ref, one.kind) for one in laid.faults] == [
        ("later", FaultKind.CHANGED),
        ("later", FaultKind.UNBOOKED),
    ]
    await bench.till.desk.verified()


async def test_a_refund_that_is_under_way(bench: Bench) -> None:
    """It is named until it is done here, too."""
    paid = await bench.paid(100)
    bench.bank.outcome = RefundOutcome.PROCESSING
    number = (await bench.refund(paid, 40)).id
    (payment,) = bench.bank.entries(DAY)
    line = replace(payment, kind=REFUND, ref=number, amount=money(40), payment=None)
    laid = await bench.lay([payment, line])
    assert laid.faults == (Fault(REFUND, number, FaultKind.NOT_DONE, money(40)),)
    bench.bank.outcome = RefundOutcome.SUCCEEDED
    await bench.refunds.resume()
    assert (await bench.lay(None)).faults == ()


_PAYMENTS = st.lists(
    st.tuples(
        st.integers(1, 500),
        st.booleans(),  # told to the book before the bill
        st.sampled_from(["as it is", "missing", "other amount", "twice", "not ours"]),
        st.integers(0, 60),  # per mille that goes back
    ),
    max_size=6,
)


@pytest.mark.slow
@given(payments=_PAYMENTS, extra=st.lists(st.integers(1, 50), max_size=2))
@settings(max_examples=40)
def test_any_bill_beside_any_book(
    payments: list[tuple[int, bool, str, int]], extra: list[int]
) -> None:
    """After it every line and every payment is explained or named, and the sums add up."""
    with TemporaryDirectory() as folder:
        asyncio.run(_any(Path(folder) / "ledger.db", payments, extra))


@dataclass(slots=True)
class _Expected:
    """A bill that was made up, and what must be found wrong with it."""

    entries: list[BillEntry]
    faults: set[tuple[str, FaultKind, int]]

    def add(self, line: BillEntry, how: str, *, told: bool) -> None:
        """Put a payment's line on the bill, or not, or another one."""
        ref, amount = line.ref, line.amount
        alien = line.payment and replace(line.payment, foreign="another merchant")
        more = Amount(amount + 2 * YUAN)
        cases: dict[str, tuple[list[BillEntry], list[tuple[FaultKind, int]]]] = {
            "as it is": ([line], []),
            "missing": ([], [(FaultKind.UNBILLED, amount)] if told else []),
            "other amount": (
                [replace(line, amount=more, payment=None)],
                [(FaultKind.OTHER_AMOUNT, 2 * YUAN) if told else (FaultKind.UNBOOKED, more)],
            ),
            "twice": ([line, line], [(FaultKind.TWICE, amount)]),
            # whom the book has credited it knows by now, whatever the bill says
            "not ours": (
                [replace(line, payment=alien)],
                [] if told else [(FaultKind.UNBOOKED, amount)],
            ),
        }
        lines, faults = cases[how]
        self.entries += lines
        self.faults |= {(ref, kind, value) for kind, value in faults}

    def add_refund(self, name: str, yuan: int) -> None:
        """Put a refund on the bill of which nobody knows."""
        line = BillEntry(
            kind=REFUND, ref=name, order_id="?", amount=money(yuan), currency="CNY", at=START
        )
        self.entries.append(line)
        self.faults.add((name, FaultKind.UNBOOKED, line.amount))


async def _any(path: Path, payments: list[tuple[int, bool, str, int]], extra: list[int]) -> None:
    bench = await Bench.open(path)
    try:
        await _laid(bench, payments, extra)
    finally:
        await bench.till.desk.ledger.close()


async def _laid(bench: Bench, payments: list[tuple[int, bool, str, int]], extra: list[int]) -> None:
    wanted = _Expected([], set())
    for yuan, told, how, share in payments:
        paid = await bench.paid(yuan, told=told)
        wanted.add(bench.line(paid.txn), how, told=told)
        if back := yuan * share // 100 if told else 0:
            wanted.entries.append(bench.line((await bench.refund(paid, back)).id))
    for number, yuan in enumerate(extra):
        wanted.add_refund(f"extra-{number}", yuan)
    laid = await bench.lay(wanted.entries)
    assert {(one.ref, one.kind, one.amount) for one in laid.faults} == wanted.faults
    assert laid.row.unexplained == sum(amount for _, _, amount in wanted.faults)
    lines = {(one.kind, one.ref): one for one in wanted.entries}.values()
    fees = sum(one.fee if one.kind is PAYMENT else -one.fee for one in lines)
    assert await bench.fees() == content_of(laid.row)["fees"] == fees
    again = await bench.lay(wanted.entries)
    assert (again.is_new, again.row) == (False, laid.row)
    found = await bench.till.desk.ledger.verify()
    assert found.ok, found.faults


TAMPERINGS = {
    "refund gone": "DELETE FROM provider_refund WHERE reference = 'a'",
    "refund of less": "UPDATE provider_refund SET amount = amount - 1 WHERE reference = 'a'",
    "refund to another": "UPDATE provider_refund SET account = 'B-1' WHERE reference = 'a'",
    "refund by another": "UPDATE provider_refund SET user = 'eve' WHERE reference = 'a'",
    "refund renamed": "UPDATE provider_refund SET id = 'x' WHERE reference = 'a'",
    "refund not done": "UPDATE provider_refund SET state = 'processing' WHERE reference = 'a'",
    "refund done": "UPDATE provider_refund SET state = 'succeeded' WHERE reference = 'b'",
    "refund of another payment": "UPDATE provider_refund SET txn = 'T9' WHERE reference = 'a'",
    "more back than came": "UPDATE provider_refund SET txn = 'T00000002'",
    "fee on the bill": "UPDATE bill_line SET fee = fee + 1 WHERE kind = 'payment'",
    "line of more": "UPDATE bill_line SET amount = amount + 1 WHERE kind = 'payment'",
    "line gone": "DELETE FROM bill_line WHERE kind = 'refund'",
    "line of another day": "UPDATE bill_line SET day = '2026-03-03' WHERE kind = 'refund'",
    "all explained": "UPDATE reconciliation SET unexplained = 0",
    "reconciliation gone": "DELETE FROM reconciliation",
    "reconciliation renumbered": "UPDATE reconciliation SET number = 2",
    "reconciliation unreadable": "UPDATE reconciliation SET content = '[]'",
}


async def test_tampering_is_noticed(
    bench: Bench, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The checker works out by itself what refunds and bills must have made the book say."""
    paid, small = await bench.paid(100), await bench.paid(20)
    await bench.refund(paid, 30, reference="a", user="anna")
    bench.bank.outcome = RefundOutcome.PROCESSING
    await bench.refund(small, 10, reference="b")
    lines = list(bench.bank.entries(DAY))
    extra = replace(lines[0], ref="extra", payment=None)
    await bench.lay([*lines, extra], credit=False)
    await bench.till.desk.verified()
    await bench.till.desk.ledger.close()
    with tampered(tmp_path / "ledger.db", tmp_path, "mall") as book:
        assert book.audit().ok
        for name, statement in TAMPERINGS.items():
            with subtests.test(name):
                assert book.audit(statement).faults
