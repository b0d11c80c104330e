"""The meter as backstop: it holds what its account can still use, and trips when we cannot.

Only where writing the stored credit was proved to set it. While the program runs it decides about
supply, so the meter must never trip first: it holds the energy that the available credit buys, a
tenth more, and what its breaker lets pass in two refreshes. It never holds 0, and never less than
that reserve. When the program is down the meter goes on counting down by itself, and trips not long
after the credit is used up.

Each write wears the meter's memory, so it is refreshed only when it is 5 % off and not more often
than every 15 minutes; but at once when what it holds falls below its reserve.
"""

from dataclasses import dataclass

SPACING_S = 900
"""Between two refreshes."""
URGENT_SPACING_S = 60
"""Between two writes in any case."""
HYSTERESIS_PERCENT = 5
MARGIN_PERCENT = 10
LARGE_WH = 99_999_000
"""What a meter is given that must not trip: no account, never cut, option switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a meter holds by our reckoning."""

    written_wh: int
    register_wh: int
    """What its register showed when that was written."""
    written_at_s: int
    """On a monotonic clock."""

    def left_wh(self, register_wh: int) -> int:
        """Return what is left of it by now."""
        return self.written_wh - max(0, register_wh - self.register_wh)


def reserve_wh(max_power_w: int) -> int:
    """Return what a meter always holds: what passes its breaker in two refreshes."""
    return max_power_w * 2 * SPACING_S // 3600


def wanted_wh(available: int, price: int, max_power_w: int) -> int:
    """Return what a meter is to hold.

    `available` is the account's available credit and `price` that of a Wh with tax, in the same
    unit of money. What is free cannot run out.
    """
    if price <= 0:
        return LARGE_WH
    bought_wh = max(0, available) // price
    wanted = bought_wh * (100 + MARGIN_PERCENT) // 100 + reserve_wh(max_power_w)
    return min(wanted, LARGE_WH)


def is_due(
    holding: Holding | None, wanted: int, register_wh: int, now_s: int, max_power_w: int
) -> bool:
    """Tell whether the meter is to be written now; None is a meter whose holding is not known."""
    if holding is None:
        return True
    since_s = now_s - holding.written_at_s
    left = holding.left_wh(register_wh)
    if left < min(reserve_wh(max_power_w), wanted):
        return since_s >= URGENT_SPACING_S
    is_off = abs(wanted - left) * 100 >= wanted * HYSTERESIS_PERCENT
    return is_off and since_s >= SPACING_S
