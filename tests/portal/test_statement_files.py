"""Statements as files from the tenants' page: whose they are, in which language, how guarded."""

import csv
from io import BytesIO
import json

from homeassistant.core import HomeAssistant
from pypdf import PdfReader
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.portal.visiting import NOODLES, TEA, Visitor
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def let_in(site: CompereSite, browser: Visitor, mall: Mall) -> None:
    """Open everything of the noodle house to a browser."""
    await browser.scan(site, serial_of(mall, NOODLES))
    token, _ = site.access.links.issue(site.book.account(NOODLES).number)
    assert (await browser.post("/api/link", token=token))[1]["level"] == 2


async def test_a_tenant_prints_statements(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """One's own statement comes as page, PDF and table, in the language that is asked for."""
    await burn(mall, site, NOODLES, 12_350)
    await ask(hass, "issue_statement", account=[NOODLES, TEA])
    await let_in(site, browser, mall)
    async with browser.http.get(f"{browser.base}/api/statements/1.html?lang=zh-Hans") as got:
        page, policy = await got.text(), got.headers["Content-Security-Policy"]
    assert "账户对账单" in page
    assert "187.65" in page
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    async with browser.http.get(f"{browser.base}/api/statements/1.pdf?lang=ms") as got:
        assert (got.content_type, got.headers["Cache-Control"]) == ("application/pdf", "no-store")
        assert "attachment" in got.headers["Content-Disposition"]
        pdf = PdfReader(BytesIO(await got.read()))
    assert "Penyata akaun" in pdf.pages[0].extract_text()
    async with browser.http.get(f"{browser.base}/api/statements/1.csv") as got:
        rows = list(csv.DictReader((await got.text("utf-8-sig")).splitlines()))
    assert {row["account"] for row in rows} == {NOODLES}
    kept = await browser.get("/api/statements/1")
    assert kept[1]["number"] == "1"
    for wrong in ("2.pdf", "1.xlsx", "1.exe", "x.pdf", "1.2.pdf", "1.", "..%2f1.pdf"):
        status, answer = await browser.get(f"/api/statements/{wrong}")
        assert status == 404, (wrong, json.dumps(answer))


async def test_papers_need_their_level(
    hass: HomeAssistant, site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """The code at the meter shows no papers, in no format."""
    await ask(hass, "issue_statement", account=NOODLES)
    await browser.scan(site, serial_of(mall, NOODLES))
    for form in ("html", "pdf", "csv"):
        status, answer = await browser.get(f"/api/statements/1.{form}")
        assert (status, answer["error"]["code"]) == (403, "level_needed")
