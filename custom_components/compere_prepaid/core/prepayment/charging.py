"""From readings to charges: what a meter used since the last reading, and what it costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..events import ReadingTrusted, RegisterRolledOver, SuspectReading
from ..ids import AccountNumber, MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import BillMark, RegisterGeneration
from ..metering.plausibility import Baseline, Suspicion, assess as assess_reading, rolled_over_at
from ..metering.reading import MeterReading, Quantity
from ..policy.decision import warn
from ..tariff.rating import Interval, RatedLine, rate
from ..tariff.schedule import stretch_at
from ..tenancy.handover import begin_supply, close_generation
from .book import AccountBook
from .calendar import day_of, day_start, month_of, next_month
from .registers import energy_by_period, tariff_registers
from .settlement import AccountDue, merge
from .slip import Slip
from .state import AccountState, MeterState

POST_EVERY = timedelta(hours=1)
"""Accrued charges are posted at least this often."""

CLOCK_PATIENCE = timedelta(minutes=1)
"""So long a reading leaves it to the clock to post an hour of all accounts together."""

BORDER_PATIENCE = timedelta(seconds=60)
"""A border in time between two readings this close was read, as well as a line with many meters can
be; its split is no estimate."""

OTHER_METER = "other_meter"
"""The suspicion that another meter answers at the address."""


@dataclass(slots=True)
class Charging:
    """Takes the readings of a site's meters and charges by them."""

    book: AccountBook

    async def on_reading(self, reading: MeterReading) -> None:
        """Charge by a reading whose meter has proved its identity.

        A reading that cannot be true freezes charging and tripping of its meter and is told once.
        """
        meter = self.book.meters.get(reading.serial)
        if meter is None:
            return
        suspicion = assess_reading(
            meter.last, reading, max_power_w=meter.max_power_w, now=self.book.clock.now()
        )
        if suspicion is Suspicion.BACKWARDS and await self._rolled_over(meter, reading):
            suspicion = None
        if suspicion is not None:
            self.suspect(reading.serial, suspicion, reading)
            return
        if meter.suspicion is not None:
            meter.suspicion = None
            self.book.emit(ReadingTrusted(at=reading.at, meter=reading.serial))
        meter.fresh = True
        meter.power_mw = _power_mw(meter, reading)
        account = self.book.accounts.get(meter.account) if meter.account else None
        if account is None:
            if meter.mark is None:  # else charging goes on from the mark, whoever comes next
                meter.last = _baseline(reading)
            return
        async with self.book.locked([account.number]):
            if meter.account == account.number:
                await self._charge(account, meter, reading)

    def on_values(self, reading: MeterReading) -> None:
        """Reckon with the power of a meter that tells its register at other times."""
        meter = self.book.meters.get(reading.serial)
        if meter is not None and meter.fresh and reading.power_mw is not None:
            meter.power_mw = reading.power_mw

    def suspect(
        self, serial: MeterSerial, reason: str, reading: MeterReading | None = None
    ) -> None:
        """Freeze a meter's charging and tripping until it gives a plausible reading."""
        meter = self.book.meters.get(serial)
        if meter is None:
            return
        news = meter.suspicion != reason
        meter.suspicion = reason
        if news:
            self.book.emit(
                SuspectReading(
                    at=self.book.clock.now(),
                    meter=serial,
                    reason=reason,
                    energy_wh=reading.energy_wh if reading else None,
                    baseline_wh=meter.last.wh if meter.last else None,
                )
            )

    def distrust(self, serial: MeterSerial) -> None:
        """Forget that a meter was read: it fell silent, so its relay must not open for credit."""
        if meter := self.book.meters.get(serial):
            meter.fresh = False
            meter.power_mw = 0

    async def settle_all(self, cause: str) -> None:
        """Post everything that has accrued, as before a stop."""
        await self.book.settle_many(list(self.book.accounts), cause)

    async def on_clock(self) -> None:
        """Post what the clock asks for: the hour's charges, the day's fees, a month's end.

        And decide where a cut waited until now, or is to be told soon.

        All accounts together, so that a mall's hour is a few transactions.
        """
        now = self.book.clock.now()
        due = [
            account.number
            for account in self.book.accounts.values()
            if _hour(now) != _hour(account.posted_at)
            or _decides(account, now)
            or self._has_fees_due(account, now)
        ]
        await self.book.settle_many(due, "clock")

    async def _charge(
        self, account: AccountState, meter: MeterState, reading: MeterReading
    ) -> None:
        """Accrue a believed reading; settle if the account's money or the clock asks for it."""
        if meter.mark is None:
            await self._open_generation(account, meter, reading)
            account.spending.since = account.spending.since or reading.at
        self._accrue(account, meter, reading, _baseline(reading))
        if self._must_settle(account, reading.at):
            await self.book.settle(account, f"reading:{meter.serial}")

    async def _open_generation(
        self, account: AccountState, meter: MeterState, reading: MeterReading
    ) -> None:
        """Begin a register generation at a reading: nothing before it is charged."""
        baseline = _baseline(reading)

        def work(tx: LedgerTransaction) -> BillMark | None:
            if (mark := tx.mark(meter.serial)) is not None:
                return mark  # it was opened by a commit that nobody answered
            number = tx.last_generation(meter.serial) + 1
            generation = RegisterGeneration(
                meter=meter.serial,
                generation=number,
                start_wh=baseline.wh,
                start_at=baseline.at,
                multiplier=meter.multiplier,
                reason="installed" if number == 1 else "taken up",
            )
            return open_generation(tx, generation, account.number)

        meter.follow(await self.book.ledger.run(work))
        if meter.last == baseline:
            meter.registers = tariff_registers(reading)

    async def _rolled_over(self, meter: MeterState, reading: MeterReading) -> bool:
        """Charge up to the register's end if it began anew; tell whether it did so.

        The old generation ends at the highest value, the next begins at 0 in the same instant.
        """
        account = self.book.accounts.get(meter.account) if meter.account else None
        if account is None or meter.last is None or meter.modulus_wh is None:
            return False
        ends_at = rolled_over_at(
            meter.last, reading, max_power_w=meter.max_power_w, modulus_wh=meter.modulus_wh
        )
        if ends_at is None:
            return False
        top, modulus = Baseline(wh=meter.modulus_wh, at=ends_at), meter.modulus_wh

        def work(slip: Slip, _due: AccountDue) -> BillMark | None:
            number = slip.tx.last_generation(meter.serial) + 1
            close_generation(slip.tx, meter.serial)
            generation = RegisterGeneration(
                meter=meter.serial,
                generation=number,
                start_wh=0,
                start_at=ends_at,
                multiplier=meter.multiplier,
                reason="rollover",
            )
            return open_generation(slip.tx, generation, account.number)

        async with self.book.locked([account.number]):
            self._accrue(account, meter, None, top)
            marks = await self.book.transact_locked(
                [account.number], f"rollover:{meter.serial}", work
            )
            meter.mark = marks[account.number]
            meter.last = Baseline(wh=0, at=ends_at)
        energy_wh = reading.energy_wh or 0
        self.book.emit(
            RegisterRolledOver(
                at=reading.at, meter=meter.serial, energy_wh=energy_wh, modulus_wh=modulus
            )
        )
        return True

    def accrue_final(self, account: AccountState, meter: MeterState, final: Baseline) -> None:
        """Accrue a register's last reading, which a person took; hold the account's lock."""
        self._accrue(account, meter, None, final)

    def _accrue(
        self,
        account: AccountState,
        meter: MeterState,
        reading: MeterReading | None,
        now: Baseline,
    ) -> None:
        """Rate what the meter counted since its last believed reading into the pending lines."""
        last, meter.last = meter.last, now
        before, meter.registers = meter.registers, tariff_registers(reading)
        zone, tariff = self.book.zone, self.book.tariff(account.tariff)
        if last is None:
            return
        lines: tuple[RatedLine, ...] = ()
        if now.wh != last.wh:
            month, this_month = month_of(last.at, zone), month_of(now.at, zone)
            by_period = energy_by_period(tariff, last, now, before, meter.registers, zone)
            lines = rate(
                tariff,
                Interval(last.wh, now.wh, last.at, now.at, by_period),
                zone=zone,
                used=account.used_in(month),
                later={this_month: account.used_in(this_month)},
            )
            if now.at - last.at <= BORDER_PATIENCE:
                lines = tuple(line._replace(estimated=False) for line in lines)
            for line in lines:
                account.add(line, day_of(line.from_at, zone))
            meter.pending = list(merge([*meter.pending, *lines]))
        self._measure(account, lines, reading, last.at, now.at)

    def _measure(
        self,
        account: AccountState,
        lines: tuple[RatedLine, ...],
        reading: MeterReading | None,
        since: datetime,
        until: datetime,
    ) -> None:
        """Measure the account's demand, if its tariff asks for that."""
        zone, tariff, keeper = self.book.zone, self.book.tariff(account.tariff), account.demand
        if not keeper.follow(tariff, until, zone):
            return
        keeper.add_energy(lines, zone)
        apparent = reading.values.get(Quantity.APPARENT_POWER) if reading else None
        if apparent is not None:
            period = stretch_at(tariff, until, zone).period
            keeper.add_apparent(since, until, apparent, period, zone)
        read = [meter.last.at for meter in account.meters.values() if meter.last is not None]
        keeper.finish(min(read), zone)

    def _must_settle(self, account: AccountState, now: datetime) -> bool:
        """Tell whether charges are due for posting, or credit crossed a line."""
        if account.number in self.book.doubtful:
            return True
        if any(len(meter.pending) > 1 for meter in account.meters.values()):
            return True  # a border was crossed: the finished part is final
        overdue = _hour(now) != _hour(account.posted_at) and now - _hour(now) >= CLOCK_PATIENCE
        if overdue or now - account.posted_at >= POST_EVERY or self._has_fees_due(account, now):
            return True
        if _decides(account, now) or _crosses(account, now):
            return True
        if not account.exhausted or account.off or account.waiting or account.never_cut:
            return False
        return not self.book.restored and any(meter.may_open for meter in account.meters.values())

    def _has_fees_due(self, account: AccountState, now: datetime) -> bool:
        """Tell whether a day began that was not charged yet, or a month can be closed."""
        zone, tenancy = self.book.zone, account.tenancy
        if tenancy.charged_through is None or tenancy.charged_through < day_of(now, zone):
            return True
        month = month_of(now, zone)
        if tenancy.closed_through is None or next_month(tenancy.closed_through) >= month:
            return False
        began = day_start(month, zone)
        return all(
            meter.mark is None or (meter.last is not None and meter.last.at >= began)
            for meter in account.meters.values()
        )


