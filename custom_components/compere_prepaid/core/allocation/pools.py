"""The pools and feeders of a site: setting, ending and listing their versions.

Nothing is ever edited: what is set is a new version from a day on, or the next revision of that
day. Days that are over may be set too, for what was allocated keeps what it was worked out of.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
import json
from typing import NamedTuple

from ..balance.feeders import FEEDER, Feeder, feeder_document, feeder_of, feeders_on
from ..document_faults import Fault
from ..document_versions import DayVersion, author, dated, in_force_on, next_revision
from ..documents import Document as WrittenDocument, DocumentError
from ..errors import InvalidInputError
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Document
from ..money.amount import Currency
from ..prepayment.book import AccountBook
from .consistency import Clash, Named, clashes, feeder_clashes, unknown_names
from .document import POOL, pool_document, pool_of
from .pool import Pool

POOL_AUTHOR = "pool_author"
"""The kind of the documents that say who set a version of a pool; named as the version is."""

FEEDER_AUTHOR = "feeder_author"


class Change(NamedTuple):
    """A version that was written, and what held on its first day until then, if anything did."""

    document: Document
    before: Document | None


class Versions(NamedTuple):
    """All pools and feeders of a site, as the ledger has them."""

    pools: tuple[Document, ...]
    feeders: tuple[Document, ...]


class Histories(NamedTuple):
    """All versions of each pool and feeder as they follow each other, and who set them."""

    pools: Mapping[str, Sequence[tuple[Pool, str]]]
    feeders: Mapping[str, Sequence[tuple[Feeder, str]]]


def read_versions(tx: LedgerTransaction) -> Versions:
    """Return all that the ledger has."""
    return Versions(tx.documents(POOL), tx.documents(FEEDER))


def pools_on(documents: Iterable[Document], day: date, currency: Currency) -> tuple[Pool, ...]:
    """Return the pools that there are on a day, by name."""
    found = (
        pool_of(document.content, currency) for document in in_force_on(documents, day).values()
    )
    return tuple(pool for pool in found if not pool.ended)


def clashes_of(
    versions: Versions, days: Iterable[date], named: Named, currency: Currency
) -> tuple[Clash, ...]:
    """Return what is wrong among what holds on any of these days, each thing once."""
    found: dict[Clash, None] = {}
    for day in sorted(set(days)):
        pools = pools_on(versions.pools, day, currency)
        feeders = feeders_on(versions.feeders, day)
        found |= dict.fromkeys(feeder_clashes(feeders.values()))
        found |= dict.fromkeys(clashes(pools))
        found |= dict.fromkeys(unknown_names(pools, replace(named, feeders=feeders)))
    return tuple(found)


def known_to(versions: Versions, currency: Currency) -> tuple[set[str], set[str]]:
    """Return the meters and accounts that versions of pools and feeders name.

    They were there when these were set; a meter that was replaced since, or a tenant who moved
    out, may still be named by a pool of that time.
    """
    meters: set[str] = set()
    accounts: set[str] = set()
    for document in versions.pools:
        pool = pool_of(document.content, currency)
        meters |= {serial for cost in pool.costs for serial in cost.meters}
        accounts |= pool.accounts
    for document in versions.feeders:
        feeder = feeder_of(document.content)
        meters |= {*feeder.main, *(feeder.meters or ())}
    return meters, accounts


def new_clashes(
    before: Versions, after: Versions, named: Named, currency: Currency
) -> tuple[Clash, ...]:
    """Return what would be wrong from the first new version on that was not wrong before.

    What versions named before may still be named, though it is not among `named` any more.
    """
    meters, accounts = known_to(before, currency)
    named = Named(
        tariffs=named.tariffs,
        meters={*(named.meters or ()), *meters},
        accounts={*(named.accounts or ()), *accounts},
    )
    there, together = {*before.pools, *before.feeders}, {*after.pools, *after.feeders}
    first = min(DayVersion.of(document).day for document in together - there)
    days = {day for document in together if (day := DayVersion.of(document).day) >= first}
    old = set(clashes_of(before, days, named, currency))
    new = clashes_of(after, days, named, currency)
    return tuple(clash for clash in new if clash not in old)


@dataclass(slots=True)
class Pools:
    """Changes the pools and feeders of a site."""

    book: AccountBook

    async def set(
        self, pool: Pool, written: WrittenDocument, *, user: str = "", dry_run: bool = False
    ) -> Change | None:
        """Set a pool from its day on, over what was set for that day before; None if it is so.

        `written` is what it was read from, in which faults have their place. Raises
        `DocumentError` with all that does not fit the other pools, or names what is not there.
        """

        def change(tx: LedgerTransaction) -> Change | None:
            return self._next(read_versions(tx), pool, written)

        return await self._write(change, POOL_AUTHOR, user, dry_run=dry_run)

    async def end(
        self, name: str, day: date, *, user: str = "", dry_run: bool = False
    ) -> Change | None:
        """Let there be no such pool from a day on; None if there is none then already.

        Raises `InvalidInputError` (`pool_unknown`), and `DocumentError` where others need it.
        """

        def change(tx: LedgerTransaction) -> Change | None:
            versions = read_versions(tx)
            known = in_force_on(versions.pools, day).get(name)
            if known is None:
                names = ", ".join(dated(versions.pools)) or "-"
                raise InvalidInputError("pool_unknown", pool=name, pools=names)
            pool = pool_of(known.content, self.book.currency)
            if pool.ended:
                return None
            ended = Pool(name=name, valid_from=day, kind=pool.kind, costs=(), splits=(), ended=True)
            return self._next(versions, ended, WrittenDocument(data={}, lines={}))

        return await self._write(change, POOL_AUTHOR, user, dry_run=dry_run)

    async def set_feeder(
        self, feeder: Feeder, written: WrittenDocument, *, user: str = "", dry_run: bool = False
    ) -> Change | None:
        """Set a feeder from its day on; None if it is so already.

        Raises `DocumentError` for meters that are not there, and where a pool needs a feeder that
        ends.
        """

        def change(tx: LedgerTransaction) -> Change | None:
            versions = read_versions(tx)
            before = in_force_on(versions.feeders, feeder.valid_from).get(feeder.name)
            if before is not None and _is_same(feeder_of(before.content), feeder):
                return None
            version = next_revision(versions.feeders, feeder.name, feeder.valid_from)
            document = feeder_document(replace(feeder, revision=version.revision))
            after = versions._replace(feeders=(*versions.feeders, document))
            known = {*self.book.meters, *known_to(versions, self.book.currency)[0]}
            faults = [
                written.fault(key, place, message=f"there is no meter '{serial}'")
                for key, serials in (("main", feeder.main), ("meters", feeder.meters or ()))
                for place, serial in enumerate(serials)
                if serial not in known
            ]
            faults += self._clashes(versions, after, ("feeders", feeder.name), written)
            if faults:
                raise DocumentError(feeder.name, faults)
            return Change(document, before)

        return await self._write(change, FEEDER_AUTHOR, user, dry_run=dry_run)

    async def histories(self) -> Histories:
        """Return all versions of all pools and feeders, and who set them."""

        def look(tx: LedgerTransaction) -> Histories:
            versions, currency = read_versions(tx), self.book.currency
            return Histories(
                _history(
                    versions.pools, tx.documents(POOL_AUTHOR), lambda text: pool_of(text, currency)
                ),
                _history(versions.feeders, tx.documents(FEEDER_AUTHOR), feeder_of),
            )

        return await self.book.ledger.read(look)

    def _next(self, versions: Versions, pool: Pool, written: WrittenDocument) -> Change | None:
        """Return the version that sets this pool, if that changes anything and fits the rest."""
        currency = self.book.currency
        before = in_force_on(versions.pools, pool.valid_from).get(pool.name)
        if before is not None and _is_same(pool_of(before.content, currency), pool):
            return None
        version = next_revision(versions.pools, pool.name, pool.valid_from)
        document = pool_document(replace(pool, revision=version.revision), currency)
        after = versions._replace(pools=(*versions.pools, document))
        if faults := self._clashes(versions, after, ("pools", pool.name), written):
            raise DocumentError(pool.name, faults)
        return Change(document, before)

    def _clashes(
        self, before: Versions, after: Versions, own: tuple[str, str], written: WrittenDocument
    ) -> list[Fault]:
        """Return what does not fit on a day from a new version on, of which this is written."""
        book = self.book
        named = Named(tariffs=book.tariffs, meters=book.meters, accounts=book.accounts)
        return [
            written.fault(*clash.path, message=clash.message)
            if (clash.group, clash.name) == own
            else written.fault(message=str(clash))
            for clash in new_clashes(before, after, named, book.currency)
        ]

    async def _write(
        self,
        change: Callable[[LedgerTransaction], Change | None],
        kind: str,
        user: str,
        *,
        dry_run: bool,
    ) -> Change | None:
        at = self.book.clock.now()

        def write(tx: LedgerTransaction) -> Change | None:
            found = change(tx)
            if found is not None:
                tx.insert_document(found.document)
                tx.insert_document(author(found.document, kind, user, at))
            return found

        if dry_run:
            return await self.book.ledger.read(change)
        return await self.book.ledger.run(write)


def _history[T](
    documents: Iterable[Document], authors: Iterable[Document], read: Callable[[str], T]
) -> Mapping[str, Sequence[tuple[T, str]]]:
    """Return versions by name as they follow each other, and who set each."""
    users = {(one.name, one.version): json.loads(one.content)["user"] for one in authors}
    return {
        name: [(read(one.content), users.get((one.name, one.version), "")) for one in known]
        for name, known in dated(documents).items()
    }


def _is_same[T: (Pool, Feeder)](one: T, other: T) -> bool:
    """Tell whether two versions say the same, whenever they begin."""
    return replace(one, valid_from=other.valid_from, revision=other.revision) == other
