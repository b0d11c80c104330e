"""The run at the end of a month, if the site's options ask for it: proposed, or posted at once.

It waits until the registers of the month's end are known, some days also until all energy of the
month is charged where pools are split by it, and happens once to each pool: those of
any run of the whole month, whatever became of it, and those that were posted for a part of it, are
left to people. So a restart changes nothing, and who rejects a run decides what comes next. A run
of which something is missing is never posted without a person: it is kept as a proposal, and a
repair issue says why.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from . import issues
from .authority import AUTOMATION
from .core.allocation.runs import Asked, Worked
from .core.errors import InvalidInputError, PrepaidError
from .core.ledger.allocation_rows import RunHead, RunState
from .core.prepayment.calendar import day_start, month_before, month_of, next_month
from .premises import async_write_for_allocation

if TYPE_CHECKING:
    from .site import CompereSite

OPTION_MONTH_END = "month_end"
CONF_MODE = "mode"
CONF_DAY = "day"
CONF_HOUR = "hour"
CONF_FROM = "from"
CONF_POST_FROM = "post_from"
LAST_DAY = 28
EVERY = timedelta(minutes=15)
PATIENCE = timedelta(days=3)
"""So long it waits until all energy of tenants is charged, where pools are split by that."""
MONTHS = 12
"""So many months back it is looked for what is left."""
_WAITS: Mapping[str, Callable[..., None]] = {
    "allocation_incomplete": issues.raise_month_end_registers,
    "allocation_behind": issues.raise_month_end_charges,
}
"""What a month waits for, by the key of the refusal."""


class Mode(StrEnum):
    """What happens at the end of a month."""

    OFF = "off"
    PROPOSE = "propose"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd:
    """What is to happen, and from which day and hour of the next month on.

    It holds from the month on in which it was chosen: nobody who switches it on charges tenants for
    months that were over then, and nobody who lets it post posts what was to wait.
    """

    mode: Mode = Mode.OFF
    day: int = 1
    hour: int = 3
    begins: str = ""
    """The first month that it is about, like `2026-03`; empty while it is off."""
    posts: str = ""
    """The first month that is posted; empty while nothing is."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read a site's options."""
        given = options.get(OPTION_MONTH_END, {})
        return cls(
            mode=Mode(given.get(CONF_MODE, Mode.OFF)),
            day=int(given.get(CONF_DAY, cls().day)),
            hour=int(given.get(CONF_HOUR, cls().hour)),
            begins=given.get(CONF_FROM, ""),
            posts=given.get(CONF_POST_FROM, ""),
        )

    def time_after(self, month: date, zone: ZoneInfo) -> datetime:
        """Return when, in a month, it is time for the month before."""
        begins = day_start(month + timedelta(days=self.day - 1), zone)
        return begins + timedelta(hours=self.hour)

    def chosen(self, given: Mapping[str, Any], month: date) -> dict[str, Any]:
        """Return the option after somebody chose this in a month."""
        mode, this = Mode(given[CONF_MODE]), month_name(month)
        found = {CONF_MODE: mode.value, CONF_DAY: given[CONF_DAY], CONF_HOUR: given[CONF_HOUR]}
        if mode is not Mode.OFF:
            found[CONF_FROM] = self.begins or this
        if mode is Mode.POST:
            found[CONF_POST_FROM] = self.posts or this
        return found


