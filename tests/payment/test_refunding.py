"""Money goes back to payers: once, never more than was paid, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Any, override

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.events import Refunded
from custom_components.compere_prepaid.core.ledger.accounts import Fund, clearing, tenant
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    PaymentSource,
    ProviderRefund,
    ProviderRefundState,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.payment.events import RefundFailed
from custom_components.compere_prepaid.core.payment.provider import RefundOutcome, RefundState
from tests.core.prepayment.desk import CNY, SHOP, money
from tests.core.prepayment.test_crash_points import KILLED, Crossing, Tracer, forked, traced
from tests.payment.bench import Bench
from tests.payment.billing import CAN, BilledBank, BilledProvider

State = ProviderRefundState


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Open a bench."""
    bench = await Bench.open(tmp_path / "ledger.db")
    yield bench
    await bench.till.desk.ledger.close()


async def test_money_goes_back(bench: Bench) -> None:
    """Once for a reference, told once, out of the account and the clearing account."""
    paid = await bench.paid(100)
    row = await bench.refund(paid, 30)
    assert (row.state, row.provider_ref) == (State.SUCCEEDED, f"B-{row.id}")
    assert (bench.balance, await bench.clearing()) == (money(90), money(70))
    assert await bench.refund(paid, 30) == row
    assert bench.bank.asked_refunds == [row.id]
    (told,) = bench.till.desk.told(Refunded)
    assert isinstance(told, Refunded)
    assert (told.amount, told.reference) == (money(30), f"back of {paid.txn}")
    await bench.till.desk.verified()


async def test_never_more_than_was_paid(bench: Bench) -> None:
    """In parts, and what was given up may be asked for again."""
    paid = await bench.paid(100)
    await bench.refund(paid, 60, reference="a")
    bench.bank.outcome = RefundOutcome.CLOSED
    await bench.refund(paid, 40, reference="b")
    with pytest.raises(InvalidInputError) as refused:
        await bench.refund(paid, "40.01", reference="c")
    assert refused.value.key == "refund_more_than_paid"
    assert refused.value.placeholders == {"amount": "40.01", "left": "40.00"}
    bench.bank.outcome = RefundOutcome.SUCCEEDED
    await bench.refund(paid, 40, reference="d")
    with pytest.raises(InvalidInputError):
        await bench.refund(paid, "0.01", reference="e")
    assert (bench.balance, await bench.clearing()) == (money(20), 0)


async def test_both_at_once(bench: Bench) -> None:
    """Two who give back the same payment do not give it back twice."""
    paid = await bench.paid(100)
    outcomes = await asyncio.gather(
        *(bench.refund(paid, 60, reference=f"r{number}") for number in range(4)),
        *(bench.refund(paid, 60, reference="r0") for _ in range(4)),
        return_exceptions=True,
    )
    done = {one.id for one in outcomes if isinstance(one, ProviderRefund)}
    assert len(done) == 1
    assert (bench.balance, await bench.clearing()) == (money(60), money(40))


async def test_the_balance_is_spent(bench: Bench) -> None:
    """What the tenant has used cannot go back."""
    paid = await bench.paid(100)
    await bench.till.desk.cashier.adjust(SHOP, money(-90), reason="used", reference="u")
    with pytest.raises(InvalidInputError) as refused:
        await bench.refund(paid, 31)
    assert refused.value.key == "refund_too_large"
    assert bench.bank.asked_refunds == []


@pytest.mark.parametrize("lost", [True, False])
async def test_nobody_answers(bench: Bench, *, lost: bool) -> None:
    """The money stays set aside until it is known; after a restart it is asked for again."""
    paid = await bench.paid(100)
    bench.bank.loses_answers, bench.bank.is_down = lost, not lost
    row = await bench.refund(paid, 30)
    assert (row.state, row.note) == (State.RESERVED, "provider_unreachable")
    assert (bench.balance, await bench.clearing()) == (money(90), money(100))
    await bench.restart()
    bench.bank.loses_answers = bench.bank.is_down = False
    await bench.refunds.resume()
    again = await bench.refunds.find(row.id)
    assert again is not None
    assert again.state is State.SUCCEEDED
    assert (bench.balance, await bench.clearing()) == (money(90), money(70))
    assert len(bench.bank.gone) == 1


async def test_a_refusal(bench: Bench) -> None:
    """The money is the account's again, and that is told; unless it had gone back after all."""
    paid = await bench.paid(100)
    bench.bank.refuses_refunds = True
    row = await bench.refund(paid, 30)
    assert (row.state, row.note) == (State.CLOSED, "provider_refused")
    assert (bench.balance, await bench.clearing()) == (money(120), money(100))
    (told,) = bench.till.desk.told(RefundFailed)
    assert isinstance(told, RefundFailed)
    assert (told.state, told.amount) == ("closed", money(30))
    bench.bank.refuses_refunds, bench.bank.loses_answers = False, True
    row = await bench.refund(paid, 40, reference="b")
    bench.bank.refuses_refunds, bench.bank.loses_answers = True, False
    assert (await bench.refunds.push(row)).state is State.SUCCEEDED
    assert bench.balance == money(80)


