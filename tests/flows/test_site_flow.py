"""Adding a site and renaming it."""

from collections.abc import Iterator
import os
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.requirements import RequirementsNotFound
import pytest

from custom_components.compere_prepaid.config_flow import ledger_fault
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.ledger.records import BookKind
from custom_components.compere_prepaid.ledger_place import book_kind
from tests.adapters.ledger_books import meddle, open_book, top_up
from tests.adapters.postgresql_server import PostgresqlServer
from tests.flows.played import SITE_DATA, add_site, form_of, suggestions


@pytest.fixture(autouse=True)
def setup_entry() -> Iterator[AsyncMock]:
    """Do not start the sites that are made here."""
    with patch(
        "custom_components.compere_prepaid.async_setup_entry", return_value=True
    ) as setup_entry:
        yield setup_entry


def answers(**changes: Any) -> dict[str, Any]:
    """Fill in the form for a site."""
    place = {"ledger": changes.pop("ledger")} if "ledger" in changes else {}
    return {
        "name": "Riverside Mall",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "initial_price": "0.6173",
        "ledger_place": place,
    } | changes


async def start(hass: HomeAssistant) -> str:
    """Open the dialog; return its id."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert not result["errors"]
    return result["flow_id"]


async def test_site_is_created_and_its_first_bus_asked_for(
    hass: HomeAssistant, setup_entry: AsyncMock
) -> None:
    """The answers are kept as the site is composed from them; the bus dialog follows."""
    flow_id = await start(hass)
    result = await hass.config_entries.flow.async_configure(flow_id, answers())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Riverside Mall"
    assert result["data"] == SITE_DATA
    assert result["result"].unique_id == "riverside_mall"
    kind, bus_flow_id = result["next_flow"]
    assert kind == "config_subentries_flow"
    bus_flow = hass.config_entries.subentries.async_get(bus_flow_id)
    assert bus_flow["handler"] == (result["result"].entry_id, "bus")
    assert setup_entry.await_count == 1


async def test_currency_and_time_zone_are_suggested(hass: HomeAssistant) -> None:
    """The form begins with what Home Assistant is set to."""
    hass.config.currency = "CNY"
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    suggested = {"currency": "CNY", "time_zone": hass.config.time_zone}
    assert suggestions(form_of(result)) == suggested


@pytest.mark.parametrize("days", [0, 14, 21, 28])
async def test_adaptation_period_is_offered(hass: HomeAssistant, days: int) -> None:
    """Two to four weeks, or none; three unless somebody chooses."""
    flow_id = await start(hass)
    form = answers(adaptation_days=str(days))
    result = await hass.config_entries.flow.async_configure(flow_id, form)
    assert result["data"] == SITE_DATA | {"adaptation_days": days}


@pytest.mark.parametrize(
    ("wrong", "field", "key"),
    [
        ({"name": "  "}, "name", "name_empty"),
        ({"name": "riverside  mall"}, "name", "site_exists"),
        ({"initial_price": "cheap"}, "initial_price", "price_not_a_number"),
        ({"initial_price": "-0.1"}, "initial_price", "price_negative"),
        ({"initial_price": "0.1234567"}, "initial_price", "price_too_precise"),
        ({"initial_price": "1e9"}, "initial_price", "price_too_large"),
        ({"ledger": "mysql://server/mall"}, "ledger_place", "ledger_url_invalid"),
        ({"ledger": "postgresql://server"}, "ledger_place", "ledger_url_invalid"),
        ({"ledger": "postgresql://127.0.0.1:1/mall"}, "ledger_place", "ledger_unavailable"),
        ({"ledger": "/nowhere/mall.db"}, "ledger_place", "ledger_folder_missing"),
        ({"ledger": "/"}, "ledger_place", "ledger_is_a_folder"),
        ({"ledger": "compere_prepaid/riverside_mall.db"}, "ledger_place", "ledger_in_use"),
    ],
)
async def test_wrong_answer_is_explained_and_can_be_corrected(
    hass: HomeAssistant, wrong: dict[str, Any], field: str, key: str
) -> None:
    """Every refusal says which field and why; the corrected form is accepted."""
    add_site(hass, "Riverside Mall")
    flow_id = await start(hass)
    result = await hass.config_entries.flow.async_configure(
        flow_id, answers(name="Lakeside Mall") | answers(**({"name": "Lakeside Mall"} | wrong))
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {field: key}
    result = await hass.config_entries.flow.async_configure(flow_id, answers(name="Lakeside Mall"))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "wrong", [{"currency": "XXX"}, {"time_zone": "Moon/Base"}, {"adaptation_days": "7"}]
)
async def test_what_no_list_offers_is_refused(hass: HomeAssistant, wrong: dict[str, Any]) -> None:
    """Currency, time zone and adaptation period come from lists."""
    flow_id = await start(hass)
    with pytest.raises(InvalidData):
        await hass.config_entries.flow.async_configure(flow_id, answers(**wrong))


async def test_ledger_elsewhere_is_kept(hass: HomeAssistant, tmp_path: Path) -> None:
    """A place that can hold a ledger is kept as it was named."""
    flow_id = await start(hass)
    place = str(tmp_path / "mall.db")
    result = await hass.config_entries.flow.async_configure(flow_id, answers(ledger=place))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["ledger"] == place


# -- a ledger in a database --------------------------------------------------------------------


async def answered(hass: HomeAssistant, url: str, **changes: str) -> Any:
    """Fill in the form with a database; return what the dialog says."""
    flow_id = await start(hass)
    return await hass.config_entries.flow.async_configure(flow_id, answers(ledger=url, **changes))


async def test_database_is_tried_and_left_as_it_was(
    hass: HomeAssistant, server: PostgresqlServer
) -> None:
    """A database that can hold a ledger is kept as it was named; nothing is made in it yet."""
    url = server.emptied()
    result = await answered(hass, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["ledger"] == url
    with server.connect("postgres") as other:
        schemas = other.execute("SELECT nspname FROM pg_namespace").fetchall()
    assert ("compere_prepaid",) not in schemas


async def test_several_sites_share_a_database(
    hass: HomeAssistant, server: PostgresqlServer
) -> None:
    """One database holds the books of many sites; a running one is not disturbed by the next."""
    url = server.emptied()
    ledger = await open_book(url, "riverside_mall")
    for name in ("Riverside Mall", "Lakeside Mall"):
        result = await answered(hass, url, name=name)
        assert result["type"] is FlowResultType.CREATE_ENTRY
    await ledger.run(top_up("desk-1", 5))
    await ledger.close()


async def test_database_that_cannot_be_used_is_explained(
    hass: HomeAssistant, server: PostgresqlServer
) -> None:
    """The form says what is wrong, and shows no password while it does."""
    url = server.emptied()
    wrong = url.replace(server.password, "deep-secret")
    for bad, key in ((wrong, "ledger_unavailable"), (f"{url}_else", "ledger_unavailable")):
        result = await answered(hass, bad)
        assert result["errors"] == {"ledger_place": key}
        told = str(result["description_placeholders"])
        assert "postgresql://mall:***@127.0.0.1" in told
        assert "deep-secret" not in told
        assert server.password not in told
    meddle(url, "ALTER ROLE mall SET synchronous_commit = off")
    result = await answered(hass, url)
    meddle(url, "ALTER ROLE mall RESET synchronous_commit")
    assert result["errors"] == {"ledger_place": "ledger_unsafe"}


async def test_books_in_a_database_are_compared(
    hass: HomeAssistant, server: PostgresqlServer
) -> None:
    """A site's book of another currency, or of a newer program, is refused before it is saved."""
    url = server.emptied()
    await (await open_book(url, "riverside_mall")).close()
    result = await answered(hass, url, currency="EUR")
    assert result["errors"] == {"ledger_place": "ledger_other_currency"}
    meddle(url, "UPDATE book SET schema_version = 99")
    result = await answered(hass, url)
    assert result["errors"] == {"ledger_place": "ledger_newer"}


