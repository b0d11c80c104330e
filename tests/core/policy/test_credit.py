"""Credit policy: levels, crossings and states."""

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.policy.credit import (
    Policy,
    Reconnect,
    SupplyState,
    assess,
    policy_content,
    policy_of,
    supply_state,
)

CNY = Currency.of("CNY")


def yuan(text: str | int) -> Amount:
    """Return an amount."""
    return CNY.parse(text)


STANDARD = Policy(name="Standard", warning_levels=(yuan(100), yuan(50)))


@pytest.mark.parametrize(
    ("available", "told", "announce", "exhausted"),
    [
        ("100.01", None, None, False),
        ("100", None, "100", False),
        ("51", "100", None, False),
        ("50", "100", "50", False),
        ("40", None, "50", False),
        ("60", "50", None, False),
        ("0.01", "50", None, False),
        ("0", "50", None, True),
        ("-3", None, "50", True),
    ],
)
def test_levels(available: str, told: str | None, announce: str | None, *, exhausted: bool) -> None:
    """A fall to a level tells it once; a fall through several tells the lowest."""
    verdict = assess(STANDARD, yuan(available), None if told is None else yuan(told))
    assert verdict.announce == (None if announce is None else yuan(announce))
    assert verdict.exhausted is exhausted


@given(st.lists(st.integers(-(10**11), 2 * 10**11).map(Amount), min_size=1, max_size=60))
def test_each_crossing_is_told_exactly_once(path: list[Amount]) -> None:
    """Along any path of credit a level is told when it is newly reached from above, never again."""
    told: Amount | None = None
    before: Amount | None = None
    for available in path:
        verdict = assess(STANDARD, available, told)
        level = STANDARD.level_reached(available)
        reached_before = None if before is None else STANDARD.level_reached(before)
        fell = level is not None and (reached_before is None or level < reached_before)
        assert (verdict.announce is not None) == fell
        told, before = verdict.announced, available


def test_states() -> None:
    """States follow from credit; off is what holds say."""
    assert supply_state(STANDARD, yuan(200), off=False) is SupplyState.IN_CREDIT
    assert supply_state(STANDARD, yuan(100), off=False) is SupplyState.WARNING
    assert supply_state(STANDARD, yuan(0), off=False) is SupplyState.EXHAUSTED
    assert supply_state(STANDARD, yuan(0), off=True) is SupplyState.OFF


@pytest.mark.parametrize(
    ("levels", "cut_off", "limit", "key"),
    [
        ((50, 100), 0, 0, "policy_levels_unsorted"),
        ((50, 50), 0, 0, "policy_levels_unsorted"),
        ((50, 10), 10, 0, "policy_level_below_cut_off"),
        ((50,), 0, -1, "policy_credit_limit_negative"),
    ],
)
def test_contradictions_are_refused(
    levels: tuple[int, ...], cut_off: int, limit: int, key: str
) -> None:
    """Rules that contradict each other never become a policy."""
    with pytest.raises(InvalidInputError, match=key):
        Policy(
            name="P",
            warning_levels=tuple(yuan(level) for level in levels),
            cut_off=yuan(cut_off),
            credit_limit=yuan(limit),
        )


def test_content_round_trip() -> None:
    """A policy is read back as it was written."""
    policy = Policy(
        name="Anchor",
        warning_levels=(yuan("1000.50"),),
        cut_off=yuan(-200),
        credit_limit=yuan(500),
        reconnect=Reconnect.CONFIRM,
        never_cut=True,
    )
    assert policy_of("Anchor", policy_content(policy, CNY), CNY) == policy
