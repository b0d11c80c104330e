"""What an import writes into the ledger: versions of tariffs, policies and calendars."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .action_errors import in_words
from .core.allocation.consistency import Named
from .core.document_faults import Fault
from .core.document_versions import author
from .core.documents import Document as YamlDocument
from .core.errors import InvalidInputError
from .core.ledger.records import Document
from .core.meters.profile import circuits_of
from .core.prepayment.calendar import day_of
from .core.prepayment.policies import POLICY_AUTHOR, new_version, superseded
from .core.prepayment.rules import (
    Rules,
    calendar_document,
    next_version,
    tariff_document,
    with_special_days,
)
from .core.site_file import SiteFile
from .core.site_file_news import PoolNews, pool_news
from .core.tariff.calendar_days import refuse_changed_past
from .policy_texts import warnings

if TYPE_CHECKING:
    from .site import CompereSite


@dataclass(slots=True, kw_only=True)
class ImportOutcome:
    """How many things an import created, changed and left alone; or why it did nothing."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    """What is allowed and hardly meant."""

    def answer(self) -> dict[str, Any]:
        """Return it as actions answer; warnings only if there are any."""
        data = asdict(self)
        return data if self.warnings else {key: data[key] for key in data if key != "warnings"}

    def count(self, before: object | None, after: object) -> bool:
        """Count one thing; tell whether it is new or changed."""
        if before is None:
            self.created += 1
        elif before != after:
            self.changed += 1
        else:
            self.unchanged += 1
            return False
        return True


@dataclass(slots=True, kw_only=True)
class RuleNews:
    """Compares the rules of a file with those of the ledger."""

    site: CompereSite
    wanted: SiteFile
    there: Rules
    written: YamlDocument
    outcome: ImportOutcome
    faults: list[Fault]

    def documents(self, user: str) -> list[Document]:
        """Return what the ledger lacks; report what may not change any more."""
        now = self.site.clock.now()
        policies = list(self._policies())
        authors = [author(policy, POLICY_AUTHOR, user, now) for policy in policies]
        return [*self._calendars(), *self._tariffs(), *policies, *authors]

    def warnings(self) -> list[dict[str, str]]:
        """Return what to think about before the file's policies are put into force."""
        site = self.site
        today = day_of(site.clock.now(), site.zone)
        calendars = {**site.book.calendars, **{one.name: one for one in self.wanted.calendars}}
        return [
            warning
            for policy in self.wanted.policies
            for warning in warnings(
                with_special_days(policy, calendars), today, site.hass.config.language
            )
        ]

    def _tariffs(self) -> Iterator[Document]:
        known = {(rule.name, rule.version): rule.content for rule in self.there.tariffs}
        for index, version in enumerate(self.wanted.tariffs):
            document = tariff_document(version, self.site.currency)
            before = known.get((document.name, document.version))
            if before is not None and before != document.content:
                self._fault(
                    ("tariffs", index, "valid_from"),
                    "this version is in force already and cannot change; give the new prices "
                    "another valid_from, or the next revision if what was charged was wrong",
                )
            elif self.outcome.count(before, document.content):
                yield document

    def _policies(self) -> Iterator[Document]:
        site, there = self.site, self.there.policies
        now = site.clock.now()
        over = superseded(self.wanted.policies, now, site.zone)
        for index, policy in enumerate(self.wanted.policies):
            try:
                change = (
                    None
                    if index in over
                    else new_version(policy, there, now, site.zone, site.currency)
                )
            except InvalidInputError as error:
                self._fault(("policies", index, "valid_from"), in_words(site.hass, error))
                continue
            if change is None:
                self.outcome.unchanged += 1
            elif self.outcome.count(change.before, change.document):
                yield change.document

    def _calendars(self) -> Iterator[Document]:
        latest = _latest(self.there.calendars)
        for index, calendar in enumerate(self.wanted.calendars):
            last = latest.get(calendar.name)
            document = calendar_document(calendar, next_version(self.site.clock.now(), last))
            if last is not None:
                first_free = self.site.special_days.first_free
                try:
                    refuse_changed_past(last.content, document.content, first_free)
                except InvalidInputError as error:
                    days = error.placeholders["days"]
                    message = f"days before {first_free} cannot change any more: {days}"
                    self._fault(("calendars", index, "days"), message)
                    continue
            if self.outcome.count(last and last.content, document.content):
                yield document

    def _fault(self, path: tuple[str | int, ...], message: str) -> None:
        self.faults.append(self.written.fault(*path, message=message))


def _latest(documents: Iterable[Document]) -> dict[str, Document]:
    """Return the version in force of each name; they come in order."""
    return {document.name: document for document in documents}


async def news_of_pools(
    site: CompereSite, wanted: SiteFile, written: YamlDocument, user: str
) -> PoolNews:
    """Return what the ledger lacks of the file's pools and feeders, and what does not fit."""
    profiles = site.catalogue.profiles
    meters = {
        circuit
        for meter in wanted.meters
        for circuit in circuits_of(profiles.get(meter.profile), meter.serial)
    }
    named = Named(
        tariffs={*site.book.tariffs, *(tariff.name for tariff in wanted.tariffs)},
        meters={*site.book.meters, *meters},
        accounts={*site.book.accounts, *(account.number for account in wanted.accounts)},
    )
    at = site.clock.now()
    return await site.ledger.read(lambda tx: pool_news(tx, wanted, written, named, user, at))
