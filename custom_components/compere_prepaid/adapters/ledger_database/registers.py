"""Register generations, their bill marks and their charges."""

from collections.abc import Iterator, Mapping
from datetime import datetime
import hashlib

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, select, update

from ...core.errors import OperationFailedError
from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.charges import charge_detail
from ...core.ledger.records import BillMark, Charge, RegisterGeneration, Spending
from ...core.money.amount import Amount
from .rows import Rows, with_key
from .schema import (
    bill_mark,
    charge as charge_table,
    register_generation as generation_table,
)

_OPEN = select(generation_table).where(
    with_key(generation_table, "meter"), generation_table.c.closed_at.is_(None)
)
_LAST_NUMBER = select(func.max(generation_table.c.generation).label("number")).where(
    with_key(generation_table, "meter")
)
_CLOSE = (
    update(generation_table)
    .where(
        with_key(generation_table, "meter", "generation"), generation_table.c.closed_at.is_(None)
    )
    .values(closed_wh=bindparam("new_closed_wh"), closed_at=bindparam("new_closed_at"))
)
_MOVE_MARK = (
    update(bill_mark)
    .where(with_key(bill_mark, "meter", "generation", "wh"), bill_mark.c.at <= bindparam("new_at"))
    .values(
        wh=bindparam("new_wh"),
        at=bindparam("new_at"),
        registers=bindparam("new_registers"),
        version=bill_mark.c.version + 1,
    )
)
_LAST_CHARGE = (
    select(charge_table)
    .where(with_key(charge_table, "meter", "generation"))
    .order_by(charge_table.c.from_wh.desc())
    .limit(1)
)
_FIRST_CHARGE = (
    select(charge_table.c.from_at)
    .where(with_key(charge_table, "account"))
    .order_by(charge_table.c.from_at)
    .limit(1)
)
_WITHIN = and_(
    with_key(charge_table, "account"),
    charge_table.c.from_at >= bindparam("since"),
    charge_table.c.from_at < bindparam("until"),
)
_USED = func.sum(charge_table.c.to_wh - charge_table.c.from_wh).label("energy_wh")
_SPENT = select(_USED, func.sum(charge_table.c.amount).label("amount")).where(_WITHIN)
_PERIODS = select(charge_table.c.period, _USED).where(_WITHIN).group_by(charge_table.c.period)
_CHARGES = (
    select(charge_table)
    .where(_WITHIN)
    .order_by(charge_table.c.from_at, charge_table.c.meter, charge_table.c.from_wh)
)


