"""The site as a file: reading one, and writing one."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import probatio as vol

from ..authority import Duty, async_require_manager
from ..core.documents import DocumentError
from ..core.errors import InvalidInputError
from ..core.table_file import decode_table
from ..site import CompereSite
from ..site_export import export_site
from ..site_import import import_site
from ..site_import_rules import ImportOutcome
from .fields import Action


async def _import_site(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    """Import; faults are the answer where one is asked for, else they are the error."""
    user = await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    name, text = await _site_file(hass, call)
    try:
        outcome = await import_site(
            site, text, file=name, user=user, dry_run=call.data.get("dry_run", False)
        )
    except DocumentError as error:
        if not call.return_response:
            raise
        outcome = ImportOutcome(faults=[asdict(fault) for fault in error.faults])
    return outcome.answer()


async def _export_site(hass: HomeAssistant, site: CompereSite, call: ServiceCall) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    return {"content": await export_site(site)}


async def _site_file(hass: HomeAssistant, call: ServiceCall) -> tuple[str, str]:
    """Return name and text of the site file that a call gives or names."""
    content, file = call.data.get("content"), call.data.get("file")
    if content is not None and file is None:
        return "site file", content
    if file is None or content is not None:
        raise InvalidInputError("site_file_missing")
    return file, await hass.async_add_executor_job(_read_text, hass, file)


def read_allowed_file(hass: HomeAssistant, file: str) -> bytes:
    """Read a file of the configuration folder, or of another that Home Assistant allows.

    Raises `InvalidInputError` (`file_not_allowed`, `file_unreadable`). Blocking.
    """
    path = Path(hass.config.path(file)).resolve()
    folder = Path(hass.config.config_dir).resolve()
    if not path.is_relative_to(folder) and not hass.config.is_allowed_path(str(path)):
        raise InvalidInputError("file_not_allowed", file=file)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError("file_unreadable", file=file, error=error) from error


def read_allowed_table(hass: HomeAssistant, file: str) -> str:
    """Read the text of a table. Raises as `read_allowed_file`, and `file_not_utf8`. Blocking."""
    return decode_table(read_allowed_file(hass, file), file=file)


def _read_text(hass: HomeAssistant, file: str) -> str:
    try:
        return read_allowed_file(hass, file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError("file_unreadable", file=file, error=error) from error


ACTIONS = {
    "import_site": Action(
        _import_site,
        {
            vol.Optional("content"): cv.string,
            vol.Optional("file"): cv.string,
            vol.Optional("dry_run"): cv.boolean,
        },
    ),
    "export_site": Action(_export_site, {}, SupportsResponse.ONLY),
}
