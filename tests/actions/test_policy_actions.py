"""Policies by actions: writing them, looking at them, and trying them before."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.compere_prepaid.site import CompereSite
from simulator.clock import ManualClock
from simulator.mall import Mall
from tests.actions.asking import NOODLES, TEA, named_as_cashiers, refused
from tests.actions.importing import everything
from tests.actions.targets import device_of
from tests.adapters.ledger_books import content
from tests.site_fixtures import expected_event
from tests.stories.telling import ask, contact

pytestmark = pytest.mark.usefixtures("site")

HEAD = "site: {name: Riverside Mall, currency: CNY, time_zone: Asia/Shanghai}\n"
STRICT: dict[str, Any] = {"name": "Strict", "warning_levels": [300, 250.5], "cut_off": "200"}


async def test_a_policy_from_now_on(
    hass: HomeAssistant, mall: Mall, site: CompereSite, boss: str
) -> None:
    """A dry run says what would happen; then it happens, in somebody's name."""
    policy = {"name": "Standard", "warning_levels": [300], "cut_off": 200}
    before = content(Path(site.entry.data["ledger"]))
    tried = await ask(hass, "set_policy", boss, policy=policy, dry_run=True)
    assert content(Path(site.entry.data["ledger"])) == before
    assert tried == {
        "result": "changed",
        "faults": [],
        "name": "Standard",
        "valid_from": None,
        "warnings": [],
        "affected": [NOODLES, TEA],
        "totals": {
            "accounts": 2,
            "warned": 2,
            "stays_on": 0,
            "stays_off": 0,
            "cut": 2,
            "put_off": 0,
            "shadow_cut": 0,
            "reconnected": 0,
        },
        "text": "With the policy Standard, 2 accounts would be warned and 2 accounts cut now.",
    }
    async with expected_event(hass, "cut_off", account=TEA):
        assert await ask(hass, "set_policy", boss, policy=policy) == tried
    assert (await ask(hass, "get_account", account=NOODLES))["supply_state"] == "off"
    assert (await ask(hass, "set_policy", policy=policy))["result"] == "unchanged"
    relaxed = {"name": "Standard", "warning_levels": [100], "cut_off": 0}
    async with (
        expected_event(hass, "restored", account=NOODLES),
        expected_event(hass, "restored", account=TEA),
    ):
        answer = await ask(hass, "set_policy", policy=relaxed)
    assert answer["text"] == (
        "With the policy Standard, no account would be warned and no account cut now. "
        "Supply that would come back: 2."
    )
    assert contact(mall.meter(NOODLES)) == "closed"
    (shown,) = (await ask(hass, "get_policy", policy="Standard"))["policies"]
    assert [(one["status"], one["user"]) for one in shown["versions"]] == [
        ("past", ""),
        ("past", boss),
        ("in_force", "automation"),
    ]
    assert shown["versions"][0]["since"] == "2000-01-01T00:00:00+08:00"
    assert shown["policy"] == shown["versions"][2]["policy"]
    assert shown["policy"]["warning_levels"] == ["100"]
    assert shown["accounts"] == [NOODLES, TEA]


