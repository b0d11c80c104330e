"""Home Assistant's pages in Chromium: logged in, and watched for what must not happen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Any, Final

from playwright.async_api import APIRequestContext, Locator, Page, Request, async_playwright

CHROMIUM: Final = "/usr/bin/chromium"
# No sandbox: tests also run as root in containers. The rest keeps the browser off the network.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
NEVER_EXPIRES_S: Final = 10**9
NEVER_EXPIRES_AT_MS: Final = 10**13
OPENING_LIMIT_MS: Final = 60_000


@dataclass(slots=True, kw_only=True)
class Visit:
    """A page of one logged-in user, and what it asked for and complained about so far."""

    url: str
    token: str
    page: Page
    faults: list[str] = field(default_factory=list)
    requests_elsewhere: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Open a path of Home Assistant, and wait until its dashboard has drawn a section."""
        await self.page.goto(self.url + path, wait_until="load")
        section = self.page.locator("hui-section").locator("visible=true").first
        await section.wait_for(timeout=OPENING_LIMIT_MS)

    def tiles(self, name: str) -> Locator:
        """Return the tiles of that name that are seen now."""
        named = self.page.locator("hui-tile-card").filter(
            has=self.page.locator("[slot=primary]", has_text=name)
        )
        return named.locator("visible=true")

    def section(self, heading: str) -> Locator:
        """Return the section under a heading."""
        title = self.page.locator("hui-heading-card", has_text=heading)
        return self.page.locator("hui-section").filter(has=title)

    async def agree(self) -> None:
        """Answer a question of Home Assistant's with OK.

        Its dialog goes back in the browser's history a moment later, which would take back what was
        opened meanwhile.
        """
        await self.page.get_by_role("button", name="OK", exact=True).click()
        await self.page.wait_for_function("!history.state?.dialog")

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by the entity's friendly name, by the HTTP interface."""
        answer = await self.page.request.get(
            f"{self.url}/api/states", headers={"Authorization": f"Bearer {self.token}"}
        )
        found: list[dict[str, Any]] = await answer.json()
        return {str(state["attributes"].get("friendly_name")): state for state in found}

    async def act(self, action: str, **data: object) -> dict[str, Any]:
        """Call an action of the integration by the HTTP interface and return its response."""
        answer = await self.page.request.post(
            f"{self.url}/api/services/compere_prepaid/{action}?return_response",
            headers={"Authorization": f"Bearer {self.token}"},
            data=data,
        )
        assert answer.ok, await answer.text()
        response: dict[str, Any] = (await answer.json())["service_response"]
        return response


@asynccontextmanager
async def visiting(
    url: str,
    user: str,
    password: str,
    *,
    size: tuple[int, int] = DESKTOP,
    language: str = "en",
    dark: bool = False,
) -> AsyncIterator[Visit]:
    """Start a browser with an empty profile and log in, as the page itself remembers a login."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme="dark" if dark else "light",
        )
        token = await _token(context.request, url, user, password)
        await context.add_init_script(_remembered(url, token, language))
        page = await context.new_page()
        visit = Visit(url=url, token=token, page=page)
        page.on("pageerror", lambda error: visit.faults.append(str(error)))
        page.on("request", lambda request: _watch(visit, request))
        try:
            yield visit
        finally:
            await browser.close()


async def _token(request: APIRequestContext, url: str, user: str, password: str) -> str:
    client_id = f"{url}/"
    start = {
        "client_id": client_id,
        "handler": ["homeassistant", None],
        "redirect_uri": client_id,
    }
    flow = await (await request.post(f"{url}/auth/login_flow", data=start)).json()
    login = {"client_id": client_id, "username": user, "password": password}
    path = f"{url}/auth/login_flow/{flow['flow_id']}"
    result = await (await request.post(path, data=login)).json()
    grant = {
        "grant_type": "authorization_code",
        "code": result["result"],
        "client_id": client_id,
    }
    answer = await (await request.post(f"{url}/auth/token", form=grant)).json()
    token: str = answer["access_token"]
    return token


def _remembered(url: str, token: str, language: str) -> str:
    """Return the script that puts into the browser what a login and a chosen language leave."""
    tokens = {
        "hassUrl": url,
        "clientId": f"{url}/",
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": NEVER_EXPIRES_S,
        "expires": NEVER_EXPIRES_AT_MS,
    }
    items = {"hassTokens": json.dumps(tokens), "selectedLanguage": json.dumps(language)}
    return "".join(
        f"localStorage.setItem({json.dumps(key)}, {json.dumps(value)});"
        for key, value in items.items()
    )


def _watch(visit: Visit, request: Request) -> None:
    own = (visit.url, visit.url.replace("http", "ws", 1), "data:", "blob:")
    if not request.url.startswith(own):
        visit.requests_elsewhere.append(request.url)
