"""Every line says where it comes from, in the languages of tenants."""

from datetime import date
from string import Formatter
from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.compere_prepaid.core.allocation import notes
from custom_components.compere_prepaid.core.allocation.explaining import (
    explanation,
    note_text,
    reckoning,
)
from custom_components.compere_prepaid.core.allocation.inputs import Inputs, ShareLine, Why
from custom_components.compere_prepaid.core.allocation.pool import Basis, Exclusion, Limit, Split
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.wording import WORDS, words_of
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Currency
from tests.core.allocation.runs import USD, cost, money, only, pool, run, stay
from tests.core.allocation.strategies import runs

ENGLISH = words_of("en")


def told(line: ShareLine, language: str = "en") -> str:
    """Explain a line of October."""
    return explanation(line, period_days=31, currency=USD, words=words_of(language))


def lines_of(account: str, *parts: Any, **more: Any) -> list[str]:
    """Work out a run and explain the lines of an account."""
    return [told(line) for line in run(*parts, **more).shares[AccountNumber(account)]]


def test_the_arithmetic_of_a_share() -> None:
    """The example of the issue, in all languages."""
    found = run(pool(), 18_400, stay("A", square=120), stay("B", square=4_680))
    (line,) = found.shares[AccountNumber("A")]
    assert line.amount == money(460)
    assert told(line) == "120 m² of 4 800 m² = 2.5 % of 18 400.00"
    assert told(line, "zh-Hans") == "4 800 m² 中的 120 m² = 18 400.00 的 2.5%"
    assert told(line, "ms") == "120 m² daripada 4 800 m² = 2.5 % daripada 18 400.00"


@pytest.mark.parametrize(
    ("basis", "a", "b", "text"),
    [
        (Basis.RATED_POWER, {"rated_power": 22_000}, {"rated_power": 66_000}, "22 kW of 88 kW"),
        (Basis.ENERGY, {"energy_wh": 1_250_500}, {"energy_wh": 3_751_500}, "1 250.5 kWh of 5"),
        (Basis.DEMAND, {"demand_w": 4_500}, {"demand_w": 13_500}, "4.5 kW of 18 kW in the hour"),
        (Basis.PERSONS, {"persons": 1}, {"persons": 3}, "1 of 4 persons = 25 %"),
        (Basis.OPENING_HOURS, {"opening_minutes": 4_200}, {"opening_minutes": 600}, "70 h of 80 h"),
        (Basis.EQUAL, {}, {}, "1 of 2 units = 50 %"),
        (Basis.OCCUPIED_DAYS, {}, {"until": date(2026, 10, 11)}, "31 of 41 days ≈ 75.6098 %"),
    ],
    ids=lambda value: value.value if isinstance(value, Basis) else "",
)
def test_each_basis_is_told_in_its_own_unit(
    basis: Basis, a: dict[str, object], b: dict[str, object], text: str
) -> None:
    """What people know a shop by: kW, kWh, persons, hours a week."""
    (line,) = lines_of("A", pool(by=basis), 100, stay("A", **a), stay("B", **b))
    assert line.startswith(text)


def test_who_was_there_for_some_days() -> None:
    """A move in the middle of the month: the days stand beside the floor area."""
    stays = (
        stay("A", square=120, until=date(2026, 10, 11)),
        stay("B", square=120, since=date(2026, 10, 11)),
        stay("C", square=480),
    )
    assert lines_of("A", pool(), 1000, *stays) == [
        "120 m² on 10 of 31 days, of 600 m² ≈ 6.4516 % of 1 000.00"
    ]


def test_fixed_percentages() -> None:
    """What they leave is the owner's, and says so."""
    by = Split(
        basis=Basis.PERCENT,
        percentages={AccountNumber("A"): 125_000, AccountNumber("B"): 250_000},
    )
    rule = pool(splits=(by,))
    stays = (stay("A"), stay("B", until=date(2026, 10, 11)))
    assert lines_of("A", rule, 800, *stays) == ["12.5 % of 800.00"]
    assert lines_of("B", rule, 800, *stays) == ["25 % on 10 of 31 days ≈ 8.0645 % of 800.00"]
    assert lines_of("OWNER", rule, 800, *stays) == ["Given to nobody: 79.4355 % of 800.00"]


def test_what_else_was_done_is_told() -> None:
    """A cap, a contribution, gross-up, vacancy: each has a line that names it."""
    anchor = AccountNumber("ANCHOR")
    rule = pool(
        exclusions=(Exclusion(account=anchor, denominator=True, contribution=money(5_000)),),
        caps=(Limit(amount=money(1_000), account=AccountNumber("A")),),
        gross_up_ppm=950_000,
    )
    found = run(
        rule,
        {"Pool": (cost(12_000), cost(8_000, fixed=True))},
        *(stay("A", square=120), stay("B", square=680), stay(None, square=200)),
        stay("ANCHOR", square=3_000),
    )
    assert [told(line) for line in found.shares[AccountNumber("A")]] == [
        "120 m² of 1 000 m² = 12 % of 17 250.00",
        "No more than 1 000.00 is due",
    ]
    assert [told(line) for line in found.shares[anchor]] == ["Agreed contribution of 5 000.00"]
    assert [told(line) for line in only(found).owner_lines] == [
        "Vacant units: 200 m² of 1 000 m² = 20 % of 17 250.00",
        "What caps take off tenants",
        "Reckoned for higher occupancy, but not spent",
    ]
    assert reckoning(only(found), currency=USD, words=ENGLISH) == (
        "12 000.00 × 1.1875 + 8 000.00 = 22 250.00 (80 % is let)"
    )