async def test_a_policy_from_a_day_to_come(
    hass: HomeAssistant, mall: Mall, site: CompereSite
) -> None:
    """It is shown, tried and exported; it begins with its day, and the past stays as it was."""
    text = "name: Standard\nwarning_levels: [300, 100]\nadaptation_days: 14\n"
    answer = await ask(hass, "set_policy", policy=text, valid_from="2026-03-03")
    assert (answer["result"], answer["valid_from"]) == ("created", "2026-03-03")
    assert (await ask(hass, "set_policy", policy=text, valid_from="2026-03-03"))[
        "result"
    ] == "unchanged"
    (shown,) = (await ask(hass, "get_policy"))["policies"]
    assert [(one["status"], one["since"]) for one in shown["versions"]] == [
        ("in_force", "2000-01-01T00:00:00+08:00"),
        ("to_come", "2026-03-03T00:00:00+08:00"),
    ]
    exported = (await ask(hass, "export_site"))["content"]
    assert "valid_from: '2026-03-03', warning_levels: [300, 100]" in exported
    exported = HEAD + exported[exported.index("policies:") : exported.index("pools:")]
    again = await ask(hass, "import_site", content=exported)
    assert (again["created"], again["changed"], again["faults"]) == (0, 0, [])
    assert site.book.account(NOODLES).policy.adaptation_days == 0
    assert isinstance(mall.clock, ManualClock)
    mall.clock.advance(hours=12)  # it was noon
    async with expected_event(hass, "credit_warning", account=NOODLES):
        await site.async_tick()
    assert site.book.account(NOODLES).policy.adaptation_days == 14
    again = await ask(hass, "import_site", content=exported)
    assert (again["created"], again["changed"], again["faults"]) == (0, 0, [])
    async with refused(site, "policy_past", policy="Standard", day="2026-03-02"):
        await ask(hass, "set_policy", policy=text, valid_from="2026-03-02")
    async with refused(site, "policy_past", policy="Standard", day="2026-03-03"):
        await ask(hass, "set_policy", policy={"name": "Standard"}, valid_from="2026-03-03")
    with_other = exported.replace("[300, 100]", "[301, 100]")
    (fault,) = (await ask(hass, "import_site", content=with_other))["faults"]
    assert fault["path"] == "policies[1].valid_from"
    assert "has begun, and the past cannot be changed" in fault["message"]


async def test_trying_a_policy(hass: HomeAssistant, mall: Mall, site: CompereSite) -> None:
    """Who would be warned, cut, put off or only shadow-cut; by name, written out, and by target."""
    await ask(hass, "set_credit_limit", account=TEA, limit=500)
    before = everything(site)
    found = await ask(hass, "preview_policy", policy=STRICT, account=[NOODLES, TEA])
    assert found["text"] == (
        "With the policy Strict, 1 account would be warned and 1 account cut now."
    )
    assert found["accounts"][NOODLES] == {
        "name": mall.plan.tenants[NOODLES],
        "policy": "Standard",
        "now": {
            "supply_state": "in_credit",
            "available_credit": "200.00",
            "warning_level": None,
            "warning_days": None,
        },
        "then": {
            "supply_state": "off",
            "available_credit": "200.00",
            "warning_level": "250.50",
            "warning_days": None,
        },
        "warned": True,
        "supply": "cut",
        "until": None,
        "why": "",
    }
    assert found["accounts"][TEA]["supply"] == "stays_on"
    assert found["accounts"][TEA]["then"]["available_credit"] == "700.00"
    nobodys = await ask(hass, "preview_policy", policy=STRICT)
    assert nobodys["text"] == found["text"]
    everybody = await ask(hass, "preview_policy", policy="Standard")
    assert everybody["totals"]["accounts"] == 2
    assert everybody["totals"]["stays_on"] == 2
    device = device_of(hass, site, f"account_{NOODLES}").id
    noon = {"times": [{"days": ["mon-sun"], "from": "11:00", "to": "14:00"}]}
    for rules, supply, until, why in (
        ({"protected": noon}, "put_off", "2026-03-02T14:00:00+08:00", "protected"),
        ({"notice_hours": 48}, "put_off", "2026-03-04T12:00:00+08:00", "notice"),
        ({"adaptation_days": 14}, "shadow_cut", None, ""),
        ({"never_cut": True}, "stays_on", None, ""),
        ({"credit_limit": 1000}, "stays_on", None, ""),
        ({"reconnect": "manual"}, "cut", None, ""),
    ):
        found = await ask(hass, "preview_policy", policy=STRICT | rules, device_id=device)
        assert list(found["accounts"]) == [NOODLES]
        answer = found["accounts"][NOODLES]
        assert (answer["supply"], answer["until"], answer["why"]) == (supply, until, why), rules
        assert found["totals"][supply] == 1
    assert everything(site) == before
    assert contact(mall.meter(NOODLES)) == "closed"


