"""Looking for meters on a line of a running site, and adding those that were found."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..const import CONF_ADDRESS, CONF_BUS, CONF_PROFILE, CONF_SERIAL, SUBENTRY_METER
from ..core.bus.bus import Bus
from ..core.bus.scheduler import RequestClass
from ..core.commissioning.scan import Found, Presence, scan
from ..core.documents import Document
from ..core.errors import InvalidInputError, OperationFailedError
from ..core.ids import BusId, MeterSerial
from ..core.meters.building import build_device
from ..core.meters.modbus_profile import Coding, ModbusProfile
from ..core.meters.profile import MeterProtocol
from ..runtimes import BusRuntime
from ..site_import import import_meters
from ..site_import_rules import ImportOutcome

if TYPE_CHECKING:
    from ..site import CompereSite

ADOPTION = "found meters"
"""What faults of an adoption name as their file."""


def bus_named(site: CompereSite, name: str) -> BusRuntime:
    """Return a bus by its name or id. Raises `InvalidInputError` (`bus_unknown`)."""
    for bus in site.buses.values():
        if name in {bus.name, bus.id}:
            return bus
    raise InvalidInputError("bus_unknown", bus=name)


def profiles_in_order(site: CompereSite, bus: BusId) -> list[str]:
    """Return the models to try, the most convincing first.

    A serial number in letters cannot be mistaken for anything else, one in half bytes may be any
    register; among equals those on this line go first, then those of the site.
    """
    here = {meter.data[CONF_PROFILE] for meter in site.meters.values() if meter.bus.id == bus}
    elsewhere = {meter.data[CONF_PROFILE] for meter in site.meters.values()}
    profiles = [
        profile
        for profile in site.catalogue.profiles.values()
        if isinstance(profile, ModbusProfile)
    ]

    def order(profile: ModbusProfile) -> tuple[bool, bool, bool, bool, str]:
        identity = profile.identity
        return (
            identity is None,
            identity is not None and identity.coding is not Coding.ASCII,
            profile.name not in here,
            profile.name not in elsewhere,
            profile.name,
        )

    return [profile.name for profile in sorted(profiles, key=order)]


async def async_scan(
    site: CompereSite,
    bus: BusRuntime,
    addresses: Iterable[int],
    *,
    profiles: Iterable[str] = (),
    is_patient: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[Found, ...]:
    """Ask addresses of a line that no meter of this site has; return who is there.

    `is_patient` waits as long as each meter may need instead of as its neighbours do, and asks
    twice where nothing comes back. Raises `InvalidInputError` (`bus_not_scanned`,
    `profile_unknown`, `profile_not_scanned`) and `OperationFailedError` (`scan_running`,
    `bus_down`).
    """
    line = bus.bus
    if not isinstance(line, Bus):
        raise InvalidInputError("bus_not_scanned", bus=bus.name)
    names = list(profiles) or profiles_in_order(site, bus.id)
    for name in names:
        if site.catalogue.get(name).PROTOCOL is not MeterProtocol.MODBUS:
            raise InvalidInputError("profile_not_scanned", profile=name)
    taken = {
        subentry.data[CONF_ADDRESS]
        for subentry in site.entry.get_subentries_of_type(SUBENTRY_METER)
        if subentry.data[CONF_BUS] == bus.id
    }
    if bus.id in site.scanning:
        raise OperationFailedError("scan_running", bus=bus.name)

    async def probe(address: int, profile: str) -> MeterSerial:
        device = build_device(
            site.catalogue.get(profile), address, MeterSerial(""), line, site.clock
        )
        return await device.identify(RequestClass.DISCOVERY, is_brief=not is_patient)

    site.scanning.add(bus.id)
    try:
        asked = [address for address in addresses if address not in taken]
        rounds = 2 if is_patient else 1
        silent = {name for name in names if not site.catalogue.get(name).tells_serial}
        return await scan(probe, asked, names, on_progress, without_serial=silent, rounds=rounds)
    finally:
        site.scanning.discard(bus.id)


def known_serials(site: CompereSite) -> dict[str, str]:
    """Return the names of all meters of this site, by serial number."""
    return {
        subentry.data[CONF_SERIAL]: subentry.title
        for subentry in site.entry.get_subentries_of_type(SUBENTRY_METER)
    }


def found_answer(site: CompereSite, found: Found) -> dict[str, Any]:
    """Return what was found at an address as the action answers it."""
    answer: dict[str, Any] = {"address": found.address, "found": found.presence.value}
    if found.presence is Presence.METER:
        serials = {fit.serial for fit in found.fits}
        names = known_serials(site)
        answer |= {
            "serial": found.fits[0].serial or None,
            "profiles": [fit.profile for fit in found.fits if fit.serial == found.fits[0].serial],
            "known_as": next((names[serial] for serial in serials if serial in names), None),
        }
        if len(serials) > 1:
            answer["other_readings"] = {
                fit.profile: fit.serial for fit in found.fits if fit.serial != found.fits[0].serial
            }
    return answer


async def async_adopt(
    site: CompereSite, bus: BusRuntime, meters: Iterable[Mapping[str, Any]]
) -> ImportOutcome:
    """Add meters that were found, all of them or none, by the way of an import.

    Raises `DocumentError`: the faults' lines count the meters from 1.
    """
    rows = [{**meter, "bus": bus.name} for meter in meters]
    lines = {"": 1}
    for index, row in enumerate(rows):
        lines[f"meters[{index}]"] = index + 1
        lines |= {f"meters[{index}].{key}": index + 1 for key in row}
    document = Document(data={"meters": cast("list[Any]", rows)}, lines=lines)
    return await import_meters(site, document, file=ADOPTION, dry_run=False)
