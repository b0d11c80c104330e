"""A meter of a running site is replaced: the ledger first, then the site's configuration.

The new meter must answer before anything changes, and tell the serial number that is expected: who
owns a serial number is charged by it. If Home Assistant ends between the two steps, the same
replacement can be asked for again.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .account_view import local_iso
from .const import (
    CONF_ADDRESS,
    CONF_BUS,
    CONF_METERS,
    CONF_MULTIPLIER,
    CONF_PROFILE,
    CONF_SERIAL,
    DOMAIN,
    SUBENTRY_ACCOUNT,
    SUBENTRY_METER,
    meter_unique_id,
)
from .core.bus.bus import RequestClass
from .core.errors import InvalidInputError, PrepaidError
from .core.ids import MeterSerial
from .core.meters.address import kept_address
from .core.tenancy.replacement import Replacement
from .runtimes import MeterRuntime

if TYPE_CHECKING:
    from .site import CompereSite


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterChange:
    """What is known of a change; what is not said stays as it is."""

    meter: str
    new_serial: str | None = None
    address: int | str | None = None
    profile: str | None = None
    final_wh: int | None = None
    """What the old register showed at last, and `start_wh` the new one at first: as displayed."""
    start_wh: int | None = None
    multiplier: int | None = None
    at: datetime | None = None
    reason: str
    user: str


async def replace_meter(site: CompereSite, change: MeterChange) -> dict[str, Any]:
    """Charge a meter's register to its end, and go on with another meter or register in its place.

    Raises `InvalidInputError`: `meter_unknown`, `address_taken`, `profile_unknown`,
    `replacement_differs` (another meter answers), `meter_added` (it is a meter of a site already),
    `channels_replaced` (a meter with channels is neither replaced nor a replacement),
    and what `Replacements.replace_meter` raises; or what keeps the new meter from answering.
    """
    async with site.importing:
        serial = site.book.meter(change.meter).serial
        runtime = site.meters[serial]
        _refuse_channels(site, runtime, change)
        data = await _new_data(site, runtime, change)
        new = MeterSerial(data[CONF_SERIAL])
        if new == serial and change.final_wh is None:
            with suppress(PrepaidError):
                await runtime.bus.poller.read_now(serial)
        replacement = _replacement(site, runtime, change, data)
        is_rewired = data != dict(runtime.data)
        if is_rewired:  # nothing that it says by its old settings may be believed meanwhile
            runtime.bus.poller.remove(serial)
        try:
            await site.replacements.replace_meter(replacement)
        except PrepaidError:
            if is_rewired:
                runtime.bus.poller.add(runtime.device)
            raise
        _configure(site, runtime, data)
        await site.async_apply_subentries()
        with suppress(PrepaidError):  # its next reading will do
            await site.meters[new].bus.poller.read_now(new)
    mark = site.book.meter(new).mark
    return {
        "old": serial,
        "new": new,
        "from_wh": None if mark is None else mark.wh,
        "read_at": None if mark is None else local_iso(site, mark.at),
    }


def _refuse_channels(site: CompereSite, runtime: MeterRuntime, change: MeterChange) -> None:
    """Each channel has a register of its own, and one change would have to settle them all."""
    profile = site.catalogue.get(change.profile or runtime.data[CONF_PROFILE])
    if runtime.channel is not None or profile.channel_count > 1:
        raise InvalidInputError(
            "channels_replaced", meter=runtime.data[CONF_SERIAL], model=profile.model
        )


async def _new_data(
    site: CompereSite, runtime: MeterRuntime, change: MeterChange
) -> dict[str, Any]:
    """Return how the meter is configured afterwards, once it has told who it is."""
    data = dict(runtime.data)
    if change.address is not None:
        data[CONF_ADDRESS] = kept_address(change.address)
    data[CONF_PROFILE] = change.profile or data[CONF_PROFILE]
    place = (data[CONF_BUS], data[CONF_ADDRESS])
    for other in site.meters.values():
        if other is not runtime and (other.data[CONF_BUS], other.data[CONF_ADDRESS]) == place:
            raise InvalidInputError("address_taken", address=place[1], meter=other.serial)
    found = await site.async_probe_meter(*place, data[CONF_PROFILE], RequestClass.DUE)
    # a model that cannot tell who it is has the number that a person reads from its label
    found = found or MeterSerial(change.new_serial or runtime.serial)
    wanted = change.new_serial or found
    if found != wanted:
        raise InvalidInputError(
            "replacement_differs", found=found, expected=wanted, address=place[1]
        )
    if found != runtime.serial:
        _refuse_added(site, found)
    data[CONF_SERIAL] = found
    if change.multiplier is not None:
        data.pop(CONF_MULTIPLIER, None)
        data |= {CONF_MULTIPLIER: change.multiplier} if change.multiplier > 1 else {}
    return data


def _refuse_added(site: CompereSite, serial: MeterSerial) -> None:
    for entry in site.hass.config_entries.async_entries(DOMAIN):
        for meter in entry.get_subentries_of_type(SUBENTRY_METER):
            if meter.data[CONF_SERIAL] == serial:
                raise InvalidInputError("meter_added", meter=serial, name=meter.title)


def _replacement(
    site: CompereSite, runtime: MeterRuntime, change: MeterChange, data: dict[str, Any]
) -> Replacement:
    """Return what the ledger is to know: energies behind the transformers of their time."""
    before, after = runtime.device.multiplier, int(data.get(CONF_MULTIPLIER) or 1)
    new, start_wh = MeterSerial(data[CONF_SERIAL]), change.start_wh
    if start_wh is None and new == runtime.serial and after != before:
        # other transformers do not set the register back
        last = site.book.meter(runtime.serial).last
        shown = None if last is None else last.wh // before
        start_wh = shown if change.final_wh is None else change.final_wh
    return Replacement(
        old=runtime.serial,
        new=new,
        final_wh=None if change.final_wh is None else change.final_wh * before,
        start_wh=None if start_wh is None else start_wh * after,
        multiplier=after,
        at=change.at,
        reason=change.reason,
        user=change.user,
    )


def _configure(site: CompereSite, runtime: MeterRuntime, data: dict[str, Any]) -> None:
    """Write the new meter into the configuration; nothing here waits."""
    entries, entry = site.hass.config_entries, site.entry
    old, new = runtime.serial, data[CONF_SERIAL]
    subentry = entry.subentries[runtime.subentry_id]
    entries.async_update_subentry(entry, subentry, data=data, unique_id=meter_unique_id(new))
    for account in entry.get_subentries_of_type(SUBENTRY_ACCOUNT):
        meters = account.data[CONF_METERS]
        if old != new and old in meters:
            listed = [new if serial == old else serial for serial in meters]
            entries.async_update_subentry(
                entry, account, data={**account.data, CONF_METERS: listed}
            )
