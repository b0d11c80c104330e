"""A meter is replaced, or its register begins anew: the old one ends, the new one begins."""

from dataclasses import dataclass, replace
from datetime import datetime

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.ports import LedgerTransaction
from ..ledger.records import BillMark, HoldKind, RegisterGeneration
from ..metering.plausibility import Baseline, assess
from ..metering.reading import MeterReading, Quantity
from ..policy.holds import place, release
from ..prepayment.book import AccountBook
from ..prepayment.charging import Charging, open_generation
from ..prepayment.settlement import AccountDue
from ..prepayment.slip import Slip
from ..prepayment.state import MeterState
from .handover import close_generation

KEPT = (HoldKind.MANUAL, HoldKind.MAINTENANCE, HoldKind.OVERLOAD, HoldKind.PROTECTION)
"""The holds that stay on a connection when its meter is replaced; `no_credit` follows by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What is known of a replacement: energies in Wh, already times the multiplier."""

    old: MeterSerial
    new: MeterSerial
    """The same serial number where only the register began anew (reset, another transformer)."""
    final_wh: int | None = None
    """What the old register showed at last; None: what was read last."""
    start_wh: int | None = None
    """What the new register showed when it was installed; None: what is read first."""
    reason: str
    user: str


@dataclass(slots=True)
class Replacements:
    """Replaces meters and registers, in the name of somebody."""

    book: AccountBook
    charging: Charging

    async def replace_meter(self, change: Replacement) -> BillMark | None:
        """Charge the old register to its end and begin the new one; return where it begins.

        None is returned where the new register begins with its first reading. Holds of people and
        of protection pass on to the new meter. Raises `InvalidInputError`: `meter_unknown`,
        `reason_missing`, `final_reading_wrong` (below what is charged already, or more than the
        breaker lets through), `meter_in_service` (the new one has an open register already).
        """
        if not change.reason.strip():
            raise InvalidInputError("reason_missing")
        meter = self.book.meter(change.old)
        final = self._final_reading(meter, change)
        account = None if meter.account is None else self.book.account(meter.account)
        if account is None:
            at = self.book.clock.now()
            return await self.book.ledger.run(lambda tx: _change(tx, meter, change, None, at))
        async with self.book.locked([account.number]):
            if final is not None:
                self.charging.accrue_final(account, meter, final)

            def work(slip: Slip, _due: AccountDue) -> BillMark | None:
                return _change(slip.tx, meter, change, account.number, slip.at)

            cause = f"replaced:{meter.serial}"
            marks = await self.book.transact_locked([account.number], cause, work)
            mark = marks[account.number]
            if change.new == change.old:
                meter.mark = mark
                meter.last = None if mark is None else Baseline(wh=mark.wh, at=mark.at)
                meter.registers = {}
                meter.suspicion = None
            else:
                account.meters.pop(meter.serial, None)
                meter.forget()
        return mark

    def _final_reading(self, meter: MeterState, change: Replacement) -> Baseline | None:
        """Return the old register's last reading as a person read it, if it can be true."""
        if change.final_wh is None:
            return None
        now = self.book.clock.now()
        reading = MeterReading(
            serial=meter.serial, at=now, values={Quantity.ENERGY_IMPORT: change.final_wh}
        )
        doubt = assess(meter.last, reading, max_power_w=meter.max_power_w, now=now)
        if doubt is not None:
            last_wh = meter.last.wh if meter.last else 0
            raise InvalidInputError(
                "final_reading_wrong", meter=meter.serial, doubt=doubt, last_wh=last_wh
            )
        return Baseline(wh=change.final_wh, at=now)


def _change(
    tx: LedgerTransaction,
    meter: MeterState,
    change: Replacement,
    account: AccountNumber | None,
    at: datetime,
) -> BillMark | None:
    """Close the old generation; open the new one where its first reading is known."""
    close_generation(tx, change.old)
    if change.new != change.old:
        if tx.generation(change.new) is not None:
            raise InvalidInputError("meter_in_service", meter=change.new)
        _pass_holds_on(tx, change, at)
    if change.start_wh is None or account is None:
        return None
    generation = RegisterGeneration(
        meter=change.new,
        generation=tx.last_generation(change.new) + 1,
        start_wh=change.start_wh,
        start_at=at,
        multiplier=meter.multiplier,
        reason=change.reason.strip(),
        user=change.user,
    )
    return open_generation(tx, generation, account)


def _pass_holds_on(tx: LedgerTransaction, change: Replacement, at: datetime) -> None:
    """Let the holds that stand on the connection stand on its new meter."""
    cause = f"replaced:{change.old}"
    for hold in tx.holds(change.old):
        release(tx, change.old, hold.kind, at, change.user, cause)
        if hold.kind in KEPT:
            place(tx, replace(hold, meter=change.new), cause)
