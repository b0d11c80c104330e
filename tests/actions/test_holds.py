"""`place_hold` and `release_hold`: power is off for a reason, until the reason is gone."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import (
    BAKERY,
    NOODLES,
    TEA,
    holds_on,
    named_as_cashiers,
    refused,
    serial_of,
)
from tests.actions.targets import TARGETS, device_of
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, relay_settled


def holds_told(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Return the holds of each meter of an answer."""
    return {serial: meter["holds"] for serial, meter in answer["meters"].items()}


async def _closed(mall: Mall, site: CompereSite) -> list[str]:
    """Return the meters whose relays are closed, once all relays follow."""
    for serial in site.meters:
        await relay_settled(site.controller, serial)
    return [meter.name for meter in mall.meters if meter.relay_closed]


@pytest.mark.parametrize("kind", ["manual", "maintenance"])
async def test_opens_and_closes_the_relay(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str, kind: str
) -> None:
    """The answer names the holds of each meter; the book keeps who placed which, and why."""
    serial = serial_of(mall, NOODLES)
    answer = await ask(hass, "place_hold", boss, meter=serial, kind=kind, reason="Panel work")
    assert answer["meters"] == {
        serial: {"account": NOODLES, "holds": [kind], "before": [], "relay": "open"}
    }
    (hold,) = await holds_on(site, serial)
    assert (hold.kind, hold.placed_by, hold.reason) == (kind, boss, "Panel work")
    assert await _closed(mall, site) == [TEA, BAKERY]
    account = await ask(hass, "get_account", account=NOODLES)
    assert account["meters"][0]["holds"] == [kind]
    answer = await ask(hass, "release_hold", boss, meter=serial, kind=kind)
    assert answer["meters"] == {
        serial: {"account": NOODLES, "holds": [], "before": [kind], "relay": "close"}
    }
    assert await _closed(mall, site) == [NOODLES, TEA, BAKERY]


