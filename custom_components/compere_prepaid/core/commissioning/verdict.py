"""What a check says: a verdict with the values that it rests on.

A check never guesses. Where a value is missing it says so, and where a load is needed to see
anything (a current transformer that is the wrong way round shows nothing without current) it asks
for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a check went."""

    PASSED = "passed"
    FAILED = "failed"
    ATTENTION = "attention"
    """Not wrong, but somebody should look."""
    UNKNOWN = "unknown"
    """It could not be told; the finding says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's result. `finding` is a translation key; `values` fill its sentence."""

    check: str
    verdict: Verdict
    finding: str
    values: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return it as answers and records have it."""
        return {
            "check": self.check,
            "verdict": self.verdict.value,
            "finding": self.finding,
            "values": dict(self.values),
        }


def thousandths_text(value: int, decimals: int = 3) -> str:
    """Return thousandths as a decimal text: 229097 is `229.097`, with one decimal `229.1`."""
    step = 10 ** (3 - decimals)
    rounded = (abs(value) + step // 2) // step
    sign = "-" if value < 0 and rounded else ""
    if not decimals:
        return f"{sign}{rounded}"
    return f"{sign}{rounded // 10**decimals}.{rounded % 10**decimals:0{decimals}}"
