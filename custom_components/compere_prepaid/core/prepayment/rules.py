"""Tariffs, policies and calendars: immutable documents, put into force in the book of accounts.

A new book gets its first ones: one flat price, and the plain policy that warns at 100 and 50.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from ..document_versions import ALWAYS
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..money.amount import Currency
from ..policy.credit import Policy, policy_content, policy_of
from ..tariff.calendar_days import Calendar, calendar_content, calendar_of
from ..tariff.document import tariff_content, tariff_version_of
from ..tariff.model import Tariff, TariffVersion, flat_tariff
from .book import AccountBook
from .calendar import day_start
from .policy_versions import Version, in_force, versions

TARIFF = "tariff"
POLICY = "policy"
CALENDAR = "calendar"

STANDARD = "Standard"
"""The name of the tariff and the policy that a new site begins with."""


class Rules(NamedTuple):
    """The documents of all tariffs, policies and calendars."""

    tariffs: tuple[Document, ...]
    policies: tuple[Document, ...]
    calendars: tuple[Document, ...] = ()


def tariff_document(version: TariffVersion, currency: Currency) -> Document:
    """Return a tariff version as the ledger keeps it: by its first day, and revision if it has."""
    day = version.valid_from.isoformat()
    return Document(
        kind=TARIFF,
        name=version.name,
        version=day if version.revision == 1 else f"{day}#{version.revision}",
        content=tariff_content(version, currency),
    )


def calendar_document(calendar: Calendar, since: datetime) -> Document:
    """Return a calendar as the ledger keeps it; the latest version of a name is in force."""
    return Document(
        kind=CALENDAR,
        name=calendar.name,
        version=since.isoformat(),
        content=calendar_content(calendar),
    )


def policy_document(
    policy: Policy, currency: Currency, since: datetime | date, revision: int = 1
) -> Document:
    """Return a policy as the ledger keeps it: in force from an instant, or planned for a day."""
    return Document(
        kind=POLICY,
        name=policy.name,
        version=since.isoformat() if revision == 1 else f"{since.isoformat()}#{revision}",
        content=policy_content(policy, currency),
    )


def next_version(now: datetime, last: Document | None) -> datetime:
    """Return from when a new version holds: from now, however the clock was set back."""
    return now if last is None else right_behind(datetime.fromisoformat(last.version), now)


def right_behind(last: datetime, now: datetime) -> datetime:
    """Return now, or the instant behind the last one where the clock was set back since."""
    return now if last < now else last + timedelta(microseconds=1)


async def load_rules(book: AccountBook, initial_price: str, adaptation_days: int = 0) -> None:
    """Fill the book's tariffs and policies; write the first ones into a new ledger.

    Accounts are only shadow-cut for `adaptation_days` after they were opened. Raises
    `InvalidInputError` for a price that is none, before anything is written.
    """
    currency = book.currency
    price = currency.parse_price(initial_price)
    policy = Policy(
        name=STANDARD,
        warning_levels=(currency.parse(100), currency.parse(50)),
        adaptation_days=adaptation_days,
    )
    first = (
        tariff_document(flat_tariff(STANDARD, price, valid_from=ALWAYS), currency),
        policy_document(policy, currency, ALWAYS),
    )

    def write(tx: LedgerTransaction) -> None:
        for document in first:
            tx.insert_document(document)

    rules = await book.ledger.read(read_rules)
    if not any(rules):
        await book.ledger.run(write)
        rules = await book.ledger.read(read_rules)
    take_rules(book, rules)


def read_rules(tx: LedgerTransaction) -> Rules:
    """Return all that the ledger has."""
    return Rules(tx.documents(TARIFF), tx.documents(POLICY), tx.documents(CALENDAR))


def take_rules(book: AccountBook, rules: Rules) -> None:
    """Put documents into force: all of each tariff, the latest of each calendar.

    Of each policy the latest that has begun; those to come wait in the book (`begin_policies`). A
    policy that says what it said stays the same object.
    """
    book.calendars.clear()
    for document in _sorted(rules.calendars):
        book.calendars[document.name] = calendar_of(document.content)
    days = {name: calendar.days for name, calendar in book.calendars.items()}
    book.tariffs.clear()
    for name, documents in groupby(_sorted(rules.tariffs), lambda document: document.name):
        tariffs = [tariff_version_of(document.content, book.currency) for document in documents]
        book.tariffs[name] = Tariff.of(tariffs, days)
    now, before = book.clock.now(), dict(book.policies)
    book.policies.clear()
    book.planned.clear()
    for name, known in versions(rules.policies, book.zone).items():
        current = in_force(known, now)
        if current is not None:
            policy = _policy(book, current)
            book.policies[name] = before[name] if before.get(name) == policy else policy
        book.planned.extend(
            replace(_policy(book, version), valid_from=version.day)
            for version in known
            if not version.has_begun(now)
        )


def begin_policies(book: AccountBook) -> None:
    """Put the policies into force whose day has come."""
    now = book.clock.now()
    for policy in list(book.planned):  # in the order of their days
        if policy.valid_from is None or day_start(policy.valid_from, book.zone) <= now:
            book.planned.remove(policy)
            book.policies[policy.name] = replace(policy, valid_from=None)


def _policy(book: AccountBook, version: Version) -> Policy:
    """Return the policy of a version, with the special days of the calendar that it names."""
    document = version.document
    policy = policy_of(document.name, document.content, book.currency)
    return with_special_days(policy, book.calendars)


def with_special_days(policy: Policy, calendars: Mapping[str, Calendar]) -> Policy:
    """Return a policy with the special days of the calendar that it names."""
    calendar = calendars.get(policy.protected.calendar)
    if calendar is None:
        return policy
    return replace(policy, protected=policy.protected.on(calendar.days))


def _sorted(documents: Sequence[Document]) -> Sequence[Document]:
    return sorted(documents, key=lambda document: (document.name, document.version))
