"""A year of a mall, by its own use cases: everything that can stand on a statement happens in it.

Meters count at a pace of their own and are read at odd times; some are silent over a month's end.
Tenants move in and out, meters and tariffs change, months are rated again, shared costs are
allocated early, late, and anew after a reversal. Statements are issued by the month, in between,
and corrected.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from custom_components.compere_prepaid.core.allocation.bills import Bills
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Limit,
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
from custom_components.compere_prepaid.core.allocation.runs import Allocations, Asked as Days
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import Document
from custom_components.compere_prepaid.core.prepayment.calendar import day_start, next_month
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtTerms
from custom_components.compere_prepaid.core.prepayment.rerating import RerateRequest
from custom_components.compere_prepaid.core.statement.issuing import Asked
from custom_components.compere_prepaid.core.tenancy.replacement import Replacement
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from tests.core.prepayment.desk import CNY, ZONE, Desk, money

OWNER = AccountNumber("OWNER")
_FIRST = date(2026, 1, 1)
_MINUTE = timedelta(minutes=1)
_WHOLE = 1_000_000

TARIFFS: tuple[dict[str, Any], ...] = (
    {
        "name": "Retail",
        "valid_from": "2025-01-01",
        "prices": {"peak": Decimal("0.9876"), "flat": Decimal("0.6173")},
        "schedule": [{"slots": {"00:00": "flat", "09:00": "peak", "21:00": "flat"}}],
        "tiers": [{"up_to": 900}, {"adder": Decimal("0.05")}],
        "standing": {"per_day": Decimal("0.33"), "per_month": 10},
        "service": {"per_month": 30},
        "minimum_per_month": 900,
        "tax": {"percent": 13, "included": False},
        "demand": [{"name": "d", "quantity": "kW", "minutes": 15, "prices": [{"price": 3}]}],
    },
    {
        "name": "Kiosk",
        "valid_from": "2025-01-01",
        "prices": {"flat": Decimal("0.85")},
        "schedule": [{"slots": {"00:00": "flat"}}],
        "standing": {"per_month": 7},
        "tax": {"percent": 9, "included": True},
    },
    {
        "name": "Night",
        "valid_from": "2025-01-01",
        "prices": {"peak": Decimal("1.05"), "valley": 0},
        "schedule": [{"slots": {"00:00": "valley", "08:00": "peak", "22:00": "valley"}}],
        "service": {"per_month": Decimal("12.5")},
        "tax": {"percent": 6, "included": False},
    },
)

POOLS = (
    Pool(
        name="Lifts",
        valid_from=_FIRST,
        costs=(Cost(kind=CostKind.BILL, name="Lifts"),),
        splits=(Split(basis=Basis.FLOOR_AREA),),
        tax_ppm=60_000,
    ),
    Pool(
        name="Cooling",
        valid_from=_FIRST,
        kind=PoolKind.ENERGY,
        costs=(Cost(kind=CostKind.AMOUNT, name="Chillers", amount=money("8123.45")),),
        splits=(Split(basis=Basis.ENERGY),),
        caps=(Limit(amount=money(300)),),
        tax_ppm=130_000,
    ),
    Pool(
        name="Security",
        valid_from=_FIRST,
        costs=(Cost(kind=CostKind.AMOUNT, name="Guards", amount=money("2999.99")),),
        splits=(
            Split(basis=Basis.EQUAL, ppm=400_000),
            Split(basis=Basis.FLOOR_AREA, ppm=600_000),
        ),
        floors=(Limit(amount=money(20)),),
        tax_ppm=60_000,
        tax_included=True,
    ),
)


@dataclass(slots=True)
class Meter:
    """A meter that counts at its pace."""

    serial: MeterSerial
    pace_w: int
    wh: int = 0
    at: datetime | None = None
    silent: bool = False


@dataclass(slots=True)
class Year:
    """A mall with so many shops, and what it goes through."""

    path: Path
    shops: int
    months: int = 12
    random: Random = field(default_factory=lambda: Random(20260101))
    desk: Desk = field(init=False)
    bills: Bills = field(init=False)
    runs: Allocations = field(init=False)
    meters: dict[MeterSerial, Meter] = field(default_factory=dict)
    moves: int = 0
    swaps: int = 0
    reratings: int = 0
    reversed: int = 0
    corrected: int = 0
    refused: set[str] = field(default_factory=set)
    """Why statements could not be corrected."""

    async def open(self) -> Year:
        """Open the mall on New Year's morning."""
        self.desk = Desk(self.path)
        self.desk.clock.time = day_start(_FIRST, ZONE) + timedelta(hours=9)
        await self.desk.open()
        self.bills, self.runs = Bills(self.desk.book), Allocations(self.desk.book)
        await self.desk.write(*TARIFFS)
        await self._write(pool_document(pool, CNY) for pool in POOLS)
        await self.desk.open_other(OWNER, "0", owner=True)
        for number in range(self.shops):
            name = f"S-{number:03}"
            rates = TARIFFS[number % len(TARIFFS)]["name"]
            serials = [await self._new_meter(f"M{number:03}{end}") for end in self._ends(number)]
            await self.desk.open_other(name, "500", meters=tuple(serials), rates=rates)
        await self._read_all()
        await self._begin()
        return self

    def _ends(self, number: int) -> str:
        """Return how the meters of a shop end: some have two, some none."""
        if number % 20 == 19:
            return ""
        return "AB" if number % 10 == 3 else "A"

    async def live(self) -> None:
        """Go through the months, and issue what is due after the last one."""
        month = _FIRST
        for index in range(self.months):
            await self._month(index, month)
            month = next_month(month)
        await self._after_month(self.months, month)

    @property
    def open_shops(self) -> list[AccountNumber]:
        """The tenants that are there, in order."""
        return sorted(each for each in self.desk.book.accounts if each != OWNER)

    async def _month(self, index: int, month: date) -> None:
        if index:
            await self._after_month(index, month)
        await self._till(month, 11)
        if index % 2:
            await self._move()
            await self._swap(index)
        await self._pay(index)
        await self._till(month, 15)
        if index in {2, 5, 9}:
            await self._rate_again(index, month)
        if index == 4:
            await self.desk.write({**TARIFFS[1], "valid_from": "2026-05-17", "prices": {"flat": 1}})
            await self.desk.agreements.assign_tariff(self.open_shops[:2], "Kiosk", "anna")
        await self._till(month, 18)
        await self.desk.moves.issue_statements(self.open_shops[index::13], "anna")
        await self._till(month, 24)
        for meter in self.random.sample(sorted(self.meters), len(self.meters) // 8):
            self.meters[meter].silent = True
        await self._till(month, 28)
        self.desk.clock.time = day_start(next_month(month), ZONE) + 7 * _MINUTE
        await self._read_all()
        await self.desk.charging.on_clock()

    async def _after_month(self, index: int, month: date) -> None:
        """Allocate and bill the month before: sometimes first the one, sometimes the other."""
        last = (month - timedelta(days=1)).replace(day=1)
        await self._till(month, 2)
        await self._bill(last, "1234.56")
        if index % 2:
            await self._allocate(last, month)
        await self._issue(last)
        for meter in self.meters.values():
            meter.silent = False
        await self._till(month, 7)
        if not index % 2:
            await self._allocate(last, month)
        if index % 3 == 1:
            await self._take_back(last, month)
        for number in self.open_shops[index::4]:
            await self._correct(number, last)

    async def _till(self, month: date, day: int) -> None:
        """Let time pass to some hour of a day, and read the meters then."""
        passed = timedelta(minutes=self.random.randrange(8 * 60, 20 * 60))
        self.desk.clock.time = day_start(month.replace(day=day), ZONE) + passed
        await self._read_all()
        await self.desk.charging.on_clock()

    async def _read_all(self) -> None:
        now = self.desk.clock.now()
        for meter in self.meters.values():
            passed = timedelta() if meter.at is None else now - meter.at
            pace = meter.pace_w + self.random.randrange(200)
            meter.wh += pace * (passed // _MINUTE) // 60
            meter.at = now
            if not meter.silent:
                await self.desk.read(meter.wh, meter.serial, watts=pace)

    async def _new_meter(self, serial: str) -> MeterSerial:
        meter = Meter(MeterSerial(serial), self.random.randrange(150, 1500))
        self.meters[meter.serial] = meter
        await self.desk.supplies.add_meter(MeterSetup(serial=meter.serial, max_power_w=60_000))
        premises = Premises(floor_area=self.random.randrange(20_000, 300_000))
        unit = unit_of_meter(meter.serial)
        content = premises_content(premises)
        await self._write(
            [Document(kind=PREMISES, name=unit, version="2000-01-01", content=content)]
        )
        return meter.serial

    async def _write(self, documents: Iterable[Document]) -> None:
        listed = list(documents)

        def work(tx: LedgerTransaction) -> None:
            for document in listed:
                tx.insert_document(document)

        await self.desk.ledger.run(work)

    async def _begin(self) -> None:
        """Let tenants owe and deposit something from the beginning."""
        for place, number in enumerate(self.open_shops[::5]):
            by_share = DebtTerms(ppm=200_000, weekly_cap=money(40))
            by_time = DebtTerms(instalment=money("2.5"), per="week")
            terms = by_share if place % 2 else by_time
            await self.desk.debts.add_debt(number, "old bill", money(120), terms, reason="2025")
            await self.desk.refunds.take_deposit(number, money(200), reference="deposit")

    async def _pay(self, index: int) -> None:
        """Take and give money in all the ways there are."""
        desk, shops = self.desk, self.open_shops
        for number in shops:
            yuan = Decimal(self.random.randrange(20_000, 90_000)).scaleb(-2)
            await desk.cashier.top_up([number], money(f"{yuan}"), reference=f"{index}", user="zoë")
        await desk.cashier.top_up(
            shops[::2], money(150), reference=f"{index}s", fund=Fund.SERVICE, user="zoë"
        )
        wrong, lost = self.random.sample(shops, 2)
        asking = max(shops, key=lambda each: desk.book.account(each).fund)
        await desk.cashier.top_up([wrong], money(66), reference=f"{index}w")
        await desk.refunds.reverse_top_up(wrong, f"{index}w", reason="typed twice", user="anna")
        for paid in (True, False):
            name = f"{index}{paid}"
            await desk.refunds.reserve(asking, money("3.21"), reference=name, reason="asked")
            await desk.refunds.resolve(asking, name, paid=paid)
        await desk.cashier.adjust(lost, money("-0.77"), reason="lost card", reference=f"{index}")

    async def _move(self) -> None:
        """Let a tenant move out, and another one in at once."""
        leaving = self.random.choice(self.open_shops)
        serials = tuple(self.desk.book.account(leaving).meters)
        await self.desk.moves.move_out(leaving, user="anna", reason="end of lease")
        del self.desk.book.accounts[leaving]
        coming = AccountNumber(f"N-{self.moves:03}")
        await self.desk.open_other(coming, "300", rates="Retail")
        for serial in serials:
            await self.desk.supplies.attach(coming, serial)
        self.moves += 1

    async def _swap(self, index: int) -> None:
        """Put a new meter in the place of one."""
        owned = [serial for serial in sorted(self.meters) if self._holder(serial)]
        old = self.random.choice(owned)
        holder = self._holder(old)
        assert holder
        await self.desk.replacements.replace_meter(
            Replacement(old=old, new=MeterSerial(f"R{index:03}"), reason="broken", user="anna")
        )
        del self.meters[old]
        await self.desk.supplies.attach(holder, await self._new_meter(f"R{index:03}"))
        self.swaps += 1

    def _holder(self, serial: MeterSerial) -> AccountNumber | None:
        return self.desk.book.meter(serial).account

    async def _rate_again(self, index: int, month: date) -> None:
        """Charge last month and half of this one by another revision of a tariff."""
        price = Decimal("0.9") + Decimal(index).scaleb(-2)
        prices = {"peak": price, "flat": Decimal("0.6173")}
        await self.desk.write({**TARIFFS[0], "prices": prices, "revision": index})
        last = (month - timedelta(days=1)).replace(day=1)
        request = RerateRequest(
            run=f"again {index}",
            since=day_start(last, ZONE),
            until=day_start(month.replace(day=5), ZONE),
            reason="the utility's price was wrong",
            user="anna",
        )
        for number in self.open_shops[::3]:
            await self.desk.rerater.rerate(number, request)
            self.reratings += 1

    async def _bill(self, month: date, yuan: str) -> None:
        bill = SupplierBill(
            supplier="Otis",
            number=f"{month:%Y-%m}",
            name="Lifts",
            since=month,
            until=next_month(month),
            amount=money(yuan),
            entered_at=self.desk.clock.now(),
            user="anna",
        )
        await self.bills.enter([bill])

    async def _allocate(self, since: date, until: date) -> None:
        run = await self.runs.propose(Days(since=since, until=until), user="anna")
        assert run.head
        await self.runs.approve(run.head.id, user="bert")

    async def _take_back(self, since: date, until: date) -> None:
        """Reverse the run of a month, and run it again with the right bill."""
        await self.runs.reverse(f"{since:%Y-%m}", user="anna", reason="wrong bill")
        await self.bills.cancel("Otis", f"{since:%Y-%m}", user="anna", reason="typed wrongly")
        await self._bill(since, "1111.11")
        await self._allocate(since, until)
        self.reversed += 1

    async def _issue(self, month: date) -> None:
        """Issue the statements of a month; asked for again, they are the same."""
        asked = Asked(month=month)
        shops = [*self.open_shops, OWNER]
        there = [each for each in shops if self._was_there(each, month)]
        first = await self.desk.moves.issue_statements(there, "anna", asked)
        again = await self.desk.moves.issue_statements(there, "bert", asked)
        assert first == again

    def _was_there(self, number: AccountNumber, month: date) -> bool:
        opened = self.desk.book.account(number).tenancy.opened_at
        return opened < day_start(next_month(month), ZONE)

    async def _correct(self, number: AccountNumber, month: date) -> None:
        """Correct a month's statement where that is still possible."""
        asked = Asked(month=month, correct=True)
        try:
            made = await self.desk.moves.issue_statements([number], "anna", asked)
        except InvalidInputError as error:
            self.refused.add(error.key)
        else:
            self.corrected += '"corrects"' in made[number].content