async def test_a_refusal_that_nobody_explains(bench: Bench) -> None:
    """A refund that went through is not taken back because the provider's key was changed."""
    paid = await bench.paid(100)
    bench.bank.loses_answers = True
    row = await bench.refund(paid, 30)
    bench.bank.loses_answers = bench.bank.tells_of_refunds = False
    bench.bank.refuses_refunds = True
    assert (await bench.refunds.push(row)).state is State.RESERVED
    assert (bench.balance, await bench.clearing()) == (money(90), money(100))
    bench.bank.tells_of_refunds = True
    assert (await bench.refunds.push(row)).state is State.SUCCEEDED
    assert (bench.balance, await bench.clearing()) == (money(90), money(70))
    assert bench.till.desk.told(RefundFailed) == []


class _TroubledProvider(BilledProvider):
    """It cannot be asked for refunds of 30 yuan, and stumbles over those of 20."""

    @override
    async def refund(self, refund: ProviderRefund, paid: Amount) -> RefundState:
        if refund.amount == money(30):
            raise InvalidInputError("public_address_missing")
        if refund.amount == money(20):
            raise ZeroDivisionError
        return await BilledProvider.refund(self, refund, paid)


async def test_the_trouble_of_one(bench: Bench) -> None:
    """What was set aside is not told to be refused, and keeps no other refund waiting."""
    paid = await bench.paid(100)
    bench.bank.is_down = True
    for yuan in (20, 30, 10):
        await bench.refund(paid, yuan, reference=f"{yuan}")
    bench.bank.is_down = False
    bench.refunds.providers = {"paper": _TroubledProvider("paper", bench.bank, can=CAN)}
    row = await bench.refund(paid, 30, reference="30")
    assert (row.state, row.note) == (State.RESERVED, "public_address_missing")
    await bench.refunds.resume()
    assert sorted(row.amount for row in await bench.refunds.unfinished()) == [money(20), money(30)]
    assert await bench.clearing() == money(90)


async def test_one_that_needs_a_person(bench: Bench) -> None:
    """It stays set aside until somebody says what became of it, which nobody can before."""
    paid = await bench.paid(100)
    bench.bank.outcome = RefundOutcome.PROCESSING
    row = await bench.refund(paid, 30)
    with pytest.raises(InvalidInputError) as refused:
        await bench.refunds.resolve(row, paid=False, note="")
    assert refused.value.key == "refund_in_progress"
    with pytest.raises(InvalidInputError) as refused:
        await bench.till.desk.refunds.resolve(SHOP, row.reference, paid=False)
    assert refused.value.key == "refund_in_progress"
    news = RefundState(refund_id=row.id, outcome=RefundOutcome.ABNORMAL, reason="card dead")
    for _ in range(3):
        await bench.refunds.on_news("paper", news)
    assert len(bench.till.desk.told(RefundFailed)) == 1
    assert bench.balance == money(90)
    known = await bench.refunds.of_reference(SHOP, row.reference)
    assert known is not None
    for _ in range(2):
        known = await bench.refunds.resolve(known, paid=True, note="by bank")
    assert known.state is State.SUCCEEDED
    late = RefundState(refund_id=row.id, outcome=RefundOutcome.CLOSED)
    await bench.refunds.on_news("paper", late)
    await bench.refunds.on_news("other", late)
    assert (bench.balance, await bench.clearing()) == (money(90), money(70))
    await bench.till.desk.verified()


async def test_given_back_in_the_console(bench: Bench) -> None:
    """It is booked under the number that it has there, and the bill finds it by that."""
    paid = await bench.paid(100)
    row = await bench.refund(paid, 25, reference="C-77", outside=True)
    assert (row.id, row.state) == ("C-77", State.SUCCEEDED)
    assert bench.bank.asked_refunds == []
    assert (bench.balance, await bench.clearing()) == (money(95), money(75))
    bench.bank.gone["C-77"] = (row, bench.bank.now)
    laid = await bench.lay([bench.line(paid.txn), bench.line("C-77")])
    assert laid.faults == ()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("amount_not_positive", {"amount": Amount(0)}),
    ("reason_missing", {"reason": " "}),
    ("account_unknown", {"account": "Z-9"}),
    ("payment_of_other", {"account": "B-1"}),
    ("payment_unknown", {"txn": "T-unknown"}),
    ("refund_unsupported", {"provider": "nobody"}),
    ("reference_reused", {"reference": "cash"}),
    ("reference_reused", {"reference": "done"}),
]


