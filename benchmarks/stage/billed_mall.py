"""A mall whose months are over, and whose shared costs are posted: what issuing is measured on."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    PoolKind,
    Split,
)
from custom_components.compere_prepaid.core.allocation.premises import (
    PREMISES,
    Premises,
    premises_content,
    unit_of_meter,
)
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Asked
from custom_components.compere_prepaid.core.clock import Clock
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import Document, Term, TermKind
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.prepayment.rules import load_rules, policy_document
from custom_components.compere_prepaid.core.prepayment.state import AccountSetup, MeterState
from custom_components.compere_prepaid.core.tenancy.opening import Opening

from .big_book import SITE, START, TARIFF, number, serial, write_big_book

MONTHS = (date(2025, 1, 1), date(2025, 2, 1))
_ENDS = (date(2025, 2, 1), date(2025, 3, 1))
DAYS = 31 + 28
CNY = Currency.of("CNY")
POLICY = Policy(name="Standard", warning_levels=(CNY.parse(100),))
_BASES = (Basis.FLOOR_AREA, Basis.ENERGY, Basis.EQUAL)


class Fixed(Clock):
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return the day after the months."""
        return datetime(2025, 3, 2, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return nothing that passes."""
        return 0.0


async def open_mall(path: Path, shops: int, pools: int, hours: int) -> AccountBook:
    """Write the months of a mall, with a charge for each shop and so many hours; allocate them."""
    write_big_book(path, shops, DAYS, hours=hours)
    clock = Fixed()
    ledger = await DatabaseLedger.open(
        place=path, site=SITE, currency=CNY, clock=clock, holder="benchmark"
    )
    book = AccountBook(
        ledger=ledger,
        clock=clock,
        currency=CNY,
        zone=ZoneInfo("UTC"),
        emit=lambda _event: None,
        demand=lambda _demand: None,
    )
    await ledger.run(lambda tx: _agree(tx, shops, pools))
    await load_rules(book, "1")
    opening = Opening(book)
    for shop in range(shops):
        setup = AccountSetup(
            number=AccountNumber(number(shop)),
            name=f"Shop {shop}",
            tariff=TARIFF,
            policy=POLICY.name,
            opening_balance=CNY.parse(0),
        )
        await opening.open_account(setup)
    await _attach(book, shops)
    runs = Allocations(book)
    for month, end in zip(MONTHS, _ENDS, strict=True):
        run = await runs.propose(Asked(since=month, until=end), user="anna")
        if run.head is None:
            raise AssertionError(run)
        await runs.approve(run.head.id, user="bert")
    return book


def _agree(tx: LedgerTransaction, shops: int, pools: int) -> None:
    """Write the terms of all accounts, what their units are, and the pools."""
    tx.insert_document(policy_document(POLICY, CNY, START))
    for shop in range(shops):
        account = AccountNumber(number(shop))
        for kind, value in ((TermKind.TARIFF, TARIFF), (TermKind.POLICY, POLICY.name)):
            tx.add_term(Term(account=account, kind=kind, value=value, valid_from=START))
        premises = Premises(floor_area=20_000 + shop * 7919 % 300_000)
        tx.insert_document(
            Document(
                kind=PREMISES,
                name=unit_of_meter(MeterSerial(serial(shop))),
                version="2000-01-01",
                content=premises_content(premises),
            )
        )
    for pool in _pools(shops, pools):
        tx.insert_document(pool_document(pool, CNY))


def _pools(shops: int, pools: int) -> Iterable[Pool]:
    for place in range(pools):
        cost = Cost(kind=CostKind.AMOUNT, name="Contract", amount=CNY.parse(shops * (place + 7)))
        yield Pool(
            name=f"Pool {place:02}",
            valid_from=MONTHS[0],
            kind=PoolKind.ENERGY if place % 4 == 0 else PoolKind.SERVICE,
            costs=(cost,),
            splits=(Split(basis=_BASES[place % len(_BASES)]),),
            tax_ppm=60_000 if place % 2 else 0,
        )


async def _attach(book: AccountBook, shops: int) -> None:
    """Remember whose the meters are, as after a start."""
    serials = [MeterSerial(serial(shop)) for shop in range(shops)]
    marks = await book.ledger.read(lambda tx: [tx.mark(one) for one in serials])
    for shop, (one, mark) in enumerate(zip(serials, marks, strict=True)):
        account = book.account(number(shop))
        meter = MeterState(serial=one, max_power_w=60_000, account=account.number, mark=mark)
        book.meters[one] = account.meters[one] = meter
