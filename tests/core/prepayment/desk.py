"""A site's money without Home Assistant: a real ledger file, a clock by hand, readings by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, override
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.adapters.ledger_database.ledger import DatabaseLedger
from custom_components.compere_prepaid.core.clock import Clock
from custom_components.compere_prepaid.core.events import Event
from custom_components.compere_prepaid.core.ids import AccountNumber, MeterSerial
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.records import RelayDemand
from custom_components.compere_prepaid.core.metering.reading import MeterReading, Quantity
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.policy.credit import Policy
from custom_components.compere_prepaid.core.prepayment.agreements import Agreements
from custom_components.compere_prepaid.core.prepayment.book import AccountBook
from custom_components.compere_prepaid.core.prepayment.cashier import Cashier
from custom_components.compere_prepaid.core.prepayment.charging import Charging
from custom_components.compere_prepaid.core.prepayment.credit_desk import CreditDesk
from custom_components.compere_prepaid.core.prepayment.debt_desk import DebtDesk
from custom_components.compere_prepaid.core.prepayment.preview import Previewer
from custom_components.compere_prepaid.core.prepayment.protecting import Protecting
from custom_components.compere_prepaid.core.prepayment.refunds import Refunds
from custom_components.compere_prepaid.core.prepayment.rerating import Rerater
from custom_components.compere_prepaid.core.prepayment.rules import (
    TARIFF,
    Rules,
    load_rules,
    policy_document,
    read_rules,
    take_rules,
    tariff_document,
)
from custom_components.compere_prepaid.core.prepayment.state import AccountSetup
from custom_components.compere_prepaid.core.tariff.document import tariff_version_from
from custom_components.compere_prepaid.core.tariff.model import Tariff
from custom_components.compere_prepaid.core.tenancy.moves import Moves
from custom_components.compere_prepaid.core.tenancy.opening import Opening
from custom_components.compere_prepaid.core.tenancy.replacement import Replacements
from custom_components.compere_prepaid.core.tenancy.supplies import MeterSetup, Supplies

CNY = Currency.of("CNY")
ZONE = ZoneInfo("Asia/Shanghai")
METER = MeterSerial("33B0250100001")
OTHER = MeterSerial("33B0250100002")
SHOP = AccountNumber("A-101")
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday, 10:00 in Shanghai."""


