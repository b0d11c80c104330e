"""Importing a whole site from one file.

An import reads everything, compares it with what is there, and only if nothing is wrong applies it:
tariffs and policies in one ledger transaction, then buses, meters and accounts as subentries. What
the file does not mention stays. Importing the same file twice changes nothing the second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry

from .const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_BUS,
    CONF_FLOOR_AREA,
    CONF_METERS,
    CONF_NAME,
    CONF_NUMBER,
    CONF_OPENING_BALANCE,
    CONF_POLICY,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_SERIAL,
    CONF_TARIFF,
    CONF_TIME_ZONE,
    SUBENTRY_ACCOUNT,
    SUBENTRY_BUS,
    SUBENTRY_METER,
    account_unique_id,
    bus_unique_id,
    meter_unique_id,
)
from .core.document_faults import Fault
from .core.documents import Document as YamlDocument, DocumentError, read_document
from .core.ids import AccountNumber
from .core.ledger.ports import LedgerTransaction
from .core.ledger.records import Document
from .core.prepayment.rules import (
    POLICY,
    TARIFF,
    Rules,
    policy_document,
    take_rules,
    tariff_document,
)
from .core.site_file import (
    AccountEntry,
    BusEntry,
    MeterEntry,
    SiteFile,
    parse_site_file,
)

if TYPE_CHECKING:
    from .site import CompereSite


@dataclass(slots=True, kw_only=True)
class ImportOutcome:
    """How many things an import created, changed and left alone; or why it did nothing."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subentry:
    """A subentry as the file wants it."""

    kind: str
    unique_id: str
    title: str
    data: Mapping[str, Any]


async def import_site(
    site: CompereSite, text: str, *, file: str, user: str, dry_run: bool
) -> ImportOutcome:
    """Make the site what the file says; all of it or, if anything is wrong, nothing.

    Raises `DocumentError` with every fault and its line.
    """
    wanted = await site.hass.async_add_executor_job(lambda: parse_site_file(text, file=file))
    written = await site.hass.async_add_executor_job(lambda: read_document(text, file=file))
    tariffs, policies = await site.ledger.read(
        lambda tx: (tx.documents(TARIFF), tx.documents(POLICY))
    )
    outcome = ImportOutcome()
    faults: list[Fault] = []
    documents = _new_documents(site, wanted, (tariffs, policies), written, faults, outcome)
    faults += _clashes(site, wanted, written)
    if faults:
        raise DocumentError(file, faults)
    apply = not dry_run
    if apply and documents:
        await _write_documents(site, documents)
        await site.agreements.renew()
    _apply_subentries(site, wanted, outcome, apply=apply)
    if apply:
        await site.async_apply_subentries()
    await _apply_terms(site, wanted.accounts, user, outcome, apply=apply)
    return outcome


def _new_documents(
    site: CompereSite,
    wanted: SiteFile,
    there: Rules,
    written: YamlDocument,
    faults: list[Fault],
    outcome: ImportOutcome,
) -> list[Document]:
    """Return the tariff and policy versions that the ledger lacks."""
    tariffs = {(document.name, document.version): document.content for document in there[0]}
    documents: list[Document] = []
    for index, version in enumerate(wanted.tariffs):
        document = tariff_document(version, site.currency)
        before = tariffs.get((document.name, document.version))
        if before is not None and before != document.content:
            message = (
                "this version is in force already and cannot change; give the new prices another "
                "valid_from"
            )
            faults.append(written.fault("tariffs", index, "valid_from", message=message))
        elif outcome.count(before, document.content):
            documents.append(document)
    latest = {document.name: document.content for document in there[1]}
    for policy in wanted.policies:
        document = policy_document(policy, site.currency, site.clock.now())
        if outcome.count(latest.get(policy.name), document.content):
            documents.append(document)
    return documents


def _clashes(site: CompereSite, wanted: SiteFile, written: YamlDocument) -> Iterable[Fault]:
    """Find what the file alone cannot know: where it contradicts the site."""
    for key, mine, theirs in (
        ("name", site.name, wanted.name),
        ("currency", site.currency.code, wanted.currency.code),
        ("time_zone", site.entry.data[CONF_TIME_ZONE], wanted.time_zone),
    ):
        if mine != theirs:
            message = f"this site has {mine}, the file says {theirs}; import it into its own site"
            yield written.fault("site", key, message=message)
    known = site.catalogue.names
    for index, meter in enumerate(wanted.meters):
        if meter.profile not in known:
            message = f"there is no profile '{meter.profile}'; known are {', '.join(known)}"
            yield written.fault("meters", index, "profile", message=message)
    yield from _address_clashes(site, wanted, written)
    yield from _taken_meters(site, wanted, written)


def _address_clashes(site: CompereSite, wanted: SiteFile, written: YamlDocument) -> Iterable[Fault]:
    """Find addresses that a meter outside the file has already."""
    listed = {meter.serial for meter in wanted.meters}
    places = {
        (meter.bus.name, int(meter.data[CONF_ADDRESS])): meter
        for meter in site.meters.values()
        if meter.serial not in listed
    }
    for index, entry in enumerate(wanted.meters):
        if other := places.get((entry.bus, entry.address)):
            message = f"{other.name} ({other.serial}) has this address on {entry.bus} already"
            yield written.fault("meters", index, "address", message=message)


def _taken_meters(site: CompereSite, wanted: SiteFile, written: YamlDocument) -> Iterable[Fault]:
    """Find meters that supply an account outside the file."""
    listed = {account.number for account in wanted.accounts}
    for index, entry in enumerate(wanted.accounts):
        for place, serial in enumerate(entry.meters):
            meter = site.book.meters.get(serial)
            owner = meter.account if meter else None
            if owner is not None and owner not in listed:
                message = f"meter {serial} supplies account {owner} already"
                yield written.fault("accounts", index, "meters", place, message=message)


