"""A day of business as steps that can be taken again: for killing the program at any point of it.

A step is what a person or a meter does once. If the program dies before it answered, the step is
taken again, as people and pollers do; references and readings are the same then.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
import hashlib
from pathlib import Path
from typing import Any

from custom_components.compere_prepaid.core.allocation.bills import Bills
from custom_components.compere_prepaid.core.allocation.document import POOL
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Asked
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.account_rows import (
    CreditWatch,
    IssuedStatement,
    Supply,
    TaxTotal,
)
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.ledger.payment_rows import (
    Method,
    OrderState,
    PaymentNotice,
    PaymentSource,
    PayOrder,
    ProviderTxn,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from custom_components.compere_prepaid.core.payment.crediting import Crediting
from custom_components.compere_prepaid.core.payment.orders import OrderRequest, Orders
from custom_components.compere_prepaid.core.payment.provider import Payer
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.policy.protected_times import ProtectedTimes
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import METER, OTHER, SHOP, START, Desk, money
from tests.payment.paper import PaperBank, PaperProvider
from tests.rich_book import set_pools

OWNER = AccountNumber("OWNER")
NEXT = AccountNumber("B-7")
NEW = MeterSerial("33B0250100009")
SHORT = AccountNumber("C-3")
"""Runs out of credit at night, is given a grace, and adapts."""
THIRD = MeterSerial("33B0250100003")
MODULUS = 1_000_000

_DAY = Asked(since=date(2026, 3, 2), until=date(2026, 3, 3))
_RUN = "2026-03-02..2026-03-02"

_RULES: tuple[Mapping[str, Any] | Policy, ...] = (
    {
        "name": "Day",
        "valid_from": "2020-01-01",
        "prices": {"peak": "0.9876", "flat": "0.6173"},
        "schedule": [{"slots": {"00:00": "flat", "08:00": "peak", "12:00": "flat"}}],
        "tiers": [{"up_to": 12}, {"adder": "0.05"}],
        "standing": {"per_day": "0.33"},
        "tax": {"percent": 13, "included": False},
    },
    {
        "name": "Day",
        "valid_from": "2020-01-01",
        "revision": 2,
        "prices": {"peak": "0.9", "flat": "0.6"},
        "schedule": [{"slots": {"00:00": "flat", "08:00": "peak", "12:00": "flat"}}],
        "tax": {"percent": 13, "included": False},
    },
    Policy(name="Roomy", warning_levels=(money(5),), emergency_credit=money(3)),
    Policy(
        name="Nights",
        warning_levels=(money(5),),
        protected=ProtectedTimes(week=dict.fromkeys(range(7), ((18 * 60, 3 * 60),))),
    ),
)

type Act = Callable[[Desk], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done at a time after the start."""

    name: str
    minutes: int
    act: Act


@contextmanager
def done_already(*keys: str) -> Iterator[None]:
    """Let an error tell that something was done before, and nobody heard the answer."""
    try:
        yield
    except InvalidInputError as error:
        if error.key not in keys:
            raise


def _read(wh: int, serial: MeterSerial = METER) -> Act:
    return lambda desk: desk.read(wh, serial)


def _top_up(yuan: str, reference: str, number: str = SHOP) -> Act:
    return lambda desk: desk.cashier.top_up([number], money(yuan), reference=reference)


async def _begin(desk: Desk) -> None:
    await desk.read(70_000, OTHER)
    await desk.read(1_000, THIRD)


async def _add_debt(desk: Desk) -> None:
    terms = DebtTerms(ppm=250_000)
    await desk.debts.add_debt(SHOP, "arrears", money(20), terms, reason="last year", reference="d")


async def _reserve(desk: Desk) -> None:
    await desk.refunds.reserve(SHOP, money(2), reference="f", reason="asked for")


async def _pay(desk: Desk) -> None:
    await desk.refunds.resolve(SHOP, "f", paid=True)


async def _reverse(desk: Desk) -> None:
    await desk.refunds.reverse_top_up(SHOP, "r2", reason="bounced")


async def _emergency(desk: Desk) -> None:
    with done_already("emergency_in_use"):
        await desk.cashier.use_emergency_credit(SHOP)


async def _hold(desk: Desk) -> None:
    await desk.agreements.place_hold([METER], HoldKind.MAINTENANCE, user="joe", reason="work")


async def _release(desk: Desk) -> None:
    await desk.agreements.release_hold(
        [METER], HoldKind.MAINTENANCE, user="joe", administrator=False
    )