@pytest.mark.parametrize(("key", "more"), WRONG)
async def test_what_cannot_be(bench: Bench, key: str, more: dict[str, Any]) -> None:
    """Each is refused, and nobody is asked for anything."""
    paid = await bench.paid(100)
    await bench.till.desk.open_other("B-1", "50")
    await bench.till.desk.refunds.reserve(SHOP, money(5), reference="cash", reason="asked")
    await bench.refund(paid, 5, reference="done")
    before = bench.balance, len(bench.bank.asked_refunds)
    with pytest.raises(InvalidInputError) as refused:
        await bench.refund(paid, 6, **more)
    assert refused.value.key == key
    assert (bench.balance, len(bench.bank.asked_refunds)) == before


# Killed at every point


@dataclass(slots=True)
class _LastingBank(BilledBank):
    """A bank that outlives the program: it writes down what it gave back."""

    path: Path = field(default_factory=Path)
    tracer: Tracer = field(default_factory=lambda: Tracer(None))

    @override
    def give_back(self, refund: ProviderRefund) -> RefundState:
        self.tracer.cross("before ask")
        given: dict[str, int] = (
            json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}
        )
        outcomes = {"b": RefundOutcome.PROCESSING, "c": RefundOutcome.CLOSED}
        outcome = outcomes.get(refund.reference, RefundOutcome.SUCCEEDED)
        if refund.id in given and refund.reference == "b":
            outcome = RefundOutcome.SUCCEEDED
        given[refund.id] = 0 if outcome is RefundOutcome.CLOSED else refund.amount
        self.path.write_text(json.dumps(given), "utf-8")
        state = self.refunds[refund.id] = RefundState(refund_id=refund.id, outcome=outcome)
        self.tracer.cross("after ask")
        return state


class _LastingProvider(BilledProvider):
    @override
    async def query_refund(self, refund: ProviderRefund) -> RefundState:
        return self.bank.give_back(refund)


async def _giving_back(folder: Path, tracer: Tracer) -> dict[str, Any]:
    """Give a payment back in four ways, whatever of it was done before; return how it ends."""
    with traced(tracer):
        bench = await Bench.open(folder / "ledger.db")
        desk = bench.till.desk
        bank = _LastingBank(desk.clock.now(), path=folder / "bank", tracer=tracer)
        bench.refunds.providers = {"paper": _LastingProvider("paper", bank)}
        order = await bench.till.order(100, "once")
        paid = bank.pay(order.id, money(100), txn="T1")
        await bench.till.crediting.record("paper", paid, PaymentSource.NOTICE)
        await bench.refunds.resume()
        for reference, yuan in (("a", 30), ("b", 20), ("c", 10)):
            tracer.step = reference
            await bench.refund(paid, yuan, reference=reference)
        tracer.step = "outside"
        await bench.refund(paid, 5, reference="C-77", outside=True)
        await bench.refunds.resume()
    found = await desk.ledger.verify()
    assert found.ok, found.faults
    names = (clearing("paper"), tenant(SHOP, Fund.ELECTRICITY))
    state = await desk.ledger.read(
        lambda tx: {name: (CNY.exact(tx.balance(name)), tx.reserved(name)) for name in names}
    )
    given = json.loads(bank.path.read_text("utf-8"))
    await desk.ledger.close()
    return {"state": str(state), "given": sorted(given.values())}


def _differs(folder: Path, crossing: Crossing, wanted: dict[str, Any]) -> str:
    """Kill it at a point, let another process go on; return what is wrong, if anything."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    killed = forked(lambda: asyncio.run(_giving_back(folder, Tracer(crossing))))
    if killed != KILLED:
        return f"{crossing}: was not killed but ended with {killed}"

    def finish() -> None:
        state = asyncio.run(_giving_back(folder, Tracer(None)))
        (folder / "told").write_text("" if state == wanted else f"{state}", "utf-8")

    if forked(finish) != 0:
        return f"{crossing}: the next start did not come to the end"
    told = (folder / "told").read_text("utf-8")
    return f"{crossing}: {told}" if told else ""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_killed_while_giving_back(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Wherever the program dies, the money leaves once, and the account and the bank agree."""
    calm = tmp_path / "calm"
    calm.mkdir()
    tracer = Tracer(None)
    wanted = asyncio.run(_giving_back(calm, tracer))
    assert wanted["given"] == [0, money(20), money(30)]
    assert "Decimal('65" in wanted["state"]
    points = [place for (_, step), place in tracer.first.items() if step != "start"]
    wrong = [fault for place in points if (fault := _differs(tmp_path / "run", place, wanted))]
    figure(f"{len(points)} kills while money went back to payers: {len(wrong)} ended differently")
    assert wrong == []
