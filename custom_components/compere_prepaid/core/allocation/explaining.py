"""Saying where a line of a share comes from, so that anybody can reckon it again.

`120 m² of 4 800 m² = 2.5 % of 18 400.00`. Only the line itself is needed, so that a statement can
be printed in any language years later. Percentages have up to four decimals; `≈` says that there
would be more; the amount that stands beside it is exact to the unit all the same.
"""

from collections.abc import Mapping

from ..money.amount import Amount, Currency
from . import notes
from .inputs import CostLine, PoolResult, ShareLine, Why
from .pool import WHOLE_PPM, Basis

_PERCENT_DIGITS = 4
_WEIGHT_DIGITS = 3
_OF_DAYS = frozenset(Basis) - {Basis.ENERGY, Basis.DEMAND, Basis.OCCUPIED_DAYS}
"""Bases whose weights are something × days."""
_PER_UNIT = {
    Basis.FLOOR_AREA: 1000,
    Basis.RATED_POWER: 1000,
    Basis.ENERGY: 1000,
    Basis.DEMAND: 1000,
    Basis.OPENING_HOURS: 60,
    Basis.PERCENT: WHOLE_PPM // 100,
}
"""What weights are counted in, of what people read: 10⁻³ m², W, Wh, minutes, millionths."""
_GAINS = frozenset({Why.CAPPED, Why.LIMITED})
"""Reasons why the owner bears more, and tenants less; the others are the other way round."""


def explanation(
    line: ShareLine, *, period_days: int, currency: Currency, words: Mapping[str, str]
) -> str:
    """Return the arithmetic of a line of a run that has so many days.

    `words` are those of a language (`wording.words_of`).
    """
    share = ""
    if line.basis is not None and line.why is not Why.NO_DENOMINATOR:
        share = _arithmetic(line, line.basis, period_days, currency, words)
    elif line.why is Why.MOVED_OUT:
        share = words["why.contribution"].format(cost=money(line.cost, currency, words))
    if line.why is Why.SHARE:
        return share
    key = f"why.{line.why.value}"
    owners = line.amount > 0 if line.why in _GAINS else line.amount < 0
    if owners and f"{key}.owner" in words:
        key = f"{key}.owner"
    basis = "" if line.basis is None else words[f"basis.{line.basis.value}"]
    return words[key].format(share=share, basis=basis, cost=money(line.cost, currency, words))


def reckoning(result: PoolResult, *, currency: Currency, words: Mapping[str, str]) -> str:
    """Return how a pool was grossed up; empty if it was not."""
    if result.factor_ppm == WHOLE_PPM:
        return ""
    grossed = result.variable * result.factor_ppm // WHOLE_PPM
    return words["reckoning"].format(
        variable=money(result.variable, currency, words),
        factor=_number(result.factor_ppm, WHOLE_PPM, 6, words)[0],
        fixed=money(result.fixed, currency, words),
        together=money(Amount(grossed + result.fixed), currency, words),
        occupied=_number(result.occupied_ppm * 100, WHOLE_PPM, _PERCENT_DIGITS, words)[0],
    )


def note_text(note: str, words: Mapping[str, str]) -> str:
    """Return a note of a pool in words."""
    kind, *rest = note.split(":", 1)
    about = rest[0] if rest else ""
    if kind in {notes.NO_DENOMINATOR, notes.UNWEIGHTED}:
        basis, _, about = about.partition(":")
        return words[f"note.{kind}"].format(basis=words[f"basis.{basis}"], n=about)
    return words[f"note.{kind}"].format(n=about)


def missing_text(line: CostLine, words: Mapping[str, str]) -> str | None:
    """Return in words what is not known of a cost; None for one that is known."""
    if (kind := line.detail.get("missing")) is None:
        return None
    return words[f"missing.{kind}"].format(name=line.name, **line.detail)


def money(amount: Amount, currency: Currency, words: Mapping[str, str]) -> str:
    """Return an amount as people read it, rounded to the currency's minor unit."""
    return f"{currency.rounded(amount):,f}".replace(",", words["group"])


def _arithmetic(
    line: ShareLine,
    basis: Basis,
    period_days: int,
    currency: Currency,
    words: Mapping[str, str],
) -> str:
    """Return weight, total and percentage; where the basis counts days, as what they are a day."""
    cost = money(line.cost, currency, words)
    percent, exact = _number(line.weight * 100, line.total, _PERCENT_DIGITS, words)
    counts_days = basis in _OF_DAYS
    days = (line.days or 1) if counts_days else 1  # nothing is nothing, of no day too
    per_unit = _PER_UNIT.get(basis, 1)
    own, own_exact = _number(line.weight, per_unit * days, _WEIGHT_DIGITS, words)
    whole, whole_exact = _number(
        line.total, per_unit * (period_days if counts_days else 1), _WEIGHT_DIGITS, words
    )
    part = counts_days and days != period_days
    equals = "=" if exact and own_exact and whole_exact else "≈"
    if basis is Basis.PERCENT:
        template, own_text = ("percent_days" if part else "percent"), own
    else:
        template = "share_days" if part else "share"
        own_text = words[f"own.{basis.value}"].format(n=own)
    all_text = "" if basis is Basis.PERCENT else words[f"all.{basis.value}"].format(n=whole)
    return words[template].format(
        own=own_text,
        all=all_text,
        equals=equals,
        percent=percent,
        cost=cost,
        days=days,
        period=period_days,
    )


def _number(
    numerator: int, denominator: int, digits: int, words: Mapping[str, str]
) -> tuple[str, bool]:
    """Return a quotient with at most so many decimals, half up, and whether that is exact."""
    scale = 10**digits
    scaled, rest = divmod(numerator * scale, denominator)
    if 2 * rest >= denominator:
        scaled += 1
    whole, decimals = divmod(scaled, scale)
    text = f"{whole:,}".replace(",", words["group"])
    after = f"{decimals:0{digits}}".rstrip("0")
    return (f"{text}.{after}" if after else text), not rest
