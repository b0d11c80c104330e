"""How protection rules are written: in a site file, and in the ledger's copy of a policy.

A rule says only what differs from its default, always its action. Levels are in the unit that
people use (W, V, mA, percent), times in seconds. A limit that is given has its own release level,
or the usual one; never that of the default limit.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..document_section import Section, number_text
from ..errors import InvalidInputError
from .protection import DEFAULTS, NIGHT, Action, Basis, Protection, Rule, RuleKind

_LIMITS: Mapping[str, Basis] = {
    "limit": Basis.ABSOLUTE,
    "percent_of_rated": Basis.RATED,
    "percent_of_breaker": Basis.BREAKER,
}
_WHOLE: Mapping[str, str] = {
    "delay": "delay_s",
    "release_time": "release_s",
    "warn": "warn_s",
    "min_on": "min_on_s",
    "tries": "tries",
    "spacing": "spacing_s",
    "lock_out": "lock_out_s",
    "quiet": "quiet_s",
}
_LEVELS = (*_LIMITS, "release", "at_least")

_SENTENCES = {
    "protection_release_beyond_limit": "'release' lies beyond 'limit': the rule would never end",
    "protection_warning_too_late": "'warn' is not before 'delay': the relay would open first",
    "protection_quiet_too_short": "'quiet' is shorter than 'delay': tries would never count",
}


def read_protection(section: Section | None) -> Protection:
    """Read the protection of a policy in a site file; whatever is wrong is reported."""
    if section is None:
        return Protection()
    sound: dict[str, Any] = {}
    for kind in RuleKind:
        part = section.part(kind)
        if part is not None and _check_rule(kind, part):
            sound[kind] = part.value
    night = section.part("night")
    if night is not None:
        if night.value["from"] == night.value["to"]:
            night.fault("begins when it ends: a night has some hours")
        sound["night"] = night.value
    return protection_from(sound)


def _check_rule(kind: RuleKind, section: Section) -> bool:
    """Report what the schema cannot see; tell whether the rule can be read."""
    before = len(section.findings.meaning)
    given = [key for key in _LIMITS if key in section.value]
    if len(given) > 1:
        section.fault(f"has {' and '.join(repr(key) for key in given)}: one of them is enough")
    for key in _LEVELS:
        if (part := section.part(key)) is not None and _thousandths(kind, part.value) is None:
            part.fault(f"has too many decimals: at most {kind.decimals} here")
    if len(section.findings.meaning) > before:
        return False
    try:
        rule = _rule_from(kind, section.value)
    except InvalidInputError as error:
        section.fault(_SENTENCES[error.key])
        return False
    if rule.action is not Action.NONE and rule.limit is None:
        section.fault("needs a 'limit': nobody knows the right one for every shop")
        return False
    return True


def protection_from(data: Mapping[str, Any]) -> Protection:
    """Read what `protection_data` wrote, or a site file's protection that was checked."""
    rules = {
        kind: rule
        for kind in RuleKind
        if kind in data and (rule := _rule_from(kind, data[kind])) != DEFAULTS[kind]
    }
    night = data.get("night")
    return Protection(
        rules=rules,
        night=NIGHT if night is None else (_minutes(night["from"]), _minutes(night["to"])),
    )


def protection_data(protection: Protection) -> dict[str, Any]:
    """Return a protection in the site file's form; empty if it is the standard one."""
    data: dict[str, Any] = {
        str(kind): _rule_data(rule) for kind, rule in protection.differing.items()
    }
    if protection.night != NIGHT:
        since, until = protection.night
        data["night"] = {"from": _clock(since), "to": _clock(until)}
    return data


def _rule_from(kind: RuleKind, data: Mapping[str, Any]) -> Rule:
    """Build a rule from its data over its default."""
    default = DEFAULTS[kind]
    found: dict[str, Any] = {name: int(data[key]) for key, name in _WHOLE.items() if key in data}
    for key, basis in _LIMITS.items():
        if key in data:
            found |= {"limit": _thousandths(kind, data[key]), "basis": basis, "release": None}
    if "release" in data:
        found["release"] = _thousandths(kind, data["release"])
    if "at_least" in data:
        found["floor"] = _thousandths(kind, data["at_least"])
    action = data.get("action")
    if action is not None:
        found["action"] = Action(action)
    elif "limit" in found and default.action is Action.NONE:
        found["action"] = Action.WARN
    return replace(default, **found)


def _rule_data(rule: Rule) -> dict[str, Any]:
    default = DEFAULTS[rule.kind]
    data: dict[str, Any] = {"action": str(rule.action)}
    levels = (rule.limit, rule.basis, rule.release)
    if rule.limit is not None and levels != (default.limit, default.basis, default.release):
        key = next(key for key, basis in _LIMITS.items() if basis is rule.basis)
        data[key] = _number(rule.kind, rule.limit)
        if rule.release is not None:
            data["release"] = _number(rule.kind, rule.release)
    for key, name in _WHOLE.items():
        if getattr(rule, name) != getattr(default, name):
            data[key] = getattr(rule, name)
    if rule.floor != default.floor:
        data["at_least"] = _number(rule.kind, rule.floor)
    return data


def _thousandths(kind: RuleKind, value: int | Decimal | str) -> int | None:
    """Return a level in thousandths; None if it has more decimals than that."""
    number = Decimal(value).scaleb(kind.decimals)
    return int(number) if number == number.to_integral_value() else None


def _number(kind: RuleKind, level: int) -> int | Decimal:
    number = kind.shown(level)
    whole = number.to_integral_value()
    return int(whole) if number == whole else Decimal(number_text(number))


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
