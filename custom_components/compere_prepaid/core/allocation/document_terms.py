"""How it is written whom a pool is about: places, exclusions, and the most and least they bear."""

from typing import Any

from ..document_section import Section
from ..ids import AccountNumber
from ..money.amount import ZERO, Amount, Currency
from .pool import Exclusion, Limit, Members

_PLACES = ("areas", "floors", "labels")


def read_members(section: Section) -> Members:
    """Read places, labels and accounts; nothing named is everybody."""
    return Members(
        **{key: frozenset(part.value for part in section.items(key)) for key in _PLACES},
        accounts=frozenset(AccountNumber(str(part.value)) for part in section.items("accounts")),
    )


def members_data(members: Members) -> dict[str, Any]:
    """Write whom a pool is about."""
    return {
        key: sorted(named) for key in (*_PLACES, "accounts") if (named := getattr(members, key))
    }


def read_exclusions(section: Section, currency: Currency) -> tuple[Exclusion, ...]:
    """Read who does not bear a share."""
    found: dict[str, Exclusion] = {}
    for entry in section.entries("exclusions"):
        account = entry.text("account")
        if account in found:
            entry.fault(f"account '{account}' is excluded already: write one entry for it")
        exclusion = _read_exclusion(entry, currency)
        if exclusion:
            found[exclusion.account] = exclusion
    return tuple(found.values())


def _read_exclusion(section: Section, currency: Currency) -> Exclusion | None:
    part = section.part("contribution")
    contribution = (part.money(currency.parse) if part else ZERO) or ZERO
    if not section.sound:
        return None
    out_of = section.value.get("from", ["pool"])
    if part and contribution < 0:
        part.fault("must not be negative")
    return Exclusion(
        account=AccountNumber(str(section.value["account"])),
        pool="pool" in out_of,
        denominator="denominator" in out_of,
        contribution=contribution,
    )


def exclusion_data(exclusion: Exclusion, currency: Currency) -> dict[str, Any]:
    """Write an exclusion."""
    data: dict[str, Any] = {
        "account": exclusion.account,
        "from": [key for key in ("pool", "denominator") if getattr(exclusion, key)],
    }
    if exclusion.contribution:
        data["contribution"] = currency.exact(exclusion.contribution)
    return data


def read_limits(
    section: Section, currency: Currency
) -> tuple[tuple[Limit, ...], tuple[Limit, ...]]:
    """Read the most and the least that accounts bear a month."""
    caps = _read_limits(section, "caps", currency)
    floors = _read_limits(section, "floors", currency)
    for account in dict.fromkeys((*floors, *caps)):
        floor, cap = (some.get(account) or some.get(None) for some in (floors, caps))
        if floor and cap and floor[0].amount > cap[0].amount:
            _, part = floors.get(account) or cap
            part.fault("has a floor above its cap: nobody can bear at least that and at most this")
    if section.value.get("redistribute") is True and "caps" not in section.value:
        section.fault("'redistribute' says who bears what a cap takes off: add 'caps'")
    return _limits(caps), _limits(floors)


type _Read = dict[AccountNumber | None, tuple[Limit, Section]]


def _limits(found: _Read) -> tuple[Limit, ...]:
    return tuple(limit for limit, _ in found.values())


def _read_limits(section: Section, key: str, currency: Currency) -> _Read:
    found: _Read = {}
    for entry in section.entries(key):
        part = entry.part("amount")
        amount = part.money(currency.parse) if part else None
        if part is None or amount is None or not entry.sound:
            continue
        if amount < 0:
            part.fault("must not be negative")
        account = AccountNumber(text) if (text := entry.text("account")) else None
        if account in found:
            whom = "every account" if account is None else f"account '{account}'"
            entry.fault(f"there is an entry for {whom} already")
        found[account] = Limit(amount=Amount(amount), account=account), entry
    return found


def limit_data(limit: Limit, currency: Currency) -> dict[str, Any]:
    """Write a cap or a floor."""
    data: dict[str, Any] = {} if limit.account is None else {"account": limit.account}
    return data | {"amount": currency.exact(limit.amount)}