async def test_sentences_in_chinese(hass: HomeAssistant, site: CompereSite) -> None:
    """In Home Assistant's language."""
    hass.config.language = "zh-Hans"
    policy = STRICT | {"warning_levels": [], "notice_hours": 1}
    found = await ask(hass, "preview_policy", policy=policy, account=NOODLES)
    assert found["text"] == (
        "按预付费策略 Strict，现在将有 0 个账户收到报警、0 个账户停电。推迟停电：1 个。"
    )
    (warning,) = found["warnings"]
    assert warning["message"] == "预付费策略 Strict 没有报警门槛：停电前不会发出报警。"


async def test_what_is_hardly_meant_is_accepted_with_a_warning(
    hass: HomeAssistant, site: CompereSite
) -> None:
    """A calendar that never allows a cut, no warning, a calendar without a day to come."""
    always: dict[str, Any] = {"times": [{"days": ["mon-sun"], "all_day": True}]}
    policy: dict[str, Any] = {"name": "Never", "warning_levels": [10], "protected": always}
    for action in ("preview_policy", "set_policy"):
        answer = (
            await ask(hass, action, policy=policy, account=NOODLES)
            if action.startswith("preview")
            else await ask(hass, action, policy=policy)
        )
        assert answer["warnings"] == [
            {
                "policy": "Never",
                "warning": "never_allows_cut",
                "message": (
                    "The policy Never protects every hour of every day that is known: "
                    "it will never cut anybody."
                ),
            }
        ]
    (shown,) = (await ask(hass, "get_policy", policy="Never"))["policies"]
    assert shown["warnings"] == answer["warnings"]
    assert shown["accounts"] == []
    await ask(hass, "set_special_days", calendar="China", days={"2026-03-03": "inventory"})
    always["calendar"] = "China"
    always["times"].append({"days": ["inventory"], "all_day": False})
    assert (await ask(hass, "set_policy", policy=policy))["warnings"] == []
    file = HEAD + (
        "calendars: [{name: Old, days: {2025-10-01: holiday}}]\n"
        "policies:\n"
        "  - {name: Never, protected: {times: [{days: [mon-sun], all_day: true}]}}\n"
        "  - {name: Medical, never_cut: true}\n"
        "  - {name: Late, warning_days: [3], protected: {calendar: Old, times: "
        "[{days: [holiday], all_day: true}]}}\n"
    )
    answer = await ask(hass, "import_site", content=file, dry_run=True)
    assert answer["faults"] == []
    assert [(one["policy"], one["warning"]) for one in answer["warnings"]] == [
        ("Never", "never_allows_cut"),
        ("Never", "no_warning"),
        ("Late", "no_special_day"),
    ]


ALL_MONDAY = {"days": ["mon"], "all_day": True}
WRONG: list[tuple[Any, list[str]]] = [
    ({"name": "P", "warning_levels": [50, 100]}, ["warning_levels[1]: is more than the one"]),
    ({"name": "P", "warning_levels": [50, 50]}, ["warning_levels[1]: stands twice"]),
    ({"name": "P", "warning_levels": [50], "cut_off": 50}, ["warning_levels[0]: is not above"]),
    ({"name": "P", "warning_levels": [float("nan")]}, ["warning_levels[0]: must be an amount"]),
    ({"name": "P", "warning_levels": [0.001]}, ["warning_levels[0]: has too many decimals"]),
    ({"name": "P", "warning_days": [3, 7]}, ["warning_days[1]: is more than the one before"]),
    ({"warning_levels": [50]}, ["'name' is missing"]),
    ({"name": "P", "levels": [50]}, ["levels: unknown key 'levels'"]),
    ({"name": "P", "protected": {}}, ["protected: 'times' is missing"]),
    (
        {"name": "P", "protected": {"times": [{"days": ["mon"], "from": "08:00", "to": "08:00"}]}},
        ["times[0]: begins when it ends"],
    ),
    (
        {"name": "P", "protected": {"times": [{"days": ["mon"], "from": 1080, "to": "08:00"}]}},
        ["times[0].from: must be text: put it into quotes"],
    ),
    (
        {"name": "P", "protected": {"calendar": "X", "times": [ALL_MONDAY]}},
        ["protected.calendar: there is no calendar 'X'; calendars: -"],
    ),
    (
        {"name": "P", "protected": {"times": [{"days": ["holiday"], "all_day": True}]}},
        ["times[0].days[0]: 'holiday' is no weekday"],
    ),
    ("name: P\nnotice_hours: -1\nwarning_levels: {a: 1}", ["line 2:", "line 3:"]),
    ("just words", ["must be a group of 'key: value' lines"]),
    ("name: [", ["cannot be read"]),
    ([1, 2], ["must be a group of 'key: value' lines"]),
    (7, ["must be a group of 'key: value' lines"]),
]