def test_a_contribution_of_somebody_who_moved_out_is_told() -> None:
    """The owner's line says what it is, and how much was agreed for these days."""
    rule = Exclusion(account=AccountNumber("C"), denominator=True, contribution=money(310))
    left = stay("C", until=date(2026, 10, 11), moved_out=True)
    assert lines_of("OWNER", pool(exclusions=(rule,)), 1_000, stay("A", square=1), left) == [
        "Tenants who moved out: Agreed contribution of 100.00"
    ]


def test_percentages_are_rounded_half_up() -> None:
    """To four decimals, and the sign says that there would be more; 0 is 0."""
    texts = [
        lines_of("A", pool(), 100, stay("A", square=part), stay("B", square=rest))[0]
        for part, rest in ((1, 31), (1, 799_999), (1, 2_000_001), (0, 1), (2, 1))
    ]
    assert [text.split(" m² ", 2)[-1].split(" % ")[0] for text in texts] == [
        "= 3.125",
        "≈ 0.0001",
        "≈ 0",
        "= 0",
        "≈ 66.6667",
    ]


def test_what_the_owner_bears_for_want_of_weights() -> None:
    """The line and the note name the basis."""
    found = run(pool(by=Basis.ENERGY), 100, stay("A"))
    assert told(only(found).owner_lines[0]) == (
        "Nobody has anything to split by (Metered energy): the owner bears it"
    )
    assert reckoning(only(found), currency=USD, words=ENGLISH) == ""


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("no_cost", "Nothing was spent on this"),
        (
            "no_denominator:persons",
            "Nobody has anything to split by (Persons): the owner bears that part",
        ),
        (
            "unweighted:floor_area:3",
            "Units of which it is not known (Floor area), so that they bear nothing: 3",
        ),
        ("no_contribution:A:1", "A:1 was not there and contributes nothing"),
    ],
)
def test_notes_in_words(note: str, text: str) -> None:
    """With the basis, how many units, or which account."""
    assert note_text(note, ENGLISH) == text


def test_a_contribution_of_nothing_is_the_tenants_all_the_same() -> None:
    """The owner's line about contributions reads otherwise."""
    rule = Exclusion(account=AccountNumber("A"), denominator=True, contribution=money("0.01"))
    found = run(
        pool(exclusions=(rule,)),
        100,
        stay("A", square=1, until=date(2026, 10, 2)),
        stay("B", square=1),
    )
    assert [told(line) for line in found.shares[AccountNumber("A")]] == [
        "Agreed contribution of 0.00"
    ]


@settings(max_examples=40)
@given(runs())
def test_any_line_and_note_has_words(inputs: Inputs) -> None:
    """In each language, for tenants and the owner; nothing is left to fill in."""
    allocation = allocate(inputs)
    days = (inputs.until - inputs.since).days
    for words in WORDS.values():
        for lines in (*allocation.shares.values(), *(x.owner_lines for x in allocation.pools)):
            for line in lines:
                text = explanation(line, period_days=days, currency=Currency.of("CNY"), words=words)
                assert text
                assert "{" not in text
        for result in allocation.pools:
            assert all(note_text(note, words) for note in result.notes)
            assert "{" not in reckoning(result, currency=Currency.of("CNY"), words=words)


def test_languages_have_the_same_words() -> None:
    """With the same places to fill in; and every basis, reason and note has one."""
    parsed = {
        language: {
            key: sorted(name for _, name, _, _ in Formatter().parse(text) if name)
            for key, text in words.items()
        }
        for language, words in WORDS.items()
    }
    assert parsed["zh-Hans"] == parsed["en"] == parsed["ms"]
    kinds = [value for name, value in vars(notes).items() if name.isupper()]
    assert {key for key in ENGLISH if key.startswith("note.")} == {f"note.{x}" for x in kinds}
    assert {key for key in ENGLISH if key.startswith("basis.")} == {f"basis.{x}" for x in Basis}
    whys = {key.split(".")[1] for key in ENGLISH if key.startswith("why.")}
    assert whys == {why.value for why in Why if why}


@pytest.mark.parametrize(
    ("asked", "language"),
    [("en", "en"), ("en-GB", "en"), ("zh-Hans", "zh-Hans"), ("zh", "zh-Hans"), ("de", "en")],
)
def test_which_words(asked: str, language: str) -> None:
    """What Home Assistant or a browser calls a language."""
    assert words_of(asked) is WORDS[language]
