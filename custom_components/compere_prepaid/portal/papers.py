"""An account's papers for its tenant: what was used and paid, receipts, statements."""

from datetime import date, timedelta
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..account_view import local_iso
from ..core.ids import AccountNumber, TransferId
from ..core.ledger.account_rows import IssuedStatement
from ..core.ledger.accounts import Fund, tenant
from ..core.ledger.ports import LedgerTransaction
from ..core.ledger.records import Transfer, TransferCode
from ..core.prepayment.calendar import day_of, day_start
from ..core.prepayment.cashier import receipt_of
from ..core.prepayment.state import AccountState
from ..core.prepayment.waterfall import Waterfall
from ..statements.press import Paper, async_issued
from .waterfall_view import steps_of

if TYPE_CHECKING:
    from ..site import CompereSite

TOP_UPS_SHOWN = 50


class Papers:
    """Reads the papers of a site's accounts."""

    def __init__(self, site: CompereSite) -> None:
        """Read what this site's ledger has."""
        self._site = site

    async def history(self, account: AccountState, days: int) -> dict[str, Any]:
        """Return the energy and cost of the last days, and the last top-ups."""
        site = self._site
        now = site.clock.now()
        today = day_of(now, site.zone)
        first = today - timedelta(days=days - 1)
        since = day_start(first, site.zone)

        def read(tx: LedgerTransaction) -> tuple[dict[date, int], list[Transfer]]:
            energies: dict[date, int] = {}
            for charge in tx.charges(account.number, since, now):
                day = day_of(charge.from_at, site.zone)
                energies[day] = energies.get(day, 0) + charge.to_wh - charge.from_wh
            top_ups = tx.transfers(tenant(account.number), TOP_UPS_SHOWN, only=TransferCode.TOP_UP)
            return energies, list(top_ups)

        energies, top_ups = await site.ledger.read(read)
        for meter in account.meters.values():
            for line in meter.pending:
                day = day_of(line.from_at, site.zone)
                energies[day] = energies.get(day, 0) + line.to_wh - line.from_wh
        listed = (first + timedelta(days=step) for step in range(days))
        return {
            "days": [
                {
                    "day": day.isoformat(),
                    "kwh": kwh_text(energies.get(day, 0)),
                    "cost": f"{site.currency.rounded(account.spending.on(day)):f}",
                }
                for day in listed
            ],
            "top_ups": [self._paid(transfer) for transfer in top_ups],
        }

    async def receipt(self, account: AccountNumber, transfer_id: str) -> dict[str, Any] | None:
        """Return the receipt of a top-up of an account; None if there is no such one."""
        transfer = await self._site.ledger.read(
            lambda tx: tx.find_transfer(TransferId(transfer_id))
        )
        funds = {tenant(account, fund) for fund in Fund}
        if transfer is None or transfer.credit not in funds:
            return None
        if transfer.code is not TransferCode.TOP_UP:
            return None
        shown = self._paid(transfer)
        if transfer.outcome:
            steps = Waterfall.of(transfer.outcome)
            shown["steps"] = steps_of(self._site.currency, steps)
        return shown

    async def statements(self, account: AccountNumber) -> list[dict[str, Any]]:
        """Return the statements that were issued, the latest first."""
        rows = await self._site.ledger.read(lambda tx: tx.rows(IssuedStatement, account=account))
        return [
            {
                "number": str(row.number),
                "since": local_iso(self._site, row.since),
                "until": local_iso(self._site, row.until),
            }
            for row in reversed(rows)
        ]

    async def statement_file(
        self, account: AccountNumber, number: int, language: str, form: str
    ) -> Path | None:
        """Return the file of an issued statement; None if there is no such one."""
        row = await async_issued(self._site, Paper(account, number))
        return None if row is None else await self._site.press.async_file(row, language, form)

    async def statement(self, account: AccountNumber, number: int) -> dict[str, Any] | None:
        """Return an issued statement as it was given out; None if there is no such one."""
        row = await async_issued(self._site, Paper(account, number))
        if row is None:
            return None
        content: dict[str, Any] = json.loads(row.content)
        return {**content, "number": str(row.number)}

    def _paid(self, transfer: Transfer) -> dict[str, Any]:
        site = self._site
        return {
            "reference": transfer.id,
            "receipt": receipt_of(transfer),
            "at": local_iso(site, transfer.effective_at),
            "amount": f"{site.currency.rounded(transfer.amount):f}",
            "via": self._title(transfer.source),
        }

    def _title(self, source: str) -> str:
        """Return what people call where a payment came from."""
        offers = {offer.key: offer.title for offer in self._site.payments.offers()}
        return offers.get(source, source)


def kwh_text(wh: int) -> str:
    """Return energy in kWh, exactly."""
    return f"{wh // 1000}.{wh % 1000:03}"
