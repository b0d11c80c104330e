"""Opening a site's ledger where its entry says that it is."""

from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import CONF_LEDGER, CONF_LEDGER_MADE, DOMAIN
from custom_components.compere_prepaid.ledger_place import async_open_ledger, ledger_place
from tests.adapters.ledger_books import CNY, YUAN, balance, meddle, refusal, top_up
from tests.adapters.postgresql_server import PostgresqlServer


def entry_at(hass: HomeAssistant, place: str) -> MockConfigEntry:
    """Return the entry of a site whose owner named a place for its ledger."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id="riverside_mall", data={CONF_LEDGER: place})
    entry.add_to_hass(hass)
    return entry


def test_places(hass: HomeAssistant) -> None:
    """A file is in our folder, or where it was named; a database is where its URL says."""
    folder = Path(hass.config.config_dir)
    for named, place in (
        ("", folder / DOMAIN / "riverside_mall.db"),
        ("elsewhere/mall.db", folder / "elsewhere" / "mall.db"),
        ("/mnt/disk/mall.db", Path("/mnt/disk/mall.db")),
        ("postgresql://mall@server/mall", "postgresql://mall@server/mall"),
    ):
        assert ledger_place(hass, entry_at(hass, named)) == place


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_ledger_is_made_once(
    hass: HomeAssistant, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """The first opening makes the book, later ones continue it, and a lost one is not replaced."""
    path = tmp_path / "mall.db"
    place = str(path)
    if engine == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("server")
        place = server.emptied()
    entry = entry_at(hass, place)
    for is_new in (True, False):
        ledger = await async_open_ledger(hass, entry, CNY)
        assert ledger.is_new is is_new
        await ledger.run(top_up("desk-1", 5))
        assert await balance(ledger) == 5 * YUAN
        await ledger.close()
        assert entry.data[CONF_LEDGER_MADE] is True
    if engine == "postgresql":
        meddle(place, "DROP SCHEMA compere_prepaid CASCADE")
    else:
        path.unlink()
    error = await refusal(async_open_ledger(hass, entry, CNY))
    assert error.key == "ledger_missing"
    assert "@" not in place or "***" in error.placeholders["path"]
    assert not path.exists()


async def test_ledger_waits_for_its_driver(hass: HomeAssistant) -> None:
    """Without its driver a database cannot be opened, and the error says which it is."""
    entry = entry_at(hass, "postgresql://mall@server/mall")
    with patch(
        "custom_components.compere_prepaid.ledger_place.async_process_requirements",
        side_effect=RequirementsNotFound(DOMAIN, ["psycopg"]),
    ):
        error = await refusal(async_open_ledger(hass, entry, CNY))
    assert (error.key, error.placeholders) == (
        "ledger_driver_missing",
        {"driver": "psycopg[binary]>=3.2,<4"},
    )
