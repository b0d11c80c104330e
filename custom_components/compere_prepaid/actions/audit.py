"""Audit: checking the ledger, proving receipts by it, and taking it out as files."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import slugify
import probatio as vol

from ..adapters.ledger_checker.anchors import Anchor, find_anchor
from ..adapters.ledger_export.export import export_book
from ..authority import Duty, async_require_manager
from ..const import DOMAIN
from ..core.errors import InvalidInputError
from ..site import CompereSite
from .fields import WRITTEN, Action, moment_of

EXPORTS = "exports"
"""The folder of exports, in our folder of the configuration."""


async def _verify_ledger(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    """Check the book, and whether an anchor from paper stands in it."""
    proved = await _proved(site, call.data["anchor"]) if "anchor" in call.data else None
    found = await site.async_verify()
    head = await site.ledger.read(lambda tx: tx.head())
    answer = {
        "ok": found.ok and proved in {None, Anchor.STANDS},
        "transfers": found.transfers,
        "charged_wh": found.charged_wh,
        "register_wh": found.register_wh,
        "faults": list(found.faults),
        "hints": list(found.hints),
        "head": f"{head.seq}-{head.hash[:12]}",
    }
    return answer if proved is None else answer | {"anchor": proved.value}


async def _proved(site: CompereSite, anchor: str) -> Anchor:
    found = await site.ledger.examine(lambda rows, name: find_anchor(rows, name, anchor))
    if found is Anchor.INVALID:
        raise InvalidInputError("anchor_invalid", anchor=anchor[:40])
    return found


async def _export_ledger(
    hass: HomeAssistant, site: CompereSite, call: ServiceCall
) -> dict[str, Any]:
    await async_require_manager(hass, site.entry, call.context, Duty.TERMS)
    since, until = moment_of(site, call, "since"), moment_of(site, call, "until")
    if since is not None and until is not None and until <= since:
        raise InvalidInputError("time_order")
    made = site.clock.now().astimezone(site.zone)
    folder = Path(hass.config.path(DOMAIN, EXPORTS, f"{slugify(site.key)}-{made:%Y%m%d-%H%M%S}"))
    export = await site.ledger.examine(
        lambda rows, name: export_book(rows, name, folder, since=since, until=until)
    )
    return {
        "folder": str(folder),
        "files": {name: path.name for name, path in export.files.items()},
        "rows": dict(export.rows),
    }


ACTIONS = {
    "verify_ledger": Action(
        _verify_ledger, {vol.Optional("anchor"): cv.string}, SupportsResponse.ONLY
    ),
    "export_ledger": Action(
        _export_ledger, {vol.Optional("since"): WRITTEN, vol.Optional("until"): WRITTEN}
    ),
}
