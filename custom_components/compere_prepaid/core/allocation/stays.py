"""Who had which unit on which days of a run, and what the unit is.

A day belongs to who has the unit when it ends: the day of a move is the newcomer's, or vacant. A
unit that nobody has is vacant, also where its meter is the owner's meanwhile. What an account has
of its own (floor area, persons) counts instead of what its meters say, divided among its units of a
day. What a tenant used on a day that is not its any more is kept as a stay without days.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Supply, Tenancy
from ..prepayment.calendar import day_of
from .inputs import Stay
from .premises import (
    NOTHING_KNOWN,
    Held,
    Premises,
    unit_of_account,
    unit_of_meter,
)
from .splitting import shares

SWAP = timedelta(days=7)
"""A meter that supplies an account so soon after another one stopped has taken its place."""


class _Part(NamedTuple):
    """An account (or nobody) has a unit from a day to before another."""

    since: date
    until: date
    account: AccountNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """What stays are made of."""

    since: date
    until: date
    zone: ZoneInfo
    owner: AccountNumber | None
    accounts: frozenset[AccountNumber]
    """Those that the site has now; a unit without a meter is theirs only."""
    present: frozenset[MeterSerial]
    """The meters that the site has now; another one is a unit while it supplied somebody."""
    common: frozenset[MeterSerial]
    """Meters of pools and main meters: they are no units while they are nobody's or the owner's."""
    supplies: Iterable[Supply]
    tenancies: Iterable[Tenancy]
    premises: Mapping[str, Sequence[Held]]
    """What units and accounts were in the time, by `unit_of_meter` and `unit_of_account`."""
    energy: Mapping[tuple[AccountNumber, MeterSerial], int] = field(default_factory=dict)
    demand: Mapping[MeterSerial, int] = field(default_factory=dict)
    demand_on: date | None = None
    """The day of the hour in which all units together used most."""


def stays_of(tenants: Tenants) -> tuple[Stay, ...]:
    """Return the stays, by account, unit and day; those that are nobody's come first."""
    tenancies = list(tenants.tenancies)
    closed = frozenset(one.account for one in tenancies if one.closed_at is not None)
    found: list[Stay] = []
    of_account: dict[AccountNumber, list[tuple[MeterSerial, _Part]]] = {}
    for serial, part in _parts(tenants):
        if part.account is None or part.account == tenants.owner:
            found += _vacant(serial, part, tenants)
        else:
            of_account.setdefault(part.account, []).append((serial, part))
    for tenancy in tenancies:
        if (account := tenancy.account) == tenants.owner:
            continue
        for stay in _of_tenant(tenancy, of_account.get(account, ()), tenants):
            found.append(replace(stay, moved_out=True) if account in closed else stay)
    found.sort(key=_place)
    return tuple(sorted(_measured(list(_merged(found)), tenants, closed), key=_place))


def _place(stay: Stay) -> tuple[str, str, date]:
    return stay.account or "", stay.unit, stay.since


def _what(held: Sequence[Held], day: date) -> Premises:
    """Return what something was on a day."""
    return next((one.premises for one in held if one.since <= day < one.until), NOTHING_KNOWN)


def _parts(tenants: Tenants) -> Iterator[tuple[MeterSerial, _Part]]:
    """Yield who had each unit when, without a gap: nobody where no supply says so."""
    supplies: dict[MeterSerial, list[Supply]] = {serial: [] for serial in tenants.present}
    ends: dict[AccountNumber, list[Supply]] = {}
    for supply in tenants.supplies:
        if supply.to_at is not None:
            ends.setdefault(supply.account, []).append(supply)
        supplies.setdefault(supply.meter, []).append(supply)
    for serial, of_meter in sorted(supplies.items()):
        of_meter.sort(key=lambda one: (one.from_at, one.generation, one.number))
        is_swap = bool(of_meter) and _takes_over(of_meter[0], ends)
        for number, part in enumerate(_without_gaps(of_meter, tenants)):
            if part.account is None and (serial not in tenants.present or (is_swap and not number)):
                continue  # it was not there, or is not any more
            if part.account not in {None, tenants.owner} or serial not in tenants.common:
                yield serial, part


def _takes_over(first: Supply, ends: Mapping[AccountNumber, Sequence[Supply]]) -> bool:
    """Tell whether a meter's first supply goes on with that of a meter that was taken away."""
    return any(
        before.meter != first.meter
        and before.to_at is not None
        and timedelta(0) <= first.from_at - before.to_at <= SWAP
        for before in ends.get(first.account, ())
    )


def _without_gaps(supplies: Iterable[Supply], tenants: Tenants) -> Iterator[_Part]:
    """Yield who had a unit, day after day; the supplies are in the order of time."""
    since, zone = tenants.since, tenants.zone
    for supply in supplies:
        begin = max(since, day_of(supply.from_at, zone))
        end = tenants.until
        if supply.to_at is not None:
            end = min(end, day_of(supply.to_at, zone))
        if begin >= end:
            continue
        if since < begin:
            yield _Part(since, begin, None)
        yield _Part(begin, end, supply.account)
        since = end
    if since < tenants.until:
        yield _Part(since, tenants.until, None)


def _of(tenants: Tenants, serial: MeterSerial) -> Sequence[Held]:
    return tenants.premises.get(unit_of_meter(serial), ())


