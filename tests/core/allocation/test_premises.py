"""Premises: what a unit is, and from which day it is so."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, strategies as st

from custom_components.compere_prepaid.core.allocation.premises import (
    NOTHING_KNOWN,
    Held,
    Premises,
    corrected,
    news,
    premises_between,
    premises_content,
    premises_of,
    premises_on,
)
from custom_components.compere_prepaid.core.document_versions import ALWAYS
from custom_components.compere_prepaid.core.ledger.records import Document

UNIT = "meter:M1"
FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 20)

small = st.integers(0, 3)
words = st.sampled_from(["", "Food court", "一楼"])
premises = st.builds(
    Premises,
    area=words,
    floor=words,
    labels=st.frozensets(st.sampled_from(["food", "anchor"])),
    floor_area=small,
    rated_power=small,
    persons=small,
    opening_minutes=small,
)


def after(documents: list[Document], what: Premises, day: date) -> list[Document]:
    """Return the documents once the unit was looked at on a day."""
    return [*documents, *news(documents, {UNIT: what}, day)]


@given(premises)
def test_the_text_keeps_what_a_unit_is(what: Premises) -> None:
    """What is not known is not in it."""
    assert premises_of(premises_content(what)) == what
    assert premises_content(NOTHING_KNOWN) == "{}"


def test_a_change_holds_from_its_day_and_the_time_before_keeps_what_was() -> None:
    """What is known first holds always."""
    small_shop, large_shop = Premises(floor_area=50_000), Premises(floor_area=80_000)
    documents = after([], small_shop, FIRST)
    documents = after(documents, small_shop, SECOND)
    documents = after(documents, large_shop, SECOND)
    assert [one.version for one in documents] == ["2000-01-01", "2026-03-10"]
    assert premises_on(documents, SECOND - timedelta(days=1))[UNIT] == small_shop
    assert premises_on(documents, SECOND)[UNIT] == large_shop
    assert premises_between(documents, FIRST, THIRD)[UNIT] == (
        Held(FIRST, SECOND, small_shop),
        Held(SECOND, THIRD, large_shop),
    )
    assert premises_between(documents, SECOND, THIRD)[UNIT] == (Held(SECOND, THIRD, large_shop),)


def test_what_was_missing_is_completed_for_the_time_before_too() -> None:
    """A floor area that is added late was what it is all the time; one that changes was not."""
    documents = after([], Premises(area="Food court"), FIRST)
    complete = Premises(area="Food court", floor_area=50_000)
    documents = after(documents, complete, THIRD)
    assert premises_on(documents, FIRST)[UNIT] == complete
    assert documents[-1].version == f"{ALWAYS}#2"
    moved = Premises(area="Atrium", floor_area=50_000)
    documents = after(documents, moved, THIRD)
    assert premises_on(documents, SECOND)[UNIT] == complete
    assert premises_on(documents, THIRD)[UNIT] == moved


def test_a_label_counts_from_its_day_on() -> None:
    """The first one as the second, and a gap stays a gap; nobody lacked a label before."""
    bare, food = Premises(floor_area=1), Premises(floor_area=1, labels=frozenset({"food"}))
    documents = after([], bare, FIRST)
    for day, what in ((FIRST, food), (SECOND, bare), (THIRD, food)):
        documents = after(documents, what, day)
    for day, what, before in ((FIRST, food, bare), (SECOND, bare, food), (THIRD, food, bare)):
        assert premises_on(documents, day)[UNIT] == what
        assert premises_on(documents, day - timedelta(days=1))[UNIT] == before


def test_what_was_missing_is_completed_though_a_label_comes_with_it() -> None:
    """Each counts from its own day."""
    documents = after([], Premises(area="Atrium"), FIRST)
    whole = Premises(area="Atrium", floor_area=50_000)
    labelled = replace(whole, labels=frozenset({"food"}))
    documents = after(documents, labelled, SECOND)
    assert premises_on(documents, FIRST)[UNIT] == whole
    assert premises_on(documents, SECOND)[UNIT] == labelled


def test_of_one_day_the_last_word_counts() -> None:
    """Also the tenth: revisions are numbers, and no text."""
    documents = after([], Premises(floor_area=1), FIRST)
    for size in range(2, 14):
        documents = after(documents, Premises(floor_area=size), SECOND)
    assert documents[-1].version == "2026-03-10#12"
    assert premises_on(documents, SECOND)[UNIT].floor_area == 13
    assert premises_between(documents, FIRST, THIRD)[UNIT] == (
        Held(FIRST, SECOND, Premises(floor_area=1)),
        Held(SECOND, THIRD, Premises(floor_area=13)),
    )


def test_a_unit_of_which_nothing_is_known_needs_no_words() -> None:
    """Until something is known of it; and nothing is written twice."""
    assert after([], NOTHING_KNOWN, FIRST) == []
    documents = after([], Premises(persons=3), FIRST)
    assert after(documents, Premises(persons=3), THIRD) == documents
    documents = after(documents, NOTHING_KNOWN, THIRD)
    assert premises_on(documents, THIRD)[UNIT] == NOTHING_KNOWN
    assert premises_on(documents, SECOND)[UNIT] == Premises(persons=3)


def test_what_was_wrong_is_put_right() -> None:
    """From a day on, also where it changed in between; the time before keeps what was said."""
    wrong, other, right = (Premises(floor_area=size) for size in (1, 2, 3))
    documents = after([], wrong, FIRST)
    documents = after(documents, other, SECOND)
    documents = after(documents, right, THIRD)
    found = list(corrected(documents, UNIT, right, FIRST))
    assert [one.version for one in found] == ["2026-03-01", "2026-03-10#2"]
    documents += found
    assert premises_on(documents, FIRST - timedelta(days=1))[UNIT] == wrong
    for day in (FIRST, SECOND, THIRD):
        assert premises_on(documents, day)[UNIT] == right
    assert list(corrected(documents, UNIT, right, FIRST)) == []


@given(st.lists(st.tuples(premises, st.integers(0, 3)), min_size=1, max_size=8))
def test_after_every_look_a_unit_is_what_was_seen(looks: list[tuple[Premises, int]]) -> None:
    """From that day on, whatever came before, also if a clock goes back."""
    documents: list[Document] = []
    day = FIRST
    for what, days in looks:
        day += timedelta(days=days)
        documents = after(documents, what, day)
        assert premises_on(documents, day).get(UNIT, NOTHING_KNOWN) == what
        assert len({one.version for one in documents}) == len(documents)
