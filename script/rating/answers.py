"""What `script/rate` answers, as data for JSON: money and prices exact, as decimal text."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.compere_prepaid.core.document_section import number_text
from custom_components.compere_prepaid.core.money.amount import WH_DIGITS, Amount, Currency
from custom_components.compere_prepaid.core.tariff.bill import Bill, BilledFee, BilledTax
from custom_components.compere_prepaid.core.tariff.buying import Bought
from custom_components.compere_prepaid.core.tariff.fees import DemandFee
from custom_components.compere_prepaid.core.tariff.percent import percent
from custom_components.compere_prepaid.core.tariff.rating import RatedLine


class Answer:
    """Writes what was reckoned, in one currency and zone."""

    def __init__(self, currency: Currency, zone: ZoneInfo) -> None:
        """Write for this site."""
        self._currency = currency
        self._zone = zone

    def of_bill(self, bill: Bill) -> dict[str, Any]:
        """Return a bill with all its lines."""
        return {
            "total": self._exact(bill.total),
            "total_rounded": f"{self._currency.rounded(bill.total):f}",
            "currency": self._currency.code,
            "kwh": _thousandths(sum(line.to_wh - line.from_wh for line in bill.lines)),
            "energy": self._exact(bill.energy),
            "fees": [self._fee(billed) for billed in bill.fees],
            "tax": self._exact(bill.tax),
            "taxes": [self._tax(tax) for tax in bill.taxes],
            "not_measured": list(bill.not_measured),
            "lines": [self._line(line) for line in bill.lines],
        }

    def of_purchase(self, amount: Amount, bought: tuple[Bought, ...]) -> dict[str, Any]:
        """Return what an amount buys, tier by tier."""
        spent = Amount(sum(part.amount for part in bought))
        return {
            "kwh": _thousandths(sum(part.wh for part in bought)),
            "currency": self._currency.code,
            "amount": self._exact(amount),
            "left": self._exact(Amount(amount - spent)),
            "tiers": [
                {
                    "tier": part.tier,
                    "kwh": _thousandths(part.wh),
                    "price": number_text(self._currency.exact_price(part.price)),
                    "amount": self._exact(part.amount),
                }
                for part in bought
            ],
        }

    def time(self, at: datetime) -> str:
        """Return an instant as the site's clocks show it, with the offset."""
        return at.astimezone(self._zone).isoformat()

    def _line(self, line: RatedLine) -> dict[str, Any]:
        return {
            "from": self.time(line.from_at),
            "to": self.time(line.to_at),
            "period": line.period,
            "tier": line.tier,
            "wh": line.to_wh - line.from_wh,
            "price": number_text(self._currency.exact_price(line.price)),
            "amount": self._exact(line.amount),
            "estimated": line.estimated,
        }

    def _fee(self, billed: BilledFee) -> dict[str, Any]:
        data: dict[str, Any] = {
            "kind": str(billed.fee.kind),
            "month": f"{billed.month:%Y-%m}",
            "days": billed.days,
            "amount": self._exact(billed.fee.amount),
        }
        if isinstance(billed.fee, DemandFee):
            unit = billed.fee.key.quantity
            data["name"] = billed.fee.key.name
            data[f"measured_{unit}"] = _thousandths(billed.fee.measured_w)
            data[f"billed_{unit}"] = _thousandths(billed.fee.billed_w)
        return data

    def _tax(self, tax: BilledTax) -> dict[str, Any]:
        return {
            "percent": number_text(percent(tax.ppm)),
            "net": self._exact(tax.net),
            "amount": self._exact(tax.amount),
        }

    def _exact(self, amount: Amount) -> str:
        return number_text(self._currency.exact(amount))


def _thousandths(number: int) -> str:
    """Return Wh as kWh, or W as kW."""
    return number_text(Decimal(number).scaleb(-WH_DIGITS))
