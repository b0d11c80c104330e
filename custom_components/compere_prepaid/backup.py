"""Home Assistant's backups: the ledgers' files are kept still while they are copied.

Payments and charges go on meanwhile; what is booked after the copy began may or may not be in it,
but whatever is in it fits together. A backup that is never told to have ended (the computer was
busy with its own end, or another part refused) is taken for ended after some hours.

While a backup runs, a note lies beside each ledger, and so in the backup too. A ledger that finds
one when it starts comes out of a backup (`safekeeping.async_notice_backup`).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from .action_errors import in_words
from .adapters.ledger_database.ledger import DatabaseLedger
from .adapters.ledger_database.safekeeping import is_kept_still
from .const import DOMAIN
from .core.errors import PrepaidError
from .site import CompereConfigEntry

LONGEST = timedelta(hours=6)
"""No backup takes longer."""

_NOTE = "This ledger is being copied, or it was restored from a backup. Do not delete this note.\n"

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _Backups:
    """The backups that run now, each with the ledgers that it keeps still."""

    running: list[list[DatabaseLedger]] = field(default_factory=list)
    stop_waiting: Callable[[], None] | None = None


_BACKUPS: HassKey[_Backups] = HassKey(f"{DOMAIN}_backups")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Keep the ledgers still before a backup begins; it does not begin if one cannot be."""
    ledgers = _ledgers(hass)
    results = await asyncio.gather(*(ledger.freeze() for ledger in ledgers), return_exceptions=True)
    failed = [result for result in results if result is not None]
    still = [ledger for ledger, result in zip(ledgers, results, strict=True) if result is None]
    if failed:
        await _async_thaw(hass, still)
        error = failed[0]
        if not isinstance(error, PrepaidError):
            raise error
        raise HomeAssistantError(in_words(hass, error)) from error
    try:
        await hass.async_add_executor_job(_write_notes, still)
    except OSError as error:
        await _async_thaw(hass, still)
        raise HomeAssistantError(str(error)) from error
    backups = hass.data.setdefault(_BACKUPS, _Backups())
    backups.running.append(still)
    _wait_again(hass, backups)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the ledgers' files change again after a backup."""
    backups = hass.data.setdefault(_BACKUPS, _Backups())
    if backups.running:
        await _async_thaw(hass, backups.running.pop(0))
    _wait_again(hass, backups)


def _wait_again(hass: HomeAssistant, backups: _Backups) -> None:
    """Begin to wait anew for the end of the backups that run."""
    if backups.stop_waiting is not None:
        backups.stop_waiting()
        backups.stop_waiting = None
    if not backups.running:
        return

    async def give_up(now: datetime) -> None:
        backups.stop_waiting = None
        _LOGGER.warning("A backup was never told to have ended; the ledger goes on without it")
        while backups.running:
            await _async_thaw(hass, backups.running.pop(0))

    backups.stop_waiting = async_call_later(hass, LONGEST, give_up)


async def _async_thaw(hass: HomeAssistant, ledgers: list[DatabaseLedger]) -> None:
    """Let files change again, also of ledgers that were opened anew meanwhile."""
    present = {ledger.path: ledger for ledger in _ledgers(hass)}
    for ledger in ledgers:
        await present.get(ledger.path, ledger).thaw()
    await hass.async_add_executor_job(_remove_notes, ledgers)


def note_of(ledger: Path) -> Path:
    """Return where the note lies that says that a ledger's file is being copied."""
    return ledger.with_name(f"{ledger.name}.backup-note")


def _write_notes(ledgers: list[DatabaseLedger]) -> None:
    for ledger in ledgers:
        if ledger.path is not None:
            note_of(ledger.path).write_text(_NOTE, encoding="utf-8")


def _remove_notes(ledgers: list[DatabaseLedger]) -> None:
    for ledger in ledgers:
        if ledger.path is not None and not is_kept_still(ledger.path):
            with suppress(OSError):
                note_of(ledger.path).unlink(missing_ok=True)


def _ledgers(hass: HomeAssistant) -> list[DatabaseLedger]:
    """Return the ledgers of all sites that run."""
    entries: list[CompereConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    found = [entry.runtime_data.ledger for entry in entries]
    return [ledger for ledger in found if isinstance(ledger, DatabaseLedger)]
