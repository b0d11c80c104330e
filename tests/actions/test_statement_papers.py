"""Printing, sending and stopping: what `issue_statement` and `print_statements` do with paper."""

import asyncio
import csv
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pypdf import PdfReader
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.compere_prepaid.actions import statement_papers, statements
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.site import CompereSite
from custom_components.compere_prepaid.statements.downloads import link_to
from custom_components.compere_prepaid.statements.press import file_stem
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, refused
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture(autouse=True)
def _folder(hass: HomeAssistant, tmp_path: Path) -> None:
    """Print into a folder of the test's own."""
    hass.config.config_dir = str(tmp_path / "config")


def text_of(pdf: bytes) -> str:
    """Return the words of a PDF, in order."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def printed(site: CompereSite, ending: str) -> list[Path]:
    """Return the files of a site with this ending."""
    return list(site.press.folder.rglob(f"*{ending}"))


def taken_away(path: str) -> bytes:
    """Delete a file and return what was in it."""
    content = Path(path).read_bytes()
    Path(path).unlink()
    return content


async def test_printed_files_are_had_by_links(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    boss: str,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Each statement has its page and PDF, all lines are in a table; links need no login."""
    await burn(mall, site, NOODLES, 12_350)
    answer = await ask(
        hass,
        "issue_statement",
        boss,
        account=[NOODLES, TEA],
        formats=["html", "pdf", "csv", "xlsx"],
    )
    assert (answer["printed"], answer["cancelled"]) == (2, False)
    files = answer["accounts"][NOODLES]["files"]
    assert answer["accounts"][NOODLES]["number"] == 1
    client = await hass_client_no_auth()
    page = await (await client.get(files["html"]["link"])).text()
    assert "12.350" in page
    assert "197" not in page  # 200 − 12.35 = 187.65
    assert "187.65" in page
    pdf = await (await client.get(files["pdf"]["link"])).read()
    assert "12.350" in text_of(pdf)
    table = await (await client.get(answer["files"]["csv"]["link"])).text()
    rows = list(csv.DictReader(table.removeprefix("\ufeff").splitlines()))
    assert {row["account"] for row in rows} == {NOODLES, TEA}
    assert [row["energy_wh"] for row in rows if row["kind"] == "charge"] == ["12350"]
    assert (await client.get(answer["files"]["xlsx"]["link"])).status == HTTPStatus.OK
    link, _, signature = files["pdf"]["link"].partition("?")
    for wrong in (
        link,
        f"{link.replace('statement-', 'statement-x')}?{signature}",
        f"{link.rsplit('/', 1)[0]}/..%2F..%2Fconfiguration.yaml?{signature}",
    ):
        assert HTTPStatus.BAD_REQUEST <= (await client.get(wrong)).status <= HTTPStatus.NOT_FOUND
    assert printed(site, ".part") == []


