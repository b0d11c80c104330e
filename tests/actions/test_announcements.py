"""Announcements through Home Assistant: for whom, in which language, told once, read or not."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, add_rules, named_as_cashiers, refused
from tests.actions.targets import TARGETS, device_of
from tests.site_fixtures import account_entity, expected_event, state_of
from tests.stories.telling import ask

pytestmark = pytest.mark.usefixtures("site")

TEXTS = {
    "en": {"title": "Lift", "message": "Out of order until noon."},
    "zh-Hans": {"title": "电梯", "message": "电梯停用至中午。"},
}


def kept(site: CompereSite, number: str) -> list[str]:
    """Return the messages that an account's tenant was sent, the latest first."""
    return [told.text for told in site.notifier.memory.messages(AccountNumber(number))]


async def test_told_to_an_area(hass: HomeAssistant, site: CompereSite, boss: str) -> None:
    """Each tenant there is told once, by an event and over their channels; others are not."""
    roof = ar.async_get(hass).async_create("Roof")
    noodles = device_of(hass, site, f"account_{NOODLES}")
    dr.async_get(hass).async_update_device(noodles.id, area_id=roof.id)
    told: list[Any] = []
    hass.bus.async_listen("compere_prepaid_announced", told.append)
    call = {"area_id": roof.id, "texts": TEXTS, "reference": "lift", "urgency": "important"}
    async with expected_event(hass, "announced", account=NOODLES) as seen:
        answer = await ask(hass, "announce", boss, **call)
    assert (answer["announcement"], answer["state"]) == ("lift", "running")
    assert (answer["accounts"], answer["told"], answer["replayed"]) == ([NOODLES], [NOODLES], False)
    assert seen[0].data["title"] == "Lift"
    assert seen[0].data["message"] == "Out of order until noon."
    assert (seen[0].data["announcement"], seen[0].data["urgency"]) == ("lift", "important")
    assert (await ask(hass, "announce", boss, **call))["replayed"]
    await site.async_tick()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(told) == 1
    assert kept(site, NOODLES) == ["Out of order until noon."]
    assert kept(site, TEA) == []
    event = state_of(hass, account_entity(hass, "event", NOODLES, "account_event"))
    assert event.attributes["event_type"] == "announced"


async def test_for_each_target(
    hass: HomeAssistant, site: CompereSite, subtests: pytest.Subtests
) -> None:
    """Whatever is chosen: a rehearsal names the accounts, and tells nobody."""
    device = device_of(hass, site, f"account_{TEA}")
    for kind, target in TARGETS.items():
        with subtests.test(target=kind):
            answer = await ask(
                hass, "announce", dry_run=True, message="Hello", **target(hass, device)
            )
            assert answer["accounts"] == [TEA]
    answer = await ask(hass, "announce", dry_run=True, message="Hello", everybody=True)
    assert (answer["accounts"], answer["told"]) == ([NOODLES, TEA], None)
    assert answer["texts"] == {"en": {"title": "", "message": "Hello"}}
    assert site.announcements.board.posted == {}


