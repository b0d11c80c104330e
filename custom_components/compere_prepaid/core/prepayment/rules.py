"""Tariffs, policies and calendars: immutable documents, put into force in the book of accounts.

A new book gets its first ones: one flat price, and the plain policy that warns at 100 and 50.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..money.amount import Currency
from ..policy.credit import Policy, policy_content, policy_of
from ..tariff.calendar_days import Calendar, calendar_content, calendar_of
from ..tariff.document import tariff_content, tariff_version_of
from ..tariff.model import Tariff, TariffVersion, flat_tariff
from .book import AccountBook

TARIFF = "tariff"
POLICY = "policy"
CALENDAR = "calendar"

STANDARD = "Standard"
"""The name of the tariff and the policy that a new site begins with."""

ALWAYS = date(2000, 1, 1)
"""From when the first rules of a site hold: before any meter was read by it."""


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


def policy_document(policy: Policy, currency: Currency, since: datetime | date) -> Document:
    """Return a policy as the ledger keeps it; the latest version of a name is in force."""
    return Document(
        kind=POLICY,
        name=policy.name,
        version=since.isoformat(),
        content=policy_content(policy, currency),
    )


def next_version(now: datetime, last: Document | None) -> datetime:
    """Return from when a new version holds: from now, however the clock was set back."""
    if last is None or last.version < now.isoformat():
        return now
    return datetime.fromisoformat(last.version) + timedelta(microseconds=1)


async def load_rules(book: AccountBook, initial_price: str) -> None:
    """Fill the book's tariffs and policies; write the first ones into a new ledger.

    Raises `InvalidInputError` for a price that is none, before anything is written.
    """
    currency = book.currency
    price = currency.parse_price(initial_price)
    levels = (currency.parse(100), currency.parse(50))
    first = (
        tariff_document(flat_tariff(STANDARD, price, valid_from=ALWAYS), currency),
        policy_document(Policy(name=STANDARD, warning_levels=levels), currency, ALWAYS),
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
    """Put documents into force: all of each tariff, the latest of each policy and calendar."""
    book.calendars.clear()
    for document in _sorted(rules.calendars):
        book.calendars[document.name] = calendar_of(document.content)
    days = {name: calendar.days for name, calendar in book.calendars.items()}
    book.tariffs.clear()
    for name, documents in groupby(_sorted(rules.tariffs), lambda document: document.name):
        versions = [tariff_version_of(document.content, book.currency) for document in documents]
        book.tariffs[name] = Tariff.of(versions, days)
    book.policies.clear()
    for document in _sorted(rules.policies):
        book.policies[document.name] = policy_of(document.name, document.content, book.currency)


def _sorted(documents: Sequence[Document]) -> Sequence[Document]:
    return sorted(documents, key=lambda document: (document.name, document.version))
