"""Pools and feeders in a site file: each version once, and all pools of a day fit together."""

from collections.abc import Iterable, Sequence
from functools import partial

from .allocation.consistency import Named
from .allocation.document import pool_document
from .allocation.pool import Pool
from .allocation.pools import Versions, clashes_of
from .balance.feeders import Feeder, feeder_document
from .document_section import Section
from .document_versions import ALWAYS, DayVersion
from .money.amount import Currency
from .site_file_names import known_names, report_twice


def check_pools(
    root: Section,
    pools: Iterable[Pool | None],
    feeders: Iterable[Feeder | None],
    currency: Currency,
) -> None:
    """Report versions given twice, and pools that contradict each other on any day.

    `pools` and `feeders` are the file's in their order, None where one is wrong by itself. Which
    meters and accounts there are is not looked at: a pool of old may name what is gone.
    """
    before = len(root.findings.meaning)
    for group, kind in (("pools", "pool"), ("feeders", "feeder")):
        report_twice(
            (
                (day or entry, (name, _day(day), entry.text("revision") or "1"))
                for entry in root.entries(group)
                if (name := entry.text("name"))
                for day in [entry.part("valid_from")]
            ),
            partial(_stands_twice, kind),
        )
    known, behind = tuple(pools), tuple(feeders)
    is_whole = None not in known and None not in behind and not root.findings.schema
    if is_whole and len(root.findings.meaning) == before:
        _check_together(
            root,
            tuple(pool for pool in known if pool),
            tuple(feeder for feeder in behind if feeder),
            currency,
        )


def _day(section: Section | None) -> str:
    return str(ALWAYS if section is None else section.value)


def _stands_twice(kind: str, _: Section, line: int) -> str:
    return (
        f"the {kind} has this version already, on line {line}: give another 'valid_from', or the "
        "next 'revision' if that one was wrong"
    )


def _check_together(
    root: Section, pools: tuple[Pool, ...], feeders: tuple[Feeder, ...], currency: Currency
) -> None:
    groups: Sequence[tuple[str, Sequence[Pool | Feeder]]] = (
        ("pools", pools),
        ("feeders", feeders),
    )
    entries = {
        (group, one.name, DayVersion(one.valid_from, one.revision)): entry
        for group, known in groups
        for one, entry in zip(known, root.entries(group), strict=True)
    }
    versions = Versions(
        tuple(pool_document(pool, currency) for pool in pools),
        tuple(map(feeder_document, feeders)),
    )
    days = {DayVersion.of(document).day for document in (*versions.pools, *versions.feeders)}
    named = Named(tariffs=known_names(root, "tariffs", "name"))
    for clash in clashes_of(versions, days, named, currency):
        entry = entries[clash.group, clash.name, clash.version]
        Section(None, (*entry.path, *clash.path), root.findings).fault(clash.message)
