"""Credit policy: states, contradictions, and its text."""

import pytest

from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.policy.credit import (
    Policy,
    Reconnect,
    SupplyState,
    policy_content,
    policy_of,
    supply_state,
)

CNY = Currency.of("CNY")


def yuan(text: str | int) -> Amount:
    """Return an amount."""
    return CNY.parse(text)


STANDARD = Policy(name="Standard", warning_levels=(yuan(100), yuan(50)))


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
