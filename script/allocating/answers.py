"""What `script/allocate` answers, as data for JSON: money exact, as decimal text."""

from decimal import Decimal, localcontext
from typing import Any

from custom_components.compere_prepaid.core.allocation.explaining import (
    explanation,
    missing_text,
    money,
    note_text,
    reckoning,
)
from custom_components.compere_prepaid.core.allocation.inputs import (
    Allocation,
    CostLine,
    Inputs,
    PoolResult,
    ShareLine,
)
from custom_components.compere_prepaid.core.allocation.wording import words_of
from custom_components.compere_prepaid.core.allocation.working import nets_of, tax_of
from custom_components.compere_prepaid.core.document_section import number_text
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount, Currency, Price

_SHARE_DIGITS = 12


class Answer:
    """Writes what came out of a run, or of one pool of it."""

    def __init__(
        self, inputs: Inputs, found: Allocation, currency: Currency, language: str, pool: str | None
    ) -> None:
        """Write in this currency and language; of this pool only if it is named."""
        self._pools = {one.name: one for one in inputs.pools}
        self._days = (inputs.until - inputs.since).days
        self._found = found
        self._currency = currency
        self._words = words_of(language)
        self._results = [one for one in found.pools if pool is None or one.pool == pool]
        self._names = {one.pool for one in self._results}
        self._whole = sum(one.cost for one in self._results)

    def of_account(self, number: AccountNumber) -> dict[str, Any]:
        """Return what an account bears, which part of all that is, and why; and tax on top."""
        lines = [one for one in self._found.shares.get(number, ()) if one.pool in self._names]
        texts = [self._explanation(line) for line in lines]
        amount = Amount(sum(line.amount for line in lines))
        return {
            "share": self._part(amount),
            "amount": self._exact(amount),
            "tax": self._exact(tax_of(nets_of(lines, self._pools))),
            "explanation": self._together(lines, texts),
            "lines": [self._line(*line) for line in zip(lines, texts, strict=True)],
        }

    def pools(self) -> list[dict[str, Any]]:
        """Return what each pool cost, who bears it, and what people should know."""
        return [self._pool(result) for result in self._results]

    def notes(self) -> list[str]:
        """Return what people should know of all pools, in words."""
        return [
            f"{result.pool}: {note}" for result in self._results for note in self._notes(result)
        ]

    def _pool(self, result: PoolResult) -> dict[str, Any]:
        return {
            "name": result.pool,
            "cost": self._exact(result.cost),
            "variable": self._exact(result.variable),
            "fixed": self._exact(result.fixed),
            "split": self._exact(result.split),
            "reckoning": reckoning(result, currency=self._currency, words=self._words),
            "tenants": self._exact(result.tenants),
            "owner": self._exact(result.owner),
            "costs": [self._cost(line) for line in result.lines if "missing" not in line.detail],
            "notes": self._notes(result),
        }

    def _cost(self, line: CostLine) -> dict[str, Any]:
        """Return a cost with its share of the pool: which circuit, which bill."""
        detail = {key: value for key, value in line.detail.items() if key != "price"}
        if (price := line.detail.get("price")) is not None:
            detail["price"] = number_text(self._currency.exact_price(Price(int(price))))
        return {
            "name": line.name,
            "amount": self._exact(line.amount),
            "fixed": line.fixed,
            **detail,
        }

    def _notes(self, result: PoolResult) -> list[str]:
        """Return what people should know of a pool, and what was not known of its costs."""
        missing = (missing_text(line, self._words) for line in result.lines)
        notes = (note_text(note, self._words) for note in result.notes)
        return [*notes, *filter(None, missing)]

    def _together(self, lines: list[ShareLine], texts: list[str]) -> str:
        if len(texts) == 1:
            return texts[0]
        return "\n".join(
            f"{line.pool}: {text} → {money(line.amount, self._currency, self._words)}"
            for line, text in zip(lines, texts, strict=True)
        )

    def _line(self, line: ShareLine, text: str) -> dict[str, Any]:
        return {
            "pool": line.pool,
            "basis": None if line.basis is None else line.basis.value,
            "why": line.why.value,
            "weight": line.weight,
            "of": line.total,
            "amount": self._exact(line.amount),
            "explanation": text,
        }

    def _explanation(self, line: ShareLine) -> str:
        return explanation(line, period_days=self._days, currency=self._currency, words=self._words)

    def _part(self, amount: Amount) -> str:
        """Return which part of all that was allocated an amount is."""
        if not self._whole:
            return "0"
        with localcontext(prec=60):
            part = Decimal(amount) / Decimal(self._whole)
        return number_text(round(part, _SHARE_DIGITS))

    def _exact(self, amount: Amount) -> str:
        return number_text(self._currency.exact(amount))
