"""`get_statement` and `issue_statement`: line by line, adding up to the ledger."""

from decimal import Decimal
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, refused
from tests.stories.telling import ask, burn

pytestmark = pytest.mark.usefixtures("site")


def electricity(statement: dict[str, Any]) -> dict[str, Any]:
    """Return the fund of a statement, once its lines add up, exactly and as shown."""
    part: dict[str, Any] = statement["funds"]["electricity"]
    for opening, line, closing in (
        ("opening", "amount", "closing"),
        ("opening_shown", "shown", "closing_shown"),
    ):
        total = sum((Decimal(one[line]) for one in part["lines"]), Decimal(part[opening]))
        assert total == Decimal(part[closing])
    return part


async def test_running_statement(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """All since the beginning, also what was used a moment ago; users have names."""
    await ask(hass, "top_up", boss, account=NOODLES, amount=10, reference="R-1")
    await burn(mall, site, NOODLES, 12_350)
    statement = await ask(hass, "get_statement", account=NOODLES)
    part = electricity(statement)
    assert [(line["kind"], line["shown"]) for line in part["lines"]] == [
        ("charge", "-12.35"),
        ("opening", "200.00"),
        ("top_up", "10.00"),
    ]
    assert (part["opening_shown"], part["closing_shown"]) == ("0.00", "197.65")
    assert statement["users"] == {boss: "Boss"}
    assert part["lines"][2]["user"] == boss
    energy = part["lines"][0]
    assert (energy["energy_wh"], energy["price"], energy["period"]) == (12_350, "1.000000", "flat")


async def test_issued_statements_follow_each_other(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """Each opens with what the one before closed with, and is kept as it was issued."""
    closing = "0.000000000"
    for number in (1, 2, 3):
        await burn(mall, site, NOODLES, 1000 * number)
        issued = (await ask(hass, "issue_statement", boss, account=[NOODLES, TEA]))["accounts"]
        assert set(issued) == {NOODLES, TEA}
        part = electricity(issued[NOODLES])
        assert (issued[NOODLES]["number"], part["opening"]) == (number, closing)
        closing = part["closing"]
        assert Decimal(closing) == 200 - sum(range(1, number + 1))
        kept = await ask(hass, "get_statement", account=NOODLES, number=number)
        assert kept == issued[NOODLES] | {"users": kept["users"]}
    await burn(mall, site, NOODLES, 500)
    running = electricity(await ask(hass, "get_statement", account=NOODLES))
    assert running["opening"] == closing
    assert [line["energy_wh"] for line in running["lines"]] == [500]
    assert (await ask(hass, "verify_ledger"))["faults"] == []


async def test_statement_of_a_time(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Times are the site's; a day begins at its midnight."""
    await burn(mall, site, NOODLES, 10_000)
    await site.charging.settle_all("test")
    empty = await ask(
        hass, "get_statement", account=NOODLES, since="2026-03-01", until="2026-03-02"
    )
    assert electricity(empty)["lines"] == []
    assert (empty["since"], empty["until"]) == (
        "2026-03-01T00:00:00+08:00",
        "2026-03-02T00:00:00+08:00",
    )
    day = await ask(
        hass, "get_statement", account=NOODLES, since="2026-03-02", until="2026-03-02 12:30:00"
    )
    assert electricity(day)["closing_shown"] == "190.00"


async def test_statement_of_a_month(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """It is shown as it would be while the month runs; it is issued when the month is over."""
    await burn(mall, site, NOODLES, 10_000)
    shown = await ask(hass, "get_statement", account=NOODLES, month="2026-03")
    assert (shown["period"], shown["until"]) == ("2026-03", "2026-04-01T00:00:00+08:00")
    assert electricity(shown)["closing_shown"] == "190.00"
    assert "number" not in shown
    async with refused(site, "statement_month_open"):
        await ask(hass, "issue_statement", boss, account=NOODLES, month="2026-03")
    async with refused(site, "statement_too_late"):
        await ask(hass, "issue_statement", boss, account=[TEA, NOODLES], month="2026-02")
    async with refused(site, "month_wrong"):
        await ask(hass, "issue_statement", boss, account=NOODLES, correct=True)
    async with refused(site, "statement_missing"):
        await ask(hass, "issue_statement", boss, account=NOODLES, month="2026-02", correct=True)


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("account_unknown", {"account": "A-999"}),
        ("statement_unknown", {"account": NOODLES, "number": 1}),
        ("time_order", {"account": NOODLES, "since": "2026-03-03", "until": "2026-03-02"}),
        ("time_order", {"account": NOODLES, "until": "2026-03-01"}),
        ("time_wrong", {"account": NOODLES, "since": "31.2.2026"}),
    ],
)
async def test_what_cannot_be(
    hass: HomeAssistant, site: CompereSite, key: str, data: dict[str, Any]
) -> None:
    """Each is refused in words that say what to do."""
    async with refused(site, key):
        await ask(hass, "get_statement", **data)


async def test_statements_are_for_managers(
    hass: HomeAssistant, site: CompereSite, bob: str
) -> None:
    """What a tenant pays is not for everybody."""
    for action in ("get_statement", "issue_statement"):
        async with refused(site, "not_allowed", user="Bob"):
            await ask(hass, action, bob, account=NOODLES)
