"""A client of Home Assistant's own interface, HTTP and WebSocket: what a browser does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
import itertools
import time
from typing import Any

import aiohttp

from .errors import DemoError

POLL_S = 0.1


async def wait_for_http(url: str, *, limit_s: float, path: str = "/manifest.json") -> None:
    """Wait until Home Assistant, or its tenants' page, answers at all."""
    end = time.monotonic() + limit_s
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < end:
            try:
                async with session.get(f"{url}{path}") as response:
                    if response.status == HTTPStatus.OK:
                        return
            except aiohttp.ClientError, TimeoutError:
                pass
            await asyncio.sleep(POLL_S)
    raise DemoError(f"Home Assistant gave no answer at {url} within {limit_s:.0f} s.")


@dataclass(slots=True, kw_only=True)
class Client:
    """One logged-in connection."""

    url: str
    session: aiohttp.ClientSession
    socket: aiohttp.ClientWebSocketResponse
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def command(self, kind: str, **fields: object) -> Any:
        """Send one WebSocket command and return its result."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "type": kind, **fields})
        while True:
            message = await self.socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise DemoError("Home Assistant closed the connection.")
            answer = message.json()
            if answer.get("id") != number or answer.get("type") != "result":
                continue
            if not answer["success"]:
                raise DemoError(f"Home Assistant refused {kind}: {answer['error']['message']}")
            return answer["result"]

    async def action(self, name: str, /, **data: object) -> Any:
        """Call an action of the integration and return its response."""
        result = await self.command(
            "call_service",
            domain="compere_prepaid",
            service=name,
            service_data=data,
            return_response=True,
        )
        return result["response"]

    async def get(self, path: str) -> Any:
        """Fetch JSON of the HTTP interface."""
        async with self.session.get(f"{self.url}{path}") as response:
            return await _json(response, path)

    async def post(self, path: str, data: Mapping[str, object]) -> Any:
        """Post JSON to the HTTP interface."""
        async with self.session.post(f"{self.url}{path}", json=data) as response:
            return await _json(response, path)

    async def delete(self, path: str) -> None:
        """Delete something by the HTTP interface."""
        async with self.session.delete(f"{self.url}{path}") as response:
            await _json(response, path)

    async def text(self, path: str) -> str:
        """Fetch a page or script."""
        async with self.session.get(f"{self.url}{path}") as response:
            if response.status != HTTPStatus.OK:
                raise DemoError(f"{path}: HTTP status {response.status}")
            return await response.text()


@asynccontextmanager
async def log_in(url: str, user: str, password: str) -> AsyncIterator[Client]:
    """Log in by name and password; the first time this makes the user, Home Assistant's owner."""
    client_id = f"{url}/"
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        code = await _onboard(session, url, user, password)
        new = code is not None
        if code is None:
            code = await _login_code(session, url, user, password)
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
        async with session.post(f"{url}/auth/token", data=grant) as response:
            token = (await _json(response, "/auth/token"))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers, timeout=timeout) as authorised,
            authorised.ws_connect(f"{url}/api/websocket", max_msg_size=0) as socket,
        ):
            await socket.receive_json()  # it asks for the token
            await socket.send_json({"type": "auth", "access_token": token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise DemoError("Home Assistant didn't take its own token.")
            client = Client(url=url, session=authorised, socket=socket)
            if new:
                await _clear_the_house(client)
            yield client


async def _onboard(
    session: aiohttp.ClientSession, url: str, user: str, password: str
) -> str | None:
    """Make the owner if there is none yet; return the code to log in with."""
    async with session.get(f"{url}/api/onboarding") as response:
        if (
            response.status != HTTPStatus.OK
        ):  # the view goes with the next start after the last step
            return None
        steps = await response.json()
    if all(step["done"] for step in steps):
        return None
    owner = {
        "name": user.capitalize(),
        "username": user,
        "password": password,
        "client_id": f"{url}/",
        "language": "en",
    }
    async with session.post(f"{url}/api/onboarding/users", json=owner) as response:
        code: str = (await _json(response, "/api/onboarding/users"))["auth_code"]
        return code


async def _login_code(session: aiohttp.ClientSession, url: str, user: str, password: str) -> str:
    start = {
        "client_id": f"{url}/",
        "handler": ["homeassistant", None],
        "redirect_uri": f"{url}/",
    }
    async with session.post(f"{url}/auth/login_flow", json=start) as response:
        flow = await _json(response, "/auth/login_flow")
    path = f"/auth/login_flow/{flow['flow_id']}"
    login = {"client_id": f"{url}/", "username": user, "password": password}
    async with session.post(f"{url}{path}", json=login) as response:
        result = await _json(response, path)
    if result["type"] != "create_entry":
        raise DemoError(
            f"Home Assistant doesn't take the password of user {user} any more. "
            "Start over with: script/run --fresh"
        )
    code: str = result["result"]
    return code


async def _clear_the_house(client: Client) -> None:
    """Take away what a new Home Assistant makes for a home: kitchen, bedroom, a map."""
    for area in await client.command("config/area_registry/list"):
        await client.command("config/area_registry/delete", area_id=area["area_id"])
    for dashboard in await client.command("lovelace/dashboards/list"):
        if dashboard["mode"] == "storage":
            await client.command("lovelace/dashboards/delete", dashboard_id=dashboard["id"])


async def _json(response: aiohttp.ClientResponse, path: str) -> Any:
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise DemoError(f"{path}: HTTP status {response.status}: {await response.text()}")
    return await response.json()