def open_generation(
    tx: LedgerTransaction, generation: RegisterGeneration, account: AccountNumber
) -> BillMark | None:
    """Begin a register generation whose energy is an account's; return its bill mark."""
    tx.open_generation(generation)
    mark = tx.mark(generation.meter)
    if mark is not None:
        begin_supply(tx, mark, account)
    return mark


def _power_mw(meter: MeterState, reading: MeterReading) -> int:
    """Return the power to reckon with: as told, or else as the register grew, or as told last."""
    if reading.power_mw is not None:
        return reading.power_mw
    if meter.last is None or reading.energy_wh is None:
        return meter.power_mw
    elapsed_ms = (reading.at - meter.last.at) // timedelta(milliseconds=1)
    grown_mws = (reading.energy_wh - meter.last.wh) * 3600 * 1000
    return max(meter.power_mw, grown_mws * 1000 // elapsed_ms if elapsed_ms > 0 else 0)


def _baseline(reading: MeterReading) -> Baseline:
    if reading.energy_wh is None:  # the plausibility check has let it through
        raise AssertionError(reading)
    return Baseline(wh=reading.energy_wh, at=reading.at)


def _decides(account: AccountState, now: datetime) -> bool:
    """Tell whether it is time to decide about an account's credit."""
    return account.decide_at is not None and now >= account.decide_at


def _crosses(account: AccountState, now: datetime) -> bool:
    """Tell whether an account's credit came to a warning level, or clearly above one."""
    policy, told = account.policy, (account.announced, account.watch.days_told)
    days = account.days_left(now) if policy.warning_days else None
    warned = warn(policy, account.available, days, *told, own_level=account.own_level)
    return (warned.told, warned.days_told) != told


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
