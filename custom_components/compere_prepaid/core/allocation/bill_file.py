"""Bills as a table: a CSV file with a row a bill, as spreadsheets write it.

Every fault is told with its line, and nothing is entered while there is one.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
import re

from ..errors import InvalidInputError
from ..ledger.allocation_rows import SupplierBill
from ..money.amount import ZERO, Amount, Currency
from ..table_file import Table
from .bills import MANY

NEEDED = ("supplier", "number", "name", "since", "until", "amount")
COLUMNS = (*NEEDED, "tax", "energy_kwh", "fixed")
_KWH = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


class _CellError(Exception):
    """A cell cannot be read."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def read_bills(
    text: str, *, file: str, currency: Currency, at: datetime, user: str
) -> tuple[SupplierBill, ...]:
    """Return the bills of a table. Raises `DocumentError` with all that is wrong with it."""
    table = Table(file=file, columns=COLUMNS, needed=NEEDED, max_rows=MANY)
    bills: list[SupplierBill] = []
    for line, cells in table.rows(text):
        try:
            bills.append(_bill(cells, currency, at, user))
        except _CellError as error:
            table.fault(line, error.column, error.message)
    table.refuse_faults()
    return tuple(bills)


def _bill(cells: Mapping[str, str], currency: Currency, at: datetime, user: str) -> SupplierBill:
    for column in NEEDED:
        if column not in cells:
            raise _CellError(column, "is empty")
    since, until = _day(cells, "since"), _day(cells, "until")
    if until <= since:
        raise _CellError("until", "must be after 'since': it is the first day behind the bill")
    energy, fixed = cells.get("energy_kwh", ""), cells.get("fixed", "").casefold()
    if energy and not _KWH.fullmatch(energy):
        raise _CellError("energy_kwh", f"'{energy[:40]}' is no energy in kWh like 1250.5")
    if fixed not in _YES_NO:
        raise _CellError("fixed", f"'{fixed[:40]}' is neither yes nor no")

    def money(column: str) -> Amount:
        try:
            return currency.parse(text) if (text := cells.get(column, "")) else ZERO
        except InvalidInputError as error:
            message = f"'{text[:40]}' is no amount in {currency.code} like 1250.50"
            raise _CellError(column, message) from error

    return SupplierBill(
        supplier=cells["supplier"],
        number=cells["number"],
        name=cells["name"],
        since=since,
        until=until,
        amount=money("amount"),
        tax=money("tax"),
        energy_wh=int(Decimal(energy or 0) * 1000),
        fixed=_YES_NO[fixed],
        entered_at=at,
        user=user,
    )


def _day(cells: Mapping[str, str], column: str) -> date:
    try:
        return date.fromisoformat(cells[column])
    except ValueError as error:
        raise _CellError(column, f"'{cells[column][:40]}' is no day like 2026-10-01") from error
