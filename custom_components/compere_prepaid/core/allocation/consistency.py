"""Whether the pools and feeders of a day fit together, and everything that they name is there.

Each pool may be right by itself and still count a meter that another counts already, or take its
cost from a pool that takes it back.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from ..balance.feeders import Feeder
from ..document_section import number_text
from ..document_versions import DayVersion
from ..tariff.percent import percent
from .pool import WHOLE_PPM, CostKind, Pool


class Clash(NamedTuple):
    """What is wrong with a version of a pool or feeder among others: where in it, and in words."""

    group: str
    """`pools` or `feeders`, as a site file has them."""
    name: str
    version: DayVersion
    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        """Return what is wrong where nobody knows the place."""
        return f"{self.group.removesuffix('s')} '{self.name}': {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What pools may name. What is None is not looked at."""

    feeders: Collection[str] | None = None
    tariffs: Collection[str] | None = None
    meters: Collection[str] | None = None
    accounts: Collection[str] | None = None


def clashes(pools: Iterable[Pool]) -> Iterator[Clash]:
    """Yield where pools of one day contradict each other."""
    known = {pool.name: pool for pool in pools}
    yield from _unknown_pools(known)
    yield from _counted_twice(known.values())
    yield from _circles(known)


def unknown_names(pools: Iterable[Pool], named: Named) -> Iterator[Clash]:
    """Yield names of feeders, tariffs, meters and accounts that nobody bears."""
    for pool in pools:
        for index, cost in enumerate(pool.costs):
            where: tuple[str | int, ...] = ("costs", index)
            if cost.kind is CostKind.LOSSES:
                yield from _unknown(pool, (*where, "losses"), "feeder", cost.name, named.feeders)
            if cost.tariff:
                yield from _unknown(pool, (*where, "tariff"), "tariff", cost.tariff, named.tariffs)
            for place, serial in enumerate(cost.meters):
                here = (*where, "meters", place)
                yield from _unknown(pool, here, "meter", serial, named.meters)
        for path, account in _accounts(pool):
            yield from _unknown(pool, path, "account", account, named.accounts)


def feeder_clashes(feeders: Iterable[Feeder]) -> Iterator[Clash]:
    """Yield meters that feeders of one day would count twice; who came last is to blame."""
    known = sorted(feeders, key=lambda feeder: (feeder.valid_from, feeder.name))
    main: dict[str, Feeder] = {}
    behind: dict[str, Feeder] = {}
    for feeder in known:
        version = DayVersion(feeder.valid_from, feeder.revision)
        for key, serials, taken, what in (
            ("main", feeder.main, main, "is a main meter of"),
            ("meters", feeder.meters or (), behind, "lies behind"),
        ):
            for place, serial in enumerate(serials):
                other = taken.setdefault(serial, feeder)
                if other is not feeder and not (taken is behind and _nested(other, feeder)):
                    message = f"meter '{serial}' {what} the feeder '{other.name}' already"
                    yield Clash("feeders", feeder.name, version, (key, place), message)
    for feeder in [feeder for feeder in known if feeder.meters is None][1:]:
        version = DayVersion(feeder.valid_from, feeder.revision)
        message = "all meters lie behind another feeder already: name those of this one"
        yield Clash("feeders", feeder.name, version, ("meters",), message)


def _nested(one: Feeder, other: Feeder) -> bool:
    """Tell whether one of two lies behind the other; its main meter counts for those behind it."""
    return bool({*one.main} & {*(other.meters or ())} or {*other.main} & {*(one.meters or ())})


def _accounts(pool: Pool) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield all accounts that a pool names, and where."""
    for key, members in (("include", pool.members), ("leave_out", pool.left_out)):
        for account in sorted(members.accounts):
            yield (key, "accounts"), account
    for split in pool.splits:
        for account in split.percentages:
            yield ("percent", account), account
    for index, exclusion in enumerate(pool.exclusions):
        yield ("exclusions", index, "account"), exclusion.account
    for key, limits in (("caps", pool.caps), ("floors", pool.floors)):
        for index, limit in enumerate(limits):
            if limit.account is not None:
                yield (key, index, "account"), limit.account


def _clash(pool: Pool, path: tuple[str | int, ...], message: str) -> Clash:
    return Clash("pools", pool.name, DayVersion(pool.valid_from, pool.revision), path, message)


def _unknown(
    pool: Pool, path: tuple[str | int, ...], kind: str, name: str, known: Collection[str] | None
) -> Iterator[Clash]:
    if known is None or name in known:
        return
    close = get_close_matches(name, sorted(known), 1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    yield _clash(pool, path, f"there is no {kind} '{name}'{hint}")


def _unknown_pools(known: Mapping[str, Pool]) -> Iterator[Clash]:
    for pool in known.values():
        for index, cost in enumerate(pool.costs):
            if cost.kind is CostKind.POOL:
                yield from _unknown(pool, ("costs", index, "pool"), "pool", cost.name, known)


def _counted_twice(pools: Iterable[Pool]) -> Iterator[Clash]:
    """Yield where more than all of something would be shared out; who came last is to blame."""
    taken: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for pool in sorted(pools, key=lambda pool: (pool.valid_from, pool.name)):
        for index, cost in enumerate(pool.costs):
            for key, name, path in _sources(pool, index):
                parts = taken.setdefault((key, name), [])
                parts.append((pool.name, cost.ppm))
                if cost.ppm > 0 and (whole := sum(ppm for _, ppm in parts)) > WHOLE_PPM:
                    others = ", ".join(f"{other} {_text(ppm)}" for other, ppm in parts)
                    message = f"'{name}' is shared out more than once: {others}, {_text(whole)}"
                    yield _clash(pool, path, f"{message} together")


def _sources(pool: Pool, index: int) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """Yield of what a cost takes a part: kind, name, and where that stands."""
    cost = pool.costs[index]
    if cost.kind is CostKind.METERS:
        for place, serial in enumerate(cost.meters):
            yield "meter", serial, ("costs", index, "meters", place)
    elif cost.kind in (CostKind.LOSSES, CostKind.POOL, CostKind.BILL):
        yield cost.kind.value, cost.name, ("costs", index, cost.kind.value)


def _text(ppm: int) -> str:
    return f"{number_text(percent(ppm))} %"


def _circles(known: Mapping[str, Pool]) -> Iterator[Clash]:
    """Yield for each pool that takes a part of itself, by way of others, the first such way."""
    for pool in known.values():
        for index, cost in enumerate(pool.costs):
            if cost.kind is not CostKind.POOL or cost.name == pool.name:
                continue
            if way := _way(known, cost.name, pool.name):
                message = f"takes a part of itself: {' ← '.join((pool.name, *way))}"
                yield _clash(pool, ("costs", index, "pool"), message)


def _way(known: Mapping[str, Pool], start: str, goal: str) -> tuple[str, ...]:
    """Return by which pools one has a part of another; empty if it has none."""
    ways: dict[str, tuple[str, ...]] = {start: (start,)}
    open_ends = [start]
    while open_ends:
        name = open_ends.pop()
        if name == goal:
            return ways[name]
        for cost in known[name].costs if name in known else ():
            if cost.kind is CostKind.POOL and cost.name not in ways:
                ways[cost.name] = (*ways[name], cost.name)
                open_ends.append(cost.name)
    return ()
