"""Policies in a site file."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from .document_faults import schema_faults
from .document_section import Findings, Section
from .documents import Document, DocumentError
from .money.amount import ZERO, Amount, Currency
from .policy.credit import Policy, Reconnect, times_and_protection_data
from .policy.protected_times_document import read_protected
from .policy.protection_document import read_protection
from .site_file_names import check_day_types
from .tariff.calendar_days import Calendar
from .tariff.document import TARIFF_SCHEMA

POLICY_SCHEMA: Mapping[str, Any] = {**TARIFF_SCHEMA, "$ref": "#/$defs/policy"}

_UNSORTED = "is more than the one before it: the highest level comes first, like [100, 50]"
_NOT_NEGATIVE = ("credit_limit", "emergency_credit", "minimum_top_up")


def policy_from(
    document: Document, currency: Currency, calendars: Mapping[str, Calendar], *, file: str
) -> Policy:
    """Read a policy alone, in the site file's form; `calendars` are those of the site.

    Raises `DocumentError` with everything that is wrong.
    """
    findings = Findings(document, schema_faults(document.data, POLICY_SCHEMA, document.lines))
    if not isinstance(document.data, Mapping):
        raise DocumentError(file, findings.all)
    section = Section(document.data, (), findings)
    policy = read_policy(section, currency)
    protected = section.group("protected")
    if (calendar := protected.part("calendar")) is not None:
        if calendar.value in calendars:
            kinds = {*calendars[calendar.value].days.values()}
            check_day_types(protected, "times", kinds)
        else:
            known = ", ".join(sorted(calendars)) or "-"
            calendar.fault(f"there is no calendar '{calendar.value}'; calendars: {known}")
    if policy is None or findings.all:
        raise DocumentError(file, findings.all)
    return policy


def read_policy(section: Section, currency: Currency) -> Policy | None:
    """Read a policy; None if anything is wrong, which is reported then."""
    before = len(section.findings.meaning)
    cut_off = read_amount(section.part("cut_off"), currency)
    levels = _read_levels(section, cut_off, currency)
    days = _read_days(section)
    amounts = {name: _read_not_negative(section, name, currency) for name in _NOT_NEGATIVE}
    maximum = _read_maximum(section, amounts["minimum_top_up"], currency)
    protected = read_protected(section.part("protected"))
    protection = read_protection(section.part("protection"))
    if not section.sound or len(section.findings.meaning) > before:
        return None
    data = section.value
    return Policy(
        name=data["name"],
        warning_levels=tuple(levels),
        warning_days=tuple(days),
        cut_off=cut_off or ZERO,
        reconnect=Reconnect(data.get("reconnect", Reconnect.AUTO)),
        never_cut=data.get("never_cut", False),
        credit_limit=amounts["credit_limit"] or ZERO,
        emergency_credit=amounts["emergency_credit"] or ZERO,
        minimum_top_up=amounts["minimum_top_up"] or ZERO,
        maximum_top_up=maximum,
        protection=protection,
        protected=protected,
        notice_hours=data.get("notice_hours", 0),
        adaptation_days=data.get("adaptation_days", 0),
        valid_from=date.fromisoformat(data["valid_from"]) if "valid_from" in data else None,
    )


def read_amount(section: Section | None, currency: Currency) -> Amount | None:
    """Read an amount that may be left out, which means zero; None if it is none."""
    return section.money(currency.parse) if section else ZERO


def policy_data(policy: Policy, currency: Currency) -> dict[str, Any]:
    """Return a policy in the site file's form; what it does not use is left out."""
    data: dict[str, Any] = {"name": policy.name}
    if policy.valid_from is not None:
        data["valid_from"] = policy.valid_from.isoformat()
    data |= {
        "warning_levels": [currency.exact(level) for level in policy.warning_levels],
        "cut_off": currency.exact(policy.cut_off),
        "credit_limit": currency.exact(policy.credit_limit),
        "reconnect": str(policy.reconnect),
    }
    if policy.never_cut:
        data["never_cut"] = True
    for name in ("emergency_credit", "minimum_top_up", "maximum_top_up"):
        if amount := getattr(policy, name):
            data[name] = currency.exact(amount)
    return data | times_and_protection_data(policy)


def _read_levels(section: Section, cut_off: Amount | None, currency: Currency) -> list[Amount]:
    """Read the warning levels; they fall, and warn before the cut."""
    levels: list[Amount] = []
    for part in section.items("warning_levels"):
        amount = part.money(currency.parse)
        if amount is None:
            continue
        if amount in levels:
            part.fault("stands twice: remove it")
        elif cut_off is not None and amount <= cut_off:
            part.fault("is not above 'cut_off': the supply would be cut before the warning")
        elif levels and amount > levels[-1]:
            part.fault(_UNSORTED)
        levels.append(amount)
    return levels


def _read_days(section: Section) -> list[int]:
    """Read the warning levels in days left; they fall."""
    days: list[int] = []
    for part in section.items("warning_days"):
        if part.value in days:
            part.fault("stands twice: remove it")
        elif days and part.value > days[-1]:
            part.fault(_UNSORTED)
        days.append(part.value)
    return days


def _read_not_negative(section: Section, name: str, currency: Currency) -> Amount | None:
    part = section.part(name)
    amount = read_amount(part, currency)
    if part is not None and amount is not None and amount < 0:
        part.fault("must not be negative")
    return amount


def _read_maximum(section: Section, minimum: Amount | None, currency: Currency) -> Amount | None:
    part = section.part("maximum_top_up")
    if part is None or (amount := part.money(currency.parse)) is None:
        return None
    if amount <= 0:
        part.fault("must be more than 0; leave it out if a top-up may be of any size")
    elif minimum is not None and amount < minimum:
        part.fault("is less than 'minimum_top_up': no top-up would be possible")
    return amount