async def test_an_account_means_all_its_meters(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """By its number; the relays of all its meters follow, in one transaction."""
    serials = [serial_of(mall, name) for name in (TEA, BAKERY)]
    answer = await ask(hass, "place_hold", account=TEA, kind="manual")
    assert holds_told(answer) == {serial: ["manual"] for serial in serials}
    placed = {(await holds_on(site, serial))[0].placed_at for serial in serials}
    assert len(placed) == 1
    assert await _closed(mall, site) == [NOODLES]
    await ask(hass, "release_hold", meter=serials, kind="manual")
    assert await _closed(mall, site) == [NOODLES, TEA, BAKERY]


@pytest.mark.parametrize("what", ["account", "meter"])
async def test_targets_lead_to_meters(
    hass: HomeAssistant, mall: Mall, site: CompereSite, what: str, subtests: pytest.Subtests
) -> None:
    """A meter's device means that meter only, an account's device all its meters."""
    tea, bakery = serial_of(mall, TEA), serial_of(mall, BAKERY)
    device = device_of(hass, site, f"account_{TEA}" if what == "account" else bakery)
    meant = [tea, bakery] if what == "account" else [bakery]
    for kind, target in TARGETS.items():
        with subtests.test(target=kind):
            answer = await ask(hass, "place_hold", kind="manual", **target(hass, device))
            assert holds_told(answer) == {serial: ["manual"] for serial in meant}
            await ask(hass, "release_hold", kind="manual", meter=meant)


async def test_twice_is_once(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """A hold that stands is not placed again, and one that does not stand is no harm to release."""
    serial = serial_of(mall, NOODLES)
    await ask(hass, "release_hold", meter=serial, kind="manual")
    await ask(hass, "place_hold", meter=serial, kind="manual", reason="first")
    await ask(hass, "place_hold", meter=serial, kind="manual", reason="second")
    assert [hold.reason for hold in await holds_on(site, serial)] == ["first"]


async def test_each_hold_has_its_own_end(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """Money releases the hold for want of money and no other; power is back after the last one."""
    serial = serial_of(mall, NOODLES)
    async with expected_event(hass, "cut_off", account=NOODLES):
        await ask(hass, "adjust_balance", account=NOODLES, amount=-200, reason="test")
    for kind in ("manual", "maintenance"):
        await ask(hass, "place_hold", meter=serial, kind=kind)
    holds = (await ask(hass, "get_account", account=NOODLES))["meters"][0]["holds"]
    assert sorted(holds) == ["maintenance", "manual", "no_credit"]
    await ask(hass, "top_up", account=NOODLES, amount=50)
    for kind, left in (("manual", ["maintenance"]), ("maintenance", [])):
        assert NOODLES not in await _closed(mall, site)
        answer = await ask(hass, "release_hold", meter=serial, kind=kind)
        assert answer["meters"][serial]["holds"] == left
    assert NOODLES in await _closed(mall, site)


async def test_maintenance_is_released_by_who_placed_it(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, bob: str
) -> None:
    """Bob does not end Anna's work on the panel; Anna does."""
    named_as_cashiers(hass, site, anna, bob)
    hers, his = serial_of(mall, NOODLES), serial_of(mall, TEA)
    await ask(hass, "place_hold", anna, meter=hers, kind="maintenance")
    await ask(hass, "place_hold", bob, meter=his, kind="maintenance")
    async with refused(site, "hold_of_another", meter=hers, kind="maintenance"):
        await ask(hass, "release_hold", bob, meter=[his, hers], kind="maintenance")
    assert await _closed(mall, site) == [BAKERY]
    for user, serial in ((anna, hers), (bob, his)):
        await ask(hass, "release_hold", user, meter=serial, kind="maintenance")
    assert await _closed(mall, site) == [NOODLES, TEA, BAKERY]


async def test_administrators_release_anybodys_maintenance(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, boss: str
) -> None:
    """When Anna has gone home."""
    named_as_cashiers(hass, site, anna)
    serial = serial_of(mall, NOODLES)
    await ask(hass, "place_hold", anna, meter=serial, kind="maintenance")
    await ask(hass, "release_hold", boss, meter=serial, kind="maintenance")
    assert NOODLES in await _closed(mall, site)


async def test_manual_holds_are_released_by_any_operator(
    hass: HomeAssistant, mall: Mall, site: CompereSite, anna: str, bob: str
) -> None:
    """What Anna switched off, Bob may switch on."""
    named_as_cashiers(hass, site, anna, bob)
    serial = serial_of(mall, NOODLES)
    await ask(hass, "place_hold", anna, meter=serial, kind="manual")
    await ask(hass, "release_hold", bob, meter=serial, kind="manual")
    assert NOODLES in await _closed(mall, site)


@pytest.mark.parametrize("action", ["place_hold", "release_hold"])
async def test_what_it_refuses(
    hass: HomeAssistant,
    mall: Mall,
    site: CompereSite,
    anna: str,
    action: str,
    subtests: pytest.Subtests,
) -> None:
    """Holds of rules are not for hands, every meter must be known, somebody must be meant."""
    serial = serial_of(mall, NOODLES)
    await ask(hass, "place_hold", meter=serial, kind="manual")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"meter": serial, "kind": "no_credit"}, "hold_not_by_hand"),
        *(
            ({"meter": serial, "kind": kind}, "hold_not_by_hand")
            for kind in ("overload", "protection")
            if action == "place_hold"
        ),
        ({"meter": [serial, "33B0"], "kind": "manual"}, "meter_unknown"),
        ({"meter": serial, "account": "A-999", "kind": "manual"}, "account_unknown"),
        ({"kind": "manual"}, "target_empty"),
        ({"kind": "manual", "meter": []}, "target_empty"),
        ({"kind": "manual", "area_id": "nowhere"}, "target_empty"),
    )
    for data, key in cases:
        with subtests.test(**data):
            async with refused(site, key):
                await ask(hass, action, **data)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, action, anna, meter=serial, kind="manual")
    assert await _closed(mall, site) == [TEA, BAKERY]
    assert site.book.meters[MeterSerial(serial)].holds == ("manual",)
