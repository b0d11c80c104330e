"""Books for the tests of the ledger: a clock, and the postings that fill a real database file."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import re
import sqlite3

import psycopg
import pytest

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.errors import PrepaidError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial, TransferId
from custom_components.compere_prepaid.core.ledger.accounts import CASH, energy_income, tenant
from custom_components.compere_prepaid.core.ledger.charges import charge_detail
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.posting import Posting, post
from custom_components.compere_prepaid.core.ledger.records import (
    Announcement,
    BillMark,
    BookKind,
    Charge,
    Document,
    Hold,
    HoldKind,
    NewTransfer,
    RegisterGeneration,
    RelayDemand,
    Term,
    TermKind,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import (
    Amount,
    Currency,
    Price,
    energy_cost,
)

ENGINES = ("sqlite", "postgresql")
SITE = "riverside_mall"
CNY = Currency.of("CNY")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
A_101 = AccountNumber("A-101")
METER = MeterSerial("33B0250100001")
PRICES = {"peak": Price(987_600), "flat": Price(617_300), "free": Price(0)}
YUAN = 10**9

type Work[T] = Callable[[LedgerTransaction], T]


@dataclass(slots=True)
class StepClock:
    """A clock that moves on by a second whenever somebody looks."""

    time: datetime = field(default=NOON)

    def now(self) -> datetime:
        """Return the next second."""
        self.time += timedelta(seconds=1)
        return self.time

    def monotonic(self) -> float:
        """Return seconds since noon."""
        return (self.time - NOON).total_seconds()


@asynccontextmanager
async def opened(place: Path | str) -> AsyncIterator[DatabaseLedger]:
    """Open the ledger at this place, and close it whatever happens."""
    ledger = await open_book(place)
    try:
        yield ledger
    finally:
        await ledger.close()


async def open_book(
    place: Path | str, site: str = SITE, holder: str = "test", *, kind: BookKind = BookKind.REAL
) -> DatabaseLedger:
    """Open the ledger at this place as an instance of its own."""
    return await DatabaseLedger.open(
        place=place, site=site, currency=CNY, clock=StepClock(), holder=holder, kind=kind
    )


def top_up(
    reference: str,
    yuan: int,
    account: AccountNumber = A_101,
    *,
    at: datetime = NOON,
    user: str = "cashier",
) -> Work[Posting]:
    """Credit an account."""
    request = NewTransfer(
        id=TransferId(f"top:{reference}:{account}"),
        debit=CASH,
        credit=tenant(account),
        amount=Amount(yuan * YUAN),
        code=TransferCode.TOP_UP,
        effective_at=at,
        source="action",
        user=user,
    )
    return lambda tx: post(tx, request, at)


def two_phase(
    name: str,
    kind: TransferKind,
    fen: int,
    pending: str | None = None,
    *,
    debit: str = CASH,
) -> Work[Posting]:
    """Book one phase of a payment that is reserved first."""
    request = NewTransfer(
        id=TransferId(name),
        debit=debit,
        credit=tenant(A_101),
        amount=Amount(fen * YUAN // 100),
        code=TransferCode.TOP_UP,
        effective_at=NOON,
        source="payment",
        kind=kind,
        pending_id=None if pending is None else TransferId(pending),
    )
    return lambda tx: post(tx, request, NOON)


def install(meter: MeterSerial = METER, start_wh: int = 1000, *, at: datetime = NOON) -> Work[None]:
    """Begin a register generation behind the meter's last one."""

    def work(tx: LedgerTransaction) -> None:
        tx.open_generation(
            RegisterGeneration(
                meter=meter,
                generation=tx.last_generation(meter) + 1,
                start_wh=start_wh,
                start_at=at,
            )
        )

    return work


def remove(meter: MeterSerial = METER, *, at: datetime | None = None) -> Work[None]:
    """Close the meter's register generation where it is charged up to."""

    def work(tx: LedgerTransaction) -> None:
        mark, generation = tx.mark(meter), tx.generation(meter)
        assert mark is not None
        assert generation is not None
        tx.close_generation(
            RegisterGeneration(
                meter=meter,
                generation=generation.generation,
                start_wh=generation.start_wh,
                start_at=generation.start_at,
                closed_wh=mark.wh,
                closed_at=at or mark.at,
            )
        )

    return work


def next_charge(
    mark: BillMark, wh: int, period: str, account: AccountNumber = A_101
) -> tuple[Charge, BillMark]:
    """Return the charge for the next Wh behind a mark, and the mark behind it."""
    amount = energy_cost(wh, PRICES[period])
    name = TransferId(f"chg:{mark.meter}:{mark.generation}:{mark.wh}")
    charge = Charge(
        meter=mark.meter,
        generation=mark.generation,
        from_wh=mark.wh,
        to_wh=mark.wh + wh,
        from_at=mark.at,
        to_at=mark.at + timedelta(minutes=15),
        account=account,
        tariff="Retail",
        tariff_valid_from=date(2026, 1, 1),
        period=period,
        tier=1,
        price=PRICES[period],
        amount=amount,
        estimated=False,
        transfer_id=name if amount else None,
    )
    after = BillMark(meter=mark.meter, generation=mark.generation, wh=charge.to_wh, at=charge.to_at)
    return charge, after