def _vacant(serial: MeterSerial, part: _Part, tenants: Tenants) -> Iterator[Stay]:
    """Yield the stays of the owner in a unit that nobody has."""
    held = _of(tenants, serial)
    for since, until in pairwise(_cuts(part.since, part.until, held)):
        yield _stay(tenants.owner, serial, since, until, _what(held, since), vacant=True)


def _of_tenant(
    tenancy: Tenancy, has: Sequence[tuple[MeterSerial, _Part]], tenants: Tenants
) -> Iterator[Stay]:
    """Yield the stays of an account."""
    zone, account = tenants.zone, tenancy.account
    first, last = max(tenants.since, day_of(tenancy.opened_at, zone)), tenants.until
    if tenancy.closed_at is not None:
        last = min(last, day_of(tenancy.closed_at, zone))
    own = tenants.premises.get(unit_of_account(account), ())
    cuts = {day for _, part in has for day in part[:2]}
    for serial, part in has:
        cuts.update(_cuts(part.since, part.until, _of(tenants, serial)))
    is_there = account in tenants.accounts and first < last
    if is_there:
        cuts.update(_cuts(first, last, own))
    if has:
        cuts.update(_cuts(min(cuts), max(cuts), own))
    for since, until in pairwise(sorted(cuts)):
        mine = _what(own, since)
        units = sorted(
            serial for serial, part in has if part.since <= since and until <= part.until
        )
        if not units and is_there and first <= since and until <= last:
            yield _stay(account, "", since, until, mine)
        whats = _together([_what(_of(tenants, serial), since) for serial in units], mine)
        for serial, what in zip(units, whats, strict=True):
            yield _stay(account, serial, since, until, what)


def _cuts(since: date, until: date, held: Sequence[Held]) -> list[date]:
    """Return the ends of a time, and the days within it on which something changed."""
    return [since, *(one.since for one in held if since < one.since < until), until]


def _together(units: Sequence[Premises], mine: Premises) -> Iterator[Premises]:
    """Yield what units of a day count as, if their account has something of its own."""
    if mine == NOTHING_KNOWN:
        yield from units
        return
    floor_area = _divided(mine.floor_area, [one.floor_area for one in units])
    rated_power = _divided(mine.rated_power, [one.rated_power for one in units])
    persons = _divided(mine.persons, [one.persons for one in units])
    opening_minutes = _divided(mine.opening_minutes, [one.opening_minutes for one in units])
    for place, what in enumerate(units):
        yield replace(
            what,
            labels=what.labels | mine.labels,
            floor_area=floor_area[place],
            rated_power=rated_power[place],
            persons=persons[place],
            opening_minutes=opening_minutes[place],
        )


def _divided(own: int, of_units: Sequence[int]) -> Sequence[int]:
    """Divide what an account has of its own as its units are known to be, else evenly."""
    if not own:
        return of_units
    return shares(own, of_units if all(of_units) else [1] * len(of_units))


def _stay(
    account: AccountNumber | None,
    unit: str,
    since: date,
    until: date,
    what: Premises,
    *,
    vacant: bool = False,
) -> Stay:
    return Stay(
        account=account,
        unit=unit,
        since=since,
        until=until,
        vacant=vacant,
        area=what.area,
        floor=what.floor,
        labels=what.labels,
        floor_area=what.floor_area,
        rated_power=what.rated_power,
        persons=what.persons,
        opening_minutes=what.opening_minutes,
    )


def _merged(stays: Iterable[Stay]) -> Iterator[Stay]:
    """Join stays that follow each other and are alike; they are sorted by unit and day."""
    before: Stay | None = None
    for stay in stays:
        if (
            before is not None
            and before.until == stay.since
            and replace(stay, since=before.since) == replace(before, until=stay.until)
        ):
            before = replace(before, until=stay.until)
            continue
        if before is not None:
            yield before
        before = stay
    if before is not None:
        yield before


def _measured(
    stays: Sequence[Stay], tenants: Tenants, closed: frozenset[AccountNumber]
) -> list[Stay]:
    """Give stays what was measured: an account's energy of a unit by its days there.

    Power is that of whoever had the unit on the day of the hour in question.
    """
    energy = dict(tenants.energy)
    days: dict[tuple[AccountNumber, MeterSerial], list[int]] = {}
    for stay in stays:
        days.setdefault(_key(stay), []).append((stay.until - stay.since).days)
    used = {key: iter(shares(energy.pop(key, 0), of_key)) for key, of_key in days.items()}
    found = []
    for stay in stays:
        wh, power = next(used[_key(stay)]), 0
        if tenants.demand_on is not None and stay.since <= tenants.demand_on < stay.until:
            power = tenants.demand.get(MeterSerial(stay.unit), 0)
        found.append(replace(stay, energy_wh=wh, demand_w=power) if wh or power else stay)
    for (account, serial), wh in sorted(energy.items()):
        if not wh or (account == tenants.owner and serial in tenants.common):
            continue
        day = tenants.since  # it has the unit on no day: it left on the first, or within one
        what = _what(_of(tenants, serial), day)
        stay = _stay(account, serial, day, day, what, vacant=account == tenants.owner)
        found.append(replace(stay, energy_wh=wh, moved_out=account in closed))
    return found


def _key(stay: Stay) -> tuple[AccountNumber, MeterSerial]:
    return stay.account or AccountNumber(""), MeterSerial(stay.unit)
