"""Policies that arrive as data: whatever is written, it is a policy or a list of faults."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.core.document_data import document_of
from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.policy.credit import policy_content, policy_of
from custom_components.compere_prepaid.core.site_file_policies import (
    POLICY_SCHEMA,
    policy_data,
    policy_from,
)
from custom_components.compere_prepaid.core.tariff.calendar_days import calendar_from

CNY = Currency.of("CNY")
CALENDARS = {
    "China": calendar_from(
        {"name": "China", "days": {"2026-10-01": "holiday", "2026-10-10": "fri"}}
    )
}

_RULES = sorted(POLICY_SCHEMA["$defs"]["policy"]["properties"])
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 400)
    | st.floats()
    | st.dates()
    | st.sampled_from(
        ["", "50", "12.5", "auto", "mon", "mon-fri", "holiday", "18:00", "24:00", "China"]
    )
    | st.text(max_size=5)
)
_WORDS = st.sampled_from(
    [*_RULES, "times", "days", "from", "to", "all_day", "calendar", "reminder"]
)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)
_LEVELS = st.lists(st.sampled_from([200, 100, 50.5, "20", 0, -1]), max_size=3)
_TIMES = st.lists(
    st.fixed_dictionaries(
        {"days": st.lists(st.sampled_from(["mon", "sat-mon", "holiday", "other"]), max_size=2)},
        optional={
            "from": st.sampled_from(["00:00", "18:00", "08:00"]),
            "to": st.sampled_from(["00:00", "08:00", "24:00"]),
            "all_day": st.booleans(),
        },
    ),
    max_size=3,
)
_LIKELY = st.fixed_dictionaries(
    {"name": st.just("P")},
    optional={
        "warning_levels": _LEVELS,
        "warning_days": st.lists(st.integers(0, 9), max_size=3),
        "cut_off": st.sampled_from([0, "10", 60]),
        "protected": st.fixed_dictionaries(
            {"times": _TIMES}, optional={"calendar": st.sampled_from(["China", "Peru"])}
        ),
        "valid_from": st.dates(),
        "notice_hours": st.integers(-1, 30),
    },
)


@settings(max_examples=200, deadline=None)
@given(_LIKELY | _ANYTHING | st.dictionaries(_WORDS, _ANYTHING, max_size=5))
def test_whatever_is_written(data: Any) -> None:
    """No other error leaves; what is taken means the same after it was kept or written again."""
    try:
        policy = policy_from(document_of(data, file="policy"), CNY, CALENDARS, file="policy")
    except DocumentError:
        return
    content = policy_content(policy, CNY)
    kept = policy_of(policy.name, content, CNY)
    assert policy_content(kept, CNY) == content
    written = document_of(policy_data(policy, CNY), file="policy")
    assert policy_from(written, CNY, CALENDARS, file="policy") == policy


def test_numbers_and_days_are_what_text_would_have_given() -> None:
    """A float of an automation is the decimal number that stands there."""
    text = "name: P\nwarning_levels: [100.1, 50]\nvalid_from: 2026-05-01\n"
    from_text = policy_from(document_of(text, file="p"), CNY, {}, file="p")
    data = {"name": "P", "warning_levels": [100.1, 50], "valid_from": from_text.valid_from}
    assert policy_from(document_of(data, file="p"), CNY, {}, file="p") == from_text
    assert from_text.warning_levels[0] == CNY.parse("100.1")
    assert document_of(0.1, file="p").data == Decimal("0.1")


@pytest.mark.parametrize("make", [list, tuple])
def test_lists_of_any_kind(make: Callable[[list[int]], Any]) -> None:
    """Automations give lists, scripts may give tuples."""
    data = {"name": "P", "warning_levels": make([100, 50])}
    policy = policy_from(document_of(data, file="p"), CNY, {}, file="p")
    assert [CNY.exact(level) for level in policy.warning_levels] == [100, 50]
