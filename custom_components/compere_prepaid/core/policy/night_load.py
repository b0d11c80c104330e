"""What runs when nobody is there: the base load of a night, and whether it grows.

A night is cut into pieces of at least a quarter of an hour, and its base load is the lowest mean
power of a piece, by the register: a refrigerator that stands still for a minute does not count, a
leak that never pauses does. A night in which the relay was open, or of which less than half was
read, tells nothing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low

PIECE = timedelta(minutes=15)
LONGEST_PIECE = timedelta(minutes=45)
"""A longer piece has too much unknown in it."""

NIGHTS = 14
"""So many nights are remembered."""

ENOUGH = 5
"""With fewer nights before it no night is called unusual."""

_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NightEnd:
    """A night is over. `growth` in thousandths of a percent; None without enough nights."""

    base_mw: int
    growth: int | None


@dataclass(slots=True)
class NightWatch:
    """Follows one meter through its nights."""

    nights: deque[int] = field(default_factory=lambda: deque(maxlen=NIGHTS))
    """The base loads of the last nights in mW, the latest at the end."""
    _mark: tuple[datetime, int] | None = None
    _lowest_mw: int | None = None
    _covered: timedelta = timedelta(0)
    _is_void: bool = False

    def remember(self, nights: Iterable[int]) -> None:
        """Go on from nights that were seen before."""
        self.nights.extend(nights)

    def feed(
        self,
        at: datetime,
        minute: int,
        wh: int | None,
        *,
        night: tuple[int, int],
        is_open: bool,
    ) -> NightEnd | None:
        """Take a register reading at a minute of the site's day; tell of a night that is over."""
        if not in_night(minute, night):
            return self._end(night)
        if is_open:
            self._is_void = True
        if wh is None:
            return None
        if self._mark is None or at < self._mark[0] or wh < self._mark[1]:
            self._mark = (at, wh)
            return None
        since, from_wh = self._mark
        elapsed = at - since
        if elapsed < PIECE:
            return None
        self._mark = (at, wh)
        if elapsed > LONGEST_PIECE:  # perhaps another night
            self._lowest_mw, self._covered, self._is_void = None, timedelta(0), is_open
            return None
        self._covered += elapsed
        mean_mw = (wh - from_wh) * 1000 * _MICROSECONDS_PER_HOUR // (elapsed // _MICROSECOND)
        self._lowest_mw = mean_mw if self._lowest_mw is None else min(self._lowest_mw, mean_mw)
        return None

    def _end(self, night: tuple[int, int]) -> NightEnd | None:
        """Close the night, if there was one."""
        base_mw, covered, is_void = self._lowest_mw, self._covered, self._is_void
        self._mark, self._lowest_mw = None, None
        self._covered, self._is_void = timedelta(0), False
        length = timedelta(minutes=(night[1] - night[0]) % 1440)
        if base_mw is None or is_void or covered * 2 < length:
            return None
        growth = growth_of(base_mw, self.nights)
        self.nights.append(base_mw)
        return NightEnd(base_mw=base_mw, growth=growth)


def growth_of(base_mw: int, before: Iterable[int]) -> int | None:
    """Return by how much a base load exceeds the median of earlier ones (1000ths of a percent)."""
    nights = list(before)
    if len(nights) < ENOUGH:
        return None
    usual = max(median_low(nights), 1000)  # of a supply that slept altogether: 1 W
    return (base_mw - usual) * 100_000 // usual


def in_night(minute: int, night: tuple[int, int]) -> bool:
    """Tell whether a minute of the day belongs to a night, which may pass midnight."""
    since, until = night
    if since < until:
        return since <= minute < until
    return minute >= since or minute < until
