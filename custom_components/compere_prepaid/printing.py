"""Pages of HTML that are written to be printed, in our folder of the configuration.

No web page serves that folder; whoever administers the machine copies them from there.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from .const import DOMAIN

if TYPE_CHECKING:
    from .site import CompereSite

REPORTS = "reports"
"""The folder of pages, in our folder of the configuration."""


async def async_write_page(site: CompereSite, name: str, html: str) -> Path:
    """Write a page; its file is called after `name` and the present second of the site's clock."""
    now = site.clock.now().astimezone(site.zone)
    folder = Path(site.hass.config.path(DOMAIN, REPORTS))
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.html"

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")

    await site.hass.async_add_executor_job(write)
    return path