class HandClock(Clock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        """Begin at `START`."""
        self.time = START

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def forward(self, **delta: float) -> datetime:
        """Move on and return the new time."""
        self.time += timedelta(**delta)
        return self.time


def money(text: str | int) -> Amount:
    """Return an amount in yuan."""
    return CNY.parse(text)


def tariff(name: str, prices: dict[str, str], slots: dict[str, str], **extra: object) -> Tariff:
    """Return a tariff of one version with one rule for all days."""
    data = {
        "name": name,
        "valid_from": date(2020, 1, 1).isoformat(),
        "prices": {period: Decimal(price) for period, price in prices.items()},
        "schedule": [{"days": ["mon-sun"], "months": ["1-12"], "slots": slots}],
        **extra,
    }
    return Tariff.of([tariff_version_from(data, CNY)])


FLAT = tariff("Flat", {"flat": "1"}, {"00:00": "flat"})
RETAIL = tariff(
    "Retail",
    {"peak": "0.9876", "flat": "0.6173"},
    {"00:00": "flat", "08:00": "peak", "22:00": "flat"},
)
LADDER = tariff(
    "Ladder",
    {"flat": "0.435"},
    {"00:00": "flat"},
    tiers=[{"up_to": 200}, {"adder": Decimal("0.074")}],
)
STANDARD = Policy(name="Standard", warning_levels=(money(100), money(50)))


def _write_rules(tx: LedgerTransaction) -> None:
    if tx.documents(TARIFF):
        return
    for item in (FLAT, RETAIL, LADDER):
        tx.insert_document(tariff_document(item.versions[0], CNY))
    tx.insert_document(policy_document(STANDARD, CNY, START))


@dataclass(slots=True)
class Desk:
    """The use cases over one ledger file, and what they told."""

    path: Path | str
    clock: HandClock = field(default_factory=HandClock)
    events: list[Event] = field(default_factory=list)
    demands: list[RelayDemand] = field(default_factory=list)
    ledger: DatabaseLedger = field(init=False)
    book: AccountBook = field(init=False)
    charging: Charging = field(init=False)
    protecting: Protecting = field(init=False)
    cashier: Cashier = field(init=False)
    agreements: Agreements = field(init=False)
    credit_desk: CreditDesk = field(init=False)
    refunds: Refunds = field(init=False)
    debts: DebtDesk = field(init=False)
    rerater: Rerater = field(init=False)
    previewer: Previewer = field(init=False)
    supplies: Supplies = field(init=False)
    opening: Opening = field(init=False)
    moves: Moves = field(init=False)
    replacements: Replacements = field(init=False)

    async def open(self) -> Desk:
        """Open the ledger as a fresh process would."""
        self.ledger = await DatabaseLedger.open(
            place=self.path, site="mall", currency=CNY, clock=self.clock, holder="test"
        )
        self.book = AccountBook(
            ledger=self.ledger,
            clock=self.clock,
            currency=CNY,
            zone=ZONE,
            emit=self.events.append,
            demand=self.demands.append,
        )
        await self.ledger.run(_write_rules)
        await load_rules(self.book, "1")
        self.charging = Charging(self.book)
        self.protecting = Protecting(self.book)
        self.cashier = Cashier(self.book)
        self.agreements = Agreements(self.book)
        self.credit_desk = CreditDesk(self.book)
        self.refunds = Refunds(self.book)
        self.debts = DebtDesk(self.book)
        self.rerater = Rerater(self.book)
        self.previewer = Previewer(self.book)
        self.supplies = Supplies(self.book)
        self.opening = Opening(self.book)
        self.moves = Moves(self.book)
        self.replacements = Replacements(self.book, self.charging)
        return self

    async def write(self, *rules: Mapping[str, Any] | Policy) -> None:
        """Put tariff versions (in the site file's form) and policies into force."""
        documents = [
            policy_document(rule, CNY, self.clock.now())
            if isinstance(rule, Policy)
            else tariff_document(tariff_version_from(rule, CNY), CNY)
            for rule in rules
        ]

        def work(tx: LedgerTransaction) -> Rules:
            for document in documents:
                tx.insert_document(document)
            return read_rules(tx)

        take_rules(self.book, await self.ledger.run(work))

    async def open_other(
        self,
        number: str,
        balance: str,
        *,
        meters: tuple[MeterSerial, ...] = (),
        rates: str = "Flat",
        policy: str = "Standard",
        owner: bool = False,
    ) -> None:
        """Open another account."""
        setup = AccountSetup(
            number=AccountNumber(number),
            name=f"Shop {number}",
            tariff=rates,
            policy=policy,
            opening_balance=money(balance),
            owner=owner,
        )
        await self.opening.open_account(setup)
        for serial in meters:
            if serial not in self.book.meters:
                await self.supplies.add_meter(MeterSetup(serial=serial, max_power_w=60_000))
            await self.supplies.attach(setup.number, serial)

    async def restart(self) -> None:
        """Lose all memory, as after a kill, and open the same ledger again."""
        await self.ledger.close()
        await self.open()

    async def shop(
        self,
        balance: str,
        *,
        rates: str = "Flat",
        policy: str = "Standard",
        meters: tuple[MeterSerial, ...] = (METER,),
        modulus_wh: int | None = None,
    ) -> None:
        """Open the shop's account with its meters."""
        for serial in meters:
            await self.supplies.add_meter(
                MeterSetup(serial=serial, max_power_w=60_000, modulus_wh=modulus_wh)
            )
        setup = AccountSetup(
            number=SHOP,
            name="Noodle House",
            tariff=rates,
            policy=policy,
            opening_balance=money(balance),
        )
        await self.opening.open_account(setup)
        for serial in meters:
            await self.supplies.attach(SHOP, serial)

    async def read(
        self,
        wh: int | None,
        serial: MeterSerial = METER,
        watts: int = 1000,
        more: Mapping[Quantity, int] | None = None,
    ) -> None:
        """Let a meter be read now."""
        values = {Quantity.POWER: watts * 1000, **(more or {})}
        if wh is not None:
            values[Quantity.ENERGY_IMPORT] = wh
        await self.charging.on_reading(
            MeterReading(serial=serial, at=self.clock.now(), values=values, relay_closed=True)
        )

    def told(self, kind: type[Event]) -> list[Event]:
        """Return the events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def balance(self) -> Decimal:
        """The shop's exact balance in yuan."""
        return CNY.exact(self.book.account(SHOP).balance)

    async def verified(self) -> tuple[int, int]:
        """Check the ledger with the independent checker; return charged and register Wh."""
        found = await self.ledger.verify()
        assert found.ok, found.faults
        return found.charged_wh, found.register_wh
