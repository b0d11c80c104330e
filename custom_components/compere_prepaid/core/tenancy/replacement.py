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
    multiplier: int | None = None
    """The ratio of the new register's transformers; None: as before."""
    at: datetime | None = None
    """When it was done; None: just now."""
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
        `reason_missing`, `replaced_when` (before the last reading, or in the future),
        `final_reading_wrong` (below what is charged already, or more than the breaker lets
        through), `meter_in_service` (the new one has an open register already). The
        same replacement again, after it was interrupted, changes nothing.
        """
        if not change.reason.strip():
            raise InvalidInputError("reason_missing")
        meter = self.book.meter(change.old)
        now = self.book.clock.now()
        at = change.at or now
        if at > now or (meter.last is not None and at < meter.last.at):
            raise InvalidInputError("replaced_when", meter=meter.serial)
        final = self._final_reading(meter, change, at)
        account = None if meter.account is None else self.book.account(meter.account)
        if account is None:
            return await self.book.ledger.run(lambda tx: _change(tx, meter, change, None, at))
        async with self.book.locked([account.number]):
            await self.book.ledger.read(lambda tx: _done_before(tx, change))
            if final is not None:
                self.charging.accrue_final(account, meter, final)

            def work(slip: Slip, _due: AccountDue) -> BillMark | None:
                return _change(slip.tx, meter, change, account.number, at)

            cause = f"replaced:{meter.serial}"
            marks = await self.book.transact_locked([account.number], cause, work)
            mark = marks[account.number]
            if change.new == change.old:
                meter.multiplier = change.multiplier or meter.multiplier
                meter.mark = mark
                meter.last = None if mark is None else Baseline(wh=mark.wh, at=mark.at)
                meter.registers = {}
                meter.suspicion = None
            else:
                account.meters.pop(meter.serial, None)
                meter.forget()
        return mark

    def _final_reading(
        self, meter: MeterState, change: Replacement, at: datetime
    ) -> Baseline | None:
        """Return the old register's last reading as a person read it, if it can be true."""
        if change.final_wh is None:
            return None
        reading = MeterReading(
            serial=meter.serial, at=at, values={Quantity.ENERGY_IMPORT: change.final_wh}
        )
        doubt = assess(meter.last, reading, max_power_w=meter.max_power_w, now=at)
        if doubt is not None:
            last_wh = meter.last.wh if meter.last else 0
            raise InvalidInputError(
                "final_reading_wrong", meter=meter.serial, doubt=doubt, last_wh=last_wh
            )
        return Baseline(wh=change.final_wh, at=at)


def _done_before(tx: LedgerTransaction, change: Replacement) -> bool:
    """Tell whether this was done, and interrupted after it; `meter_in_service` if otherwise so."""
    present = None if change.new == change.old else tx.generation(change.new)
    if present is None:
        return False
    if tx.generation(change.old) is not None or present.reason != change.reason.strip():
        raise InvalidInputError("meter_in_service", meter=change.new)
    return True


def _change(
    tx: LedgerTransaction,
    meter: MeterState,
    change: Replacement,
    account: AccountNumber | None,
    at: datetime,
) -> BillMark | None:
    """Close the old generation; open the new one where its first reading is known."""
    if _done_before(tx, change):
        return tx.mark(change.new)
    close_generation(tx, change.old)
    if change.new != change.old:
        _pass_holds_on(tx, change, at)
    if change.start_wh is None or account is None:
        return None
    generation = RegisterGeneration(
        meter=change.new,
        generation=tx.last_generation(change.new) + 1,
        start_wh=change.start_wh,
        start_at=at,
        multiplier=change.multiplier or meter.multiplier,
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