async def test_driver_is_fetched_when_it_is_needed(
    hass: HomeAssistant, server: PostgresqlServer
) -> None:
    """A file needs no driver; a database does, and the form says if it cannot be had."""
    module = "custom_components.compere_prepaid.ledger_place.async_process_requirements"
    missing = RequirementsNotFound(DOMAIN, ["psycopg"])
    with patch(module, side_effect=missing) as process:
        result = await answered(hass, server.emptied())
        assert result["errors"] == {"ledger_place": "ledger_driver_missing"}
        process.assert_awaited_once_with(
            hass, DOMAIN, ["psycopg[binary]>=3.2,<4"], is_built_in=False
        )
        result = await answered(hass, "")
        assert result["type"] is FlowResultType.CREATE_ENTRY
    assert process.await_count == 1


@pytest.mark.parametrize("present", [True, False])
def test_ledger_must_be_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: bool
) -> None:
    """A file, or its folder while there is no file, must let Home Assistant write."""
    path = tmp_path / "mall.db"
    if present:
        path.touch()
    read_only = {path if present else tmp_path}
    monkeypatch.setattr(os, "access", lambda path, _: path not in read_only)
    assert ledger_fault(path) == "ledger_not_writable"
    read_only.clear()
    assert ledger_fault(path) is None