async def _correct(desk: Desk) -> None:
    request = RerateRequest(
        run="audit", since=START, until=desk.clock.now(), reason="wrong price", user="anna"
    )
    await desk.rerater.rerate(SHOP, request)


async def _replace(desk: Desk) -> None:
    change = Replacement(
        old=OTHER, new=NEW, final_wh=70_300, start_wh=5_000, reason="broken", user="joe"
    )
    if NEW not in desk.book.meters:
        with done_already("meter_in_service"):
            await desk.replacements.replace_meter(change)
        await desk.supplies.remove_meter(OTHER)
        await desk.supplies.add_meter(MeterSetup(serial=NEW, max_power_w=60_000))
        await desk.supplies.attach(NEXT, NEW)


async def _move_out(desk: Desk) -> None:
    if not desk.book.meter(METER).fresh:  # a new start reads before it does anything
        await desk.read(36_100)
    with done_already("account_unknown", "account_closed"):
        await desk.moves.move_out(SHOP, user="anna")


async def _grace(desk: Desk) -> None:
    until = START + timedelta(minutes=1025)
    await desk.credit_desk.grant_grace([SHORT], until, user="anna", reason="asked for")


async def _adapt(desk: Desk) -> None:
    await desk.read(12_000, THIRD)  # a new start reads before it does anything
    until = START + timedelta(minutes=1038)
    await desk.credit_desk.set_adaptation([SHORT], until, user="anna")


async def _bill(desk: Desk) -> None:
    if not await desk.ledger.read(lambda tx: tx.documents(POOL)):
        await set_pools(desk)
    bill = SupplierBill(
        supplier="Otis",
        number="1",
        name="Lift",
        since=_DAY.since,
        until=_DAY.until,
        amount=money(30),
        entered_at=desk.clock.now(),
    )
    await Bills(desk.book).enter([bill])


async def _allocate(desk: Desk) -> None:
    with done_already("allocation_overlaps"):  # by itself
        await Allocations(desk.book).propose(_DAY, user="anna")
    await Allocations(desk.book).approve(_RUN, user="bert")


async def _take_back(desk: Desk) -> None:
    await Allocations(desk.book).reverse(_RUN, user="anna", reason="one more look")


def _order(key: str) -> Act:
    """Order 21 yuan by a provider; its id is made of the key."""

    async def act(desk: Desk) -> None:
        orders = Orders(desk.book, lambda: f"order {key}")
        request = OrderRequest(account=SHOP, amount=money(21), provider="paper", key=key)
        provider = PaperProvider("paper", PaperBank(desk.clock.now()))
        order = await orders.place(request, provider, Payer(method=Method.REDIRECT))
        await orders.move(order.id, OrderState.OPEN, checkout="{}")

    return act


def _expire(key: str) -> Act:
    async def act(desk: Desk) -> None:
        orders = Orders(desk.book, str)
        for state in (OrderState.CLOSING, OrderState.CLOSED):
            await orders.move(f"order {key}", state, note="expired")

    return act


def _paid(key: str, txn: str) -> Act:
    """Let a notice tell of a payment, and a query of the same one."""

    async def act(desk: Desk) -> None:
        bank = PaperBank(START)
        paid = bank.pay(f"order {key}", money(21), txn=txn)
        body = bank.notice(paid)[1]
        notice = PaymentNotice(
            provider="paper",
            id=hashlib.sha256(body).hexdigest(),
            received_at=desk.clock.now(),
            verdict="genuine",
            headers="{}",
            body=body.decode(),
        )
        crediting = Crediting(desk.book)
        await crediting.record("paper", paid, PaymentSource.NOTICE, notice)
        await crediting.record("paper", paid, PaymentSource.QUERY)

    return act


