"""Percentages as people write them (`-10`, `+50 %`) and as integers of millionths."""

from decimal import Decimal

from ..document_section import Section, number_text

_PPM_IN_PERCENT = 10_000
_DECIMALS = 4
_MOST = 1000 * _PPM_IN_PERCENT


def read_percent(section: Section, *, least: int = 0, most: int = _MOST) -> int | None:
    """Read a percentage in ppm, or report why it is none. The schema has seen its shape."""
    text = str(section.value).removesuffix("%").rstrip()
    number = Decimal(text)
    if not number.is_finite() or not least <= number * _PPM_IN_PERCENT <= most:
        section.fault(
            f"must be a percentage from {least // _PPM_IN_PERCENT} to {most // _PPM_IN_PERCENT}"
        )
    elif (number * _PPM_IN_PERCENT) % 1:
        section.fault(f"has too many decimals: a percentage has at most {_DECIMALS}")
    else:
        return int(number * _PPM_IN_PERCENT)
    return None


def percent(ppm: int) -> Decimal:
    """Return ppm as a number of percent."""
    return Decimal(ppm).scaleb(-_DECIMALS)


def percent_text(ppm: int) -> str:
    """Write what is added to a price: `+50 %`."""
    return f"{'+' if ppm > 0 else ''}{number_text(percent(ppm))} %"
