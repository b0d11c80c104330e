"""Graces, disputes and adaptation periods by action: who may, and what is refused."""

from typing import Any

from homeassistant.core import HomeAssistant
import probatio as vol
import pytest

from custom_components.compere_prepaid.core.ledger.account_rows import Decision, DecisionKind
from custom_components.compere_prepaid.site import CompereSite
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.actions.targets import device_of
from tests.stories.telling import ask


async def decided(site: CompereSite, account: str) -> list[tuple[DecisionKind, str, str]]:
    """Return what people decided about an account, with who and why."""
    rows = await site.ledger.read(lambda tx: tx.rows(Decision, account=account))
    return [(row.kind, row.user, row.detail) for row in rows]


async def test_who_may(
    hass: HomeAssistant, site: CompereSite, boss: str, anna: str, bob: str
) -> None:
    """A cashier grants a week and holds disputes; only an administrator more, and adaptation."""
    named_as_cashiers(hass, site, anna)
    grace: dict[str, Any] = {"account": NOODLES, "reason": "asked for"}
    dispute = {"account": TEA, "reason": "wrong meter"}
    for action, data in (
        ("grant_grace", grace | {"hours": 1}),
        ("open_dispute", dispute),
        ("close_dispute", dispute),
        ("adaptation_report", {}),
    ):
        async with refused(site, "not_allowed", user="Bob"):
            await ask(hass, action, bob, **data)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "set_adaptation", anna, account=TEA, days=3)
    await ask(hass, "grant_grace", anna, **grace, hours=7 * 24)
    async with refused(site, "grace_too_long", days="7"):
        await ask(hass, "grant_grace", anna, **grace, hours=7 * 24 + 1)
    await ask(hass, "grant_grace", boss, **grace, hours=90 * 24)
    async with refused(site, "grace_too_long", days="90"):
        await ask(hass, "grant_grace", boss, **grace, hours=90 * 24 + 1)
    assert await decided(site, NOODLES) == [
        (DecisionKind.GRACE, anna, "asked for"),
        (DecisionKind.GRACE, boss, "asked for"),
    ]
    await ask(hass, "open_dispute", anna, **dispute)
    await ask(hass, "close_dispute", anna, **dispute)
    await ask(hass, "set_adaptation", boss, account=TEA, days=3)
    assert [kind for kind, *_ in await decided(site, TEA)] == [
        DecisionKind.DISPUTE_OPENED,
        DecisionKind.DISPUTE_CLOSED,
        DecisionKind.ADAPTATION,
    ]
    report = await ask(hass, "adaptation_report", boss)
    assert list(report["accounts"]) == [TEA]
    assert list((await ask(hass, "adaptation_report", account=NOODLES))["accounts"]) == [NOODLES]


async def test_whole_area(hass: HomeAssistant, site: CompereSite) -> None:
    """One call for a food court, one answer for each account."""
    area = device_of(hass, site, f"account_{NOODLES}").area_id
    answer = await ask(hass, "grant_grace", area_id=area, until="2026-03-03", reason="fair")
    assert {
        number: found["watch"]["grace_until"] for number, found in answer["accounts"].items()
    } == dict.fromkeys((NOODLES, TEA), "2026-03-03T00:00:00+08:00")


@pytest.mark.parametrize(
    ("key", "action", "data"),
    [
        ("grace_past", "grant_grace", {"until": "2026-03-02 12:00", "reason": "r"}),
        ("length_or_until", "grant_grace", {"reason": "r"}),
        ("length_or_until", "grant_grace", {"hours": 1, "until": "2026-03-04", "reason": "r"}),
        ("time_wrong", "grant_grace", {"until": "tomorrow", "reason": "r"}),
        ("reason_missing", "grant_grace", {"hours": 1, "reason": "  "}),
        ("account_unknown", "grant_grace", {"account": "X-1", "hours": 1, "reason": "r"}),
        ("reason_missing", "open_dispute", {"reason": ""}),
        ("dispute_not_open", "close_dispute", {"reason": "r"}),
        ("length_or_until", "set_adaptation", {}),
        ("adaptation_too_long", "set_adaptation", {"days": 367}),
    ],
)
async def test_refused(
    hass: HomeAssistant, site: CompereSite, key: str, action: str, data: dict[str, Any]
) -> None:
    """In words, and nothing is changed."""
    async with refused(site, key):
        await ask(hass, action, **({"account": NOODLES} | data))


async def test_dispute_is_opened_once(hass: HomeAssistant, site: CompereSite) -> None:
    """Its reason stays what it was."""
    await ask(hass, "open_dispute", account=NOODLES, reason="wrong meter")
    async with refused(site, "dispute_open", account=NOODLES):
        await ask(hass, "open_dispute", account=NOODLES, reason="another")
    watch = (await ask(hass, "get_account", account=NOODLES))["watch"]
    assert (watch["disputed"], watch["dispute_reason"]) == (True, "wrong meter")


async def test_numbers_that_are_none(hass: HomeAssistant, site: CompereSite) -> None:
    """Forms ask for whole numbers."""
    for hours in (-1, "soon"):
        with pytest.raises(vol.Invalid):
            await ask(hass, "grant_grace", account=NOODLES, hours=hours, reason="r")
