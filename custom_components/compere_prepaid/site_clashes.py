"""Where a site file contradicts the site that it is imported into.

A file can be right by itself and still be wrong here: it belongs to another site, names a meter
that supplies somebody else, or a place on a line that is taken. All of it is found before anything
is applied, so that an import is whole or has not happened.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .action_errors import in_words
from .const import (
    CONF_ADDRESS,
    CONF_METERS,
    CONF_SERIAL,
    CONF_TIME_ZONE,
    DOMAIN,
    SUBENTRY_BUS,
    SUBENTRY_METER,
)
from .core.bus.settings import LineSettings
from .core.document_faults import Fault
from .core.documents import Document
from .core.errors import InvalidInputError
from .core.ledger.records import Document as Rule
from .core.meters.building import check_place
from .core.meters.compere_mqtt.ports import BrokerSettings
from .core.meters.profile import circuits_of
from .core.prepayment.calendar import day_of
from .core.site_file import SiteFile
from .ledger_place import book_kind
from .lines import is_broker, settings_of

if TYPE_CHECKING:
    from .site import CompereSite


def clashes(
    site: CompereSite, wanted: SiteFile, tariffs: Iterable[Rule], written: Document
) -> Iterable[Fault]:
    """Find all contradictions; `tariffs` are the versions that the ledger has already."""
    yield from _other_site(site, wanted, written)
    yield from _other_places(site, wanted, written)
    yield from _unknown_profiles(site, wanted, written)
    yield from _wrong_places(site, wanted, written)
    yield from _other_circuits(site, wanted, written)
    yield from _taken_addresses(site, wanted, written)
    yield from _meters_of_others(site, wanted, written)
    yield from _taken_meters(site, wanted, written)
    yield from _other_transformers(site, wanted, written)
    yield from _other_owners(site, wanted, written)
    yield from _tariffs_to_come(site, wanted, tariffs, written)
    yield from _policies_to_come(site, wanted, written)


def _other_site(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    for key, mine, theirs in (
        ("name", site.name, wanted.name),
        ("currency", site.currency.code, wanted.currency.code),
        ("time_zone", site.entry.data[CONF_TIME_ZONE], wanted.time_zone),
        ("kind", book_kind(site.entry), wanted.kind or book_kind(site.entry)),
    ):
        if mine != theirs:
            message = f"this site has {mine}, the file says {theirs}; import it into its own site"
            yield written.fault("site", key, message=message)


def _other_places(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find lines that another bus, of this site or of another one, goes to already."""
    listed = {bus.name for bus in wanted.buses}
    places: dict[str, str] = {}
    for entry in site.hass.config_entries.async_entries(DOMAIN):
        for bus in entry.get_subentries_of_type(SUBENTRY_BUS):
            is_others = entry is not site.entry
            if is_broker(bus.data) and is_others:
                continue  # sites may share a broker: each has meters of its own
            if is_others or bus.title not in listed:
                places[settings_of(bus.data).endpoint] = f"{bus.title} of {entry.title}"
    for index, listed_bus in enumerate(wanted.buses):
        line = listed_bus.line
        if other := places.get(line.endpoint):
            message = f"the bus {other} goes to {line.endpoint} already: one line is one bus"
            key = _place_key(line)
            yield written.fault("buses", index, key, message=message)


def _place_key(line: LineSettings | BrokerSettings) -> str:
    """Return under which key the file says where a line is."""
    if isinstance(line, BrokerSettings):
        return "transport"
    return "host" if line.host else "device"


