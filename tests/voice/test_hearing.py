"""Names and numbers, however they are said."""

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.voice.hearing import alike, readings, reduced


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("A one oh one", "A-101"),
        ("a 1 0 1", "A-101"),
        ("A one hundred and one", "A-101"),
        ("a one zero one", "A-101"),
        ("A-101's", "A-101s"),
        ("B two hundred three", "B203"),
        ("B twenty-one", "B21"),
        ("B twelve thirty four", "B1234"),
        ("G double o one", "G double O 1"),
        ("oh lala", "Oh Lala"),
        ("A一零一", "A-101"),
        ("Ａ幺零幺", "A101"),
        ("A一百零一", "A-101"),
        ("二十三号", "23号"),
        ("三千零五", "3005"),
        ("Noodle  house", "NOODLE HOUSE"),
        ("one stop shop", "One-Stop Shop"),
    ],
)
def test_two_ways_to_say_the_same(said: str, meant: str) -> None:
    """What is said and what is written come to the same."""
    assert reduced(said) == reduced(meant)


@pytest.mark.parametrize(
    ("one", "other"), [("A-101", "A-110"), ("A-11", "A-1 1 0"), ("Tea", "Team"), ("一", "二")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    """Nothing else is thrown together."""
    assert reduced(one) != reduced(other)


def test_fillers_are_left_out_last() -> None:
    """A shop that is called "The Shop" is found before the shop is left out of its name."""
    assert readings("the noodle house") == ("thenoodlehouse", "noodlehouse")
    assert readings("shop A one oh one") == ("shopa101", "a101")
    assert readings("商铺A一零一") == ("商铺a101", "a101")
    assert readings("…") == ()


def test_what_sounds_alike() -> None:
    """A name that was misheard is asked about; one that is nothing like it is not."""
    names = {reduced(name): name for name in ("Noodle House", "Bubble Tea", "Tea House")}
    assert alike("noodel howse", names) == ["Noodle House"]
    assert alike("parking", names) == []


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    """Nothing that is said fails, and reducing it again changes nothing but numbers."""
    once = reduced(text)
    assert all(sign.isalnum() for sign in once)
    assert all(readings(text))
