"""A share of a common cost in words: which pool and time, and how it was worked out."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ...core.allocation.explaining import explanation
from ...core.allocation.inputs import ShareLine, Why
from ...core.allocation.pool import Basis
from ...core.allocation.wording import words_of
from ...core.money.amount import Amount, Currency
from .wording import Words

type Share = Mapping[str, Any]


def pool_text(words: Words, share: Share) -> str:
    """Return the pool and the days of the run."""
    since, until = _days(share)
    span = words.span(datetime.combine(since, time.min), datetime.combine(until, time.min))
    return f"{share['pool']}\n{span}"


def reckoning_text(words: Words, share: Share) -> str:
    """Return the basis and the arithmetic, and what is given back of an earlier statement."""
    since, until = _days(share)
    currency = words.currency
    terms = {**words_of(words.language), "group": ","}
    amount = _amount(share["amount"], currency)
    line = ShareLine(
        pool=share["pool"],
        basis=Basis(share["basis"]) if share["basis"] else None,
        weight=share["weight"],
        total=share["total"],
        cost=_amount(share["cost"], currency),
        amount=Amount(-amount) if share["reversed"] else amount,  # as it was charged
        days=share["days"],
        why=Why(share["why"]),
    )
    said = explanation(line, period_days=(until - since).days, currency=currency, words=terms)
    lines = [f"{terms[f'basis.{line.basis}']}: {said}" if line.basis and said else said]
    if share["reversed"]:
        number = share.get("statement")
        lines.append(
            words["given_back_plain"] if number is None else words.fill("given_back", number=number)
        )
    return "\n".join(text for text in lines if text)


def _days(share: Share) -> tuple[date, date]:
    return date.fromisoformat(share["since"]), date.fromisoformat(share["until"])


def _amount(exact: str, currency: Currency) -> Amount:
    return Amount(int(Decimal(exact).scaleb(currency.scale)))
