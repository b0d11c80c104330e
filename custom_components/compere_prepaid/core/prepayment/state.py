"""What the running program remembers between two postings.

The ledger is the truth; these objects hold what was read from it and what has accrued since: rated
lines not yet posted, per meter, in Wh that follow the bill mark without a gap. Losing them loses
nothing, for the next reading spans the gap from the mark on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
import json
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import CreditWatch, Tenancy
from ..ledger.records import (
    BillMark,
    HoldKind,
)
from ..metering.plausibility import Baseline
from ..money.amount import ZERO, Amount, energy_cost
from ..policy.credit import Policy, Reconnect
from ..policy.decision import Standing, adapts_until, reason_to_wait
from ..tariff.model import Used
from ..tariff.rating import RatedLine
from ..tariff.tax import tax_on
from .forecast import Forecast, days_left, forecast
from .peaks import PeakKeeper
from .spending import SpendingLog


@dataclass(slots=True, kw_only=True)
class MeterState:
    """A meter as charging sees it."""

    serial: MeterSerial
    max_power_w: int
    rated_w: int | None = None
    """The power that was agreed; None if nobody said."""
    multiplier: int = 1
    """The ratio of its current transformers, if its register does not contain it."""
    modulus_wh: int | None = None
    """Where its register begins anew at 0; None if that is not known."""
    account: AccountNumber | None = None
    mark: BillMark | None = None
    """The ledger's bill mark; None until the first reading opened a register generation."""
    last: Baseline | None = None
    """The last reading that was believed: charging has accrued up to here."""
    registers: Mapping[str, int] = field(default_factory=dict)
    """What the meter's own tariff registers showed then, in Wh by name (`T1` to `T4`)."""
    pending: list[RatedLine] = field(default_factory=list)
    suspicion: str | None = None
    """Why its readings are not believed at present (`SuspectReading.reason`)."""
    holds: tuple[HoldKind, ...] = ()
    """The holds that stand on it, as committed."""
    power_mw: int = 0
    fresh: bool = False
    """Whether it was read in this run: no relay opens before."""

    @property
    def may_open(self) -> bool:
        """Whether its relay may open for credit: read in this run, and believed."""
        return self.fresh and self.suspicion is None

    def follow(self, mark: BillMark | None) -> None:
        """Go on from the mark that the ledger has, which may be ahead of the one known here.

        What accrued behind it stays pending; another generation goes on from its mark.
        """
        known, self.mark = self.mark, mark
        if mark is None or known is None or mark.generation != known.generation:
            self.last = None if mark is None else Baseline(wh=mark.wh, at=mark.at)
            self.registers = json.loads(mark.registers) if mark and mark.registers else {}
            self.pending.clear()
            return
        self.pending = [_behind(mark, line) for line in self.pending if line.to_wh > mark.wh]

    def charged(self, mark: BillMark) -> None:
        """Remember up to where it is charged; nothing of it is pending any more."""
        self.mark = mark
        self.pending.clear()

    def forget(self) -> None:
        """Forget up to where it was charged: somebody else, or another register, comes next."""
        self.account, self.mark, self.last = None, None, None
        self.registers = {}
        self.pending.clear()


def _behind(mark: BillMark, line: RatedLine) -> RatedLine:
    """Return the part of a line that lies behind a mark."""
    if line.from_wh >= mark.wh:
        return line
    return line._replace(
        from_wh=mark.wh,
        from_at=max(line.from_at, mark.at),
        amount=energy_cost(line.to_wh - mark.wh, line.price),
    )


@dataclass(slots=True)
class Running:
    """What was used in a month, by period."""

    period: date
    by_period: dict[str, int] = field(default_factory=dict)

    @property
    def energy_wh(self) -> int:
        """What was used."""
        return sum(self.by_period.values())

    @property
    def used(self) -> Used:
        """What was used, as tiers count it."""
        return Used(self.energy_wh, self.by_period)

    def add(self, line: RatedLine) -> None:
        """Add a rated line."""
        used_wh = self.by_period.get(line.period, 0) + line.to_wh - line.from_wh
        self.by_period[line.period] = used_wh