STEPS = (
    Step("first readings", 0, _read(990_000)),
    Step("first readings of the others", 0, _begin),
    Step("energy over a border", 180, _read(995_000)),
    Step("debt taken on", 181, _add_debt),
    Step("top-up with a debt", 182, _top_up("30", "r1")),
    Step("hold placed", 183, _hold),
    Step("hold released", 184, _release),
    Step("register runs over", 400, _read(3_000)),
    Step("refund reserved", 401, _reserve),
    Step("refund paid", 402, _pay),
    Step("cut put off at night", 500, _read(12_000, THIRD)),
    Step("grace granted", 501, _grace),
    Step("a new day", 14 * 60 + 1, lambda desk: desk.charging.on_clock()),
    Step("used up and cut", 1000, _read(36_000)),
    Step("emergency credit", 1001, _emergency),
    Step("top-up brings it back", 1002, _top_up("40", "r2")),
    Step("top-up taken back", 1003, _reverse),
    Step("payment ordered", 1003, _order("1")),
    Step("payment brings it back", 1003, _paid("1", "T1")),
    Step("paid twice", 1003, _paid("1", "T2")),
    Step("payment ordered and closed", 1003, _order("2")),
    Step("order expires", 1003, _expire("2")),
    Step("paid late", 1003, _paid("2", "T3")),
    Step("nobody's payment", 1003, _paid("never", "T4")),
    Step("top-up again", 1004, _top_up("45", "r3")),
    Step("rated again", 1005, _correct),
    Step("meter replaced", 1010, _replace),
    Step("grace over", 1026, _read(12_000, THIRD)),
    Step("adapts from now on", 1027, _adapt),
    Step("bill entered", 1028, _bill),
    Step("shared costs posted", 1028, _allocate),
    Step("shared costs taken back", 1029, _take_back),
    Step("reading of the new meter", 1030, _read(5_400, NEW)),
    Step("adapted", 1038, _read(12_000, THIRD)),
    Step("last reading", 1040, _read(36_100)),
    Step("moved out", 1041, _move_out),
    Step("payment of who moved out", 1042, _paid("1", "T5")),
    Step("everything posted", 1042, lambda desk: desk.charging.settle_all("end")),
)


async def open_desk(path: Path) -> Desk:
    """Open the mall as its program does at each start; what moved out or was removed stays so."""
    desk = await Desk(path).open()
    if "Day" not in desk.book.tariffs:
        await desk.write(*_RULES)
    await desk.open_other(OWNER, "0", owner=True)
    replaced = await desk.ledger.read(lambda tx: tx.generation(NEW)) is not None
    for serial in (METER, NEW if replaced else OTHER):
        modulus = MODULUS if serial == METER else None
        await desk.supplies.add_meter(
            MeterSetup(serial=serial, max_power_w=60_000, modulus_wh=modulus)
        )
    with done_already("account_closed"):
        await desk.shop("10", rates="Day", policy="Roomy", meters=())
    await desk.open_other(NEXT, "100")
    await desk.open_other(SHORT, "10", policy="Nights", meters=(THIRD,))
    holders = {METER: SHOP if SHOP in desk.book.accounts else OWNER, THIRD: SHORT}
    for serial in desk.book.meters:
        await desk.supplies.attach(holders.get(serial, NEXT), serial)
    return desk


async def play(desk: Desk, first: int, told: Callable[[int], None]) -> None:
    """Take the steps from one on; tell which comes next."""
    told(first)
    for number, step in enumerate(STEPS[first:], first):
        desk.clock.time = START + timedelta(minutes=step.minutes)
        await step.act(desk)
        told(number + 1)


async def end_state(desk: Desk) -> dict[str, Any]:
    """Return what must be the same at the end, however often the program died on the way."""

    def read(tx: LedgerTransaction) -> dict[str, Any]:
        names = (
            *("asset:cash", "equity:opening", "equity:adjustment", "income:correction"),
            *("asset:clearing:paper", "liability:suspense"),
        )
        accounts = (SHOP, OWNER, NEXT, SHORT)
        meters = (METER, OTHER, NEW, THIRD)
        return {
            "balances": {name: tx.balance(name) for name in names}
            | {
                f"{number}:{fund}": tx.balance(f"liability:tenant:{number}:{fund}")
                for number in accounts
                for fund in ("electricity", "service")
            },
            "debt": tx.balance(f"asset:debt:{SHOP}:arrears"),
            "used": {
                number: sum(tx.charged_wh(number, START, desk.clock.now()).values())
                for number in accounts
            },
            "taxes": [
                (row.account, row.ppm, row.net, row.tax)
                for number in accounts
                for row in tx.rows(TaxTotal, account=number)
            ],
            "holds": {serial: tx.holds(serial) for serial in meters},
            "watches": [tx.find(CreditWatch, account=number) for number in accounts],
            "closed": {serial: demand.closed for serial in meters if (demand := tx.demand(serial))},
            "supplies": [
                (row.meter, row.generation, row.account, row.from_wh, row.to_wh)
                for serial in meters
                for row in tx.rows(Supply, meter=serial)
            ],
            "orders": [(row.key, row.state, row.paid_txn) for row in tx.rows(PayOrder)],
            "payments": [(row.txn, row.verdict, row.reason) for row in tx.rows(ProviderTxn)],
            "notices": [row.id for row in tx.rows(PaymentNotice)],
            "statements": len(tx.rows(IssuedStatement, account=SHOP)),
        }

    return await desk.ledger.read(read)