@pytest.mark.parametrize("account", ["铺 1/2", "A#1?=%", "a=2Fb", "长" * 40])
async def test_links_of_any_account_number(
    site: CompereSite, account: str, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Whatever an account is called, its files are had by their links."""
    file = site.press.folder / "2026-10" / f"{file_stem(account)}-1-en.csv"
    file.parent.mkdir(parents=True)
    file.write_text(account, "utf-8")
    answer = await (await hass_client_no_auth()).get(link_to(site, file))
    assert await answer.text() == account


async def test_who_may_have_files(
    hass: HomeAssistant,
    site: CompereSite,
    boss: str,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    """An administrator needs no signature; for somebody else there is no such file."""
    answer = await ask(hass, "issue_statement", boss, account=TEA, formats="pdf", language="ms")
    link = answer["accounts"][TEA]["files"]["pdf"]["link"].partition("?")[0]
    assert "-1-ms-" in link
    assert (await (await hass_client()).get(link)).status == HTTPStatus.OK
    stranger = await hass_client(hass_read_only_access_token)
    assert (await stranger.get(link)).status == HTTPStatus.NOT_FOUND
    for place in ("other", site.entry.entry_id):
        gone = link.replace(site.entry.entry_id, place).replace("-1-ms", "-2-ms")
        assert (await (await hass_client()).get(gone)).status == HTTPStatus.NOT_FOUND


async def test_latest_is_printed_again(hass: HomeAssistant, boss: str) -> None:
    """What was issued before is printed as it was, byte for byte; an unknown number is refused."""
    first = await ask(hass, "issue_statement", boss, account=TEA, formats="pdf")
    path = first["accounts"][TEA]["files"]["pdf"]["path"]
    before = taken_away(path)
    again = await ask(hass, "print_statements", boss, account=TEA, formats="pdf")
    assert again["accounts"][TEA]["files"]["pdf"]["path"] == path
    assert taken_away(path) == before


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("print_nothing", {"account": NOODLES}),
        ("statement_unknown", {"account": NOODLES, "formats": "pdf"}),
        ("statement_unknown", {"account": "A-999", "formats": "pdf"}),
        ("target_empty", {"formats": "pdf"}),
    ],
)
async def test_what_cannot_be_printed(
    hass: HomeAssistant, site: CompereSite, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words."""
    async with refused(site, key):
        await ask(hass, "print_statements", **data)


async def test_printing_is_for_managers(hass: HomeAssistant, site: CompereSite, bob: str) -> None:
    """What tenants pay is not for everybody, and nobody else stops who prints."""
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, "print_statements", bob, account=NOODLES, formats="pdf")
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, "cancel_statements", bob)


async def test_one_batch_at_a_time_and_it_can_be_stopped(
    hass: HomeAssistant, site: CompereSite, boss: str
) -> None:
    """A second batch is refused while one prints; what is stopped leaves whole statements only."""
    for _ in range(3):
        await ask(hass, "issue_statement", boss, account=[NOODLES, TEA])
    assert await ask(hass, "cancel_statements", boss) == {"cancelled": False, "done": 0, "total": 0}
    shown: list[int | None] = []
    begun = asyncio.Event()

    def look() -> None:
        shown.append(site.press.progress)
        begun.set()

    site.totals.async_add_listener(look)
    batch = asyncio.create_task(
        ask(hass, "print_statements", boss, account=[NOODLES, TEA], formats=["pdf", "csv"])
    )
    await begun.wait()
    with pytest.raises(HomeAssistantError) as refusal:
        await ask(hass, "print_statements", boss, account=TEA, formats="pdf")
    assert refusal.value.translation_key == "statements_printing"
    with pytest.raises(HomeAssistantError) as refusal:
        await ask(hass, "issue_statement", boss, account=TEA, formats="pdf")
    assert refusal.value.translation_key == "statements_printing"
    stopped = await ask(hass, "cancel_statements", boss)
    answer = await batch
    assert stopped["cancelled"]
    assert (answer["cancelled"], answer["files"]) == (True, {})
    assert answer["printed"] < 2
    assert printed(site, ".part") == printed(site, ".csv") == []
    again = await ask(hass, "print_statements", boss, account=[NOODLES, TEA], formats="pdf")
    assert (again["printed"], again["cancelled"]) == (2, False)
    assert again["accounts"][TEA]["number"] == 3, "what was refused issued nothing"
    assert shown[0] == 0
    assert shown[-1] is None
    assert 100 in shown


async def test_no_answer_is_made_if_none_is_asked_for(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """Statements are issued and printed all the same."""
    call: dict[str, Any] = {"account": [NOODLES, TEA]}
    with patch.object(statements, "_data_of", side_effect=AssertionError):
        await hass.services.async_call(DOMAIN, "issue_statement", call, blocking=True)
    call["formats"] = "html"
    with patch.object(statement_papers, "link_to", side_effect=AssertionError):
        await hass.services.async_call(DOMAIN, "print_statements", call, blocking=True)
    assert len(printed(site, ".html")) == len(call["account"])
