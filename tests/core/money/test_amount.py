"""Money as integers: what is read, what is refused, what is shown."""

from contextlib import suppress
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import (
    MAX_AMOUNT,
    MAX_PRICE,
    ZERO,
    Amount,
    Currency,
    Price,
    energy_cost,
)

CNY = Currency.of("CNY")
JPY = Currency.of("JPY")
KWD = Currency.of("KWD")

amounts = st.integers(min_value=-MAX_AMOUNT + 1, max_value=MAX_AMOUNT - 1).map(Amount)
currencies = st.sampled_from([CNY, JPY, KWD])


@pytest.mark.parametrize(
    ("code", "digits", "scale"),
    [("CNY", 2, 9), ("EUR", 2, 9), ("JPY", 0, 6), ("VND", 0, 6), ("KWD", 3, 9)],
)
def test_currency_knows_its_digits(code: str, digits: int, scale: int) -> None:
    """Minor digits follow ISO 4217; a currency without them is counted less finely."""
    assert Currency.of(code) == Currency(code, digits, scale)


@pytest.mark.parametrize("code", ["", "cny", "CN", "CNYY", "C1Y", "ÄÖÜ", "CN "])
def test_what_is_no_currency_code_is_refused(code: str) -> None:
    """Three capital letters, nothing else."""
    with pytest.raises(InvalidInputError) as caught:
        Currency.of(code)
    assert caught.value.key == "currency_unknown"
    assert caught.value.placeholders == {"currency": code}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50", 12_500_000_000),
        ("12.5000", 12_500_000_000),
        (" 200 ", 200_000_000_000),
        ("-0.01", -10_000_000),
        ("-0", 0),
        ("1e2", 100_000_000_000),
        (7, 7_000_000_000),
        (Decimal("0.01"), 10_000_000),
        ("4611686018.42", 4_611_686_018_420_000_000),
        ("1" + "." + "0" * 37, 1_000_000_000),
    ],
)
def test_amounts_are_read_exactly(value: str | int | Decimal, expected: int) -> None:
    """Text, whole numbers and decimals become exact integers."""
    assert CNY.parse(value) == expected


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("", "amount_not_a_number"),
        ("ten", "amount_not_a_number"),
        ("1,50", "amount_not_a_number"),
        ("1_000", "amount_not_a_number"),
        ("١٢", "amount_not_a_number"),
        ("NaN", "amount_not_a_number"),
        ("sNaN", "amount_not_a_number"),
        ("Infinity", "amount_not_a_number"),
        ("1" * 41, "amount_not_a_number"),
        (True, "amount_not_a_number"),
        (1.5, "amount_not_a_number"),
        (None, "amount_not_a_number"),
        (Decimal("NaN"), "amount_not_a_number"),
        ("0.001", "amount_too_precise"),
        (Decimal("1e-400"), "amount_too_precise"),
        ("1.0000000000000000000000000000000000001", "amount_too_precise"),
        ("4611686018.43", "amount_too_large"),
        ("-4611686018.43", "amount_too_large"),
        ("1e18", "amount_too_large"),
        ("1e30", "amount_too_large"),
        (10**30, "amount_too_large"),
    ],
)
def test_what_is_no_amount_is_refused(value: str | int | Decimal, key: str) -> None:
    """Nothing is guessed and nothing is rounded on the way in."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse(value)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "value",
    ["1e-999999999", "1e999999999", 10**5000, Decimal("1e-2000000")],
    ids=["tiny text", "huge text", "huge integer", "tiny decimal"],
)
def test_monstrous_numbers_are_refused_quickly(value: str | int | Decimal) -> None:
    """A number with a million digits costs neither memory nor a strange error."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse(value)
    assert len(caught.value.placeholders["amount"]) <= 41
    with pytest.raises(InvalidInputError):
        CNY.parse_price(value)


def test_decimals_that_a_currency_does_not_have_are_refused() -> None:
    """Yen have no decimals, Kuwaiti dinar have three."""
    assert JPY.parse("200") == 200_000_000
    assert KWD.parse("0.001") == 1_000_000
    with pytest.raises(InvalidInputError) as caught:
        JPY.parse("200.5")
    assert caught.value.placeholders == {"amount": "200.5", "digits": "0", "currency": "JPY"}


