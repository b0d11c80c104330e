"""What each unit is, kept current in the ledger: floor area, power, persons, area, floor, labels.

Sizes are what is configured of meters and accounts. Where a unit lies is what Home Assistant's
registries say of its device, and what was configured where they say nothing. Whatever of it changes
is written with its day, so that a month that is allocated later uses what held on each day.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import batched
from typing import TYPE_CHECKING, Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    floor_registry as fr,
    label_registry as lr,
)

from .const import (
    ACCOUNT_PREFIX,
    CONF_AREA,
    CONF_FLOOR,
    CONF_FLOOR_AREA,
    CONF_LABELS,
    CONF_OPENING_HOURS,
    CONF_PERSONS,
    CONF_RATED_POWER,
    DOMAIN,
)
from .core.allocation.premises import (
    PREMISES,
    PREMISES_AUTHOR,
    Premises,
    corrected,
    news,
    premises_from,
    premises_of,
    unit_of_account,
    unit_of_meter,
)
from .core.document_versions import author, dated
from .core.ids import AccountNumber, MeterSerial
from .core.ledger.ports import LedgerTransaction
from .core.ledger.records import Document
from .core.prepayment.calendar import day_of
from .devices import find_device

if TYPE_CHECKING:
    from .site import CompereSite

AT_ONCE = 200
"""Units that are looked at before the loop may do something else."""

REGISTRIES = (
    ar.EVENT_AREA_REGISTRY_UPDATED,
    fr.EVENT_FLOOR_REGISTRY_UPDATED,
    lr.EVENT_LABEL_REGISTRY_UPDATED,
)
"""Whose changes may concern every unit."""


class PremisesKeeper:
    """Writes what the units of a site are, whenever that changes."""

    def __init__(self, site: CompereSite) -> None:
        """Keep them in this site's ledger."""
        self._site = site
        self._latest: dict[str, Document] = {}
        self._waiting: set[str] = set()
        """The identifiers of devices that are to be looked at; of a write that failed, again."""
        self._looking = False
        self._keeping = asyncio.Lock()
        self._started = False

    async def async_start(self) -> None:
        """Take in what the ledger knows, and follow Home Assistant's registries."""
        site = self._site
        self._latest = await site.ledger.read(_latest)
        listen, unload = site.hass.bus.async_listen, site.entry.async_on_unload
        unload(listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._on_device))
        for event_type in REGISTRIES:
            unload(listen(event_type, self._on_registry))
        self._started = True
        self.look()

    @callback
    def look(self, identifiers: Iterable[str] | None = None) -> None:
        """Look at these units soon, at all if nothing is said; once for all who ask meanwhile."""
        if not self._started:
            return
        self._waiting.update(self._everything() if identifiers is None else identifiers)
        if self._waiting and not self._looking:
            self._looking = True
            self._site.entry.async_create_task(
                self._site.hass, self._async_follow(), f"{DOMAIN} premises"
            )

    @callback
    def on_clock(self) -> None:
        """Look again at what could not be written."""
        if self._site.ledger.refusal is None:
            self.look(())

    async def async_look(self) -> None:
        """Look at all units now; a ledger that is read-only is left alone."""
        if self._site.ledger.refusal is None:
            await self._async_keep(self._everything())

    async def async_correct(
        self,
        meters: Iterable[MeterSerial],
        accounts: Iterable[AccountNumber],
        since: date,
        user: str,
    ) -> dict[str, Premises]:
        """Let units have been since a day what they are now; return those that were not."""
        site, at = self._site, self._site.clock.now()
        await self.async_look()
        identifiers = [*meters, *(f"{ACCOUNT_PREFIX}{number}" for number in accounts)]
        units = dict(filter(None, map(self._unit, identifiers)))

        def write(tx: LedgerTransaction) -> list[Document]:
            known = tx.documents(PREMISES)
            found = [
                document
                for unit, premises in units.items()
                for document in corrected(known, unit, premises, since)
            ]
            for document in found:
                tx.insert_document(document)
                tx.insert_document(author(document, PREMISES_AUTHOR, user, at))
            return found

        async with self._keeping:
            written = await site.ledger.run(write)
            self._latest = await site.ledger.read(_latest)
        return {document.name: units[document.name] for document in written}

    def places(self) -> dict[str, set[str]]:
        """Return the names of all areas, floors and labels of units: what pools may name."""
        known = [premises_of(document.content) for document in self._latest.values()]
        return {
            "area": {one.area for one in known},
            "floor": {one.floor for one in known},
            "label": {label for one in known for label in one.labels},
        }

    async def _async_follow(self) -> None:
        try:
            await self._site.reading_path.guarded(self._async_catch_up())
        finally:
            self._looking = False

    async def _async_catch_up(self) -> None:
        """Look at what waits; what cannot be written waits on."""
        while self._waiting:
            identifiers, self._waiting = sorted(self._waiting), set()
            try:
                await self._async_keep(identifiers)
            except BaseException:
                self._waiting.update(identifiers)
                raise

    async def _async_keep(self, identifiers: Iterable[str]) -> None:
        """Write what differs from what the ledger knows, all in one transaction."""
        async with self._keeping:
            await self._async_keep_alone(list(identifiers))

    async def _async_keep_alone(self, identifiers: list[str]) -> None:
        site = self._site
        today = day_of(site.clock.now(), site.zone)
        written: list[Document] = []
        for some in batched(identifiers, AT_ONCE, strict=False):
            units = dict(filter(None, map(self._unit, some)))
            known = [self._latest[unit] for unit in units if unit in self._latest]
            written += news(known, units, today)
            await asyncio.sleep(0)
        if written:
            await site.ledger.run(lambda tx: _write(tx, written))
            self._latest |= {document.name: document for document in written}

    def _everything(self) -> Iterable[str]:
        yield from self._site.meters
        yield from (f"{ACCOUNT_PREFIX}{number}" for number in self._site.accounts)

    def _unit(self, identifier: str) -> tuple[str, Premises] | None:
        """Return what an identifier's unit is called, and what it is; None if it has none."""
        site = self._site
        if identifier.startswith(ACCOUNT_PREFIX):
            number = AccountNumber(identifier.removeprefix(ACCOUNT_PREFIX))
            account = site.accounts.get(number)
            if account is None:
                return None
            place = _place(site.hass, find_device(site, identifier), {})
            return unit_of_account(number), premises_from(**place, **_sizes(account.data))
        meter = site.meters.get(MeterSerial(identifier))
        if meter is None:
            return None
        place = _place(site.hass, find_device(site, identifier), meter.data)
        sizes = _sizes(meter.data) if meter.channel is None else {}
        return unit_of_meter(meter.serial), premises_from(**place, **sizes)

    @callback
    def _on_device(self, event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """Look at the unit of a device that came or changed its place or labels."""
        data = event.data
        if data["action"] == "remove" or (
            data["action"] == "update" and not {"area_id", "labels"} & set(data["changes"])
        ):
            return
        registry = dr.async_get(self._site.hass)
        device = registry.async_get(data["device_id"])
        if device is None or device.config_entry_id != self._site.entry.entry_id:
            return
        of_it = (device, *dr.async_entries_for_parent_device(registry, device.id))
        self.look(name for one in of_it for domain, name in one.identifiers if domain == DOMAIN)

    @callback
    def _on_registry(self, _: Event[Any]) -> None:
        self.look()


async def async_write_for_allocation(site: CompereSite) -> None:
    """Write what a run relies on: what registers showed, and what each unit is now.

    Raises what the ledger raises.
    """
    await site.hours.async_write()
    await site.premises.async_look()


def _latest(tx: LedgerTransaction) -> dict[str, Document]:
    return {unit: known[-1] for unit, known in dated(tx.documents(PREMISES)).items()}


def _write(tx: LedgerTransaction, documents: Iterable[Document]) -> None:
    for document in documents:
        tx.insert_document(document)


def _sizes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is configured of a unit's size."""
    numbers = {
        key: Decimal(str(data[key]))
        for key in (CONF_FLOOR_AREA, CONF_RATED_POWER, CONF_OPENING_HOURS)
        if data.get(key) not in (None, "")
    }
    return {**numbers, "persons": int(data.get(CONF_PERSONS) or 0)}


def _place(
    hass: HomeAssistant, device: dr.AnyDeviceEntry | None, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return where a unit lies: as the registries say, else as was configured."""
    areas, floors, labels = ar.async_get(hass), fr.async_get(hass), lr.async_get(hass)
    area = None
    if device is not None:
        area_id = dr.async_get_effective_area_id(hass, device)
        area = areas.async_get_area(area_id) if area_id else None
    elif data.get(CONF_AREA):
        area = areas.async_get_area_by_name(data[CONF_AREA])
    floor = floors.async_get_floor(area.floor_id) if area and area.floor_id else None
    worn = {*(device.labels if device else ()), *(area.labels if area else ())}
    known = (labels.async_get_label(label_id) for label_id in worn)
    named = {label.name for label in known if label is not None}
    configured = data.get(CONF_AREA) or "" if device is None else ""
    return {
        "area": area.name if area else configured,
        "floor": floor.name if floor else data.get(CONF_FLOOR) or "",
        "labels": named | set(data.get(CONF_LABELS) or ()),
    }
