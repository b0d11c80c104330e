"""Switching the tenants' page on, as an administrator does in the site's dialogs."""

from dataclasses import dataclass
from typing import Any

from .errors import DemoError
from .home_assistant import Client, wait_for_http
from .site_setup import DOMAIN, filled_in

OPENING_LIMIT_S = 30.0
_FLOWS = "/api/config/config_entries"
_REAL = (
    "This demonstration was begun with real money, before there was a tenants' page to try. "
    "It goes on as it is, without that page; script/run --fresh starts one that has it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What is on a meter's label: where its code leads."""

    url: str
    reference: str

    @property
    def tag(self) -> str:
        """The secret part of the code."""
        return self.url.partition("#")[2]


async def open_portal(client: Client, port: int) -> str | None:
    """Let the tenants' page listen on a port of this machine; return its address.

    None for a site of an earlier demonstration whose money is real: it has no sandbox.
    """
    (entry,) = await client.get(f"{_FLOWS}/entry?domain={DOMAIN}")
    entry_id = entry["entry_id"]
    if not await _add_sandbox(client, entry_id):
        print(_REAL, flush=True)
        return None
    address = f"http://127.0.0.1:{port}"
    path = f"{_FLOWS}/options/flow"
    menu = await client.post(path, {"handler": entry_id})
    form = await client.post(f"{path}/{menu['flow_id']}", {"next_step_id": "portal"})
    answers = _suggested(form["data_schema"]) | {
        "enabled": True,
        "host": "127.0.0.1",
        "port": port,
        "public_url": address,
    }
    done = await client.post(f"{path}/{menu['flow_id']}", filled_in(form["data_schema"], answers))
    if done["type"] != "create_entry":
        raise DemoError(f"The tenants' page was not switched on: {done.get('errors') or done}")
    await wait_for_http(address, limit_s=OPENING_LIMIT_S, path="/api/session")
    return address


async def _add_sandbox(client: Client, entry_id: str) -> bool:
    """Add the provider that moves no money, unless it is there; return whether the site has it."""
    present = await client.command("config_entries/subentries/list", entry_id=entry_id)
    if any(one["subentry_type"] == "provider" for one in present):
        return True
    path = f"{_FLOWS}/subentries/flow"
    menu = await client.post(path, {"handler": [entry_id, "provider"]})
    if "sandbox" not in menu["menu_options"]:
        await client.delete(f"{path}/{menu['flow_id']}")
        return False
    form = await client.post(f"{path}/{menu['flow_id']}", {"next_step_id": "sandbox"})
    answers = _suggested(form["data_schema"])
    done = await client.post(f"{path}/{menu['flow_id']}", filled_in(form["data_schema"], answers))
    if done["type"] != "create_entry":
        raise DemoError(f"The sandbox was not added: {done.get('errors') or done}")
    return True


async def label_of(client: Client, account: str) -> Label:
    """Return what the label on an account's meter says."""
    answer = await client.action("print_meter_labels", account=account)
    first = answer["labels"][0]
    return Label(url=first["url"], reference=first["reference"])


def _suggested(questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a form is filled in with when it is shown."""
    found = {}
    for question in questions:
        suggested = (question.get("description") or {}).get("suggested_value")
        value = question.get("default") if suggested is None else suggested
        if value is not None:
            found[question["name"]] = value
    return found