def request_for(charge: Charge) -> NewTransfer:
    """Return the transfer that pays for a charge."""
    assert charge.transfer_id is not None
    return NewTransfer(
        id=charge.transfer_id,
        debit=tenant(charge.account),
        credit=energy_income(charge.period),
        amount=charge.amount,
        code=TransferCode.CHARGE,
        effective_at=charge.to_at,
        source="meter",
        detail=charge_detail(charge),
    )


def book_charge(tx: LedgerTransaction, charge: Charge) -> None:
    """Store a charge and, unless it is free, the transfer that pays for it."""
    if charge.transfer_id is not None:
        post(tx, request_for(charge), charge.to_at)
    tx.insert_charge(charge)


def use(
    wh: int, period: str, meter: MeterSerial = METER, account: AccountNumber = A_101
) -> Work[None]:
    """Charge the next Wh of a meter."""

    def work(tx: LedgerTransaction) -> None:
        mark = tx.mark(meter)
        assert mark is not None
        charge, after = next_charge(mark, wh, period, account)
        book_charge(tx, charge)
        tx.move_mark(mark, after)

    return work


def switch(
    kind: HoldKind, *, place: bool, meter: MeterSerial = METER, at: datetime = NOON
) -> Work[None]:
    """Place or release a hold, and demand of the relay what follows."""

    def work(tx: LedgerTransaction) -> None:
        if place:
            tx.place_hold(Hold(meter=meter, kind=kind, placed_at=at, placed_by="test"))
        else:
            tx.release_hold(meter, kind, at, "test")
        before = tx.demand(meter)
        tx.set_demand(
            RelayDemand(
                meter=meter,
                closed=not tx.holds(meter),
                version=1 if before is None else before.version + 1,
                cause=f"hold:{kind}",
                decided_at=at,
            )
        )

    return work


def write_tariff(tx: LedgerTransaction) -> None:
    """Store the tariff that `use` charges by."""
    tx.insert_document(
        Document(
            kind="tariff",
            name="Retail",
            version="2026-01-01",
            content='{"prices":{"flat":"0.6173","free":"0","peak":"0.9876"},"tiers":[]}',
        )
    )


def agree(tx: LedgerTransaction) -> None:
    """Give the account a tariff, and remember what it was told."""
    tx.add_term(Term(account=A_101, kind=TermKind.TARIFF, value="Retail", valid_from=NOON))
    tx.set_announcement(Announcement(account=A_101, level=Amount(100 * YUAN)))


def full_story() -> tuple[Work[object], ...]:
    """Return transactions that use every table, each kind of transfer and both ends of a hold."""
    return (
        write_tariff,
        agree,
        top_up("desk-1", 200),
        install(),
        use(700, "flat"),
        use(1300, "free"),
        use(250, "peak"),
        two_phase("pay:1", TransferKind.PENDING, 5000),
        two_phase("pay:2", TransferKind.PENDING, 700),
        two_phase("pay:1:post", TransferKind.POST, 4000, "pay:1"),
        two_phase("pay:2:void", TransferKind.VOID, 700, "pay:2"),
        two_phase("pay:3", TransferKind.PENDING, 100),
        switch(HoldKind.MANUAL, place=True),
        switch(HoldKind.NO_CREDIT, place=True),
        switch(HoldKind.MANUAL, place=False),
        remove(),
        install(start_wh=0, at=NOON + timedelta(hours=2)),
        use(90, "flat"),
        top_up("desk-2", 50),
    )


async def fill(place: Path | str) -> None:
    """Write the full story into a new book."""
    async with opened(place) as ledger:
        for work in full_story():
            await ledger.run(work)


async def balance(ledger: DatabaseLedger, account: str = tenant(A_101)) -> int:
    """Return what is on a ledger account."""
    return await ledger.read(lambda tx: tx.balance(account))


async def refusal(work: Awaitable[object]) -> PrepaidError:
    """Return the error with which something is refused."""
    with pytest.raises(PrepaidError) as refused:
        await work
    return refused.value


def shown(place: Path | str) -> str:
    """Return how messages name a place: without its password."""
    return str(place) if isinstance(place, Path) else re.sub(":[^:@]*@", ":***@", place)


def meddle(place: Path | str, statement: str) -> None:
    """Run a statement as another program does that has access to the database."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place, autocommit=True)) as raw:
            raw.execute(statement)
    else:
        with psycopg.connect(place, autocommit=True) as other:
            other.execute("SET default_transaction_read_only TO off")
            other.execute("SET search_path TO compere_prepaid")
            other.execute(statement.encode())


def content(path: Path) -> list[tuple[object, ...]]:
    """Return all rows of a book except who holds it."""
    with closing(sqlite3.connect(path)) as raw:
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        rows = [
            (name, *row)
            for name in sorted(names)
            if name not in {"chain_head", "book"}
            for row in raw.execute(f'SELECT * FROM "{name}"')  # noqa: S608  -- its own tables
        ]
        rows += raw.execute("SELECT seq, hash FROM chain_head")
    return rows
