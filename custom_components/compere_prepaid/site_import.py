"""Importing a whole site from one file.

An import reads everything, compares it with what is there, and only if nothing is wrong applies it:
tariffs and policies in one ledger transaction, then buses, meters and accounts as subentries. What
the file does not mention stays. Importing the same file twice changes nothing the second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry

from .const import (
    CONF_ADDRESS,
    CONF_AREA,
    CONF_BREAKER,
    CONF_BUS,
    CONF_ENERGY_INTERVAL,
    CONF_FLOOR,
    CONF_FLOOR_AREA,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LIVE_INTERVAL,
    CONF_METERS,
    CONF_MULTIPLIER,
    CONF_NAME,
    CONF_NOTIFY,
    CONF_NUMBER,
    CONF_OPENING_BALANCE,
    CONF_OPENING_HOURS,
    CONF_OWNER,
    CONF_PERSONS,
    CONF_POLICY,
    CONF_POWER_SCALE,
    CONF_PROFILE,
    CONF_RATED_POWER,
    CONF_RELAY_ACCESS,
    CONF_ROLLOVER,
    CONF_SERIAL,
    CONF_TARIFF,
    CONF_TIME_ZONE,
    CONF_TOPIC_PREFIX,
    FOUND_ON_SITE,
    SUBENTRY_ACCOUNT,
    SUBENTRY_BUS,
    SUBENTRY_METER,
    SUBENTRY_PROVIDER,
    account_unique_id,
    bus_unique_id,
    meter_unique_id,
)
from .core.document_faults import Fault
from .core.documents import Document as YamlDocument, DocumentError, read_document
from .core.ledger.ports import LedgerTransaction
from .core.ledger.records import Document
from .core.meters.compere_mqtt.ports import BrokerSettings
from .core.prepayment.rules import Rules, read_rules, take_rules
from .core.site_file import (
    AccountEntry,
    BusEntry,
    MeterEntry,
    SiteFile,
    parse_site_file,
    site_file_of,
)
from .core.site_file_text import bus_data
from .lines import optional_line_data, settings_of
from .relay_access import relay_access_data
from .site_clashes import clashes, moved_out
from .site_import_rules import ImportOutcome, RuleNews, news_of_pools

if TYPE_CHECKING:
    from .site import CompereSite


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """A subentry that is new or changed: as it is, and as the file wants it."""

    before: ConfigSubentry | None
    after: ConfigSubentry


async def import_site(
    site: CompereSite, text: str, *, file: str, user: str, dry_run: bool
) -> ImportOutcome:
    """Make the site what the file says; all of it or, if anything is wrong, nothing.

    Raises `DocumentError` with every fault and its line.
    """
    wanted = await site.hass.async_add_executor_job(lambda: parse_site_file(text, file=file))
    written = await site.hass.async_add_executor_job(lambda: read_document(text, file=file))
    async with site.importing:
        return await _import(site, wanted, written, file=file, user=user, dry_run=dry_run)


async def _import(
    site: CompereSite,
    wanted: SiteFile,
    written: YamlDocument,
    *,
    file: str,
    user: str,
    dry_run: bool,
    keeps_buses: bool = False,
) -> ImportOutcome:
    """Compare what is wanted with what is there; apply the difference.

    With `keeps_buses` the file's buses are only what its meters refer to.
    """
    there = await site.ledger.read(read_rules)
    outcome = ImportOutcome()
    faults: list[Fault] = []
    news_of_rules = RuleNews(
        site=site, wanted=wanted, there=there, written=written, outcome=outcome, faults=faults
    )
    documents = news_of_rules.documents(user)
    faults += clashes(site, wanted, there.tariffs, written)
    pools = await news_of_pools(site, wanted, written, user)
    for before, content in pools.seen:
        outcome.count(before, content)
    faults += pools.faults
    documents += pools.documents
    faults += await moved_out(site, wanted, written)
    if faults:
        raise DocumentError(file, faults)
    outcome.warnings = news_of_rules.warnings()
    apply = not dry_run
    if apply and site.ledger.refusal is not None:
        raise site.ledger.refusal
    if apply and documents:
        await _write_documents(site, documents)
        await site.agreements.renew()
    parts = replace(wanted, buses=()) if keeps_buses else wanted
    news = _subentries(site, parts, outcome)
    if apply:
        _apply_subentries(site, news)
        await site.async_apply_subentries()
        await _apply_terms(site, wanted.accounts, user)
    return outcome


async def import_meters(
    site: CompereSite, rows: YamlDocument, *, file: str, dry_run: bool
) -> ImportOutcome:
    """Add or change meters on lines that are there; all of them or, if anything is wrong, none.

    `rows` is a document with nothing but `meters`, as a site file has them. Raises `DocumentError`.
    """
    async with site.importing:
        head = {
            "name": site.name,
            "currency": site.currency.code,
            "time_zone": site.entry.data[CONF_TIME_ZONE],
        }
        buses = [
            bus_data(BusEntry(name=bus.name, line=settings_of(bus.data)))
            for bus in site.buses.values()
        ]
        whole = YamlDocument(data={"site": head, "buses": buses, **rows.data}, lines=rows.lines)
        wanted = await site.hass.async_add_executor_job(lambda: site_file_of(whole, file=file))
        return await _import(
            site, wanted, whole, file=file, user="", dry_run=dry_run, keeps_buses=True
        )


async def _write_documents(site: CompereSite, documents: list[Document]) -> None:
    def work(tx: LedgerTransaction) -> Rules:
        for document in documents:
            tx.insert_document(document)
        return read_rules(tx)

    take_rules(site.book, await site.ledger.run(work))


def _subentries(site: CompereSite, wanted: SiteFile, outcome: ImportOutcome) -> list[_News]:
    """Count all subentries of the file; return those that are new or changed."""
    there = {
        (subentry.subentry_type, _key(subentry)): subentry
        for subentry in site.entry.subentries.values()
        if subentry.subentry_type != SUBENTRY_PROVIDER  # secrets are not in files
    }
    news: list[_News] = []

    def want(key: str, after: ConfigSubentry, agreed: object = None, terms: object = None) -> str:
        """Take one in; `terms` are what the ledger is to keep of it, `agreed` what it keeps."""
        before = there.get((after.subentry_type, key))
        known = None if before is None else (before.title, dict(before.data), agreed)
        if outcome.count(known, (after.title, dict(after.data), terms)):
            news.append(_News(before=before, after=after))
        return before.subentry_id if before else after.subentry_id

    bus_ids = {
        name: subentry.subentry_id
        for (kind, name), subentry in there.items()
        if kind == SUBENTRY_BUS
    }
    bus_ids |= {bus.name: want(bus.name, _bus_subentry(bus)) for bus in wanted.buses}
    for meter in wanted.meters:
        known = there.get((SUBENTRY_METER, meter.serial))
        bus_id = bus_ids[meter.bus]
        want(meter.serial, _meter_subentry(meter, bus_id, known.data if known else {}))
    for account in wanted.accounts:
        known = there.get((SUBENTRY_ACCOUNT, account.number))
        state = site.book.accounts.get(account.number)
        want(
            account.number,
            _account_subentry(site, account, known.data if known else None),
            agreed=state and (state.tariff, state.policy.name),
            terms=(account.tariff, account.policy),
        )
    return news


def _key(subentry: ConfigSubentry) -> str:
    """Return what a subentry is known by in the file; of a provider, which is in none, its id."""
    keys = {
        SUBENTRY_BUS: subentry.title,
        SUBENTRY_METER: str(subentry.data.get(CONF_SERIAL)),
        SUBENTRY_ACCOUNT: str(subentry.data.get(CONF_NUMBER)),
    }
    return keys.get(subentry.subentry_type, subentry.subentry_id)


def _apply_subentries(site: CompereSite, news: Iterable[_News]) -> None:
    """Add and update subentries; nothing here waits, so nothing can come between."""
    entries = site.hass.config_entries
    for item in news:  # buses may swap their places, and no two have one on the way
        if item.before and item.before.unique_id != item.after.unique_id:
            entries.async_update_subentry(site.entry, item.before, unique_id=None)
    for item in news:
        after = item.after
        if item.before is None:
            entries.async_add_subentry(site.entry, after)
        else:
            entries.async_update_subentry(
                site.entry,
                item.before,
                data=after.data,
                title=after.title,
                unique_id=after.unique_id,
            )


async def _apply_terms(site: CompereSite, accounts: Iterable[AccountEntry], user: str) -> None:
    """Give accounts that were there before the file's tariffs and policies."""
    for entry in accounts:
        account = site.book.accounts.get(entry.number)
        if account is None:
            continue  # it could not be opened, and an issue says why
        if account.tariff != entry.tariff:
            await site.agreements.assign_tariff([entry.number], entry.tariff, user)
        if account.policy.name != entry.policy:
            await site.agreements.apply_policy([entry.number], entry.policy, user)