@pytest.mark.parametrize("value", ["0", "-1", "-0.01"])
def test_an_amount_that_must_be_positive_is(value: str) -> None:
    """Nothing and less than nothing are no top-up."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse_positive(value)
    assert caught.value.key == "amount_not_positive"
    assert CNY.parse_positive("0.01") == 10_000_000


@pytest.mark.parametrize(
    ("value", "expected"), [("0.6173", 617_300), ("0", 0), ("0.000001", 1), (1_000_000, 10**12)]
)
def test_prices_are_read_exactly(value: str | int, expected: int) -> None:
    """A price counts millionths per kWh."""
    assert CNY.parse_price(value) == expected


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("cheap", "price_not_a_number"),
        ("-0.1", "price_negative"),
        ("0.0000001", "price_too_precise"),
        (MAX_PRICE + 1, "price_too_large"),
        ("1e30", "price_too_large"),
    ],
)
def test_what_is_no_price_is_refused(value: str | int, key: str) -> None:
    """A price is not negative, has few enough decimals and stays below a bound."""
    with pytest.raises(InvalidInputError) as caught:
        CNY.parse_price(value)
    assert caught.value.key == key


def test_energy_times_price_is_exact() -> None:
    """1 Wh at 0.6173 is 617.3 millionths of a unit, not rounded to anything."""
    assert energy_cost(1, CNY.parse_price("0.6173")) == 617_300
    assert CNY.exact(energy_cost(1, CNY.parse_price("0.6173"))) == Decimal("0.0006173")
    assert JPY.exact(energy_cost(1500, JPY.parse_price("31.125"))) == Decimal("46.6875")
    assert CNY.exact_price(Price(617_300)) == Decimal("0.6173")


@pytest.mark.parametrize(
    ("amount", "half_up", "down"),
    [
        (1_004_999_999, "1.00", "1.00"),
        (1_005_000_000, "1.01", "1.00"),
        (-1_005_000_000, "-1.01", "-1.01"),
        (-1, "-0.00", "-0.01"),
        (0, "0.00", "0.00"),
    ],
)
def test_rounding_for_statements_and_balances(amount: int, half_up: str, down: str) -> None:
    """Charges are rounded half away from zero, balances downwards."""
    assert CNY.rounded(Amount(amount)) == Decimal(half_up)
    assert CNY.rounded_down(Amount(amount)) == Decimal(down)


def test_lines_that_are_rounded_as_differences_add_up() -> None:
    """Line k = round(cumulative k) − round(cumulative k−1): the lines sum to the rounded total."""
    parts = [Amount(3_333_333_333), Amount(1_111_111_111), Amount(5_555_555_555)]
    totals = [ZERO, *(Amount(sum(parts[: count + 1])) for count in range(3))]
    lines = [CNY.rounded(b) - CNY.rounded(a) for a, b in pairwise(totals)]
    assert sum(lines) == CNY.rounded(totals[-1]) == Decimal("10.00")


@given(currencies, amounts)
def test_shown_exactly_and_read_back_is_the_same(currency: Currency, amount: Amount) -> None:
    """The exact decimal has all of the amount in it."""
    exact = currency.exact(amount)
    assert exact.scaleb(currency.scale) == amount


@given(currencies, amounts)
def test_rounding_is_that_of_decimals(currency: Currency, amount: Amount) -> None:
    """Both roundings agree with the decimal library's, and the lower one is never more."""
    unit = Decimal(1).scaleb(-currency.digits)
    exact = currency.exact(amount)
    assert currency.rounded(amount) == exact.quantize(unit, rounding=ROUND_HALF_UP)
    assert currency.rounded_down(amount) == exact.quantize(unit, rounding=ROUND_FLOOR) <= exact


@given(currencies, st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_read_exactly_or_refused(currency: Currency, value: Decimal) -> None:
    """There is no third way: no rounding, no other error."""
    with suppress(InvalidInputError):
        assert currency.exact(currency.parse(value)) == value


@given(currencies, st.integers(min_value=-(10**11), max_value=10**11))
def test_every_amount_of_minor_units_is_read(currency: Currency, minor: int) -> None:
    """Whole fen, yen and fils are always accepted, as text too."""
    value = Decimal(minor).scaleb(-currency.digits)
    assert currency.parse(value) == minor * 10 ** (currency.scale - currency.digits)
    assert currency.parse(str(value)) == currency.parse(value)


@given(currencies, st.text(max_size=50))
def test_any_text_is_read_or_refused(currency: Currency, text: str) -> None:
    """Whatever somebody types, only our own error comes out."""
    for parse in (currency.parse, currency.parse_positive, currency.parse_price):
        with suppress(InvalidInputError):
            parse(text)


@pytest.mark.parametrize(("code", "coin"), [("CNY", "0.01"), ("JPY", "1"), ("KWD", "0.001")])
def test_smallest_coin(code: str, coin: str) -> None:
    """It is what the last digit counts that people see."""
    currency = Currency.of(code)
    assert currency.minor == currency.parse(coin)
