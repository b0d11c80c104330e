"""What the running program remembers between two postings.

The ledger is the truth; these objects hold what was read from it and what has accrued since: rated
lines not yet posted, per meter, in Wh that follow the bill mark without a gap. Losing them loses
nothing, for the next reading spans the gap from the mark on.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ..ids import AccountNumber, MeterSerial
from ..ledger.records import BillMark, HoldKind
from ..metering.plausibility import Baseline
from ..money.amount import ZERO, Amount
from ..policy.credit import Policy
from ..tariff.rating import RatedLine

FORECAST_DAYS = 7
"""Days left are reckoned with the mean of this many days (the rule that a vendor publishes)."""


FORECAST_FROM = timedelta(minutes=5)
"""A shorter time says nothing about how long credit will last."""


@dataclass(slots=True, kw_only=True)
class MeterState:
    """A meter as charging sees it."""

    serial: MeterSerial
    max_power_w: int
    account: AccountNumber | None = None
    mark: BillMark | None = None
    """The ledger's bill mark; None until the first reading opened a register generation."""
    last: Baseline | None = None
    """The last reading that was believed: charging has accrued up to here."""
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

    @property
    def accrued(self) -> Amount:
        """Money of the rated lines that are not posted yet."""
        return Amount(sum(line.amount for line in self.pending))


@dataclass(slots=True)
class Running:
    """Spending of a running day or month, which starts anew when the calendar turns."""

    period: date
    amount: int = 0
    energy_wh: int = 0

    def add(self, period: date, amount: int, energy_wh: int) -> None:
        """Add spending that belongs to a period; an older period is history."""
        if period > self.period:
            self.period, self.amount, self.energy_wh = period, 0, 0
        if period == self.period:
            self.amount += amount
            self.energy_wh += energy_wh


@dataclass(slots=True, kw_only=True)
class AccountState:
    """An account as charging and credit policy see it."""

    number: AccountNumber
    name: str
    tariff: str
    policy: Policy
    credit_limit: Amount
    fund: Amount
    """The electricity fund as posted."""
    service_fund: Amount
    announced: Amount | None
    day: Running
    month: Running
    posted_at: datetime
    """When charges were last posted."""
    meters: dict[MeterSerial, MeterState] = field(default_factory=dict)
    past_spending: Amount = ZERO
    """Charged within the forecast window, as posted."""
    past_since: datetime | None = None
    """Since when that counts: the window's start, or the first charge if later."""

    @property
    def off(self) -> bool:
        """Whether the hold `no_credit` stands on a meter of this account."""
        return any(HoldKind.NO_CREDIT in meter.holds for meter in self.meters.values())

    @property
    def accrued(self) -> Amount:
        """Charges since the last posted intervals."""
        return Amount(sum(meter.accrued for meter in self.meters.values()))

    @property
    def balance(self) -> Amount:
        """The electricity fund after everything that was used up to the last readings."""
        return Amount(self.fund - self.accrued)

    @property
    def available(self) -> Amount:
        """Available credit: what may still be spent."""
        return Amount(self.balance + self.credit_limit)

    def seconds_left(self, price: int, power_mw: int) -> int | None:
        """Return how long credit lasts above the cut-off at this power; None if for ever."""
        # mW × 10⁻⁶ money/kWh × 10³ ÷ (10⁶ mW/kW × 3600 s/h): book units per second
        burn = power_mw * price // 3_600_000
        left = self.available - self.policy.cut_off
        return None if burn <= 0 else max(0, left // burn)

    def days_left(self, now: datetime) -> int | None:
        """Return thousandths of days until credit ends at the mean spending; None if not in sight.

        Mean of the last seven days, or of the time since the first reading where that is less. No
        use and credit: no end in sight. No credit: 0.
        """
        left = self.available - self.policy.cut_off
        if left <= 0:
            return 0
        spent = self.past_spending + self.accrued
        if self.past_since is None or spent <= 0 or now - self.past_since < FORECAST_FROM:
            return None
        elapsed_s = (now - self.past_since) // timedelta(seconds=1)
        return left * elapsed_s * 1000 // (spent * 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetup:
    """What is agreed when an account is opened; money as exact amounts."""

    number: AccountNumber
    name: str
    tariff: str
    policy: str
    opening_balance: Amount = ZERO
