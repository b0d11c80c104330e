"""A tenant's browser on the portal of a running site, watched for what must not happen.

async with chromium() as browser, phone(browser, site) as tenant:
    await tenant.scan(SHOP)
    await expect(tenant.page.get_by_text("Power is on")).to_be_visible()
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from playwright.async_api import Browser, Page, Request, async_playwright, expect

from custom_components.compere_prepaid.site import CompereSite
from tests.browser.browsing import CHROMIUM, FLAGS, PHONE
from tests.portal.visiting import base_url, code_of

LIMIT_MS: Final = 15_000
"""Nothing is measured by it; it only ends a test that waits for what never comes."""

expect.set_options(timeout=LIMIT_MS)

AXE: Final = files("axe_playwright_python") / "axe.min.js"
AXE_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

IN_WECHAT: Final = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 "
    "XWEB/1160117 MicroMessenger/8.0.50 Language/zh_CN"
)


@dataclass(slots=True, kw_only=True)
class Tenant:
    """A page, and what it asked for and complained about so far."""

    site: CompereSite
    page: Page
    faults: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the portal is."""
        return base_url(self.site)

    async def open(self, path: str = "/") -> None:
        """Open a path of the portal and wait for its heading."""
        await self.page.goto(self.url + path)
        await self.page.locator("h1").wait_for(state="attached")

    async def code(self, serial: str) -> str:
        """Return the path that a meter's code leads to."""
        code = await code_of(self.site, serial)
        return f"/m/{code['meter']}#{code['tag']}"

    async def scan(self, serial: str) -> None:
        """Come by a meter's code and see the overview."""
        await self.open(await self.code(serial))
        await self.page.locator("#balance").wait_for()

    async def go(self, name: str) -> None:
        """Go to a page by its address, as a link does, and wait until it has what it shows."""
        await self.page.evaluate("name => { location.hash = '#/' + name }", name)
        await self.page.locator(".loading").wait_for(state="detached")

    async def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(
            await self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    async def axe(self) -> list[str]:
        """Return what axe finds wrong with the page as it is now."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.add_script_tag(content=AXE.read_text())
        # what moves is looked at when it has come to rest
        found: list[dict[str, Any]] = await self.page.evaluate(
            """async rules => {
                document.getAnimations().forEach(each => each.cancel());
                const found = await axe.run(document, {runOnly: rules});
                return found.violations;
            }""",
            list(AXE_RULES),
        )
        return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a browser with an empty profile."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def phone(  # what phones differ in
    browser: Browser,
    site: CompereSite,
    *,
    size: tuple[int, int] = PHONE,
    language: str = "en",
    dark: bool = False,
    in_wechat: bool = False,
    touch: bool = True,
    free: bool = False,
) -> AsyncIterator[Tenant]:
    """Open a tenant's window of its own. `free` lets a test run scripts that the portal forbids."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        color_scheme="dark" if dark else "light",
        has_touch=touch,
        is_mobile=touch,
        bypass_csp=free,
        user_agent=IN_WECHAT if in_wechat else None,
    )
    context.set_default_timeout(LIMIT_MS)
    tenant = Tenant(site=site, page=await context.new_page())
    watch(tenant, tenant.page)
    try:
        yield tenant
    finally:
        await context.close()


def watch(tenant: Tenant, page: Page) -> None:
    """Keep what a page asks for elsewhere, and what goes wrong in it."""

    def asked(request: Request) -> None:
        if not request.url.startswith((tenant.url, "data:", "blob:")):
            tenant.elsewhere.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: tenant.faults.append(str(error)))
    page.on("dialog", lambda dialog: tenant.faults.append(dialog.message))
    page.on(
        "console",
        lambda said: tenant.faults.append(said.text) if "Content Security" in said.text else None,
    )
