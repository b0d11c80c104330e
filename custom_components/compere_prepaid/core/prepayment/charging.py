"""From readings to charges: what a meter used since the last reading, and what it costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..events import ReadingTrusted, SuspectReading
from ..ids import MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import BillMark, RegisterGeneration
from ..metering.plausibility import Baseline, assess as assess_reading
from ..metering.reading import MeterReading
from ..policy.credit import assess
from ..tariff.model import Used
from ..tariff.rating import Interval, rate
from .book import AccountBook
from .calendar import day_of, month_of
from .settlement import merge
from .state import AccountState, MeterState

POST_EVERY = timedelta(hours=1)
"""Accrued charges are posted at least this often."""

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
        for number in list(self.book.accounts):
            async with self.book.locked([number]):
                if account := self.book.accounts.get(number):
                    await self.book.settle(account, cause)

    async def _charge(
        self, account: AccountState, meter: MeterState, reading: MeterReading
    ) -> None:
        """Accrue a believed reading; settle if the account's money or the clock asks for it."""
        if meter.mark is None:
            await self._open_generation(meter, _baseline(reading))
            account.past_since = account.past_since or reading.at
        self._accrue(account, meter, _baseline(reading))
        if self._must_settle(account, reading.at):
            await self.book.settle(account, f"reading:{meter.serial}")

    async def _open_generation(self, meter: MeterState, baseline: Baseline) -> None:
        """Begin a register generation at a reading: nothing before it is charged."""

        def work(tx: LedgerTransaction) -> BillMark | None:
            tx.open_generation(
                RegisterGeneration(
                    meter=meter.serial,
                    generation=tx.last_generation(meter.serial) + 1,
                    start_wh=baseline.wh,
                    start_at=baseline.at,
                )
            )
            return tx.mark(meter.serial)

        meter.mark = await self.book.ledger.run(work)
        meter.last = baseline

    def _accrue(self, account: AccountState, meter: MeterState, now: Baseline) -> None:
        """Rate what the meter counted since its last believed reading into the pending lines."""
        last, meter.last = meter.last, now
        if last is None or now.wh == last.wh:
            return
        zone = self.book.zone
        this_month = month_of(last.at, zone) == account.month.period
        lines = rate(
            self.book.tariff(account.tariff),
            Interval(from_wh=last.wh, to_wh=now.wh, from_at=last.at, to_at=now.at),
            zone=zone,
            used=Used(account.month.energy_wh if this_month else 0),
        )
        for line in lines:
            used = line.to_wh - line.from_wh
            account.month.add(month_of(line.from_at, zone), line.amount, used)
            account.day.add(day_of(line.from_at, zone), line.amount, used)
        meter.pending = list(merge([*meter.pending, *lines]))

    def _must_settle(self, account: AccountState, now: datetime) -> bool:
        """Tell whether charges are due for posting, or credit crossed a line."""
        if any(len(meter.pending) > 1 for meter in account.meters.values()):
            return True  # a border was crossed: the finished part is final
        if now - account.posted_at >= POST_EVERY or _hour(now) != _hour(account.posted_at):
            return True
        verdict = assess(account.policy, account.available, account.announced)
        if verdict.announced != account.announced:
            return True
        cuttable = not account.policy.never_cut and any(
            meter.may_open for meter in account.meters.values()
        )
        return verdict.exhausted and not account.off and cuttable


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


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
