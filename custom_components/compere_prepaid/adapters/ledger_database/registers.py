"""Register generations, their bill marks and their charges."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
import hashlib

from sqlalchemy import bindparam, func, select

from ...core.errors import OperationFailedError
from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.allocation_rows import DayRegisters
from ...core.ledger.charges import charge_detail
from ...core.ledger.records import BillMark, Charge, RegisterGeneration, Spending
from ...core.money.amount import Amount
from .allocation_tables import day_registers
from .forms import Form, with_key
from .rows import Rows, Scope
from .tables import (
    bill_mark,
    charge as charge_table,
    register_generation as generation_table,
)


def _hash(charge: Charge) -> str:
    """Hash a charge that costs nothing: no transfer, and so no chain, speaks for it."""
    if charge.transfer_id is not None:
        return ""
    text = (
        f"compere_prepaid charge 2|{charge.meter}|{charge.generation}|{charge.account}|"
        f"{charge_detail(charge)}"
    )
    return hashlib.sha256(text.encode()).hexdigest()


_GENERATIONS = Form(
    RegisterGeneration, generation_table, owner=1, guard="register_generation.closed_at IS NULL"
)
_MARKS = Form(
    BillMark,
    bill_mark,
    owner=1,
    guard="bill_mark.wh <= excluded.wh AND bill_mark.at <= excluded.at",
    more={"version": lambda _: 1},
)
_CHARGES = Form(Charge, charge_table, more={"hash": _hash})

_WITHIN = (
    charge_table.c.from_at >= bindparam("since"),
    charge_table.c.from_at < bindparam("until"),
)
_OF_ACCOUNT = with_key(charge_table, "account")
_USED = func.sum(charge_table.c.to_wh - charge_table.c.from_wh)
_SPENT = select(_USED, func.sum(charge_table.c.amount)).where(_OF_ACCOUNT, *_WITHIN)
_PERIODS = (
    select(charge_table.c.period, _USED)
    .where(_OF_ACCOUNT, *_WITHIN)
    .group_by(charge_table.c.period)
)
_FIRST_CHARGE = select(func.min(charge_table.c.from_at)).where(_OF_ACCOUNT)
_IN_ORDER = (
    _CHARGES.query("account")
    .where(*_WITHIN)
    .order_by(charge_table.c.from_at, charge_table.c.meter, charge_table.c.from_wh)
    .execution_options(yield_per=1000)
)

_DAY_FORM = Form(DayRegisters, day_registers)
_WITHIN_DAYS = (
    day_registers.c.day >= bindparam("since"),
    day_registers.c.day <= bindparam("until"),
)
_DAYS = _DAY_FORM.query("meter", "generation").where(*_WITHIN_DAYS)
_ALL_DAYS = (
    _DAY_FORM.query().where(*_WITHIN_DAYS).order_by(day_registers.c.day, day_registers.c.generation)
)
_FEW = 8
"""Of so many meters rows are read one meter after the other."""

_METERED = (
    select(day_registers.c.meter)
    .where(with_key(day_registers), *_WITHIN_DAYS)
    .distinct()
    .order_by(day_registers.c.meter)
)


class RegisterRows(Rows):
    """The part of a transaction that turns register readings into charges.

    The bill mark of a generation stands at the end of its charges: a charge begins where the mark
    stood or the last charge of this transaction ended, and when the transaction commits, the mark
    stands at the end of the last one (`_seal_registers`).
    """

    def __init__(self, scope: Scope) -> None:
        """Work on a site's rows."""
        super().__init__(scope)
        self._generations = self._sheet(_GENERATIONS)
        self._marks = self._sheet(_MARKS)
        self._charges = self._sheet(_CHARGES)
        self._ends: dict[tuple[MeterSerial, int], tuple[int, datetime]] = {}
        """Up to which Wh and time the generations are charged that this transaction touched."""

    def generation(self, meter: MeterSerial) -> RegisterGeneration | None:
        """Return the meter's open register generation, if any."""
        for generation in self._generations.of(meter).values():
            if generation.closed_at is None:
                return generation
        return None

    def last_generation(self, meter: MeterSerial) -> int:
        """Return the highest generation number ever used for this meter, 0 if none."""
        every = self._generations.of(meter).values()
        return max((generation.generation for generation in every), default=0)

    def open_generation(self, generation: RegisterGeneration) -> None:
        """Store a new open generation and its bill mark at `start_wh`."""
        meter, number = generation.meter, generation.generation
        if self.generation(meter) is not None or number != self.last_generation(meter) + 1:
            self._broken(f"{meter}/{number} cannot be opened behind its predecessor")
        start = BillMark(
            meter=meter, generation=number, wh=generation.start_wh, at=generation.start_at
        )
        self._generations.put(generation)
        self._marks.put(start)
        self._ends[meter, number] = start.wh, start.at

    def close_generation(self, generation: RegisterGeneration) -> None:
        """Store `closed_wh` and `closed_at` of an open generation, once."""
        meter, number = generation.meter, generation.generation
        if generation.closed_at is None or generation.closed_wh is None:
            self._broken(f"{meter}/{number} cannot be closed without its last reading")
        before = self._generations.find(meter, number)
        mark = self._marks.find(meter, number)
        if before is None or before.closed_at is not None or mark is None:
            self._broken(f"{meter}/{number} is not open")
        self._generations.put(
            replace(before, closed_wh=generation.closed_wh, closed_at=generation.closed_at)
        )
        self._ends.setdefault((meter, number), (mark.wh, mark.at))

    def generations(
        self, meters: Iterable[MeterSerial]
    ) -> Mapping[MeterSerial, tuple[RegisterGeneration, ...]]:
        """Return all register generations of meters, in their order; of those that have any."""
        wanted = list(meters)
        self._generations.load(wanted)
        found = {meter: sorted(self._generations.of(meter).items()) for meter in wanted}
        return {meter: tuple(one for _, one in rows) for meter, rows in found.items() if rows}

    def day_registers(
        self, meters: Collection[MeterSerial], since: date, until: date
    ) -> Mapping[MeterSerial, Sequence[DayRegisters]]:
        """Return what meters showed on the days from `since` to `until` included, day by day.

        Those of a few meters are found by their key. Of many, all rows of these days are read.
        """
        days = {"since": since, "until": until}
        found: dict[MeterSerial, list[DayRegisters]] = {}
        if len(meters) > _FEW:
            wanted = frozenset(meters)
            for row in map(_DAY_FORM.record, self._query(_ALL_DAYS, **days)):
                if row.meter in wanted:
                    found.setdefault(row.meter, []).append(row)
            return found
        for meter in dict.fromkeys(meters):
            known = [
                _DAY_FORM.record(row)
                for generation in range(self.last_generation(meter) + 1)
                for row in self._query(_DAYS, key_meter=meter, key_generation=generation, **days)
            ]
            if known:
                found[meter] = sorted(known, key=lambda row: (row.day, row.generation))
        return found

    def metered(self, since: date, until: date) -> tuple[MeterSerial, ...]:
        """Return the meters of which something is known on days from `since` to `until`."""
        found = self._query(_METERED, since=since, until=until)
        return tuple(MeterSerial(meter) for (meter,) in found)

    def mark(self, meter: MeterSerial) -> BillMark | None:
        """Return the bill mark of the meter's open generation, if any."""
        generation = self.generation(meter)
        return None if generation is None else self._marks.find(meter, generation.generation)

    def move_mark(self, before: BillMark, after: BillMark) -> None:
        """Set the mark if its Wh is still `before.wh`; never backwards, in Wh or in time."""
        key = before.meter, before.generation
        mark = self._marks.find(*key)
        if (
            mark is None
            or mark.wh != before.wh
            or (after.meter, after.generation) != key
            or after.wh < mark.wh
            or after.at < mark.at
        ):
            self._fail(OperationFailedError("mark_moved", meter=before.meter))
        self._ends.setdefault(key, (mark.wh, mark.at))
        self._marks.put(after)

    def insert_charge(self, charge: Charge) -> None:
        """Store a charge; it must begin where the generation's last one ended."""
        key = charge.meter, charge.generation
        end = self._ends.get(key)
        if end is None:
            mark = self._marks.find(*key)
            if mark is None:
                self._broken(f"{charge.meter}/{charge.generation} was never opened")
            end = mark.wh, mark.at
        if charge.from_wh != end[0] or charge.from_at < end[1]:
            self._fail(OperationFailedError("mark_moved", meter=charge.meter))
        self._add(self._charges, charge)
        self._ends[key] = charge.to_wh, charge.to_at

    def charges(self, account: AccountNumber, since: datetime, until: datetime) -> Iterator[Charge]:
        """Yield an account's charges that begin within a time, by `from_at` and meter."""
        found = self._query(_IN_ORDER, key_account=account, since=since, until=until)
        return map(_CHARGES.record, found)

    def charged_wh(
        self, account: AccountNumber, since: datetime, until: datetime
    ) -> Mapping[str, int]:
        """Return the Wh charged to an account within a time, by period."""
        found = self._query(_PERIODS, key_account=account, since=since, until=until)
        return {period: int(energy_wh) for period, energy_wh in found}

    def spending(self, account: AccountNumber, since: datetime, until: datetime) -> Spending:
        """Return Wh and money charged to an account, by the charges' `from_at`.

        The sum of nothing is a null, and PostgreSQL's sums are decimals.
        """
        (found,) = self._query(_SPENT, key_account=account, since=since, until=until)
        energy_wh, amount = found
        return Spending(energy_wh=int(energy_wh or 0), amount=Amount(int(amount or 0)))

    def first_charge_at(self, account: AccountNumber) -> datetime | None:
        """Return when the first interval charged to this account began."""
        first: datetime | None
        ((first,),) = self._query(_FIRST_CHARGE, key_account=account)
        return first

    def _seal_registers(self) -> None:
        """Check that the marks stand where the charges of this transaction end."""
        for (meter, number), (end_wh, _) in self._ends.items():
            generation, mark = (
                self._generations.find(meter, number),
                self._marks.find(meter, number),
            )
            if generation is None or mark is None or mark.wh != end_wh:
                self._broken(f"the bill mark of {meter}/{number} is not at the end of its charges")
            if generation.closed_wh not in {None, end_wh}:
                self._broken(f"{meter}/{number} was not charged up to its last reading")
