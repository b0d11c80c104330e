"""Percentages as people write them (`-10`, `+50 %`) and as integers of millionths."""

from decimal import Decimal

from ..document_section import Section, number_text

_DECIMALS = 4
_FINEST = Decimal(1).scaleb(-_DECIMALS)
_MOST: int = 1000 * 10**_DECIMALS


def read_percent(section: Section, *, least: int = 0, most: int = _MOST) -> int | None:
    """Read a percentage in ppm, or report why it is none. The schema has seen its shape."""
    number = Decimal(str(section.value).removesuffix("%").rstrip())
    if not number.is_finite() or not percent(least) <= number <= percent(most):
        bounds = f"{number_text(percent(least))} to {number_text(percent(most))}"
        section.fault(f"must be a percentage from {bounds}")
    elif number != (finest := number.quantize(_FINEST)):
        section.fault(f"has too many decimals: a percentage has at most {_DECIMALS}")
    else:
        return int(finest.scaleb(_DECIMALS))
    return None


def percent(ppm: int) -> Decimal:
    """Return ppm as a number of percent."""
    return Decimal(ppm).scaleb(-_DECIMALS)


def percent_text(ppm: int) -> str:
    """Write what is added to a price: `+50 %`."""
    return f"{'+' if ppm > 0 else ''}{number_text(percent(ppm))} %"
