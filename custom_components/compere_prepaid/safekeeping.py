"""Nightly snapshots of a site's ledger, and putting one back in its place.

Restoring is for the day on which the ledger is damaged or gone. The site is stopped, its files are
moved aside, what people did since the snapshot is booked again as far as the old file can be read,
and the site starts. Until somebody confirms that the receipts were compared, no relay opens for
credit: a balance may lack a payment.
"""

from dataclasses import dataclass
from pathlib import Path

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from . import issues
from .adapters.clock import SystemClock
from .adapters.ledger_database.ledger import DatabaseLedger
from .adapters.ledger_database.safekeeping import is_kept_still
from .adapters.ledger_safe.lost import Rebooked, rebook
from .adapters.ledger_safe.restoring import Restored, mark_restored, restore
from .adapters.ledger_safe.snapshots import Snapshot, snapshots, take_snapshot
from .backup import note_of
from .const import CONF_CURRENCY, DOMAIN
from .core.errors import InvalidInputError, OperationFailedError, PrepaidError
from .core.ledger.ports import Verification
from .core.money.amount import Currency
from .core.prepayment.calendar import day_of
from .ledger_place import ledger_place
from .site import CompereConfigEntry, CompereSite

_BACKUP = "backup"
"""What a book is restored from that comes out of a backup of Home Assistant."""

FOLDER = "snapshots"
"""Where snapshots are, in our folder of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a restored ledger is like."""

    restored: Restored
    rebooked: Rebooked
    verification: Verification


def snapshot_folder(hass: HomeAssistant) -> Path:
    """Return the folder of all sites' snapshots."""
    return Path(hass.config.path(DOMAIN, FOLDER))


async def async_snapshots(hass: HomeAssistant, entry: ConfigEntry) -> list[Snapshot]:
    """Return the snapshots of a site's ledger, the oldest first."""
    path = _file(hass, entry)
    return await hass.async_add_executor_job(snapshots, snapshot_folder(hass), path.stem)


async def async_snapshot(site: CompereSite) -> Snapshot | None:
    """Copy a site's ledger and check the copy; a repair issue tells if that fails.

    Nothing is copied of a ledger that failed its own check, nor of one on a server, which has
    backups of its own.
    """
    ledger = site.ledger
    if not isinstance(ledger, DatabaseLedger) or ledger.path is None or ledger.refusal is not None:
        return None
    day = day_of(site.clock.now(), site.zone)
    folder = snapshot_folder(site.hass)
    try:
        snapshot = await take_snapshot(ledger.path, site.key, folder, day)
    except PrepaidError as error:
        issues.raise_snapshot_failed(site, error)
        return None
    issues.clear(site, issues.SNAPSHOT_FAILED, "")
    return snapshot


async def async_restore(
    hass: HomeAssistant, entry: CompereConfigEntry, name: str, user: str
) -> Recovery:
    """Put a snapshot (by its file's name) in the place of a site's ledger, and start the site.

    Works also while the site cannot start. Raises `InvalidInputError` (`restore_on_server`,
    `snapshot_missing`, `restore_shared_ledger`) and `OperationFailedError` (`snapshot_faulty`,
    `restore_failed`, `site_not_stopped`, and those of opening a ledger).
    """
    path = _file(hass, entry)
    known = {one.path.name: one.path for one in await async_snapshots(hass, entry)}
    if name not in known:
        raise InvalidInputError("snapshot_missing", snapshot=name)
    if entry.state is not ConfigEntryState.NOT_LOADED and not (
        await hass.config_entries.async_unload(entry.entry_id)
    ):
        raise OperationFailedError("site_not_stopped", site=entry.title)
    try:
        return await _async_recover(entry, path, known[name], user)
    finally:
        await hass.config_entries.async_setup(entry.entry_id)


async def _async_recover(
    entry: CompereConfigEntry, path: Path, snapshot: Path, user: str
) -> Recovery:
    """Restore the file, book again what is known of what is missing, and check it all."""
    clock = SystemClock()
    site = entry.unique_id or entry.entry_id
    restored = await restore(path, site, snapshot, user=user, at=clock.now())
    ledger = await DatabaseLedger.open(
        place=path,
        site=site,
        currency=Currency.of(entry.data[CONF_CURRENCY]),
        clock=clock,
        holder=entry.entry_id,
        may_create=False,
    )
    try:
        rebooked = await ledger.run(lambda tx: rebook(tx, restored.lost, clock.now()))
        found = await ledger.verify()
    finally:
        await ledger.close()
    return Recovery(restored=restored, rebooked=rebooked, verification=found)


async def async_notice_backup(hass: HomeAssistant, ledger: DatabaseLedger) -> bool:
    """Note in a book that has just been opened that it was restored, if it comes out of a backup.

    What tells is the note that lay beside it while the backup was made. (It also lies there after
    the power failed during a backup: then a person confirms once too often.)
    """
    path = ledger.path
    if path is None or is_kept_still(path):
        return False
    note = note_of(path)
    if not await hass.async_add_executor_job(note.exists):
        return False
    at = SystemClock().now()
    await ledger.run(lambda tx: mark_restored(tx, _BACKUP, "", at))
    await hass.async_add_executor_job(note.unlink)
    return True


def _file(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return a ledger's file; raises `InvalidInputError` (`restore_on_server`) if it has none."""
    place = ledger_place(hass, entry)
    if not isinstance(place, Path):
        raise InvalidInputError("restore_on_server")
    return place
