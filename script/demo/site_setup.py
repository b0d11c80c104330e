"""Setting up the site through Home Assistant's front door, and seeing that it came to life.

The site is made by the config flow that "Add integration" runs, and filled by the action
`import_site`, as an owner with a spreadsheet of meters would do it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import re
import time
from typing import Any

import yaml

from simulator.models import circuits_of

from .errors import DemoError
from .home_assistant import POLL_S, Client
from .seeding import DASHBOARD

DOMAIN = "compere_prepaid"
READING_POLL_S = 0.5
INITIAL_PRICE = "0.6173"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDocument:
    """The site file of the simulated mall: the text, and what it says."""

    text: str
    data: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> SiteDocument:
        """Read a site file that the simulator wrote."""
        return cls(text=text, data=yaml.safe_load(text))

    def with_accounts_of(self, other: SiteDocument) -> SiteDocument:
        """Return this site with the accounts of the other."""
        data = {**self.data, "accounts": other.data["accounts"]}
        return SiteDocument(text=yaml.safe_dump(data, sort_keys=False), data=data)

    @property
    def site(self) -> dict[str, str]:
        """Name, currency and time zone."""
        site: dict[str, str] = self.data["site"]
        return site

    @property
    def serials(self) -> list[str]:
        """The serial numbers of all meters, circuit by circuit."""
        return [
            serial
            for meter in self.data["meters"]
            for serial in circuits_of(str(meter["serial"]), str(meter["profile"]))
        ]

    @property
    def accounts(self) -> list[str]:
        """The numbers of all accounts."""
        return [str(account["number"]) for account in self.data["accounts"]]


async def wait_until_running(client: Client, *, limit_s: float) -> str:
    """Wait until Home Assistant has set up what it was configured with; return its version."""
    end = time.monotonic() + limit_s
    while True:
        config = await client.get("/api/config")
        if config["state"] == "RUNNING":
            return str(config["version"])
        if time.monotonic() > end:
            raise DemoError(f"Home Assistant is still {config['state']} after {limit_s:.0f} s.")
        await asyncio.sleep(POLL_S)


async def set_up_site(client: Client, site: dict[str, str], **more: str) -> bool:
    """Add the integration unless it is there; return whether it was added now.

    `more` are other answers to its form, by field.
    """
    entries = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
    if entries:
        return False
    path = "/api/config/config_entries/flow"
    form = await client.post(path, {"handler": DOMAIN})
    answers = {
        "name": site["name"],
        "currency": site["currency"],
        "time_zone": site["time_zone"],
        "book_kind": "sandbox",
        "initial_price": INITIAL_PRICE,
        "adaptation_days": "0",  # the demonstration shows cuts from the first day on
        **more,
    }
    result = await client.post(f"{path}/{form['flow_id']}", filled_in(form["data_schema"], answers))
    if result["type"] != "create_entry":
        raise DemoError(f"The site was not set up: {result.get('errors') or result}")
    if following := result.get("next_flow"):  # it would ask for a bus; the site file has them all
        await client.delete(f"/api/config/config_entries/subentries/flow/{following[1]}")
    return True


async def require_loaded(client: Client) -> None:
    """Raise unless Home Assistant could start the site."""
    (entry,) = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
    if entry["state"] != "loaded":
        reason = f": {entry['reason']}" if entry["reason"] else ""
        raise DemoError(f"Home Assistant could not start the site ({entry['state']}{reason}).")


async def wait_for_readings(client: Client, document: SiteDocument, *, limit_s: float) -> None:
    """Wait until every meter has told its energy and every account has a balance."""
    missing = {f"{serial}_energy" for serial in document.serials}
    missing |= {f"account_{number}_balance" for number in document.accounts}
    wanted = len(missing)
    end = time.monotonic() + limit_s
    while missing := await _without_a_number(client, missing):
        if time.monotonic() > end:
            names = ", ".join(sorted(missing)[:8])
            raise DemoError(
                f"{len(missing)} of {wanted} readings and balances are still missing "
                f"after {limit_s:.0f} s: {names} …"
            )
        await asyncio.sleep(READING_POLL_S)


async def check_dashboard(client: Client) -> None:
    """Raise unless the dashboard and the script that draws it are served."""
    config = await client.command("lovelace/config", url_path=DASHBOARD)
    if config.get("strategy", {}).get("type") != "custom:compere-prepaid":
        raise DemoError(f"The dashboard {DASHBOARD} has another strategy: {config}")
    page = await client.text(f"/{DASHBOARD}")
    scripts = re.findall(rf"/{DOMAIN}[\w/.-]*\.js(?:\?[\w.=&-]*)?", page)
    if not scripts:
        raise DemoError("Home Assistant's page doesn't load the dashboard's script.")
    if "ll-strategy-dashboard-" not in await client.text(scripts[0]):
        raise DemoError(f"{scripts[0]} doesn't define a dashboard's strategy.")


def filled_in(questions: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers: those given where they are asked for, and its sections' likewise."""
    form: dict[str, Any] = {}
    for question in questions:
        name = question["name"]
        if question.get("type") == "expandable":
            form[name] = filled_in(question["schema"], answers)
        elif name in answers:
            form[name] = answers[name]
    return form


async def _without_a_number(client: Client, wanted: set[str]) -> set[str]:
    """Return those ends of unique ids to which no entity has a number as its state."""
    entities = await client.command("config/entity_registry/list")
    states = {state["entity_id"]: state["state"] for state in await client.get("/api/states")}
    numbers = [
        entity["unique_id"]
        for entity in entities
        if entity["platform"] == DOMAIN and _is_number(states.get(entity["entity_id"], ""))
    ]
    return {end for end in wanted if not any(name.endswith(end) for name in numbers)}


def _is_number(state: str) -> bool:
    try:
        float(state)
    except ValueError:
        return False
    return state not in {"nan", "inf"}
