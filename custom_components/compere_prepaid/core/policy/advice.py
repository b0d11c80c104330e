"""What is allowed in a policy, and hardly meant: told to whoever writes it."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from .credit import Policy


class Advice(StrEnum):
    """Something to think about before a policy is put into force."""

    NEVER_ALLOWS_CUT = "never_allows_cut"
    """Its protected times leave no minute in which credit may cut."""
    NO_WARNING = "no_warning"
    """It cuts without having warned before."""
    NO_SPECIAL_DAY = "no_special_day"
    """The calendar that it names has no day to come."""


def advice(policy: Policy, today: date) -> Iterator[Advice]:
    """Yield what to think about; the policy's special days are those of its calendar by now."""
    if policy.never_cut:
        return
    if policy.protected.never_allows_cut(today):
        yield Advice.NEVER_ALLOWS_CUT
    if not policy.warning_levels and not policy.warning_days:
        yield Advice.NO_WARNING
    if policy.protected.calendar and not any(day >= today for day in policy.protected.days):
        yield Advice.NO_SPECIAL_DAY