def _unknown_profiles(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    known = site.catalogue.names
    for index, meter in enumerate(wanted.meters):
        if meter.profile not in known:
            message = f"there is no profile '{meter.profile}'; known are {', '.join(known)}"
            yield written.fault("meters", index, "profile", message=message)


def _wrong_places(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find models on lines that do not carry their protocol, and addresses they cannot have."""
    lines = {bus.name: bus.line for bus in wanted.buses}
    for index, meter in enumerate(wanted.meters):
        profile = site.catalogue.profiles.get(meter.profile)
        if profile is None:
            continue
        try:
            check_place(profile, meter.address, lines[meter.bus])
        except InvalidInputError as error:
            key = "address" if error.key.endswith("address_invalid") else "bus"
            key = "profile" if error.key == "profile_other_bus" else key
            yield written.fault("meters", index, key, message=in_words(site.hass, error))


def _other_circuits(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find channels that a meter does not have, and meters that get or lose channels."""
    profiles = site.catalogue.profiles
    listed = {meter.serial: profiles.get(meter.profile) for meter in wanted.meters}
    running = {meter.data[CONF_SERIAL]: meter.device.profile for meter in site.meters.values()}
    for index, meter in enumerate(wanted.meters):
        before, after = running.get(meter.serial), listed[meter.serial]
        if before and after and before.channel_count != after.channel_count:
            message = (
                f"meter {meter.serial} has {before.channel_count} channels until now: remove it "
                "first, and add it as another model"
            )
            yield written.fault("meters", index, "profile", message=message)
    known: dict[str, str] = {}
    for index, meter in enumerate(wanted.meters):
        for circuit in circuits_of(listed[meter.serial], meter.serial):
            if (other := known.setdefault(circuit, meter.serial)) != meter.serial:
                message = f"meter {other} has a channel '{circuit}': give one another serial number"
                yield written.fault("meters", index, "serial", message=message)
    for index, account in enumerate(wanted.accounts):
        for place, serial in enumerate(account.meters):
            if serial not in known:
                message = f"there is no circuit '{serial}': a meter with channels has one for each"
                close = sorted(one for one in known if one.rpartition("-")[0] in serial)
                message += f", here {', '.join(close)}" if close else ""
                yield written.fault("accounts", index, "meters", place, message=message)


def _taken_addresses(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find addresses that a meter outside the file has already."""
    listed = {meter.serial for meter in wanted.meters}
    places = {
        (meter.bus.name, meter.data[CONF_ADDRESS]): meter
        for meter in site.meters.values()
        if meter.data[CONF_SERIAL] not in listed
    }
    for index, entry in enumerate(wanted.meters):
        if other := places.get((entry.bus, entry.address)):
            message = f"{other.name} ({other.serial}) has this address on {entry.bus} already"
            yield written.fault("meters", index, "address", message=message)


def _meters_of_others(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find meters that another site reads."""
    owners = {
        meter.data[CONF_SERIAL]: entry.title
        for entry in site.hass.config_entries.async_entries(DOMAIN)
        if entry is not site.entry
        for meter in entry.get_subentries_of_type(SUBENTRY_METER)
    }
    for index, meter in enumerate(wanted.meters):
        if owner := owners.get(meter.serial):
            message = f"meter {meter.serial} belongs to the site {owner} already"
            yield written.fault("meters", index, "serial", message=message)


def _taken_meters(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find meters that supply an account outside the file; the owner gives what is vacant."""
    listed = {account.number for account in wanted.accounts}
    rented = {serial for account in site.accounts.values() for serial in account.data[CONF_METERS]}
    for index, entry in enumerate(wanted.accounts):
        for place, serial in enumerate(entry.meters):
            meter = site.book.meters.get(serial)
            holder = meter.account if meter else None
            if holder is not None and holder not in listed and serial in rented:
                message = f"meter {serial} supplies account {holder} already"
                yield written.fault("accounts", index, "meters", place, message=message)


def _other_transformers(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find meters whose readings would mean something else from now on."""
    running = {meter.data[CONF_SERIAL]: meter for meter in site.meters.values()}
    for index, entry in enumerate(wanted.meters):
        meter = running.get(entry.serial)
        if meter is not None and meter.device.multiplier != entry.multiplier:
            message = (
                f"meter {entry.serial} is multiplied by {meter.device.multiplier} until now; "
                "use the action replace_meter, which settles what was counted with it"
            )
            yield written.fault("meters", index, "multiplier", message=message)


def _other_owners(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find a second owner beside one whom the file does not mention."""
    owner, listed = site.book.owner, {account.number for account in wanted.accounts}
    for index, entry in enumerate(wanted.accounts):
        if entry.owner and owner is not None and owner.number not in listed:
            message = f"{owner.number} is the owner's account already: a site has one owner"
            yield written.fault("accounts", index, "owner", message=message)


async def moved_out(site: CompereSite, wanted: SiteFile, written: Document) -> list[Fault]:
    """Find accounts whose tenants moved out: their numbers stay with them."""
    faults = []
    for index, entry in enumerate(wanted.accounts):
        if entry.number in site.accounts:
            continue
        try:
            await site.opening.refuse_closed(entry.number)
        except InvalidInputError as error:
            free = error.placeholders["next"]
            message = f"the tenant of {entry.number} moved out; the next one can have {free}"
            faults.append(written.fault("accounts", index, "number", message=message))
    return faults


def _tariffs_to_come(
    site: CompereSite, wanted: SiteFile, tariffs: Iterable[Rule], written: Document
) -> Iterable[Fault]:
    """Find accounts whose tariff has no prices for today."""
    begins: dict[str, str] = {}
    versions = [(tariff.name, tariff.version) for tariff in tariffs]
    versions += [(tariff.name, tariff.valid_from.isoformat()) for tariff in wanted.tariffs]
    for name, first_day in versions:
        begins[name] = min(first_day, begins.get(name, first_day))
    today = day_of(site.clock.now(), site.zone).isoformat()
    for index, account in enumerate(wanted.accounts):
        if (first_day := begins.get(account.tariff, today)) > today:
            message = f"'{account.tariff}' has no prices before {first_day}: give it a version now"
            yield written.fault("accounts", index, "tariff", message=message)


def _policies_to_come(site: CompereSite, wanted: SiteFile, written: Document) -> Iterable[Fault]:
    """Find accounts whose policy is not in force yet."""
    today = day_of(site.clock.now(), site.zone)
    begun = {*site.book.policies} | {
        policy.name
        for policy in wanted.policies
        if policy.valid_from is None or policy.valid_from <= today
    }
    for index, account in enumerate(wanted.accounts):
        if account.policy not in begun:
            message = f"'{account.policy}' has no version in force: give it one without valid_from"
            yield written.fault("accounts", index, "policy", message=message)
