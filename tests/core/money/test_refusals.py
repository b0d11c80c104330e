"""What a refusal says: the value that was given, short enough to read, and the limit it broke."""

from decimal import Context, Decimal, localcontext

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import MAX_PRICE, Currency

CNY = Currency.of("CNY")

type Value = str | int | Decimal


@pytest.mark.parametrize(
    ("value", "key", "more"),
    [
        ("ten", "amount_not_a_number", {}),
        ("0.001", "amount_too_precise", {"digits": "2", "currency": "CNY"}),
        ("1e18", "amount_too_large", {}),
        ("5000000000", "amount_too_large", {}),
        ("-1", "amount_not_positive", {}),
    ],
)
def test_an_amount_is_named_with_its_fault(value: str, key: str, more: dict[str, str]) -> None:
    """Who typed it finds the amount again in the message."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse_positive(value)
    assert (caught.value.key, caught.value.placeholders) == (key, {"amount": value} | more)


@pytest.mark.parametrize(
    ("value", "key", "more"),
    [
        ("cheap", "price_not_a_number", {}),
        ("-0.1", "price_negative", {}),
        ("0.0000001", "price_too_precise", {"digits": "6"}),
        ("1000001", "price_too_large", {"limit": str(MAX_PRICE)}),
    ],
)
def test_a_price_is_named_with_its_fault(value: str, key: str, more: dict[str, str]) -> None:
    """Who typed it finds the price again in the message."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse_price(value)
    assert (caught.value.key, caught.value.placeholders) == (key, {"price": value} | more)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 40 + "…"),
        (2**127, str(2**127)),
        (2**128, "…"),
    ],
)
def test_what_is_shown_stays_readable(value: Value, shown: str) -> None:
    """Long texts are cut off; of a monstrous number no digit is worked out."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse(value)
    assert caught.value.placeholders == {"amount": shown}


def test_the_longest_text_is_read() -> None:
    """Forty characters are still a number."""
    assert CNY.parse("1." + "0" * 38) == 1_000_000_000


def test_reading_is_exact_whatever_decimals_others_want() -> None:
    """The thread's own decimal context, which any program may change, has no say."""
    with localcontext(Context(prec=3)):
        assert CNY.parse("1234567.89") == 1_234_567_890_000_000
        assert CNY.parse_price("0.617345") == 617_345
