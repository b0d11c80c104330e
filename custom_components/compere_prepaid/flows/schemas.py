"""The selectors that several forms share."""

from collections.abc import Iterable, Mapping
from typing import Any, override

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio as vol

from ..core.meters.address import kept_address


class WholeNumberSelector(NumberSelector):
    """A box for a whole number. The number selector answers with a float: make it an int again."""

    @override
    def __call__(self, data: Any) -> int:
        """Validate; a fraction is refused, never rounded."""
        value = super().__call__(data)
        if not value.is_integer():
            raise vol.Invalid("a whole number is expected")
        return int(value)


class DecimalSelector(NumberSelector):
    """A box for a number with decimals, kept as text: a float would not keep it exactly."""

    @override
    def __call__(self, data: Any) -> str:  # type: ignore[override]  # what is kept is text
        """Validate; return the number as a person would write it: 120, 22.5."""
        value = super().__call__(data)
        return str(int(value)) if value.is_integer() else str(value)


class MeterAddressSelector(TextSelector):
    """A box for where a meter answers: a small number on most lines, twelve digits on some."""

    @override
    def __call__(self, data: Any) -> int | str:  # type: ignore[override]  # small ones are numbers
        """Validate; return the address in the form in which it is kept."""
        return kept_address(str(super().__call__(str(data))))


def whole_number(minimum: int, maximum: int, unit: str = "") -> WholeNumberSelector:
    """Ask for a whole number."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return WholeNumberSelector(config)


def decimal_number(minimum: float, maximum: float, unit: str) -> DecimalSelector:
    """Ask for a quantity."""
    return DecimalSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step="any",
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=unit,
        )
    )


def seconds(minimum: float, maximum: float, step: float = 0.1) -> NumberSelector:
    """Ask for a duration in seconds."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step=step,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement="s",
        )
    )


def choice(options: Iterable[str], translation_key: str | None = None) -> SelectSelector:
    """Ask for one of a few words; with a key they are shown translated."""
    config = SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.DROPDOWN)
    if translation_key:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def labelled_choice(labels: Mapping[str, str], *, multiple: bool = False) -> SelectSelector:
    """Ask for one, or several, of the keys; people see the labels."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in labels.items()],
            mode=SelectSelectorMode.DROPDOWN,
            multiple=multiple,
        )
    )