async def _write_documents(site: CompereSite, documents: list[Document]) -> None:
    def work(tx: LedgerTransaction) -> Rules:
        for document in documents:
            tx.insert_document(document)
        return tx.documents(TARIFF), tx.documents(POLICY)

    take_rules(site.book, await site.ledger.run(work))


def _apply_subentries(
    site: CompereSite, wanted: SiteFile, outcome: ImportOutcome, *, apply: bool
) -> None:
    """Add and update subentries; nothing here waits, so nothing can come between."""
    there = {
        (subentry.subentry_type, _key(subentry)): subentry
        for subentry in site.entry.subentries.values()
    }
    bus_ids = {name: entry.subentry_id for (kind, name), entry in there.items() if kind == "bus"}
    for bus in wanted.buses:
        data = _bus_data(bus)
        before = there.get((SUBENTRY_BUS, bus.name))
        entry = _Subentry(
            kind=SUBENTRY_BUS,
            unique_id=bus_unique_id(bus.line.endpoint),
            title=bus.name,
            data=data,
        )
        bus_ids[bus.name] = _apply_one(site, before, entry, outcome, apply=apply)
    for meter in wanted.meters:
        entry = _Subentry(
            kind=SUBENTRY_METER,
            unique_id=meter_unique_id(meter.serial),
            title=meter.name,
            data=_meter_data(meter, bus_ids[meter.bus]),
        )
        _apply_one(site, there.get((SUBENTRY_METER, meter.serial)), entry, outcome, apply=apply)
    for account in wanted.accounts:
        known = there.get((SUBENTRY_ACCOUNT, account.number))
        entry = _Subentry(
            kind=SUBENTRY_ACCOUNT,
            unique_id=account_unique_id(account.number),
            title=f"{account.number} {account.name}",
            data=_account_data(site, account, known.data if known else None),
        )
        _apply_one(site, known, entry, outcome, apply=apply)


def _key(subentry: ConfigSubentry) -> str:
    """Return what a subentry is known by in the file."""
    return {
        SUBENTRY_BUS: subentry.title,
        SUBENTRY_METER: str(subentry.data.get(CONF_SERIAL)),
        SUBENTRY_ACCOUNT: str(subentry.data.get(CONF_NUMBER)),
    }[subentry.subentry_type]


def _apply_one(
    site: CompereSite,
    before: ConfigSubentry | None,
    entry: _Subentry,
    outcome: ImportOutcome,
    *,
    apply: bool,
) -> str:
    """Add or update one subentry if it differs; return its id ("" if it would be new)."""
    known = None if before is None else (before.title, dict(before.data))
    if not outcome.count(known, (entry.title, dict(entry.data))) or not apply:
        return before.subentry_id if before else ""
    entries = site.hass.config_entries
    if before is not None:
        entries.async_update_subentry(
            site.entry, before, data=entry.data, title=entry.title, unique_id=entry.unique_id
        )
        return before.subentry_id
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(entry.data)),
        subentry_type=entry.kind,
        title=entry.title,
        unique_id=entry.unique_id,
    )
    entries.async_add_subentry(site.entry, subentry)
    return subentry.subentry_id


async def _apply_terms(
    site: CompereSite,
    accounts: Iterable[AccountEntry],
    user: str,
    outcome: ImportOutcome,
    *,
    apply: bool,
) -> None:
    """Give accounts that were there before the file's tariffs and policies."""
    for entry in accounts:
        account = site.book.accounts.get(AccountNumber(entry.number))
        if account is None:
            continue
        news = (account.tariff != entry.tariff, account.policy.name != entry.policy)
        if any(news):
            outcome.changed += 1
            outcome.unchanged -= 1
        if apply and news[0]:
            await site.agreements.assign_tariff(entry.number, entry.tariff, user)
        if apply and news[1]:
            await site.agreements.apply_policy(entry.number, entry.policy, user)


def _bus_data(bus: BusEntry) -> dict[str, Any]:
    line = bus.line
    return {
        "name": bus.name,
        "transport": line.transport.value,
        "host": line.host,
        "port": line.port,
        "device": line.device,
        "baudrate": line.baudrate,
        "parity": line.parity,
        "stopbits": line.stopbits,
        "timeout": line.timeout_s,
    }


def _meter_data(meter: MeterEntry, bus_id: str) -> dict[str, Any]:
    return {
        CONF_SERIAL: meter.serial,
        CONF_NAME: meter.name,
        CONF_BUS: bus_id,
        CONF_ADDRESS: meter.address,
        CONF_PROFILE: meter.profile,
        CONF_AREA: meter.area,
        CONF_FLOOR_AREA: _text(meter.floor_area),
        CONF_RATED_POWER: _text(meter.rated_power),
        CONF_BREAKER: meter.breaker,
    }


def _account_data(
    site: CompereSite, account: AccountEntry, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return an account's data; terms and opening balance are those that it was opened with."""
    opening = f"{site.currency.exact(account.opening_balance):f}"
    return {
        CONF_NUMBER: account.number,
        CONF_NAME: account.name,
        CONF_METERS: list(account.meters),
        CONF_TARIFF: before[CONF_TARIFF] if before else account.tariff,
        CONF_POLICY: before[CONF_POLICY] if before else account.policy,
        CONF_OPENING_BALANCE: before[CONF_OPENING_BALANCE] if before else opening,
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