@dataclass(slots=True, kw_only=True)
class AccountState:
    """An account as charging and credit policy see it."""

    number: AccountNumber
    name: str
    tariff: str
    policy: Policy
    credit_limit: Amount
    fund: Amount
    """The electricity fund as posted, less what is reserved for refunds."""
    service_fund: Amount
    tenancy: Tenancy
    announced: Amount | None
    watch: CreditWatch
    spending: SpendingLog
    """What was spent day by day."""
    months: dict[date, Running]
    """The running month and the one before it, by their first day."""
    posted_at: datetime
    """When charges were last posted."""
    decide_at: datetime | None = None
    """When credit is to be decided about though no money moves."""
    owner: bool = False
    """Whether it is the owner's, who pays for meters that nobody else has."""
    own_level: Amount | None = None
    """A warning level that the tenant chose, besides the policy's."""
    demand: PeakKeeper = field(default_factory=PeakKeeper)
    tax_nets: dict[int, Amount] = field(default_factory=dict)
    """What was charged so far at each tax rate, as posted: tax is cumulative."""
    meters: dict[MeterSerial, MeterState] = field(default_factory=dict)

    def copy(self) -> AccountState:
        """Return a copy with which one can try what this one is not to feel."""
        return replace(
            self,
            spending=replace(self.spending, days=dict(self.spending.days)),
            tax_nets=dict(self.tax_nets),
            meters={
                serial: replace(meter, pending=list(meter.pending))
                for serial, meter in self.meters.items()
            },
        )

    @property
    def month(self) -> Running:
        """The running month."""
        return self.months[max(self.months)]

    @property
    def is_open(self) -> bool:
        """Whether it still takes money; not after its tenant moved out."""
        return self.tenancy.closed_at is None

    @property
    def never_cut(self) -> bool:
        """Whether nothing automatic may cut it."""
        return self.policy.never_cut or self.owner

    @property
    def off(self) -> bool:
        """Whether the hold `no_credit` stands on a meter of this account."""
        return any(HoldKind.NO_CREDIT in meter.holds for meter in self.meters.values())

    @property
    def exhausted(self) -> bool:
        """Whether its credit is used up."""
        return self.available <= self.policy.cut_off

    @property
    def level_reached(self) -> Amount | None:
        """The lowest warning level that available credit is at or below, if any."""
        return self.policy.level_reached(self.available, self.own_level)

    @property
    def is_pressing(self) -> bool:
        """Whether its credit may end something soon; not where it has ended, or may end nothing."""
        return not self.off and not (self.exhausted and (self.waiting or self.never_cut))

    @property
    def waiting(self) -> bool:
        """Whether its credit is used up, and the cut waits or was only a shadow."""
        return is_waiting(self.watch)

    @property
    def awaits_reconnect(self) -> bool:
        """Whether credit came back, and supply waits for a person."""
        waits = self.policy.reconnect is not Reconnect.AUTO
        return waits and self.off and not self.exhausted and not self.never_cut

    @property
    def may_confirm(self) -> bool:
        """Whether its tenant may say that supply comes back."""
        return self.awaits_reconnect and self.policy.reconnect is Reconnect.CONFIRM

    def is_spared(self, now: datetime, zone: ZoneInfo) -> bool:
        """Tell whether credit would not cut it now if it ended: it adapts, or a cut would wait."""
        if self.adapts(now, zone):
            return True
        return reason_to_wait(self.policy, self.watch, now, zone) is not None

    def adapts(self, now: datetime, zone: ZoneInfo) -> bool:
        """Tell whether it is only shadow-cut."""
        if not self.policy.adaptation_days and self.watch.adapts_until is None:
            return False
        return now < adapts_until(self.policy, self.watch, self.tenancy.opened_at, zone)

    def standing(self, now: datetime) -> Standing:
        """Return how it stands before its policy."""
        return Standing(
            available=self.available,
            days_left=self.days_left(now),
            told=self.announced,
            own_level=self.own_level,
            watch=self.watch,
            opened_at=self.tenancy.opened_at,
            off=self.off,
            never_cut=self.never_cut,
        )

    @property
    def accrued(self) -> Amount:
        """Charges since the last posted intervals, with the tax on them."""
        net = 0
        taxed: dict[int, int] = {}
        for meter in self.meters.values():
            for line in meter.pending:
                net += line.amount
                if line.tax_ppm:
                    taxed[line.tax_ppm] = taxed.get(line.tax_ppm, 0) + line.amount
        for ppm, amount in taxed.items():
            before = self.tax_nets.get(ppm, ZERO)
            net += tax_on(Amount(before + amount), ppm) - tax_on(before, ppm)
        return Amount(net)

    @property
    def balance(self) -> Amount:
        """The electricity fund after everything that was used up to the last readings."""
        return Amount(self.fund - self.accrued)

    @property
    def available(self) -> Amount:
        """Available credit: what may still be spent."""
        return Amount(self.balance + self.credit_limit + self.tenancy.emergency)

    def used_in(self, month: date) -> Used:
        """Return what was used in a month, as far as it is remembered."""
        running = self.months.get(month)
        return Used() if running is None else running.used

    def add(self, line: RatedLine, day: date) -> None:
        """Add a rated line of a calendar day to the running sums."""
        self.spending.add(line.amount + tax_on(line.amount, line.tax_ppm), day)
        if running := self._running(day):
            running.add(line)

    def add_extras(self, amount: Amount, day: date) -> None:
        """Add what was booked besides energy to the running sums."""
        self.spending.add(amount, day)

    def _running(self, day: date) -> Running | None:
        """Return the sums of a day's month, as far as they are remembered.

        A later month than was running begins with this.
        """
        month = day.replace(day=1)
        if month not in self.months:
            self.months[month] = Running(month)
            while len(self.months) > 2:
                del self.months[min(self.months)]
        return self.months.get(month)

    def seconds_left(self, price: int, power_mw: int) -> int | None:
        """Return how long credit lasts above the cut-off at this power; None if for ever."""
        # mW × 10⁻⁶ money/kWh × 10³ ÷ (10⁶ mW/kW × 3600 s/h): book units per second
        burn = power_mw * price // 3_600_000
        return None if burn <= 0 else max(0, self.above_cut_off // burn)

    @property
    def above_cut_off(self) -> int:
        """What may still be spent before the supply is cut; negative below."""
        return self.available - self.policy.cut_off

    def days_left(self, now: datetime, left: int | None = None) -> int | None:
        """Return thousandths of days until credit ends by usual spending; None if not in sight.

        `left` is the credit above the cut-off, if that is not what the account has now.
        No use and credit: no end in sight. No credit: 0. The rule is told in `forecast`.
        """
        return days_left(self.above_cut_off if left is None else left, self.spending, now)

    def forecast(self, now: datetime) -> Forecast:
        """Return days left with their band, and when credit is expected to end."""
        return forecast(self.above_cut_off, self.spending, now)


def is_waiting(watch: CreditWatch) -> bool:
    """Tell whether a cut waits, or was only a shadow."""
    return bool(watch.put_off_why) or watch.shadow_cut_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetup:
    """What is agreed when an account is opened; money as exact amounts."""

    number: AccountNumber
    name: str
    tariff: str
    policy: str
    opening_balance: Amount = ZERO
    owner: bool = False
