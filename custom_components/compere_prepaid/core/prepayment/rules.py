"""Tariffs and policies: immutable documents of the ledger, put into force in the book of accounts.

A new book gets its first ones: one flat price, and the plain policy that warns at 100 and 50.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..money.amount import Currency
from ..policy.credit import Policy, policy_content, policy_of
from ..tariff.document import tariff_content, tariff_version_of
from ..tariff.model import Tariff, TariffVersion, flat_tariff
from .book import AccountBook

TARIFF = "tariff"
POLICY = "policy"

STANDARD = "Standard"
"""The name of the tariff and the policy that a new site begins with."""

ALWAYS = date(2000, 1, 1)
"""From when the first rules of a site hold: before any meter was read by it."""

type Rules = tuple[tuple[Document, ...], tuple[Document, ...]]
"""The documents of all tariffs and of all policies."""


def tariff_document(version: TariffVersion, currency: Currency) -> Document:
    """Return a tariff version as the ledger keeps it."""
    return Document(
        kind=TARIFF,
        name=version.name,
        version=version.valid_from.isoformat()
        + (f"#{version.revision}" if version.revision > 1 else ""),
        content=tariff_content(version, currency),
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
    """Return from when a policy's new version holds: from now, however the clock was set back."""
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

    rules = await book.ledger.read(_rules)
    if not any(rules):
        await book.ledger.run(write)
        rules = await book.ledger.read(_rules)
    take_rules(book, rules)


def _rules(tx: LedgerTransaction) -> Rules:
    return tx.documents(TARIFF), tx.documents(POLICY)


def take_rules(book: AccountBook, rules: Rules) -> None:
    """Put documents into force: all versions of each tariff, the latest one of each policy."""
    tariffs, policies = rules
    book.tariffs.clear()
    for name, documents in groupby(_sorted(tariffs), lambda document: document.name):
        book.tariffs[name] = Tariff.of(
            tariff_version_of(document.content, book.currency) for document in documents
        )
    book.policies.clear()
    for document in _sorted(policies):
        book.policies[document.name] = policy_of(document.name, document.content, book.currency)


def _sorted(documents: Sequence[Document]) -> Sequence[Document]:
    return sorted(documents, key=lambda document: (document.name, document.version))