class RegisterRows(Rows):
    """The part of a transaction that turns register readings into charges.

    A charge begins where the last one of its generation ended; when the transaction commits, the
    bill mark stands at the end of the last charge (`_seal_registers`).
    """

    def __init__(self, connection: Connection, site: str, epoch: int) -> None:
        """Work on a site's rows."""
        super().__init__(connection, site, epoch)
        self._touched: set[tuple[MeterSerial, int]] = set()

    def generation(self, meter: MeterSerial) -> RegisterGeneration | None:
        """Return the meter's open register generation, if any."""
        found = self._records(RegisterGeneration, _OPEN, self._key(meter=meter))
        return found[0] if found else None

    def last_generation(self, meter: MeterSerial) -> int:
        """Return the highest generation number ever used for this meter, 0 if none."""
        row = self._first(_LAST_NUMBER, self._key(meter=meter))
        return 0 if row is None else row["number"] or 0

    def open_generation(self, generation: RegisterGeneration) -> None:
        """Store a new open generation and its bill mark at `start_wh`."""
        meter, number = generation.meter, generation.generation
        if self.generation(meter) is not None or number != self.last_generation(meter) + 1:
            self._broken(f"{meter}/{number} cannot be opened behind its predecessor")
        self._insert(generation_table, generation)
        start = BillMark(
            meter=meter, generation=number, wh=generation.start_wh, at=generation.start_at
        )
        self._insert(bill_mark, start, version=1)

    def close_generation(self, generation: RegisterGeneration) -> None:
        """Store `closed_wh` and `closed_at` of an open generation, once."""
        meter, number = generation.meter, generation.generation
        if generation.closed_at is None or generation.closed_wh is None:
            self._broken(f"{meter}/{number} cannot be closed without its last reading")
        end = {"new_closed_wh": generation.closed_wh, "new_closed_at": generation.closed_at}
        if self._execute(_CLOSE, self._key(meter=meter, generation=number) | end) != 1:
            self._broken(f"{meter}/{number} is not open")
        self._touched.add((meter, number))

    def mark(self, meter: MeterSerial) -> BillMark | None:
        """Return the bill mark of the meter's open generation, if any."""
        generation = self.generation(meter)
        if generation is None:
            return None
        return self._find(BillMark, bill_mark, meter=meter, generation=generation.generation)

    def move_mark(self, before: BillMark, after: BillMark) -> None:
        """Set the mark if its Wh is still `before.wh`; never backwards, in Wh or in time."""
        key = self._key(meter=before.meter, generation=before.generation, wh=before.wh)
        same = (before.meter, before.generation) == (after.meter, after.generation)
        new = {"new_wh": after.wh, "new_at": after.at, "new_registers": after.registers}
        moved = self._execute(_MOVE_MARK, key | new)
        if moved != 1 or not same or after.wh < before.wh:
            self._fail(OperationFailedError("mark_moved", meter=before.meter))
        self._touched.add((before.meter, before.generation))

    def insert_charge(self, charge: Charge) -> None:
        """Store a charge; it must begin where the generation's last one ended."""
        last = self._last_charge(charge.meter, charge.generation)
        if last is None:
            key = {"meter": charge.meter, "generation": charge.generation}
            generation = self._row(generation_table, **key)
            end_wh, end_at = generation["start_wh"], generation["start_at"]
        else:
            end_wh, end_at = last["to_wh"], last["to_at"]
        if charge.from_wh != end_wh or charge.from_at < end_at:
            self._fail(OperationFailedError("mark_moved", meter=charge.meter))
        self._insert(charge_table, charge, hash="" if charge.transfer_id else _free_hash(charge))
        self._touched.add((charge.meter, charge.generation))

    def charges(self, account: AccountNumber, since: datetime, until: datetime) -> Iterator[Charge]:
        """Yield an account's charges that begin within a time, by `from_at` and meter."""
        window = {"since": since, "until": until}
        yield from self._records(Charge, _CHARGES, self._key(account=account) | window)

    def charged_wh(
        self, account: AccountNumber, since: datetime, until: datetime
    ) -> Mapping[str, int]:
        """Return the Wh charged to an account within a time, by period."""
        window = {"since": since, "until": until}
        rows = self._connection.execute(_PERIODS, self._key(account=account) | window).mappings()
        return {row["period"]: int(row["energy_wh"]) for row in rows}

    def spending(self, account: AccountNumber, since: datetime, until: datetime) -> Spending:
        """Return Wh and money charged to an account, by the charges' `from_at`."""
        window = {"since": since, "until": until}
        return _spending(self._first(_SPENT, self._key(account=account) | window))

    def first_charge_at(self, account: AccountNumber) -> datetime | None:
        """Return when the first interval charged to this account began."""
        row = self._first(_FIRST_CHARGE, self._key(account=account))
        return None if row is None else row["from_at"]

    def _seal_registers(self) -> None:
        """Check that the marks stand where the charges of this transaction end."""
        for meter, number in sorted(self._touched):
            key = {"meter": meter, "generation": number}
            generation = self._row(generation_table, **key)
            last = self._last_charge(meter, number)
            end = generation["start_wh"] if last is None else last["to_wh"]
            if self._row(bill_mark, **key)["wh"] != end:
                self._broken(f"the bill mark of {meter}/{number} is not at the end of its charges")
            if generation["closed_wh"] not in {None, end}:
                self._broken(f"{meter}/{number} was not charged up to its last reading")

    def _last_charge(self, meter: MeterSerial, number: int) -> RowMapping | None:
        return self._first(_LAST_CHARGE, self._key(meter=meter, generation=number))


def _spending(row: RowMapping | None) -> Spending:
    """Read a row of sums; nothing summed is a null, and PostgreSQL answers with decimals."""
    if row is None or row["energy_wh"] is None:
        return Spending()
    return Spending(energy_wh=int(row["energy_wh"]), amount=Amount(int(row["amount"])))


def _free_hash(charge: Charge) -> str:
    """Hash a charge that costs nothing: no transfer, and so no chain, speaks for it."""
    text = (
        f"compere_prepaid charge 2|{charge.meter}|{charge.generation}|{charge.account}|"
        f"{charge_detail(charge)}"
    )
    return hashlib.sha256(text.encode()).hexdigest()
