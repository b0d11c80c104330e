"""A trial site whose tenants pay by phone: opened as its owner does, paid as tenants do.

The owner goes through the dialogs, the tenant through the tenants' page; the gateway's notices are
made with the keys that the bundled gateway keeps in Home Assistant's folder. Whoever measures or
kills sends them when and as often as they like, from as many addresses as they like.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
import uuid

import aiohttp

from benchmarks.stage.theatre import open_site
from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.keys import keys_in
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.voice import Voice
from custom_components.compere_prepaid.core.access.meter_reference import reference_of
from script.demo.home_assistant import Client
from script.demo.network import free_port
from script.demo.site_setup import DOMAIN, SiteDocument

PROVIDER = "sandbox"

type Signed = tuple[Mapping[str, str], bytes]
"""Headers and body of a notice."""


@dataclass(slots=True)
class Visit:
    """A browser on the tenants' page, at one meter."""

    url: str
    http: aiohttp.ClientSession
    csrf: str

    async def post(self, path: str, data: Mapping[str, object]) -> Any:
        """Ask for something as the page does."""
        headers = {"Origin": self.url, "X-CP-CSRF": self.csrf}
        return await _answer(self.http.post(f"{self.url}{path}", json=data, headers=headers))

    async def order(self, amount: str, method: str = "redirect") -> Any:
        """Order a payment."""
        wanted = {
            "key": uuid.uuid4().hex,
            "amount": amount,
            "provider": PROVIDER,
            "method": method,
        }
        return await self.post("/api/orders", wanted)

    async def pay(self, order: Mapping[str, Any]) -> None:
        """Pay on the gateway's page."""
        async with self.http.post(
            order["checkout"]["url"], data={"action": "pay"}, allow_redirects=False
        ) as answer:
            await answer.read()

    async def check(self, order: Mapping[str, Any]) -> Any:
        """Say that it was paid; return what the site knows of it then."""
        return await self.post(f"/api/orders/{order['id']}/check", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """Those who pay at a trial site, and the gateway that tells of it."""

    url: str
    voice: Voice

    @asynccontextmanager
    async def visit(self, serial: str) -> AsyncIterator[Visit]:
        """Come to the tenants' page as somebody new, and name a meter."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of 127.0.0.1
        async with aiohttp.ClientSession(cookie_jar=jar, raise_for_status=True) as http:
            session = await _answer(http.get(f"{self.url}/api/session"))
            visit = Visit(self.url, http, session["csrf"])
            found = await visit.post("/api/find", {"meter": reference_of(serial)})
            visit.csrf = found["csrf"]
            yield visit

    def notice(self, order: str, fen: int, txn: str) -> Signed:
        """Return a genuine notice: this transaction paid an order."""
        now = self.voice.now().isoformat(timespec="seconds")
        content = {
            "appid": self.voice.appid,
            "mchid": self.voice.mchid,
            "out_trade_no": order,
            "transaction_id": txn,
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "success_time": now,
            "payer": {"openid": "o-benchmark"},
            "amount": {"total": fen, "payer_total": fen, "currency": "CNY"},
        }
        body = self.voice.notice(str(uuid.uuid4()), "TRANSACTION.SUCCESS", "transaction", content)
        return self.voice.headers(body), body

    async def tell(self, http: aiohttp.ClientSession, notice: Signed, address: int = 0) -> int:
        """Send a notice from the gateway's machine with this number; return the answer's status."""
        headers, body = notice
        host = f"10.0.{address // 250 % 250}.{address % 250 + 1}"
        sent = {**headers, "Content-Type": "application/json", "X-Forwarded-For": host}
        path = f"{self.url}/notify/{PROVIDER}"
        async with http.post(path, data=body, headers=sent) as answer:
            return answer.status


async def _answer(asking: Any) -> Any:
    async with asking as answer:
        return await answer.json()


async def open_trial(client: Client, document: SiteDocument, config: Path) -> Tenants:
    """Set up a trial site with the bundled gateway and the tenants' page behind a proxy."""
    await open_site(client, document, book_kind="sandbox")
    (entry,) = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
    port = free_port()
    await _through(
        client,
        "/api/config/config_entries/options/flow",
        entry["entry_id"],
        "portal",
        {
            "enabled": True,
            "host": "127.0.0.1",
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "trusted_proxies": ["127.0.0.1/32"],
            "amounts": ["50"],
            "open_mode": False,
        },
    )
    await _through(
        client,
        "/api/config/config_entries/subentries/flow",
        [entry["entry_id"], "provider"],
        "sandbox",
        {"title": "Sandbox"},
    )
    return tenants_of(config, port)


def tenants_of(config: Path, port: int) -> Tenants:
    """Return the tenants of a trial site in a configuration folder. Blocks for some 100 ms."""
    (folder,) = (config / DOMAIN).glob("*-sandbox")
    voice = Voice(keys_in(folder), Faults(), SystemClock())
    return Tenants(url=f"http://127.0.0.1:{port}", voice=voice)


async def _through(
    client: Client, path: str, handler: object, page: str, answers: Mapping[str, object]
) -> None:
    """Go through a dialog: choose a page of its menu and fill that in."""
    menu = await client.post(path, {"handler": handler})
    place = f"{path}/{menu['flow_id']}"
    if menu["type"] == "menu":
        await client.post(place, {"next_step_id": page})
    done = await client.post(place, answers)
    if done["type"] != "create_entry":
        raise RuntimeError(f"{page}: {done.get('errors') or done}")
