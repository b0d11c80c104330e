"""What a tariff asks for the highest power of a month."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from ..money.amount import Price
from .year import ALL_MONTHS


class DemandQuantity(StrEnum):
    """What is measured: active power in W, or apparent power in VA."""

    KW = "kW"
    KVA = "kVA"


class DemandKey(NamedTuple):
    """What a measured maximum is of: the same key means the same measurement."""

    name: str
    quantity: DemandQuantity
    minutes: int
    """How long the blocks are whose mean power is measured."""
    period: str = ""
    """Only what is used in this period counts; empty for any time."""


class DemandStep(NamedTuple):
    """A step of the price ladder of a demand."""

    up_to_w: int | None
    """Where it ends, in W (or VA); None for the last one."""
    price: Price
    """Per kW (or kVA) and month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandItem:
    """A price on the highest mean power of a month, in steps."""

    key: DemandKey
    steps: tuple[DemandStep, ...]
    months: frozenset[int] = ALL_MONTHS
    look_back_months: int = 0
    look_back_ppm: int = 0
    """At least this part of the highest maximum of so many months before is billed."""

    def holds_in(self, month: date) -> bool:
        """Tell whether it is charged for this month."""
        return month.month in self.months
