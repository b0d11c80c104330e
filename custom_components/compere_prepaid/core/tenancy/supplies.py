"""Meters come, supply accounts one after the other, and go.

A meter that passes from one account to another is charged without a gap: both sides of the border
are in one transaction, at one reading. A meter that nobody has is the owner's, where the site has
an owner's account; else what it counts is nobody's, and its next tenant begins a new generation.
"""

from dataclasses import dataclass
import json

from ..errors import InvalidInputError
from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Supply
from ..ledger.ports import LedgerTransaction
from ..ledger.records import HoldKind
from ..metering.plausibility import Baseline
from ..policy.holds import kinds, refresh_demand
from ..prepayment.book import AccountBook
from ..prepayment.settlement import AccountDue
from ..prepayment.slip import Slip
from ..prepayment.state import AccountState, MeterState
from .handover import begin_supply, close_generation


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSetup:
    """What charging has to know of a meter."""

    serial: MeterSerial
    max_power_w: int
    rated_w: int | None = None
    multiplier: int = 1
    modulus_wh: int | None = None


@dataclass(slots=True)
class Supplies:
    """Keeps which meter supplies whom."""

    book: AccountBook

    async def add_meter(self, setup: MeterSetup) -> None:
        """Begin to charge by a meter: its bill mark says from where on.

        A meter that was never decided about gets its first demand: closed, if no hold stands. One
        with another multiplier than before begins a new register generation at its next reading.
        """
        known = self.book.meters.get(setup.serial)
        if known is not None and known.multiplier == setup.multiplier:
            known.max_power_w, known.modulus_wh = setup.max_power_w, setup.modulus_wh
            known.rated_w = setup.rated_w
            return
        if known is not None and known.account is not None:
            async with self.book.locked([known.account]):
                await self.book.settle(self.book.account(known.account), "multiplier")
                await self._load(setup)
        else:
            await self._load(setup)

    async def _load(self, setup: MeterSetup) -> None:
        """Read how a meter stands; write what is not decided yet."""
        serial, at = setup.serial, self.book.clock.now()

        def load(tx: LedgerTransaction) -> tuple[MeterState, bool]:
            mark, generation = tx.mark(serial), tx.generation(serial)
            meter = MeterState(
                serial=serial,
                max_power_w=setup.max_power_w,
                rated_w=setup.rated_w,
                multiplier=setup.multiplier,
                modulus_wh=setup.modulus_wh,
                mark=mark,
                last=None if mark is None else Baseline(wh=mark.wh, at=mark.at),
                registers=json.loads(mark.registers) if mark and mark.registers else {},
                holds=kinds(tx, serial),
            )
            changed = generation is not None and generation.multiplier != setup.multiplier
            return meter, changed or tx.demand(serial) is None

        def write(tx: LedgerTransaction) -> None:
            generation = tx.generation(serial)
            if generation is not None and generation.multiplier != setup.multiplier:
                close_generation(tx, serial)
            refresh_demand(tx, serial, at, "meter added")

        meter, undecided = await self.book.ledger.read(load)
        if undecided:
            await self.book.ledger.run(write)
            meter, _ = await self.book.ledger.read(load)
        known = self.book.meters.get(serial)
        self.book.meters[serial] = meter
        if known is not None and known.account is not None:
            meter.account = known.account
            self.book.account(known.account).meters[serial] = meter

    async def remove_meter(self, serial: MeterSerial) -> None:
        """Stop charging by a meter, after posting what it used."""
        meter = self.book.meters.get(serial)
        if meter is None:
            return
        if meter.account is not None:
            await self._let_go(self.book.account(meter.account), meter)
        del self.book.meters[serial]

    async def attach(self, number: AccountNumber, serial: MeterSerial) -> None:
        """Let a meter supply an account from now on.

        A meter of the owner's passes on at its last reading. One that nobody had begins a new
        register generation with its next reading: what it counted in between is nobody's. Raises
        `InvalidInputError` (`account_unknown`, `meter_unknown`, `meter_taken`).
        """
        account, meter = self.book.account(number), self.book.meter(serial)
        if meter.account == number:
            return
        holder = None if meter.account is None else self.book.account(meter.account)
        if holder is not None and not holder.owner:
            raise InvalidInputError("meter_taken", meter=serial, account=holder.number)
        if holder is not None:
            await self.pass_on(holder, meter, account)
            return
        meter.account = account.number
        account.meters[serial] = meter
        mark = meter.mark
        if mark is not None:
            if await self.book.ledger.read(
                lambda tx: _supplies(tx, mark.meter, mark.generation, account.number)
            ):
                return  # as it was before the program started
            await self.book.ledger.run(lambda tx: begin_supply(tx, mark, account.number))
        if HoldKind.NO_CREDIT in meter.holds:  # of whoever was there before
            async with self.book.locked([account.number]):
                await self.book.settle(account, f"attached:{serial}")

    async def pass_on(self, giver: AccountState, meter: MeterState, taker: AccountState) -> None:
        """Hand a meter over from account to account, at its last reading."""

        def work(slip: Slip, due: AccountDue) -> None:
            mark = slip.tx.mark(meter.serial)
            if due.number == giver.number and mark is not None:
                begin_supply(slip.tx, mark, taker.number)

        async with self.book.locked([giver.number, taker.number]):
            cause = f"handover:{meter.serial}"
            await self.book.transact_locked([giver.number, taker.number], cause, work)
            giver.meters.pop(meter.serial, None)
            taker.meters[meter.serial] = meter
            meter.account = taker.number
            await self.book.settle(taker, cause)

    async def detach(self, number: AccountNumber, serial: MeterSerial) -> None:
        """End a meter's supply of an account: it is the owner's then, or nobody's."""
        account, meter = self.book.account(number), self.book.meter(serial)
        owner = self.book.owner
        if owner is not None and owner is not account:
            await self.pass_on(account, meter, owner)
        else:
            await self._let_go(account, meter)

    async def close_account(self, number: AccountNumber) -> None:
        """Serve an account no more: what it used is posted, its meters pass on, its history stays.

        This is not the end of a tenancy (`Moves.move_out`): the same account may be opened again.
        """
        for serial in list(self.book.account(number).meters):
            await self.detach(number, serial)
        del self.book.accounts[number]

    async def _let_go(self, account: AccountState, meter: MeterState) -> None:
        """Post a meter's charges and close its register generation."""
        async with self.book.locked([account.number]):
            await self.book.transact_locked(
                [account.number],
                f"detach:{meter.serial}",
                lambda slip, _due: close_generation(slip.tx, meter.serial),
            )
            account.meters.pop(meter.serial, None)
            meter.forget()


def _supplies(
    tx: LedgerTransaction, serial: MeterSerial, generation: int, account: AccountNumber
) -> bool:
    """Tell whether the ledger says that a meter supplies an account."""
    supplies = tx.rows(Supply, meter=serial, generation=generation)
    return any(supply.to_at is None and supply.account == account for supply in supplies)
