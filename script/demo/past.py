"""The mall's past: from the first day of last month on its shops were charged and have paid.

A mall that opened today has nothing to show of a month: no shared costs, no statements, no energy
balance. So before Home Assistant starts for the first time, the product's own use cases write the
ledger of these weeks from simulated readings, hour by hour, by a clock that is moved by hand. What
comes then goes on from there: the simulated meters show what they had counted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
from typing import override
from zoneinfo import ZoneInfo

from homeassistant.util import slugify

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.balance.feeders import feeder_document
from custom_components.compere_prepaid.core.balance.hour_log import HourLog
from custom_components.compere_prepaid.core.balance.hours import NOBODYS
from custom_components.compere_prepaid.core.clock import Clock
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.accounts import Fund
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import BookKind
from custom_components.compere_prepaid.core.metering.plausibility import max_power_w
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.prepayment.calendar import (
    day_start,
    month_before,
    month_of,
)
from custom_components.compere_prepaid.core.prepayment.rules import (
    load_rules,
    policy_document,
    read_rules,
    take_rules,
    tariff_document,
)
from custom_components.compere_prepaid.core.prepayment.state import AccountSetup
from custom_components.compere_prepaid.core.site_file import SiteFile, parse_site_file
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup
from custom_components.compere_prepaid.use_cases import UseCases
from simulator.clock import MICROSECONDS
from simulator.main_meter import MainMeter
from simulator.mall import Mall
from simulator.models import circuits_of
from simulator.tenants import mall_plan

from .site_setup import DOMAIN, INITIAL_PRICE, SiteDocument

MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own in it
HOUR = timedelta(hours=1)
SAMPLES = 6
"""So many times an hour it is looked what a shop draws."""

PAID_PER_KW = 120
"""What a shop pays in the beginning for each kW that it is rated at: enough for a week."""

CHARGED_AT = frozenset({0, 8, 10, 12, 14, 21})
"""The hours at which prices change: what is read then is charged without an estimate."""

MONDAY = 0
"""Later a shop pays on Mondays what the week before cost, in round sums."""

type Counted = Mapping[str, Sequence[int]]
"""The registers of meters at the hours, in Wh, by serial number."""


@dataclass(slots=True)
class HandClock(Clock):
    """Stands still until it is moved."""

    time: datetime

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def monotonic(self) -> float:
        return self.time.timestamp()


def hours_of_past(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the hours from the beginning of last month to now, as UTC."""
    begin = day_start(month_before(month_of(now, zone)), zone)
    return [begin + place * HOUR for place in range(int((now - begin) / HOUR) + 1)]