async def test_trial_is_chosen_once(hass: HomeAssistant, tmp_path: Path) -> None:
    """Money is real unless somebody chooses; the choice is kept."""
    hass.config.config_dir = str(tmp_path)
    flow_id = await start(hass)
    result = await hass.config_entries.flow.async_configure(flow_id, answers(book_kind="sandbox"))
    assert result["data"] == SITE_DATA | {"book_kind": "sandbox"}
    assert book_kind(result["result"]) is BookKind.SANDBOX


@pytest.mark.parametrize("named", [True, False])
async def test_book_of_the_other_kind_is_refused(
    hass: HomeAssistant, tmp_path: Path, named: bool
) -> None:
    """What a removed trial left behind is never taken over by a real site."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / DOMAIN).mkdir()
    file = tmp_path / "mall.db" if named else tmp_path / DOMAIN / "riverside_mall.db"
    await (await open_book(file, "riverside_mall", kind=BookKind.SANDBOX)).close()
    flow_id = await start(hass)
    place = {"ledger": str(file)} if named else {}
    result = await hass.config_entries.flow.async_configure(flow_id, answers(**place))
    assert result["errors"] == {"ledger_place": "ledger_other_kind"}
    assert str(file) in str(result["description_placeholders"])
    trial = answers(book_kind="sandbox", **place)
    result = await hass.config_entries.flow.async_configure(flow_id, trial)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_two_dialogs_for_one_site(hass: HomeAssistant) -> None:
    """The slower of two dialogs with the same name is refused, and can choose another."""
    slow, fast = await start(hass), await start(hass)
    await hass.config_entries.flow.async_configure(fast, answers())
    result = await hass.config_entries.flow.async_configure(slow, answers())
    assert result["errors"] == {"name": "site_exists"}


async def test_site_is_renamed(hass: HomeAssistant) -> None:
    """A new name changes title and name, not the id from which the ledger's place follows."""
    entry = add_site(hass, "Riverside Mall")
    add_site(hass, "Lakeside Mall")
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    assert set(form_of(result)) == {"name"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Lakeside mall"}
    )
    assert result["errors"] == {"name": "site_exists"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Riverside Plaza"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert entry.title == "Riverside Plaza"
    assert entry.data == SITE_DATA | {"name": "Riverside Plaza"}
    assert entry.unique_id == "riverside_mall"


async def test_first_name_of_a_renamed_site_stays_taken(hass: HomeAssistant) -> None:
    """A second site under a name that another had would get the other's ledger."""
    entry = add_site(hass, "Riverside Mall")
    hass.config_entries.async_update_entry(entry, title="Plaza", data=SITE_DATA | {"name": "Plaza"})
    flow_id = await start(hass)
    result = await hass.config_entries.flow.async_configure(flow_id, answers())
    assert result["errors"] == {"name": "site_exists"}
    assert result["description_placeholders"] == {"name": "Plaza"}