def _bus_subentry(bus: BusEntry) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(_bus_data(bus)),
        subentry_type=SUBENTRY_BUS,
        title=bus.name,
        unique_id=bus_unique_id(bus.line.endpoint),
    )


def _meter_subentry(meter: MeterEntry, bus_id: str, before: Mapping[str, Any]) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(_meter_data(meter, bus_id, before)),
        subentry_type=SUBENTRY_METER,
        title=meter.name,
        unique_id=meter_unique_id(meter.serial),
    )


def _account_subentry(
    site: CompereSite, account: AccountEntry, before: Mapping[str, Any] | None
) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(_account_data(site, account, before)),
        subentry_type=SUBENTRY_ACCOUNT,
        title=f"{account.number} {account.name}",
        unique_id=account_unique_id(account.number),
    )


def _bus_data(bus: BusEntry) -> dict[str, Any]:
    line = bus.line
    if isinstance(line, BrokerSettings):
        return {
            "name": bus.name,
            "transport": line.transport,
            CONF_TOPIC_PREFIX: line.prefix,
            CONF_LIVE_INTERVAL: line.live_s,
            CONF_ENERGY_INTERVAL: line.energy_min,
        }
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
        **optional_line_data(spacing_s=line.spacing_s, shared=line.shared, queues=line.queues),
    }


