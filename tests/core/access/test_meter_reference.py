"""The check character on meters' labels."""

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.access.meter_reference import reference_of, serial_of
from custom_components.compere_prepaid.core.errors import InvalidInputError

SERIALS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=16)


def test_published_example() -> None:
    """The Global Release Identifier standard prints its example as A1-2425G-ABC1234002-M."""
    assert reference_of("A12425GABC1234002") == "A12425GABC1234002-M"


@given(SERIALS, st.data())
def test_every_wrong_character_is_noticed(serial: str, data: st.DataObject) -> None:
    """One character typed wrong never means another meter."""
    place = data.draw(st.integers(0, len(serial) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    reference = reference_of(serial)
    typed = reference[:place] + other + reference[place + 1 :]
    if typed != reference:
        with pytest.raises(InvalidInputError, match="meter_reference_wrong"):
            serial_of(typed)


@given(SERIALS)
def test_what_was_printed_is_read(serial: str) -> None:
    """With spaces around it and in small letters, too."""
    reference = reference_of(serial)
    assert serial_of(f"  {reference} ") == serial
    assert serial_of(f"{serial}-{reference[-1].lower()}") == serial


@pytest.mark.parametrize("text", ["", "-", "33B0250100001", "33B0250100001-", "x" * 100 + "-0"])
def test_without_its_character_it_is_none(text: str) -> None:
    """A number alone is not enough."""
    with pytest.raises(InvalidInputError):
        serial_of(text)
