"""Who bears a pool, and with which weight.

Units are weighed day by day: a weight is what the basis asks for × the days of a stay, except where
it was measured (energy, demand). All is whole numbers. What many pools ask for alike (the same
members, the same basis) is worked out once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ..ids import AccountNumber
from .inputs import Inputs, Stay, Why
from .pool import WHOLE_PPM, Basis, Members, Pool, Split

OWNERS = (Why.SHARE, Why.VACANT, Why.MOVED_OUT, Why.EXCLUDED, Why.REMAINDER)
"""Whose parts are the owner's; they stand behind the tenants."""

type Span = tuple[date, date]


def days_of(stay: Stay) -> int:
    """Return how many days a stay has."""
    return (stay.until - stay.since).days


_WEIGHTS: Mapping[Basis, Callable[[Stay], int]] = {
    Basis.FLOOR_AREA: lambda stay: stay.floor_area * days_of(stay),
    Basis.RATED_POWER: lambda stay: stay.rated_power * days_of(stay),
    Basis.ENERGY: lambda stay: stay.energy_wh,
    Basis.DEMAND: lambda stay: stay.demand_w,
    Basis.EQUAL: days_of,
    Basis.PERSONS: lambda stay: stay.persons * days_of(stay),
    Basis.OCCUPIED_DAYS: lambda stay: 0 if stay.vacant else days_of(stay),
    Basis.OPENING_HOURS: lambda stay: stay.opening_minutes * days_of(stay),
}
_OF_BUILDING = frozenset({Basis.FLOOR_AREA, Basis.RATED_POWER})
"""What a unit has whether or not it is let."""
_OF_TENANT = frozenset({Basis.PERSONS, Basis.OPENING_HOURS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All stays that count in a pool's denominator, by whose they are.

    `slots` says for each of `stays` (places in the site's list) whose it is: the account's place in
    `accounts` (`slot_of`), and behind them those of `OWNERS`.
    """

    accounts: tuple[AccountNumber, ...]
    slot_of: Mapping[AccountNumber, int]
    stays: tuple[int, ...]
    slots: tuple[int, ...]
    spans: tuple[tuple[Span, ...], ...]
    """When each account had a unit, apart and in order."""
    days: tuple[int, ...]
    """The days of `spans`; for the owner's those of the run."""
    weights: dict[Basis, list[int]] = field(default_factory=dict)
    unweighted: dict[Basis, int] = field(default_factory=dict)


@dataclass(slots=True)
class Weigher:
    """Weighs the stays of a run."""

    inputs: Inputs
    period_days: int = 0
    _stays: list[Stay] = field(default_factory=list)
    _of_stays: dict[Basis, list[int]] = field(default_factory=dict)
    _groups: dict[tuple[object, ...], Group] = field(default_factory=dict)
    _presence: dict[AccountNumber, tuple[Span, ...]] = field(default_factory=dict)
    _moved_out: set[AccountNumber] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Bring the stays into an order that does not depend on where they came from."""
        self.period_days = (self.inputs.until - self.inputs.since).days
        self._stays = sorted(
            self.inputs.stays, key=lambda stay: (stay.account or "", stay.unit, stay.since)
        )
        self._moved_out = {stay.account for stay in self._stays if stay.account and stay.moved_out}

    def group(self, pool: Pool) -> Group:
        """Return who bears a pool."""
        kept_out = frozenset(x.account for x in pool.exclusions if x.denominator)
        excluded = frozenset(x.account for x in pool.exclusions if not x.denominator)
        key = (pool.members, pool.left_out, kept_out, excluded)
        if (found := self._groups.get(key)) is None:
            within = _choice(pool.members, pool.left_out)
            places = [
                place
                for place, stay in enumerate(self._stays)
                if (stay.vacant or stay.account not in kept_out) and within(stay)
            ]
            found = self._groups[key] = self._grouped(places, excluded)
        return found

    def weights(self, group: Group, split: Split) -> list[int]:
        """Return the weights of a group's accounts, and behind them those of `OWNERS`."""
        if split.basis is Basis.PERCENT:
            return self._percentages(group, split)
        if (found := group.weights.get(split.basis)) is None:
            found = [0] * (len(group.accounts) + len(OWNERS))
            of_stays = self._weights_of_stays(split.basis)
            for place, slot in zip(group.stays, group.slots, strict=True):
                found[slot] += of_stays[place]
            group.weights[split.basis] = found
        return found

    def unweighted(self, group: Group, basis: Basis) -> int:
        """Count the units that bear nothing because it is not known what the basis asks for."""
        if basis not in _OF_BUILDING and basis not in _OF_TENANT:
            return 0
        if (found := group.unweighted.get(basis)) is None:
            of_stays = self._weights_of_stays(basis)
            weighed = [(self._stays[place], of_stays[place]) for place in group.stays]
            said = {stay.account for stay, weight in weighed if weight}
            found = group.unweighted[basis] = len(
                {
                    (stay.unit, stay.account)
                    for stay, weight in weighed
                    if not weight
                    and days_of(stay)
                    and (basis in _OF_BUILDING or not (stay.vacant or stay.account in said))
                }
            )
        return found

    def occupied(self, group: Group) -> tuple[int, int]:
        """Return how much of a group is let, of how much: floor area × days, or units × days."""
        for basis in (Basis.FLOOR_AREA, Basis.EQUAL):
            weights = self.weights(group, Split(basis=basis))
            if total := sum(weights):
                return total - weights[len(group.accounts) + OWNERS.index(Why.VACANT)], total
        return 0, 0

    def presence(self, account: AccountNumber) -> tuple[Span, ...]:
        """Return when an account had any unit."""
        if not self._presence:
            by_account: dict[AccountNumber, list[Span]] = {}
            for stay in self._stays:
                if stay.account is not None and not stay.vacant and days_of(stay):
                    by_account.setdefault(stay.account, []).append((stay.since, stay.until))
            self._presence = {name: joined(spans) for name, spans in by_account.items()}
        return self._presence.get(account, ())

    def moved_out(self, account: AccountNumber) -> bool:
        """Tell whether an account cannot be charged any more: the owner bears what it owes."""
        return account in self._moved_out

    def _weights_of_stays(self, basis: Basis) -> list[int]:
        if (found := self._of_stays.get(basis)) is None:
            weight = _WEIGHTS[basis]
            found = self._of_stays[basis] = [weight(stay) for stay in self._stays]
        return found

    def _grouped(self, places: Sequence[int], excluded: frozenset[AccountNumber]) -> Group:
        """Sort stays by whose they are."""
        owners: list[Why | None] = [self._owner_because(self._stays[x], excluded) for x in places]
        spans: dict[AccountNumber, list[Span]] = {}
        for place, why in zip(places, owners, strict=True):
            stay = self._stays[place]
            if why is None and stay.account is not None:
                spans.setdefault(stay.account, []).append((stay.since, stay.until))
        accounts = tuple(sorted(spans))
        slot_of = {account: slot for slot, account in enumerate(accounts)}
        slots = tuple(
            slot_of[stay.account]
            if why is None and (stay := self._stays[place]).account is not None
            else len(accounts) + OWNERS.index(why or Why.SHARE)
            for place, why in zip(places, owners, strict=True)
        )
        apart = tuple(joined(spans[account]) for account in accounts)
        return Group(
            accounts=accounts,
            slot_of=slot_of,
            stays=tuple(places),
            slots=slots,
            spans=apart,
            days=(
                *(sum((until - since).days for since, until in one) for one in apart),
                *(self.period_days for _ in OWNERS),
            ),
        )

    def _owner_because(self, stay: Stay, excluded: frozenset[AccountNumber]) -> Why | None:
        """Tell why a stay's part is the owner's; None if it is not."""
        if stay.vacant:
            return Why.VACANT
        if stay.account is None or stay.account == self.inputs.owner:
            return Why.SHARE
        if stay.moved_out:
            return Why.MOVED_OUT
        return Why.EXCLUDED if stay.account in excluded else None

    def _percentages(self, group: Group, split: Split) -> list[int]:
        """Return millionths × days; what they leave of all is the owner's."""
        spans: dict[tuple[int, AccountNumber], list[Span]] = {}
        for place, slot in zip(group.stays, group.slots, strict=True):
            stay = self._stays[place]
            if stay.account is not None and stay.account in split.percentages and not stay.vacant:
                spans.setdefault((slot, stay.account), []).append((stay.since, stay.until))
        found = [0] * (len(group.accounts) + len(OWNERS))
        for (slot, account), of_account in spans.items():
            days = sum((until - since).days for since, until in joined(of_account))
            found[slot] += split.percentages[account] * days
        rest = WHOLE_PPM * self.period_days - sum(found)
        found[len(group.accounts) + OWNERS.index(Why.REMAINDER)] = max(0, rest)
        return found


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join times that overlap or touch."""
    if len(spans) == 1:
        return (spans[0],)
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return tuple(found)


def _choice(members: Members, left_out: Members) -> Callable[[Stay], bool]:
    """Return what tells whether a pool is about a stay."""
    if not members.named and not left_out.named:
        return lambda _: True
    return lambda stay: (
        (not members.named or _is_named(stay, members)) and not _is_named(stay, left_out)
    )


def _is_named(stay: Stay, members: Members) -> bool:
    """Tell whether a rule names a stay, by whichever of its places, labels and names."""
    return (
        stay.area in members.areas
        or stay.floor in members.floors
        or stay.account in members.accounts
        or not members.labels.isdisjoint(stay.labels)
    )
