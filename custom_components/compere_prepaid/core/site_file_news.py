"""What the ledger lacks of a site file's pools and feeders, and what does not fit the rest."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from .allocation.consistency import Named
from .allocation.document import pool_document
from .allocation.pool import Pool
from .allocation.pools import (
    FEEDER_AUTHOR,
    POOL_AUTHOR,
    Versions,
    new_clashes,
    read_versions,
)
from .balance.feeders import Feeder, feeder_document
from .document_faults import Fault
from .document_versions import DayVersion, author
from .documents import Document as YamlDocument
from .ledger.ports import LedgerTransaction
from .ledger.records import Document
from .site_file import SiteFile

_EDITED = (
    "this version is in force already and cannot change; give the new one another valid_from, or "
    "the next revision if this one was wrong"
)


class PoolNews(NamedTuple):
    """What an import of pools and feeders comes to."""

    seen: Sequence[tuple[str | None, str]]
    """Of each version of the file the content that is there, if it is, and the file's."""
    documents: Sequence[Document]
    """What is to be written, who wrote it included."""
    faults: Sequence[Fault]


def pool_news(
    tx: LedgerTransaction,
    wanted: SiteFile,
    written: YamlDocument,
    named: Named,
    user: str,
    at: datetime,
) -> PoolNews:
    """Compare the pools and feeders of a file with those of the ledger.

    `named` are the tariffs, meters and accounts that there will be. Blocking: about a millisecond
    a version.
    """
    there = read_versions(tx)
    pools = [pool_document(pool, wanted.currency) for pool in wanted.pools]
    feeders = [feeder_document(feeder) for feeder in wanted.feeders]
    seen: list[tuple[str | None, str]] = []
    faults: list[Fault] = []
    new: dict[str, list[Document]] = {"pools": [], "feeders": []}
    for group, documents, known in (
        ("pools", pools, there.pools),
        ("feeders", feeders, there.feeders),
    ):
        contents = {(one.name, one.version): one.content for one in known}
        for index, document in enumerate(documents):
            before = contents.get((document.name, document.version))
            seen.append((before, document.content))
            if before is None:
                new[group].append(document)
            elif before != document.content:
                faults.append(written.fault(group, index, "valid_from", message=_EDITED))
    after = Versions((*there.pools, *new["pools"]), (*there.feeders, *new["feeders"]))
    if not faults and (new["pools"] or new["feeders"]):
        faults += _clashes(there, after, wanted, written, named)
    authors = [
        author(document, kind, user, at)
        for group, kind in (("pools", POOL_AUTHOR), ("feeders", FEEDER_AUTHOR))
        for document in new[group]
    ]
    return PoolNews(seen, [*new["feeders"], *new["pools"], *authors], faults)


def _clashes(
    there: Versions, after: Versions, wanted: SiteFile, written: YamlDocument, named: Named
) -> Iterator[Fault]:
    """Yield what does not fit from the first day on that the file changes."""
    versions: Sequence[tuple[str, Sequence[Pool | Feeder]]] = (
        ("pools", wanted.pools),
        ("feeders", wanted.feeders),
    )
    places = {
        (group, one.name, DayVersion(one.valid_from, one.revision)): index
        for group, ones in versions
        for index, one in enumerate(ones)
    }
    for clash in new_clashes(there, after, named, wanted.currency):
        index = places.get((clash.group, clash.name, clash.version))
        if index is None:
            yield written.fault("pools", message=str(clash))
        else:
            yield written.fault(clash.group, index, *clash.path, message=clash.message)
