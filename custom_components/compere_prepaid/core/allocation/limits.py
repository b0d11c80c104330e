"""Caps and floors: at most and at least so much a month."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import timedelta
from fractions import Fraction

from ..ids import AccountNumber
from .pool import Limit
from .splitting import shares
from .weights import Span


def months_of(spans: Iterable[Span]) -> Fraction:
    """Return how many calendar months days are: each day is one part of its month."""
    found = Fraction(0)
    for since, until in spans:
        first = since
        while first < until:
            length = monthrange(first.year, first.month)[1]
            behind = min(until, first.replace(day=1) + timedelta(days=length))
            found += Fraction((behind - first).days, length)
            first = behind
    return found


def monthly(amount: int, spans: Iterable[Span]) -> Fraction:
    """Return what a monthly amount comes to in these days."""
    return amount * months_of(spans)


class Bounds:
    """What limits come to for accounts in their days, in whole units."""

    def __init__(self, limits: Iterable[Limit], unit: int, *, upwards: bool = False) -> None:
        """Sort limits into those for one account and the one for each."""
        self._each: int | None = None
        self._of: dict[AccountNumber, int] = {}
        for limit in limits:
            if limit.account is None:
                self._each = limit.amount
            else:
                self._of[limit.account] = limit.amount
        self._unit = unit
        self._upwards = upwards
        self._known: dict[tuple[int, tuple[Span, ...]], int] = {}

    def of(self, account: AccountNumber, spans: tuple[Span, ...]) -> int | None:
        """Return an account's limit in units; None if it has none."""
        amount = self._of.get(account, self._each)
        if amount is None:
            return None
        key = (amount, spans)
        if (found := self._known.get(key)) is None:
            exact = monthly(amount, spans)
            below = exact.numerator // (exact.denominator * self._unit)
            whole = below * self._unit == exact
            found = self._known[key] = below + (1 if self._upwards and not whole else 0)
        return found


def capped(base: Sequence[int], most: Sequence[int | None], total: int) -> list[int]:
    """Split `total` in proportion to `base`, nobody above its most; who is there bears the excess.

    What nobody can bear is left over: then the parts add up to less.
    """
    found = [0] * len(base)
    free = [place for place, weight in enumerate(base) if weight]
    while free:
        parts = shares(total, [base[place] for place in free])
        over = {
            place
            for place, part in zip(free, parts, strict=True)
            if (limit := most[place]) is not None and part > limit
        }
        for place, part in zip(free, parts, strict=True):
            found[place] = (most[place] or 0) if place in over else part
        if not over:
            break
        total -= sum(found[place] for place in over)
        free = [place for place in free if place not in over]
    return found


def raised(base: Sequence[int], least: Sequence[int], total: int) -> list[int]:
    """Split `total` in proportion to `base`, nobody below its least; the others bear that.

    The least amounts add up to no more than the total.
    """
    found = list(least)
    free = [place for place, weight in enumerate(base) if weight]
    total -= sum(part for part, weight in zip(least, base, strict=True) if not weight)
    while free:
        parts = shares(total, [base[place] for place in free])
        under = {place for place, part in zip(free, parts, strict=True) if part < least[place]}
        for place, part in zip(free, parts, strict=True):
            found[place] = least[place] if place in under else part
        if not under:
            break
        total -= sum(least[place] for place in under)
        free = [place for place in free if place not in under]
    return found
