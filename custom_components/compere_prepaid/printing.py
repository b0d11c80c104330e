"""Pages of HTML that are written to be printed, in our folder of the configuration.

Whoever administers the machine copies them from there; links open some of them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from .const import DOMAIN

if TYPE_CHECKING:
    from .site import CompereSite

REPORTS = "reports"
"""The folder of pages, in our folder of the configuration."""


def filled_in(template: Path, values: dict[str, Any]) -> str:
    """Return a page made of a template; what is put in is escaped. Blocking."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(template.read_text("utf-8")).render(values)


async def async_write_page(
    site: CompereSite, name: str, html: str, folder: Path | None = None
) -> Path:
    """Write a page; its file is called after `name` and the present second of the site's clock.

    Without a `folder` it comes into that of reports, which nothing serves.
    """
    now = site.clock.now().astimezone(site.zone)
    folder = folder or Path(site.hass.config.path(DOMAIN, REPORTS))
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.html"

    def write() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")

    await site.hass.async_add_executor_job(write)
    return path