def count_past(state: Path, hours: Sequence[datetime]) -> Counted:
    """Let the meters of the mall count through these hours; return what they showed at each.

    The state file of the simulator says then what they show in the end.
    """
    mall = Mall.build(mall_plan(), state_file=state)
    shown: dict[str, list[int]] = {}
    main = [meter for meter in mall.meters if isinstance(meter, MainMeter)]
    others = [meter for meter in mall.meters if not isinstance(meter, MainMeter)]
    for meter in others:
        registers = [meter.energy.wh]
        for at in hours[:-1]:
            begin = int(at.timestamp())
            moments = range(begin, begin + 3600, 3600 // SAMPLES)
            drawn = sum(meter.load.watts_at(second * MICROSECONDS) for second in moments)
            registers.append(registers[-1] + drawn // SAMPLES)
        shown[meter.serial] = registers
    for meter in main:
        shown[meter.serial] = [
            meter.energy.wh
            + sum(registers[place] - registers[0] for registers in shown.values())
            * (1000 + meter.lost_permille)
            // 1000
            for place in range(len(hours))
        ]
    for meter in mall.meters:
        meter.set_energy(shown[meter.serial][-1])
    mall.save()
    return shown


async def write_past(
    config: Path, document: SiteDocument, hours: Sequence[datetime], counted: Counted
) -> None:
    """Write the ledger of the site as it was kept through these hours, where it will be sought.

    It is written in memory where the system has such a folder: thousands of bookings, each of them
    durable, would keep a disk busy for a minute.
    """
    site = slugify(document.site["name"])
    with TemporaryDirectory(prefix="compere-past-", dir=await asyncio.to_thread(_memory)) as folder:
        place = Path(folder) / f"{site}.db"
        past = await _Past.open(place, site, document, hours[0])
        try:
            for index, at in enumerate(hours):
                shown = {serial: registers[index] for serial, registers in counted.items()}
                await past.live_through(at, {one: shown[one] for one in past.widths})
            await past.cases.charging.settle_all("demonstration")
            await past.write_hours()
        finally:
            await past.ledger.close()
        target = config / DOMAIN / place.name
        target.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(shutil.copyfile, place, target)


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None


@dataclass(slots=True, kw_only=True)
class _Past:
    """A site without Home Assistant, at some hour of its past."""

    cases: UseCases
    clock: HandClock
    site: SiteFile
    ledger: DatabaseLedger
    log: HourLog
    widths: Mapping[MeterSerial, int]
    """How many W each meter may measure at most."""
    paid: dict[AccountNumber, Decimal] = field(default_factory=dict)
    """What each account's balance was after its last payment."""

    @classmethod
    async def open(cls, place: Path, site: str, document: SiteDocument, begin: datetime) -> _Past:
        """Begin a ledger; its accounts and rules are those of the site file."""
        written = await asyncio.to_thread(parse_site_file, document.text, file="site.yaml")
        clock, currency = HandClock(begin), written.currency
        ledger = await DatabaseLedger.open(
            place=place,
            site=site,
            currency=currency,
            clock=clock,
            holder="the demonstration's past",
            kind=BookKind.SANDBOX,
        )
        zone = ZoneInfo(written.time_zone)
        book = AccountBook(
            ledger=ledger,
            clock=clock,
            currency=currency,
            zone=zone,
            emit=lambda _event: None,
            demand=lambda _demand: None,
        )
        past = cls(
            cases=UseCases(book),
            clock=clock,
            site=written,
            ledger=ledger,
            log=HourLog(zone),
            widths={
                MeterSerial(serial): max_power_w(meter.breaker)
                for meter in written.meters
                for serial in circuits_of(meter.serial, meter.profile)
            },
        )
        await past.begin()
        return past

    async def begin(self) -> None:
        """Write the rules, open the accounts and give them their meters."""
        book = self.cases.book
        await load_rules(book, INITIAL_PRICE)
        rules = [
            *(tariff_document(tariff, book.currency) for tariff in self.site.tariffs),
            *(
                policy_document(policy, book.currency, self.clock.now())
                for policy in self.site.policies
                if policy.name not in book.policies
            ),
            *(feeder_document(feeder) for feeder in self.site.feeders),
            *(pool_document(pool, book.currency) for pool in self.site.pools),
        ]

        def write(tx: LedgerTransaction) -> None:
            for rule in rules:
                tx.insert_document(rule)
            take_rules(book, read_rules(tx))

        await book.ledger.run(write)
        for serial, width in self.widths.items():
            await self.cases.supplies.add_meter(MeterSetup(serial=serial, max_power_w=width))
        rated = {meter.serial: int(meter.rated_power or 1) for meter in self.site.meters}
        for account in self.site.accounts:
            setup = AccountSetup(
                number=account.number,
                name=account.name,
                tariff=account.tariff,
                policy=account.policy,
                opening_balance=account.opening_balance,
            )
            await self.cases.opening.open_account(setup)
            for serial in account.meters:
                await self.cases.supplies.attach(account.number, serial)
            kilowatts = sum(rated[serial] for serial in account.meters)
            await self.pay(account.number, Decimal(kilowatts * PAID_PER_KW))

    async def live_through(self, at: datetime, registers: Mapping[str, int]) -> None:
        """Keep what every meter shows at an hour; charge where prices change, pay on Mondays."""
        local = at.astimezone(self.cases.book.zone)
        charges = local.hour in CHARGED_AT
        if charges:  # so that no account is overdue, and all are posted together below
            self.clock.time = at - timedelta(seconds=1)
            await self.cases.charging.on_clock()
        self.clock.time = at
        for name, wh in registers.items():
            reading = MeterReading(
                serial=MeterSerial(name),
                at=at,
                values={Quantity.ENERGY_IMPORT: wh},
                relay_closed=True,
            )
            meter = self.cases.book.meters[reading.serial]
            if charges or meter.last is None:
                await self.cases.charging.on_reading(reading)
            generation = NOBODYS if meter.mark is None else meter.mark.generation
            self.log.take(reading, generation, meter.max_power_w)
        if charges:
            await self.cases.charging.on_clock()
        if local.hour == 0:
            await self.write_hours()
        if local.hour == 9 and local.weekday() == MONDAY:
            for number in self.paid:
                await self.pay(number)

    async def pay(self, number: AccountNumber, amount: Decimal | None = None) -> None:
        """Let a shop pay a sum, or what it spent since it paid last, rounded up to tens."""
        book = self.cases.book
        balance = book.currency.exact(book.account(number).balance)
        spent = self.paid.get(number, balance) - balance
        due = amount if amount is not None else max(Decimal(10), -(-spent // 10) * 10)
        reference = f"past-{number}-{self.clock.now():%Y%m%d%H}"
        await self.cases.cashier.top_up(
            [number], book.currency.parse(str(due)), reference=reference, fund=Fund.ELECTRICITY
        )
        self.paid[number] = balance + due

    async def write_hours(self) -> None:
        """Keep the registers at the hours that have passed."""
        snapshot = self.log.snapshot()
        await self.ledger.run(snapshot.write)
        self.log.written(snapshot)
