"""A tenant's phone: it scans the code on a meter, and pays in the sandbox."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import re
import time
from typing import Any
import uuid

import aiohttp

from .errors import DemoError
from .home_assistant import POLL_S
from .portal_setup import Label

LIMIT_S = 60.0
AMOUNT = "50"
PHONE = "Mozilla/5.0 (Linux; Android 15) Mobile"


class Phone:
    """A browser that knows a meter."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        """Visit the tenants' page at its address."""
        self._session = session
        self._address = address
        self._csrf = ""

    async def scan(self, label: Label) -> None:
        """Open a meter's page by its code."""
        await self._ask("GET", "/api/session")
        await self._ask("POST", "/api/access", {"meter": label.reference, "tag": label.tag})

    async def power_is_on(self) -> bool:
        """Return whether the shop has power."""
        overview = await self._ask("GET", "/api/overview")
        return bool(overview["supply"]["on"])

    async def pay(self) -> float:
        """Pay an amount; return after how many seconds the page said that the power is on."""
        order = {
            "key": uuid.uuid4().hex,
            "amount": AMOUNT,
            "provider": "sandbox",
            "method": "redirect",
        }
        ordered = await self._ask("POST", "/api/orders", order)
        began = time.monotonic()
        await self._press_pay(ordered["checkout"]["url"])
        while time.monotonic() - began < LIMIT_S:
            state = await self._ask("GET", f"/api/orders/{ordered['id']}")
            if state["state"] == "paid" and state["power"] == "on":
                return time.monotonic() - began
            await asyncio.sleep(POLL_S)
        raise DemoError(f"Paid in the sandbox, and after {LIMIT_S:.0f} s there is: {state}")

    async def _press_pay(self, url: str) -> None:
        """Press the button on the gateway's page."""
        async with self._session.get(url) as response:
            page = await response.text()
        if response.status != HTTPStatus.OK or not re.search(r'name="action" value="pay"', page):
            raise DemoError(f"The sandbox's page has no button to pay (status {response.status}).")
        origin = {"Origin": self._address}
        async with self._session.post(url, data={"action": "pay"}, headers=origin) as response:
            if response.status != HTTPStatus.OK:
                raise DemoError(f"Paying in the sandbox: HTTP status {response.status}")

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        headers = {"Origin": self._address, "X-CP-CSRF": self._csrf}
        url = f"{self._address}{path}"
        async with self._session.request(method, url, json=body, headers=headers) as response:
            answer = await response.json()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise DemoError(f"{path}: HTTP status {response.status}: {answer}")
        self._csrf = answer.get("csrf", self._csrf)
        return answer


async def pay_once(address: str, label: Label) -> float | None:
    """Scan a label and pay; return the seconds until it was on, None if it was on before."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of 127.0.0.1
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    headers = {"User-Agent": PHONE}
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout, headers=headers) as session:
        phone = Phone(session, address)
        await phone.scan(label)
        was_off = not await phone.power_is_on()
        seconds = await phone.pay()
        return seconds if was_off else None
