"""The portal's own port: off until wanted, following the options, in nobody's way."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.compere_prepaid import issues
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.portal import shell
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.adapters.ledger_books import content
from tests.portal.visiting import (
    NOODLES,
    Visitor,
    base_url,
    code_of,
    portal_of,
    portal_options,
    portal_site,
    visitor,
)
from tests.site_fixtures import running_site


def choose(hass: HomeAssistant, site: CompereSite, **portal: Any) -> None:
    """Change the options of a running site."""
    hass.config_entries.async_update_entry(site.entry, options=portal_options(**portal))


async def test_follows_its_options(hass: HomeAssistant, mall: Mall, tmp_path: Path) -> None:
    """Off by default; on, opened, moved and off again while everything else runs on."""
    async with running_site(hass, mall, tmp_path) as site:
        assert site.portal is None
        choose(hass, site)
        await hass.async_block_till_done()
        first = portal_of(site)
        async with visitor(site) as browser:
            assert (await browser.choose(serial_of(mall, NOODLES)))["level"] == 0
            choose(hass, site, open_mode=True)
            await hass.async_block_till_done()
            assert portal_of(site) is first  # nobody was sent away
            assert (await browser.choose(serial_of(mall, NOODLES)))["level"] == 1
            choose(hass, site)
            await hass.async_block_till_done()
            assert (await browser.get("/api/overview"))[0] == 403  # only the number was known
        choose(hass, site, enabled=False)
        await hass.async_block_till_done()
        assert site.portal is None
        host, port = first.address or ("127.0.0.1", 1)
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection(host, port)
        assert {bus.coordinator.data for bus in site.buses.values()} == {True}


async def test_port_that_is_taken_is_an_issue(
    hass: HomeAssistant, mall: Mall, tmp_path: Path
) -> None:
    """The site runs on, somebody is told, and it goes by itself once the port is free."""
    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with portal_site(hass, mall, tmp_path, portal={"port": port}) as site:
        assert site.portal is None
        registry = ir.async_get(hass)
        [issue] = [
            each for each in registry.issues.values() if each.translation_key == issues.PORTAL_PORT
        ]
        assert issue.domain == DOMAIN
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["port"] == str(port)
        assert all(meter.coordinator.online for meter in site.meters.values())
        taken.close()
        await taken.wait_closed()
        await site.async_tick()
        assert base_url(site).endswith(f":{port}")
        assert not [
            each for each in registry.issues.values() if each.translation_key == issues.PORTAL_PORT
        ]


async def test_reload_keeps_labels_and_forgets_sessions(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """The site's secret outlives a restart, so labels do; the secret leaves the program nowhere."""
    serial = serial_of(mall, NOODLES)
    before = await code_of(site, serial)
    secret = site.access.tags.secret
    async with visitor(site) as browser:
        await browser.scan(site, serial)
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    again: CompereSite = site.entry.runtime_data
    assert await code_of(again, serial) == before
    assert len(portal_of(again).sessions) == 0
    assert secret.hex() not in str(content(Path(site.entry.data["ledger"])))
    assert secret.hex() not in str(site.entry.as_dict())


async def test_page_and_its_files(
    hass: HomeAssistant, mall: Mall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shell for every address of the page; files for ever, packed, and nothing else."""
    built = tmp_path / "built"
    built.mkdir()
    (built / "index.html").write_text("<!doctype html><title>x</title>", "utf-8")
    (built / "main-abc123.js").write_text("/* a */" * 200, "utf-8")
    (built / "secret.txt").write_text("no", "utf-8")
    (tmp_path / "above.js").write_text("no", "utf-8")
    monkeypatch.setattr(shell.load_files, "__defaults__", (built,))
    async with portal_site(hass, mall, tmp_path) as site, visitor(site) as browser:
        for path in ("/", "/m/33B0250100001-K", "/l", "/pay/01J"):
            async with browser.http.get(browser.base + path) as got:
                assert (got.status, got.content_type) == (200, "text/html"), path
                assert "<title>x" in await got.text()
                wanted = "no-referrer" if path == "/l" else "strict-origin-when-cross-origin"
                assert got.headers["Referrer-Policy"] == wanted, path
        async with browser.http.get(f"{browser.base}/assets/main-abc123.js") as got:
            assert got.status == 200
            assert got.headers["Content-Encoding"] == "gzip"
            assert "immutable" in got.headers["Cache-Control"]
            assert len(await got.read()) == 1400
            tag = got.headers["ETag"]
        assert (await browser.get("/assets/main-abc123.js", **{"If-None-Match": tag}))[0] == 304
        for name in ("index.html", "secret.txt", "none.js", "..%2fabove.js", "%2e%2e/above.js"):
            assert (await browser.get(f"/assets/{name}"))[0] == 404, name


async def test_page_needs_no_session(site: CompereSite, browser: Visitor) -> None:
    """Loading the page begins none: only asking for one does."""
    await browser.get("/")
    assert len(portal_of(site).sessions) == 0
    await browser.begin()
    await browser.begin()
    assert len(portal_of(site).sessions) == 1
