"""Pools and feeders by action: dated versions, what changed, warnings, and every refusal."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import BAKERY, NOODLES, TEA, named_as_cashiers, refused
from tests.adapters.ledger_books import content
from tests.stories.telling import ask

LIFTS: dict[str, Any] = {
    "name": "Lifts",
    "valid_from": "2026-01-01",
    "costs": [{"bill": "Lift maintenance", "fixed": True}, {"amount": 99.5, "name": "Insurance"}],
    "basis": "floor_area",
}

WRONG = """\
name: Cooling
valid_from: 2026-01-01
costs:
  - {meters: [CH1], tariff: Retail}
  - {pool: Lift}
  - {losses: Main LV, price: 1}
basis: equal
caps: [{account: A-999, amount: 5}]
"""


async def content_on(hass: HomeAssistant, what: str, day: str) -> object:
    """Return what the only pool or feeder says on a day; None if there is none then."""
    (one,) = (await ask(hass, "get_pools", on=day))[what]
    return one["content"]


async def test_a_pool_is_set_changed_and_ended_from_days_on(
    hass: HomeAssistant, site: CompereSite, boss: str
) -> None:
    """Nothing is edited: each day keeps what held on it, and who said so."""
    answer = await ask(hass, "set_pool", boss, pool=LIFTS)
    assert (answer["result"], answer["faults"], answer["warnings"]) == ("created", [], [])
    assert (await ask(hass, "set_pool", pool=LIFTS))["result"] == "unchanged"
    mixed = LIFTS | {"basis": {"floor_area": 60, "equal": 40}}
    answer = await ask(hass, "set_pool", pool=mixed, valid_from="2026-05-01")
    assert answer["result"] == "changed"
    assert answer["changes"] == {
        "basis": {"before": "floor_area", "after": {"floor_area": "60", "equal": "40"}}
    }
    again = await ask(hass, "set_pool", pool=LIFTS, valid_from="2026-05-01")
    assert (again["result"], again["revision"]) == ("changed", 2)
    dry = await ask(hass, "end_pool", pool="Lifts", valid_from="2026-09-01", dry_run=True)
    assert dry["result"] == "ended"
    assert await content_on(hass, "pools", "2026-09-01") is not None
    assert (await ask(hass, "end_pool", pool="Lifts", valid_from="2026-09-01"))["result"] == "ended"
    assert await content_on(hass, "pools", "2026-09-01") is None
    assert await content_on(hass, "pools", "2025-12-31") is None
    (lifts,) = (await ask(hass, "get_pools", on="2026-08-31"))["pools"]
    assert [(one["valid_from"], one["revision"], one["status"]) for one in lifts["versions"]] == [
        ("2026-01-01", 1, "past"),
        ("2026-05-01", 1, "past"),
        ("2026-05-01", 2, "in_force"),
        ("2026-09-01", 1, "to_come"),
    ]
    assert lifts["content"]["basis"] == "floor_area"
    assert [one["user"] for one in lifts["versions"]][:2] == [boss, "automation"]
    assert (await ask(hass, "end_pool", pool="Lifts", valid_from="2026-10-01"))[
        "result"
    ] == "unchanged"


async def test_faults_are_told_all_at_once(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """What names nothing, what contradicts other pools, and what cannot be read."""
    await ask(hass, "set_pool", pool=LIFTS)
    await hass.async_block_till_done()
    before = content_of(site)
    answer = await ask(hass, "set_pool", pool=WRONG)
    assert answer["result"] == "refused"
    assert [f"{one['line']}: {one['path']}: {one['message']}" for one in answer["faults"]] == [
        "4: costs[0].meters[0]: there is no meter 'CH1'",
        "4: costs[0].tariff: there is no tariff 'Retail'",
        "5: costs[1].pool: there is no pool 'Lift', did you mean 'Lifts'?",
        "6: costs[2].losses: there is no feeder 'Main LV'",
        "8: caps[0].account: there is no account 'A-999'",
    ]
    answer = await ask(hass, "set_pool", pool=LIFTS | {"basis": "area"})
    assert answer["faults"][0]["path"] == "basis"
    answer = await ask(
        hass, "set_feeder", feeder={"name": "Main LV", "main": ["M"], "meters": "all"}
    )
    assert [one["message"] for one in answer["faults"]] == ["there is no meter 'M'"]
    assert content_of(site) == before
    async with refused(site, "document_invalid"):
        await hass.services.async_call(
            "compere_prepaid", "set_pool", {"pool": {"name": "Lifts"}}, blocking=True
        )
    async with refused(site, "pool_unknown"):
        await ask(hass, "end_pool", pool="Lift")
    async with refused(site, "pool_unknown"):
        await ask(hass, "get_pools", pool="Lift")
    async with refused(site, "day_wrong"):
        await ask(hass, "set_pool", pool=LIFTS, valid_from="May")


def content_of(site: CompereSite) -> object:
    """Return the whole book."""
    return content(Path(site.entry.data["ledger"]))


async def test_a_pool_that_others_need_cannot_end(hass: HomeAssistant, site: CompereSite) -> None:
    """Nor can one take back what it gave; a feeder stays as long as a pool needs its losses."""
    serial = next(iter(site.meters))
    await ask(hass, "set_feeder", feeder={"name": "LV", "main": [serial], "meters": "all"})
    await ask(hass, "set_pool", pool=LIFTS)
    loss = {"losses": "LV", "price": 0.6}
    part = {
        "name": "Losses",
        "valid_from": "2026-03-01",
        "costs": [{"pool": "Lifts", "percent": 25}, loss],
        "basis": "energy",
    }
    assert (await ask(hass, "set_pool", pool=part))["result"] == "created"
    answer = await ask(hass, "end_pool", pool="Lifts", valid_from="2026-06-01")
    assert [one["message"] for one in answer["faults"]] == [
        "pool 'Losses': there is no pool 'Lifts'"
    ]
    back = LIFTS | {"costs": [{"pool": "Losses"}], "valid_from": "2026-04-01"}
    answer = await ask(hass, "set_pool", pool=back)
    assert [one["message"] for one in answer["faults"]] == [
        "pool 'Losses': takes a part of itself: Losses ← Lifts ← Losses",
        "takes a part of itself: Lifts ← Losses ← Lifts",
    ]
    other = part | {"name": "Others", "costs": [loss | {"percent": 10}]}
    answer = await ask(hass, "set_pool", pool=other)
    assert [one["message"] for one in answer["faults"]] == [
        "'LV' is shared out more than once: Losses 100 %, Others 10 %, 110 % together"
    ]
    ended = {"name": "LV", "ended": True}
    answer = await ask(hass, "set_feeder", feeder=ended, valid_from="2026-06-01")
    assert [one["message"] for one in answer["faults"]] == [
        "pool 'Losses': there is no feeder 'LV'"
    ]
    await ask(hass, "end_pool", pool="Losses", valid_from="2026-06-01")
    assert (await ask(hass, "end_pool", pool="Lifts", valid_from="2026-06-01"))["result"] == "ended"
    assert (await ask(hass, "set_feeder", feeder=ended, valid_from="2026-06-01"))[
        "result"
    ] == "changed"
    assert await content_on(hass, "feeders", "2026-05-31") is not None
    assert await content_on(hass, "feeders", "2026-06-01") is None


async def test_a_feeder_holds_always_until_it_changes(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """The wires were there before anybody wrote them down; a change is from today."""
    one, two, three = site.meters
    feeder = {"name": "LV", "main": [one], "meters": [two]}
    answer = await ask(hass, "set_feeder", feeder=feeder)
    assert (answer["result"], answer["valid_from"]) == ("created", "2000-01-01")
    assert (await ask(hass, "set_feeder", feeder=feeder))["result"] == "unchanged"
    answer = await ask(hass, "set_feeder", feeder=feeder | {"meters": [two, three]})
    assert (answer["result"], answer["valid_from"]) == ("changed", "2026-03-02")
    (shown,) = (await ask(hass, "get_pools"))["feeders"]
    assert shown["content"]["meters"] == [two, three]
    assert [version["status"] for version in shown["versions"]] == ["past", "in_force"]


async def test_what_is_hardly_meant_is_told(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """A meter whose tenant pays already, a place where nobody is, percentages that leave a rest."""
    serial = mall.meter(NOODLES).serial
    pool = {
        "name": "Food court",
        "valid_from": "2026-01-01",
        "costs": [{"meters": [serial], "price": 1}],
        "percent": {NOODLES: 40, TEA: 12.5},
        "include": {"areas": ["Fod court"], "labels": ["food"]},
    }
    answer = await ask(hass, "set_pool", pool=pool)
    assert answer["result"] == "created"
    assert [one["warning"] for one in answer["warnings"]] == [
        "meter_charged",
        "nobody_there",
        "nobody_there",
        "owner_bears",
    ]
    assert answer["warnings"][0]["message"].startswith(f"The meter {serial} supplies the account")
    assert "area Fod court" in answer["warnings"][1]["message"]
    assert "52.5 %" in answer["warnings"][3]["message"]


async def test_a_pool_says_when_its_meter_is_gone(
    hass: HomeAssistant, site: CompereSite, mall: Mall
) -> None:
    """It may still name it, for the time in which it was there; that it is gone is told."""
    serial = MeterSerial(mall.meter(BAKERY).serial)
    pool = LIFTS | {"costs": [{"meters": [serial], "price": 1}]}
    await ask(hass, "set_pool", pool=pool)
    (tea,) = (one for one in site.accounts.values() if one.number == TEA)
    subentry = site.entry.subentries[tea.subentry_id]
    left = [one for one in subentry.data["meters"] if one != serial]
    hass.config_entries.async_update_subentry(
        site.entry, subentry, data={**subentry.data, "meters": left}
    )
    meter = site.meters[serial].subentry_id
    hass.config_entries.async_remove_subentry(site.entry, meter)
    await hass.async_block_till_done()
    (shown,) = (await ask(hass, "get_pools"))["pools"]
    assert [one["warning"] for one in shown["warnings"]] == ["meter_gone"]
    assert (await ask(hass, "set_pool", pool=pool | {"basis": "equal"}))["result"] == "changed"


@pytest.mark.parametrize("action", ["set_pool", "end_pool", "set_feeder"])
async def test_only_administrators_set_pools(
    hass: HomeAssistant, site: CompereSite, bob: str, action: str
) -> None:
    """A cashier takes money; by what costs are split is not theirs to say."""
    named_as_cashiers(hass, site, bob)
    data = {"set_feeder": {"feeder": {"name": "LV"}}}.get(action, {"pool": "Lifts"})
    async with refused(site, "not_allowed", user="Bob"):
        await ask(hass, action, bob, **data)
    assert (await ask(hass, "get_pools", bob))["pools"] == []
