"""Handing printed files to staff: by links that were signed for whoever asked to print."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web
from homeassistant.auth.models import User
from homeassistant.components.http import KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..adapters.statement_paper.page import page_policy
from ..authority import Duty, async_require_manager
from ..const import DOMAIN

if TYPE_CHECKING:
    from ..site import CompereConfigEntry, CompereSite

LINK_LIFE = timedelta(hours=24)
"""So long a link can be used."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def link_to(site: CompereSite, file: Path) -> str:
    """Return a path of Home Assistant's by which a printed file can be had for a day."""
    place = file.relative_to(site.press.folder).as_posix()
    path = f"/api/{DOMAIN}/statements/{site.entry.entry_id}/{place}"
    return async_sign_path(site.hass, path, LINK_LIFE, use_content_user=True)


def file_headers(path: Path) -> dict[str, str]:
    """Return the headers of an answer with a file: pages are shown, all else is saved. Blocking."""
    headers = {
        "Content-Type": _TYPES[path.suffix],
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = page_policy(path.read_text("utf-8"))
    else:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(path.name)}"
    return headers


class StatementFileView(HomeAssistantView):
    """Serves printed files to managers, and to who has a signed link."""

    url = f"/api/{DOMAIN}/statements/{{entry_id}}/{{month}}/{{name}}"
    name = f"api:{DOMAIN}:statements"

    def __init__(self, hass: HomeAssistant) -> None:
        """Serve the sites of this Home Assistant."""
        self._hass = hass

    async def get(
        self, request: web.Request, entry_id: str, month: str, name: str
    ) -> web.StreamResponse:
        """Return a file, as one that is not there for whoever may not have it."""
        entry: CompereConfigEntry | None = self._hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.domain != DOMAIN or not hasattr(entry, "runtime_data"):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        if not await self._may(entry, request[KEY_HASS_USER]):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        folder = entry.runtime_data.press.folder

        def found() -> Path | None:
            path = (folder / month / name).resolve()
            is_ours = path.is_relative_to(folder.resolve()) and path.suffix in _TYPES
            return path if is_ours and path.is_file() else None

        path = await self._hass.async_add_executor_job(found)
        if path is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = await self._hass.async_add_executor_job(file_headers, path)
        return web.FileResponse(path, headers=headers)

    async def _may(self, entry: CompereConfigEntry, user: User) -> bool:
        """Tell whether a user is a manager, or stands for a signed link."""
        if user.system_generated:
            return True
        try:
            await async_require_manager(self._hass, entry, Context(user_id=user.id), Duty.MONEY)
        except ServiceValidationError:
            return False
        return True
