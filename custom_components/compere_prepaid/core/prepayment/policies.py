"""Changing policies: from now on, or from a day to come; what was in force is never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..document_versions import author
from ..errors import InvalidInputError
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..money.amount import Currency
from ..policy.credit import Policy, policy_content, policy_of
from .agreements import Agreements
from .book import AccountBook
from .calendar import day_of, day_start
from .policy_preview import PolicyPreviewer
from .policy_versions import in_force, versions
from .rules import (
    POLICY,
    Rules,
    policy_document,
    read_rules,
    right_behind,
    take_rules,
    with_special_days,
)

_DAY = timedelta(days=1)


POLICY_AUTHOR = "policy_author"
"""The kind of the documents that say who wrote a version of a policy; named as the version is."""


class PolicyHistory(NamedTuple):
    """A version of a policy, from when it is in force, and who wrote it."""

    policy: Policy
    since: datetime
    status: str
    """`past`, `in_force` or `to_come`."""
    user: str
    """Empty for what nobody wrote: the first policy of a site."""


class Change(NamedTuple):
    """A version to be written, and the version that it takes the place of, if one."""

    document: Document
    before: Document | None


@dataclass(slots=True)
class Policies:
    """Changes the policies of a site, and tries them."""

    book: AccountBook
    agreements: Agreements

    @property
    def previewer(self) -> PolicyPreviewer:
        """What tries a policy before it is in force."""
        return PolicyPreviewer(self.book)

    async def set(self, policy: Policy, *, user: str = "", dry_run: bool = False) -> Change | None:
        """Write a policy: from now on, or from its day; None if nothing changes.

        Who has it is settled under it at once if it is in force now. With `dry_run` nothing is
        written. Raises `InvalidInputError` (`policy_past`) for a day that is over.
        """
        today = day_of(self.book.clock.now(), self.book.zone)
        if policy.valid_from is not None and policy.valid_from < today:
            raise _past(policy)

        def look(tx: LedgerTransaction) -> Change | None:
            documents, now = tx.documents(POLICY), self.book.clock.now()
            return new_version(policy, documents, now, self.book.zone, self.book.currency)

        def write(tx: LedgerTransaction) -> tuple[Change, Rules] | None:
            change = look(tx)
            if change is None:
                return None
            tx.insert_document(change.document)
            at = self.book.clock.now()
            tx.insert_document(author(change.document, POLICY_AUTHOR, user, at))
            return change, read_rules(tx)

        if dry_run:
            return await self.book.ledger.read(look)
        written = await self.book.ledger.run(write)
        if written is None:
            return None
        change, rules = written
        take_rules(self.book, rules)
        await self.agreements.renew()
        return change

    async def histories(self) -> dict[str, list[PolicyHistory]]:
        """Return all versions of all policies by their beginning; of a plan the latest revision."""
        book = self.book
        documents, authors = await book.ledger.read(
            lambda tx: (tx.documents(POLICY), tx.documents(POLICY_AUTHOR))
        )
        users = {(one.name, one.version): json.loads(one.content)["user"] for one in authors}
        now = book.clock.now()
        found: dict[str, list[PolicyHistory]] = {}
        for name, known in versions(documents, book.zone).items():
            current = in_force(known, now)
            for version in known:
                document = version.document
                status = "past" if version.has_begun(now) else "to_come"
                found.setdefault(name, []).append(
                    PolicyHistory(
                        policy=policy_of(name, document.content, book.currency),
                        since=version.since,
                        status="in_force" if version is current else status,
                        user=users.get((name, document.version), ""),
                    )
                )
        return found

    def bound(self, policy: Policy) -> Policy:
        """Return a policy with the special days that its calendar has now."""
        return with_special_days(policy, self.book.calendars)


def new_version(
    policy: Policy,
    documents: Iterable[Document],
    now: datetime,
    zone: ZoneInfo,
    currency: Currency,
) -> Change | None:
    """Return what the ledger lacks so that a policy is in force as it says; None if nothing.

    A policy from a day that is over counts from now on, unless a later version has begun by now:
    that is the past, and raises `InvalidInputError` (`policy_past`).
    """
    day = policy.valid_from
    known = versions(documents, zone).get(policy.name, [])
    current = in_force(known, now)
    planned = next((one for one in known if day is not None and one.day == day), None)
    comes = day is not None and day_start(day, zone) > now
    replaced = planned if comes else planned or current
    before = replaced.document if replaced else None
    if before is not None and before.content == policy_content(policy, currency):
        return None
    if day is not None and comes:
        revision = planned.revision + 1 if planned else 1
        return Change(policy_document(policy, currency, day, revision), before)
    if day is not None and current and (planned or current.since >= day_start(day + _DAY, zone)):
        raise _past(policy)
    since = right_behind(current.since, now) if current else now
    return Change(policy_document(policy, currency, since), before)


def superseded(policies: Iterable[Policy], now: datetime, zone: ZoneInfo) -> set[int]:
    """Return which of a file's entries were over by now, by their place in it.

    Of several versions of one policy that have begun only the latest says what is in force.
    """
    begun: dict[str, list[tuple[date, int]]] = {}
    for index, policy in enumerate(policies):
        day = policy.valid_from
        if day is None or day_start(day, zone) <= now:
            begun.setdefault(policy.name, []).append((day or date.min, index))
    return {index for known in begun.values() for _, index in sorted(known)[:-1]}


def _past(policy: Policy) -> InvalidInputError:
    return InvalidInputError("policy_past", policy=policy.name, day=str(policy.valid_from))