async def test_from_to_and_restart(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """It waits for its time over a restart, is told by the clock, and ends by itself."""
    assert isinstance(mall.clock, ManualClock)
    now = site.clock.now()
    since, until = now + timedelta(hours=1), now + timedelta(hours=3)
    call = {
        "account": NOODLES,
        "texts": TEXTS,
        "reference": "lift",
        "from": since.isoformat(),
        "until": until.isoformat(),
    }
    answer = await ask(hass, "announce", boss, **call)
    assert (answer["state"], answer["told"]) == ("coming", None)
    assert await hass.config_entries.async_reload(site.entry.entry_id)
    await hass.async_block_till_done()
    site = site.entry.runtime_data
    mall.clock.advance(seconds=3600)
    async with expected_event(hass, "announced", account=NOODLES, announcement="lift"):
        await site.async_tick()
    (listed,) = (await ask(hass, "list_announcements"))["announcements"]
    assert (listed["state"], listed["told"], listed["user"]) == ("running", [NOODLES], "Boss")
    mall.clock.advance(seconds=2 * 3600)
    assert (await ask(hass, "list_announcements"))["announcements"] == []
    (listed,) = (await ask(hass, "list_announcements", all=True))["announcements"]
    assert listed["state"] == "over"
    assert (await site.ledger.verify()).ok


async def test_who_has_read_it(
    hass: HomeAssistant, site: CompereSite, boss: str, anna: str
) -> None:
    """The list says who has and who has not; an account's list is in the tenant's language."""
    named_as_cashiers(hass, site, anna)
    await ask(hass, "announce", boss, everybody=True, texts=TEXTS, reference="lift")
    (mine,) = (await ask(hass, "list_announcements", anna, account=TEA))["announcements"]
    assert (mine["title"], mine["read"]) == ("Lift", None)
    read = await ask(hass, "mark_read", anna, account=TEA, announcement="lift")
    assert read["by"] == anna
    (listed,) = (await ask(hass, "list_announcements", announcement="lift"))["announcements"]
    assert (list(listed["read"]), listed["unread"]) == ([TEA], [NOODLES])
    assert site.announcements.text_for(AccountNumber(TEA), "lift", "zh-Hans").title == "电梯"
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "withdraw_announcement", anna, announcement="lift")
    gone = await ask(hass, "withdraw_announcement", boss, announcement="lift", reason="repaired")
    assert gone["state"] == "withdrawn"
    assert (await ask(hass, "list_announcements", account=TEA))["announcements"] == []


async def test_templates_follow_policies(hass: HomeAssistant, site: CompereSite) -> None:
    """Each tenant reads the rules that are theirs."""
    await add_rules(
        hass, "policies:", "  - {name: Strict, warning_levels: [70], cut_off: 5, reconnect: manual}"
    )
    await ask(hass, "apply_policy", account=TEA, policy="Strict")
    answer = await ask(
        hass, "announce", everybody=True, template="power_cut_rules", reference="rules"
    )
    assert set(answer["texts"]) == {"Standard", "Strict"}
    assert set(answer["texts"]["Strict"]) == {"en", "zh-Hans", "ms"}
    board = site.announcements
    assert "at 5.00 CNY or below" in board.text_for(AccountNumber(TEA), "rules").message
    assert "at 0.00 CNY or below" in board.text_for(AccountNumber(NOODLES), "rules").message
    assert "70.00 CNY" in board.text_for(AccountNumber(TEA), "rules", "ms").message


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("announcement_without_text", {"account": NOODLES}),
    ("announcement_without_text", {"account": NOODLES, "message": " "}),
    (
        "announcement_text_twice",
        {"account": NOODLES, "message": "x", "template": "power_cut_rules"},
    ),
    ("announcement_too_long", {"account": NOODLES, "message": "x" * 4001}),
    ("announcement_language_wrong", {"account": NOODLES, "texts": {"Klingon!": "x"}}),
    (
        "announcement_times_wrong",
        {"account": NOODLES, "message": "x", "from": "2027-01-02", "until": "2027-01-01"},
    ),
    (
        "announcement_over",
        {"account": NOODLES, "message": "x", "from": "2020-01-01", "until": "2020-01-02"},
    ),
    ("time_wrong", {"account": NOODLES, "message": "x", "from": "soon"}),
    ("target_empty", {"message": "x"}),
    ("target_empty", {"message": "x", "area_id": "nowhere"}),
    ("account_unknown", {"message": "x", "account": "Z-9"}),
    ("policy_unknown", {"message": "x", "with_policy": "Lenient"}),
]


async def test_what_it_refuses(
    hass: HomeAssistant, site: CompereSite, anna: str, subtests: pytest.Subtests
) -> None:
    """Each in words, and nothing is kept; a rehearsal refuses the same."""
    for key, data in WRONG:
        with subtests.test(key=key, **data):
            for dry_run in (True, False):
                async with refused(site, key):
                    await ask(hass, "announce", dry_run=dry_run, **data)
    named_as_cashiers(hass, site, anna)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "announce", anna, everybody=True, message="x")
    async with refused(site, "announcement_unknown", announcement="lift"):
        await ask(hass, "withdraw_announcement", announcement="lift")
    async with refused(site, "announcement_unknown", announcement="lift"):
        await ask(hass, "mark_read", account=TEA, announcement="lift")
    assert site.announcements.board.posted == {}