class MonthEndKeeper:
    """Looks whether a month is to be allocated, and says what waits for a person."""

    def __init__(self, site: CompereSite) -> None:
        """Serve a site."""
        self._site = site
        self._next: datetime | None = None
        self._look: asyncio.Task[None] | None = None
        self._lacking: dict[str, tuple[str, ...]] = {}

    def on_clock(self) -> None:
        """Look every quarter of an hour, in the background."""
        now = self._site.clock.now()
        if (self._look is None or self._look.done()) and (self._next is None or now >= self._next):
            self._next = now + EVERY
            work = self._site.reading_path.guarded(self.async_look())
            self._look = self._site.spawn(work, "end of the month")

    async def async_look(self) -> None:
        """Allocate the months for which it is time, and keep the issues."""
        site, settings = self._site, MonthEnd.of(self._site.entry.options)
        months = self._due(settings)
        issues.clear_others(site, issues.MONTH_END, {month_name(month) for month in months})
        for month in months:
            try:
                await self._look_at(settings, month)
            except PrepaidError as error:
                issues.raise_month_end_failed(site, month_name(month), error)
                if not isinstance(error, InvalidInputError):
                    break  # nor would other months do better now
        self._keep_waiting(await site.allocations.heads())

    async def async_refresh(self) -> None:
        """Say what waits, after somebody took a step."""
        self._keep_waiting(await self._site.allocations.heads())

    def _due(self, settings: MonthEnd) -> tuple[date, ...]:
        """Return the months for which it is time, the oldest first."""
        site, found = self._site, list[date]()
        if settings.mode is Mode.OFF:
            return ()
        month = month_of(site.clock.now(), site.zone)
        if site.clock.now() < settings.time_after(month, site.zone):
            month = month_before(month)
        at_most = MONTHS if settings.begins else 1
        while len(found) < at_most and month_name(month := month_before(month)) >= settings.begins:
            found.append(month)
        return tuple(reversed(found))

    async def _look_at(self, settings: MonthEnd, since: date) -> None:
        """Work out what is left of a month, post what waits for nobody, say what it waits for."""
        site, waits, lacking = self._site, None, tuple[str, ...]()
        until, month = next_month(since), month_name(since)
        known_at = settings.time_after(until, site.zone)
        if left := await site.allocations.left(since, until, known_at):
            asked = Asked(since=since, until=until, pools=left)
            waits = await self._propose(asked, charged=site.clock.now() < known_at + PATIENCE)
        for head in await site.allocations.heads(since, until):
            is_ours = head.state is RunState.PROPOSED and head.user == AUTOMATION
            if not is_ours or (head.since, head.until) != (since, until):
                continue
            if found := await self._lacking_of(head.id):
                lacking += found
            elif settings.mode is Mode.POST and month >= settings.posts:
                await site.allocations.approve(head.id, user=AUTOMATION)
        if waits is not None:
            _WAITS[waits.key](site, month, **waits.placeholders)
        elif lacking:
            issues.raise_month_end_lacks(site, month, lacking)
        else:
            issues.clear(site, issues.MONTH_END, month)

    async def _propose(self, asked: Asked, *, charged: bool) -> InvalidInputError | None:
        """Work pools out and keep that, or return what it has to wait for."""
        await async_write_for_allocation(self._site)
        try:
            run = await self._site.allocations.propose(asked, user=AUTOMATION, charged=charged)
        except InvalidInputError as error:
            if error.key not in _WAITS:
                raise
            return error
        if run.head is not None:
            self._lacking[run.head.id] = _lacking(run)
        return None

    async def _lacking_of(self, run: str) -> tuple[str, ...]:
        """Return the pools of a run of which something is not known; a run never changes."""
        if run not in self._lacking:
            self._lacking[run] = _lacking(await self._site.allocations.get(run))
        return self._lacking[run]

    def _keep_waiting(self, heads: tuple[RunHead, ...]) -> None:
        """Say that runs wait for somebody to approve or reject them."""
        waiting = [head.id for head in heads if head.state is RunState.PROPOSED]
        if waiting:
            issues.raise_allocation_waits(self._site, waiting)
        else:
            issues.clear(self._site, issues.ALLOCATION_WAITS, "")


def month_name(month: date) -> str:
    """Name a month, like `2026-03`."""
    return month.isoformat()[:7]


def _lacking(worked: Worked) -> tuple[str, ...]:
    """Return the pools of which something is not known."""
    return tuple(
        pool
        for pool, lines in worked.inputs.costs.items()
        if any(line.detail.get("missing") not in {None, "beginning"} for line in lines)
    )
