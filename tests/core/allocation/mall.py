"""A mall of a few shops whose shared costs are allocated: real ledger, readings by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from custom_components.compere_prepaid.core.allocation.bills import Bills
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.premises import (
    PREMISES,
    Premises,
    premises_content,
    unit_of_meter,
)
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Asked
from custom_components.compere_prepaid.core.balance.feeders import Feeder, feeder_document
from custom_components.compere_prepaid.core.balance.hours import Point, hour_marks, registers_text
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.allocation_rows import (
    DayRegisters,
    SupplierBill,
)
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.prepayment.calendar import day_start
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import CNY, ZONE, Desk, money

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
OWNER, TEA, RICE, BOOKS = (AccountNumber(one) for one in ("OWNER", "A-1", "A-2", "A-3"))
SHOPS = {TEA: MeterSerial("M1"), RICE: MeterSerial("M2"), BOOKS: MeterSerial("M3")}
AREAS = {TEA: 120, RICE: 80, BOOKS: 200}
LIFT = MeterSerial("LIFT")
IN_OCTOBER = Asked(since=OCTOBER, until=NOVEMBER)
LIFTS = Pool(
    name="Lifts",
    valid_from=date(2026, 1, 1),
    costs=(Cost(kind=CostKind.BILL, name="Lifts"),),
    splits=(Split(basis=Basis.FLOOR_AREA),),
    tax_ppm=60_000,
)
"""A pool of bills, by floor area, taxed."""


@dataclass(slots=True)
class AllocatingMall:
    """The use cases over one ledger, and what can be done to it."""

    path: Path
    owner: bool = True
    desk: Desk = field(init=False)
    bills: Bills = field(init=False)
    runs: Allocations = field(init=False)

    async def open(self) -> AllocatingMall:
        """Open three shops and a lift's meter on the last day of September."""
        self.desk = Desk(self.path)
        self.desk.clock.time = day_start(date(2026, 9, 30), ZONE)
        await self.desk.open()
        self._join()
        if self.owner:
            await self.desk.open_other(OWNER, "0", owner=True)
        for account, serial in SHOPS.items():
            await self.desk.open_other(account, "1000", meters=(serial,))
            await self.premises(unit_of_meter(serial), floor_area=AREAS[account] * 1000)
            await self.desk.read(0, serial)
        await self.desk.supplies.add_meter(MeterSetup(serial=LIFT, max_power_w=60_000))
        return self

    def _join(self) -> None:
        self.bills = Bills(self.desk.book)
        self.runs = Allocations(self.desk.book)

    async def restart(self) -> None:
        """Lose all memory, and open the same ledger again with the same accounts."""
        states = dict(self.desk.book.accounts), dict(self.desk.book.meters)
        await self.desk.restart()
        self.desk.book.accounts, self.desk.book.meters = states
        self._join()

    async def write(self, *documents: Document) -> None:
        """Store documents."""

        def work(tx: LedgerTransaction) -> None:
            for document in documents:
                tx.insert_document(document)

        await self.desk.ledger.run(work)

    async def premises(self, unit: str, since: str = "2000-01-01", **what: Any) -> None:
        """Say what a unit is."""
        content = premises_content(Premises(**what))
        await self.write(Document(kind=PREMISES, name=unit, version=since, content=content))

    async def pool(self, *pools: Pool) -> None:
        """Set pools."""
        await self.write(*(pool_document(pool, CNY) for pool in pools))

    async def feeder(self, feeder: Feeder) -> None:
        """Set a feeder."""
        await self.write(feeder_document(feeder))

    async def registers(
        self,
        serial: MeterSerial,
        wh_an_hour: int,
        *days: date,
        more: Mapping[datetime, int] = MappingProxyType({}),
    ) -> None:
        """Let a meter that is nobody's count evenly, and keep what it shows on these days.

        In the hours that begin then it counts so much `more`.
        """
        first = day_start(days[0], ZONE)
        rows = []
        for day in days:
            marks = hour_marks(day, ZONE)
            points = [
                Point(
                    at,
                    wh_an_hour * ((at - first) // timedelta(hours=1))
                    + sum(wh for since, wh in more.items() if since < at),
                )
                for at in marks
            ]
            rows.append(
                DayRegisters(meter=serial, generation=0, day=day, registers=registers_text(points))
            )

        def work(tx: LedgerTransaction) -> None:
            for row in rows:
                tx.put(row)

        await self.desk.ledger.run(work)

    async def bill(self, number: str = "1", yuan: str = "1000", **more: Any) -> SupplierBill:
        """Enter a bill for October, called `Lifts`."""
        entered = await self.bills.enter([self.a_bill(number, yuan, **more)])
        return entered[0].bill

    def a_bill(self, number: str = "1", yuan: str = "1000", **more: Any) -> SupplierBill:
        """Return such a bill."""
        given: dict[str, Any] = {
            "supplier": "Otis",
            "number": number,
            "name": "Lifts",
            "since": OCTOBER,
            "until": NOVEMBER,
            "amount": money(yuan),
            "entered_at": self.desk.clock.now(),
            "user": "anna",
        }
        return SupplierBill(**given | more)

    def at(self, day: date, hour: int = 0) -> datetime:
        """Move the clock to an hour of a day, and return it."""
        self.desk.clock.time = day_start(day, ZONE).astimezone(UTC) + timedelta(hours=hour)
        return self.desk.clock.time

    def service_fund(self, account: AccountNumber) -> Amount:
        """Return what an account's service fund is remembered to hold."""
        return self.desk.book.account(account).service_fund


def days(since: date, until: date) -> list[date]:
    """Return the days from one to before another."""
    return [since + timedelta(days=number) for number in range((until - since).days)]
