"""Bills and book as files for an accountant: each line with what was found for it, and the days."""

from collections.abc import Iterable, Mapping, Sequence
import csv
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from homeassistant.util import slugify

from ..account_view import exact_text
from ..core.ledger.payment_rows import BillKind, BillLine, ProviderRefund, ProviderTxn
from ..core.ledger.ports import LedgerTransaction
from ..core.money.amount import Currency

type Line = Sequence[str]

_LINES = ("provider", "day", "kind", "ref", "order", "amount", "fee", "currency", "time", "booked")
_DAYS = ("provider", "day", "payments", "paid", "refunds", "refunded", "fees", "unexplained")
_FAULTS = ("provider", "day", "line", "ref", "kind", "amount")


@dataclass(frozen=True, slots=True)
class Report:
    """What is written of some providers' days."""

    currency: Currency
    providers: Sequence[str]
    since: date
    until: date

    def lines(self, tx: LedgerTransaction) -> list[Line]:
        """Return the lines of the bills; `booked` is what the book calls it, if it knows it."""
        return [
            self._line(tx, line)
            for key in self.providers
            for line in tx.rows(BillLine, provider=key)
            if self.since <= line.day <= self.until
        ]

    def days(self, answer: Mapping[str, Any]) -> dict[str, list[Line]]:
        """Return the tables of days and of faults, from what the action answers."""
        days: list[Line] = [_DAYS]
        faults: list[Line] = [_FAULTS]
        for key, provider in answer["providers"].items():
            for day in provider["days"]:
                paid, refunded = day["payment"], day["refund"]
                days.append(
                    (
                        key,
                        day["day"],
                        str(paid["count"]),
                        paid["amount"],
                        str(refunded["count"]),
                        refunded["amount"],
                        day["fees"],
                        day["unexplained"],
                    )
                )
                faults += (
                    (key, day["day"], one["line"], one["ref"], one["kind"], one["amount"])
                    for one in day["faults"]
                )
        return {"days": days, "faults": faults}

    def _line(self, tx: LedgerTransaction, line: BillLine) -> Line:
        if line.kind is BillKind.PAYMENT:
            txn = tx.find(ProviderTxn, provider=line.provider, txn=line.ref)
            booked = (txn and txn.transfer_id) or ""
        else:
            refund = tx.find(ProviderRefund, id=line.ref)
            booked = f"{refund.account} {refund.reference}" if refund else ""
        return (
            line.provider,
            line.day.isoformat(),
            line.kind,
            line.ref,
            line.order_id,
            exact_text(self.currency, line.amount),
            exact_text(self.currency, line.fee),
            line.currency,
            line.at.isoformat(),
            booked,
        )


def report_folder(root: str, site: str, made: datetime) -> Path:
    """Return a folder of its own for a report."""
    return Path(root, "exports", f"{slugify(site)}-payments-{made:%Y%m%d-%H%M%S}")


def write_report(
    folder: Path, lines: Iterable[Line], tables: Mapping[str, Iterable[Line]]
) -> dict[str, str]:
    """Write a report and return the names of its files. Blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"lines": [_LINES, *lines], **tables}
    for name, rows in found.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([_safe(cell) for cell in row] for row in rows)
    return {name: f"{name}.csv" for name in found}


def _safe(cell: str) -> str:
    """Keep a spreadsheet from taking a provider's text for a formula; amounts stay numbers."""
    is_formula = cell[:1] in {"=", "+", "@", "\t", "\r"} or (
        cell[:1] == "-" and not cell[1:].replace(".", "").isdigit()
    )
    return f"'{cell}" if is_formula else cell