async def test_mistakes_are_told_all_at_once(hass: HomeAssistant, site: CompereSite) -> None:
    """As an answer where one is asked for, else as the error; and nothing is written."""
    before = everything(site)
    for policy, parts in WRONG:
        answer = await ask(hass, "set_policy", policy=policy)
        assert answer["result"] == "refused"
        faults = [
            f"line {one['line']}: {one['path']}: {one['message']}" for one in answer["faults"]
        ]
        assert len(faults) == len(parts), faults
        for fault, part in zip(faults, parts, strict=True):
            assert part in fault, faults
        with pytest.raises(ServiceValidationError, match=r"cannot be used|policy"):
            await ask(hass, "preview_policy", policy=policy, account=NOODLES)
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    (fault,) = (await ask(hass, "set_policy", policy={"name": deep}))["faults"]
    assert fault["message"] == "is nested deeper than 40 levels"
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            "compere_prepaid", "set_policy", {"policy": {"name": ""}}, blocking=True
        )
    assert everything(site) == before


async def test_what_cannot_be(hass: HomeAssistant, site: CompereSite) -> None:
    """Unknown names, days that are none, nobody meant: refused in words."""
    for action, key, data in (
        ("get_policy", "policy_unknown", {"policy": "Lenient"}),
        ("preview_policy", "policy_unknown", {"policy": "Lenient"}),
        ("preview_policy", "target_empty", {"policy": STRICT, "area_id": ["nowhere"]}),
        ("preview_policy", "account_unknown", {"policy": STRICT, "account": "A-999"}),
        ("set_policy", "day_wrong", {"policy": STRICT, "valid_from": "soon"}),
        ("set_policy", "policy_past", {"policy": STRICT, "valid_from": "2026-03-01"}),
    ):
        async with refused(site, key):
            await ask(hass, action, **data)
    file = HEAD + (
        f"accounts: [{{number: {NOODLES}, name: N, meters: [], tariff: Standard, policy: Later}}]\n"
        "tariffs: [{name: Standard, valid_from: 2000-01-01, prices: {flat: 1}}]\n"
        "policies: [{name: Later, valid_from: 2026-05-01}]\n"
    )
    (fault,) = (await ask(hass, "import_site", content=file))["faults"]
    assert fault["message"] == ("'Later' has no version in force: give it one without valid_from")


async def test_who_may_do_what(hass: HomeAssistant, site: CompereSite, anna: str, bob: str) -> None:
    """Rules are for administrators; a cashier may look, and nobody else may."""
    named_as_cashiers(hass, site, anna)
    async with refused(site, "not_allowed", user="Anna"):
        await ask(hass, "set_policy", anna, policy=STRICT)
    assert (await ask(hass, "get_policy", anna))["policies"]
    assert (await ask(hass, "preview_policy", anna, policy="Standard"))["accounts"]
    for action, data in (("get_policy", {}), ("preview_policy", {"policy": "Standard"})):
        async with refused(site, "not_allowed", user="Bob"):
            await ask(hass, action, bob, **data)
