"""How an account looks from outside: the answer of `get_account`, and what entities show."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .core.ids import MeterSerial
from .core.ledger.account_rows import Debt
from .core.ledger.accounts import deposit_of
from .core.ledger.ports import LedgerTransaction
from .core.money.amount import Amount, Currency
from .core.policy.credit import SupplyState, supply_state
from .core.prepayment.calendar import day_of, month_of
from .core.prepayment.comparison import Compared, Comparison, compare, week_began
from .core.prepayment.debts import outstanding
from .core.prepayment.forecast import Forecast, usual_day
from .core.prepayment.state import AccountState
from .core.tariff.fees import day_fees
from .core.tariff.model import LineKind, Tariff
from .core.tariff.rating import Quote, quote
from .core.tariff.tax import PPM

if TYPE_CHECKING:
    from .site import CompereSite


WATCHED = (
    "put_off_until",
    "put_off_why",
    "grace_until",
    "disputed",
    "adapts_until",
    "shadow_cut",
    "reconnect_awaited",
)
"""What of `AccountView.watch` everybody sees; why an account is disputed is nobody's business."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """Reads an account's state for people; money rounded as people see it."""

    site: CompereSite
    state: AccountState

    @property
    def supply_state(self) -> SupplyState:
        """How the account stands."""
        state = self.state
        emergency = state.tenancy.emergency
        return supply_state(
            state.policy,
            state.available,
            off=state.off,
            emergency=emergency,
            own_level=state.own_level,
        )

    @property
    def is_low(self) -> bool:
        """Whether credit is low, in money or in days: who is off may have plenty again."""
        state = self.state
        reached = state.level_reached
        return state.exhausted or reached is not None or state.watch.days_told is not None

    @property
    def balance(self) -> Decimal:
        """The electricity fund, rounded down."""
        return self.site.currency.rounded_down(self.state.balance)

    @property
    def available_credit(self) -> Decimal:
        """What may still be spent, rounded down."""
        return self.site.currency.rounded_down(self.state.available)

    @property
    def credit_limit(self) -> Decimal:
        """What the account may owe."""
        return self.site.currency.rounded(self.state.credit_limit)

    @property
    def days_left(self) -> Decimal | None:
        """Days until credit ends at the mean spending; None if no end is in sight."""
        return thousandths(self.state.days_left(self.site.clock.now()))

    @property
    def price(self) -> Decimal:
        """The price of the next kWh, with the tax that comes on top of it."""
        next_kwh = self._quote()
        exact = self.site.currency.exact_price(next_kwh.price)
        if not next_kwh.tax_ppm:
            return exact
        return (exact * (PPM + next_kwh.tax_ppm) / PPM).normalize()

    @property
    def period(self) -> str:
        """The tariff period that runs now."""
        return self._quote().period

    @property
    def cost_today(self) -> Decimal:
        """Spent since midnight of the site."""
        return self.shown(self.state.spending.on(self._today))

    @property
    def cost_month(self) -> Decimal:
        """Spent since the first of the month."""
        return self.shown(self.state.spending.since_day(self._today.replace(day=1)))

    @property
    def energy_month(self) -> Decimal:
        """Used since the first of the month in kWh, of all meters, as far as it was read."""
        used = self.state.used_in(month_of(self.site.clock.now(), self.site.zone))
        return Decimal(used.total_wh).scaleb(-3)

    @property
    def cost_week(self) -> Decimal:
        """Spent since Monday."""
        return self.shown(self.state.spending.since_day(week_began(self._today)))

    @property
    def usual_today(self) -> Decimal | None:
        """What all of such a day of the week usually costs; None before there was one."""
        usual = usual_day(self.state.spending, self._today)
        return None if usual is None else self.shown(Amount(usual.amount))

    @property
    def cost_yesterday(self) -> Decimal:
        """Spent on the day before."""
        return self.shown(self.state.spending.on(self._today - timedelta(days=1)))

    @property
    def forecast(self) -> Forecast:
        """How long credit lasts, with its band."""
        return self.state.forecast(self.site.clock.now())

    @property
    def spending(self) -> Comparison:
        """What was spent in the running day, week and month, and before."""
        return compare(self.state.spending, self.site.clock.now())

    def shown(self, amount: Amount) -> Decimal:
        """Return an amount as it is shown."""
        return self.site.currency.rounded(amount)

    @property
    def adapts_until(self) -> datetime | None:
        """When the adaptation period ends; None while there is none."""
        ends = self.site.credit_desk.adapts_until(self.state)
        return ends if self.site.clock.now() < ends else None

    @property
    def watch(self) -> dict[str, Any]:
        """What is decided about the account's credit, as `get_account` answers it."""
        watch, state, now = self.state.watch, self.state, self.site.clock.now()
        graced = watch.grace_until is not None and now < watch.grace_until
        told = state.announced
        return {
            "put_off_until": self._iso(watch.put_off_until),
            "put_off_why": watch.put_off_why or None,
            "grace_until": self._iso(watch.grace_until) if graced else None,
            "disputed": watch.disputed_at is not None,
            "dispute_reason": watch.dispute_reason or None,
            "adapts_until": self._iso(self.adapts_until),
            "shadow_cut": watch.shadow_cut_at is not None,
            "shadow_cut_since": self._iso(watch.shadow_cut_at),
            "reconnect_awaited": state.awaits_reconnect,
            "warned_level": None if told is None else f"{self.site.currency.rounded(told):f}",
            "warned_days": watch.days_told,
            "noticed_at": self._iso(watch.noticed_at),
            "next_decision": self._iso(state.decide_at),
        }

    def _iso(self, at: datetime | None) -> str | None:
        return None if at is None else local_iso(self.site, at)

    def as_dict(self) -> dict[str, Any]:
        """Return the account as `get_account` answers it."""
        forecast, spending = self.forecast, self.spending
        return {
            "number": self.state.number,
            "name": self.state.name,
            "balance": f"{self.balance:f}",
            "available_credit": f"{self.available_credit:f}",
            "credit_limit": f"{self.credit_limit:f}",
            "supply_state": self.supply_state.value,
            "days_left": _days(forecast.days_left),
            "forecast": {
                "days_left": _days(forecast.days_left),
                "low": _days(forecast.low),
                "high": _days(forecast.high),
                "expected_zero": _local(self.site, forecast.expected_zero),
            },
            "price": f"{self.price:f}",
            "period": self.period,
            "tariff": self.state.tariff,
            "policy": self.state.policy.name,
            "cost_today": self._money(spending.today),
            "cost_month": self._money(spending.month.amount),
            "spending": {
                "today": self._money(spending.today),
                "usual_today": self._money(spending.usual_today),
                "yesterday": self._money(spending.yesterday),
                "week": self._compared(spending.week),
                "month": self._compared(spending.month),
            },
            "watch": self.watch,
            "meters": [self._meter(serial) for serial in self.state.meters],
        }

    async def answer(self) -> dict[str, Any]:
        """Return the whole account, also what only the ledger knows."""
        state, currency, today = self.state, self.site.currency, self._today

        def read(tx: LedgerTransaction) -> tuple[list[tuple[Debt, Amount]], Amount]:
            debts = [(debt, outstanding(tx, debt)) for debt in tx.rows(Debt, account=state.number)]
            return debts, tx.balance(deposit_of(state.number))

        debts, deposit = await self.site.ledger.read(read)
        version = self._tariff.find_version(today)
        standing = sum(
            fee.amount for fee in day_fees(self._tariff, today) if fee.kind is LineKind.STANDING
        )
        return self.as_dict() | {
            "accrued": exact_text(currency, state.accrued),
            "service_balance": f"{currency.rounded_down(state.service_fund):f}",
            "deposit": f"{currency.rounded(deposit):f}",
            "debts": [
                {
                    "name": debt.name,
                    "outstanding": exact_text(currency, left),
                    "due": exact_text(currency, debt.due),
                }
                for debt, left in debts
                if left
            ],
            "emergency": {
                "offered": f"{currency.rounded(state.policy.emergency_credit):f}",
                "in_use": f"{currency.rounded(state.tenancy.emergency):f}",
            },
            "tariff_version": None
            if version is None
            else {"valid_from": version.valid_from.isoformat(), "revision": version.revision},
            "standing_per_day": exact_text(currency, Amount(standing)),
        }

    def _money(self, amount: Amount | None) -> str | None:
        return None if amount is None else f"{self.shown(amount):f}"

    def _compared(self, compared: Compared) -> dict[str, Any]:
        change = compared.change
        return {
            "amount": self._money(compared.amount),
            "before": self._money(compared.before),
            "change_percent": None if change is None else change / 10,
        }

    @property
    def _today(self) -> date:
        return day_of(self.site.clock.now(), self.site.zone)

    def _quote(self) -> Quote:
        now = self.site.clock.now()
        used = self.state.used_in(month_of(now, self.site.zone))
        return quote(self._tariff, now, zone=self.site.zone, used=used)

    @property
    def _tariff(self) -> Tariff:
        return self.site.book.tariffs[self.state.tariff]

    def _meter(self, serial: MeterSerial) -> dict[str, Any]:
        runtime = self.site.meters.get(serial)
        reading = runtime.coordinator.data if runtime else None
        relay = reading.relay_closed if reading and runtime and runtime.coordinator.online else None
        return {
            "serial": serial,
            "name": runtime.name if runtime else serial,
            "relay": "unknown" if relay is None else "closed" if relay else "open",
            "holds": [kind.value for kind in self.state.meters[serial].holds],
            "waits_to_close": serial in self.site.controller.closings,
            "energy_wh": reading.energy_wh if reading else None,
            "read_at": local_iso(self.site, reading.at) if reading else None,
        }


def thousandths(number: int | None) -> Decimal | None:
    """Return what is counted in thousandths as people read it."""
    return None if number is None else Decimal(number).scaleb(-3)


def _days(number: int | None) -> float | None:
    return None if number is None else number / 1000


def _local(site: CompereSite, at: datetime | None) -> str | None:
    return None if at is None else local_iso(site, at)


def exact_text(currency: Currency, amount: Amount) -> str:
    """Return an amount as decimal text, nothing rounded: `2.50`, `0.6173`."""
    exact, shown = currency.exact(amount), currency.rounded(amount)
    return f"{shown if shown == exact else exact.normalize():f}"


def local_iso(site: CompereSite, at: datetime) -> str:
    """Return an instant in the site's zone, ISO 8601 with offset, to the second."""
    return at.astimezone(site.zone).isoformat(timespec="seconds")