def _meter_data(meter: MeterEntry, bus_id: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a meter's data; what it does not mention of password and findings stays as it was."""
    data: dict[str, Any] = {
        CONF_SERIAL: meter.serial,
        CONF_NAME: meter.name,
        CONF_BUS: bus_id,
        CONF_ADDRESS: meter.address,
        CONF_PROFILE: meter.profile,
        CONF_AREA: meter.area,
        **({CONF_FLOOR: meter.floor} if meter.floor else {}),
        **({CONF_LABELS: list(meter.labels)} if meter.labels else {}),
        CONF_FLOOR_AREA: _text(meter.floor_area),
        CONF_RATED_POWER: _text(meter.rated_power),
        CONF_BREAKER: meter.breaker,
    }
    if meter.multiplier > 1:
        data[CONF_MULTIPLIER] = meter.multiplier
    if meter.rollover_kwh is not None:
        data[CONF_ROLLOVER] = meter.rollover_kwh
    data |= {key: before[key] for key in FOUND_ON_SITE if key in before}
    if meter.power_scale is not None:
        data.pop(CONF_POWER_SCALE, None)
        if meter.power_scale > 1:
            data[CONF_POWER_SCALE] = meter.power_scale
    if meter.relay_access is not None:
        data[CONF_RELAY_ACCESS] = relay_access_data(meter.relay_access)
    elif CONF_RELAY_ACCESS in before:
        data[CONF_RELAY_ACCESS] = before[CONF_RELAY_ACCESS]
    return data


def _account_data(
    site: CompereSite, account: AccountEntry, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return an account's data; terms and opening balance are those that it was opened with.

    What the file does not mention of how the tenant is told stays as it was.
    """
    opening = f"{site.currency.exact(account.opening_balance):f}"
    data: dict[str, Any] = {
        CONF_NUMBER: account.number,
        CONF_NAME: account.name,
        CONF_METERS: list(account.meters),
        CONF_TARIFF: before[CONF_TARIFF] if before else account.tariff,
        CONF_POLICY: before[CONF_POLICY] if before else account.policy,
        CONF_OPENING_BALANCE: before[CONF_OPENING_BALANCE] if before else opening,
    }
    if account.owner:
        data[CONF_OWNER] = True
    data |= _premises_data(account)
    wanted: dict[str, Any] = {
        CONF_NOTIFY: None if account.notify is None else list(account.notify),
        CONF_LANGUAGE: account.language,
    }
    kept = {
        key: before.get(key) if before and said is None else said for key, said in wanted.items()
    }
    return data | {key: value for key, value in kept.items() if value}


def _premises_data(account: AccountEntry) -> dict[str, Any]:
    """Return what an account says of its shop, as far as it says anything."""
    data: dict[str, Any] = {
        CONF_FLOOR_AREA: _text(account.floor_area),
        CONF_RATED_POWER: _text(account.rated_power),
        CONF_PERSONS: account.persons,
        CONF_OPENING_HOURS: _text(account.opening_hours),
    }
    return {key: value for key, value in data.items() if value is not None}


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"
