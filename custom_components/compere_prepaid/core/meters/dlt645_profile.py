"""What a DL/T 645-2007 meter can tell, and by which identifiers.

Numbers are read by *items*. An item is one number, or a block of numbers of one form, whose
identifier has FFh in the place where those of its single numbers count: 0001FF00 is 00010000,
00010100, 00010200 and so on. A meter that refuses a block is asked for the numbers one by one.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import override

from ..metering.reading import Quantity
from .decode import Unit
from .dlt645_numbers import NumberForm
from .modbus_profile import Cadence
from .profile import MeterProtocol, Profile, SerialDefaults, Verified


class Closing(StrEnum):
    """What the command to close the relay does."""

    AT_ONCE = "at_once"
    BY_BUTTON = "by_button"
    """It only allows to close; somebody presses the meter's button for some seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Numbers that are read in one frame."""

    name: str
    identifier: int
    counts_from: int
    """What stands in place of FFh for the first number; of no meaning for a single number."""
    cadence: Cadence
    form: NumberForm
    unit: Unit
    quantities: tuple[Quantity, ...]
    verified: Verified
    note: str = ""

    @property
    def size(self) -> int:
        """Return how many data bytes the numbers have together."""
        return len(self.quantities) * self.form.size

    def decode(self, data: bytes) -> dict[Quantity, int]:
        """Return those numbers that the meter told; a shorter block has fewer."""
        numbers: dict[Quantity, int] = {}
        for place, quantity in enumerate(self.quantities):
            part = data[place * self.form.size : (place + 1) * self.form.size]
            if (number := self.form.decode(part, self.unit)) is not None:
                numbers[quantity] = number
        return numbers

    def singles(self) -> tuple[Item, ...]:
        """Return the numbers of a block one by one; nothing for what is no block."""
        if (shift := block_shift(self.identifier)) is None:
            return ()
        return tuple(
            Item(
                name=f"{self.name}_{quantity}",
                identifier=self.identifier & ~(0xFF << shift) | self.counts_from + place << shift,
                counts_from=0,
                cadence=self.cadence,
                form=self.form,
                unit=self.unit,
                quantities=(quantity,),
                verified=self.verified,
            )
            for place, quantity in enumerate(self.quantities)
        )


def block_shift(identifier: int) -> int | None:
    """Return where an identifier has FFh, in bits from the right; None if it names one number."""
    return next((shift for shift in (0, 8, 16) if identifier >> shift & 0xFF == 0xFF), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The load relay, whose state is in the run status."""

    closing: Closing
    verified: Verified
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LowCreditDisplay:
    """The meter's display can be told that credit is low: by its alarm before a trip.

    It is used only where it was tried at the very meter, so it is nothing to be proved before.
    """

    verified: Verified
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Dlt645Profile(Profile):
    """All about a kind of DL/T 645-2007 meters."""

    PROTOCOL = MeterProtocol.DLT645

    serial_line: SerialDefaults
    items: tuple[Item, ...]
    stores: tuple[Item, ...] = ()
    """What the meter still grants; only that is read which its run status says it sells."""
    switch: Switch | None = None
    low_credit_display: LowCreditDisplay | None = None

    @cached_property
    @override
    def quantities(self) -> tuple[Quantity, ...]:
        items = (*self.items, *self.stores)
        return tuple(quantity for item in items for quantity in item.quantities)

    def items_of(self, cadence: Cadence) -> tuple[Item, ...]:
        """Return the items that are read at this cadence."""
        return tuple(item for item in self.items if item.cadence is cadence)

    @property
    @override
    def has_relay(self) -> bool:
        return self.switch is not None

    @override
    def unverified(self) -> tuple[str, ...]:
        named: list[tuple[str, Verified]] = [
            (quantity, item.verified)
            for item in (*self.items, *self.stores)
            for quantity in item.quantities
        ]
        if self.switch is not None:
            named.append(("relay", self.switch.verified))
        return tuple(name for name, verified in named if verified is Verified.UNVERIFIED)
