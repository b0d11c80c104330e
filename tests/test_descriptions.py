"""What Home Assistant shows of the running integration: every name, text and form of it is there.

Home Assistant reports a broken description with a log line and shows nothing, so these tests ask
for what it found.
"""

from datetime import UTC, date, datetime
import itertools
import json
from pathlib import Path
import re
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.selector import selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.compere_prepaid import actions, issues
from custom_components.compere_prepaid.actions import fields
from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.allocation.document import pool_document
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.runs import Asked
from custom_components.compere_prepaid.core.balance.alarm import LossAlarm
from custom_components.compere_prepaid.core.balance.energy_balance import Balance
from custom_components.compere_prepaid.core.balance.feeders import Feeder, feeder_document
from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    LedgerReadOnlyError,
    OperationFailedError,
)
from custom_components.compere_prepaid.core.events import (
    BusDown,
    MeterOffline,
    Protected,
    RelayDisobeys,
    SuspectReading,
    Tamper,
)
from custom_components.compere_prepaid.core.ids import BusId, MeterSerial
from custom_components.compere_prepaid.core.metering.plausibility import Suspicion
from custom_components.compere_prepaid.core.metering.reading import Quantity
from custom_components.compere_prepaid.core.meters.dlt645_relay import RelayLockedError
from custom_components.compere_prepaid.core.meters.modbus_faults import UNITS
from custom_components.compere_prepaid.core.money.amount import Amount, Currency
from custom_components.compere_prepaid.core.policy.protection import RuleKind
from custom_components.compere_prepaid.core.policy.protection_state import Move
from custom_components.compere_prepaid.core.prepayment.protecting import BYPASS
from custom_components.compere_prepaid.site import PROFILES, CompereSite
from tests.mqtt_site import BUS_ID, broker_subentry
from tests.payment.paying import paper_subentry

TEXTS: dict[str, Any] = json.loads(
    (Path(actions.__file__).parents[1] / "translations/en.json").read_text("utf-8")
)
TARGET_KEYS = {"entity_id", "device_id", "area_id", "floor_id", "label_id"}


@pytest.fixture
async def descriptions(hass: HomeAssistant) -> dict[str, Any]:
    """Set the integration up without a site; return its actions' descriptions."""
    assert await async_setup_component(hass, DOMAIN, {})
    found: dict[str, Any] = (await async_get_all_descriptions(hass))[DOMAIN]
    return found


def fields_of(description: dict[str, Any]) -> dict[str, Any]:
    """Return an action's fields, those in sections too."""
    fields: dict[str, Any] = {}
    for name, field in description["fields"].items():
        fields |= field.get("fields", {name: field})
    return fields


def sections_of(description: dict[str, Any]) -> set[str]:
    """Return the names of the sections of an action's form."""
    return {name for name, field in description["fields"].items() if "fields" in field}


async def test_every_action_is_described(hass: HomeAssistant, descriptions: dict[str, Any]) -> None:
    """Actions, their descriptions and their texts are the same set."""
    assert set(hass.services.async_services()[DOMAIN]) == set(descriptions)
    assert set(descriptions) == set(TEXTS["services"])
    assert set(descriptions) == set(actions.ACTIONS)


@pytest.mark.parametrize("action", sorted(TEXTS["services"]))
async def test_action_takes_what_its_form_asks_for(
    descriptions: dict[str, Any], action: str
) -> None:
    """The form's fields are those that the action takes, needed ones are marked, all are named."""
    form = fields_of(descriptions[action])
    taken = {str(key): key for key in {**fields.ENTRY, **actions.ACTIONS[action].fields}}
    assert set(form) == set(taken) - TARGET_KEYS
    assert ("target" in descriptions[action]) == (set(taken) >= TARGET_KEYS)
    named = TEXTS["services"][action]["fields"]
    assert set(named) == set(form)
    headed = TEXTS["services"][action].get("sections", {})
    assert set(headed) == sections_of(descriptions[action])
    assert all(head.keys() == {"name", "description"} for head in headed.values())
    for name, field in form.items():
        assert named[name].keys() == {"name", "description"}
        assert field.get("required", False) == type(taken[name]).__name__.endswith("Required"), name
        made = selector(field["selector"])
        if (key := made.config.get("translation_key")) is not None:
            assert set(made.config["options"]) == set(TEXTS["selector"][key]["options"])


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return a site with a line that cannot be reached, a meter and an account."""
    bus = {
        "name": "East riser",
        "transport": "rtu_tcp",
        "host": "127.0.0.1",
        "port": 9,
        "device": "",
        "baudrate": 9600,
        "parity": "E",
        "stopbits": 1,
        "timeout": 1.0,
    }
    meter = {
        "serial": "33B0250100001",
        "name": "A-101",
        "bus": "east",
        "address": 1,
        "profile": "compere_kpm33b",
        "area": "",
        "floor_area": None,
        "rated_power": None,
        "breaker": 63,
    }
    account = {
        "number": "A-101",
        "name": "Noodle House",
        "meters": ["33B0250100001"],
        "tariff": "Standard",
        "policy": "Standard",
        "opening_balance": "200",
    }
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Riverside Mall",
        unique_id="riverside_mall",
        data={
            "name": "Riverside Mall",
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "ledger": "",
            "initial_price": "0.6173",
        },
        subentries_data=[
            ConfigSubentryDataWithId(
                subentry_type=kind, subentry_id=part, title=part, unique_id=part, data=data
            )
            for kind, part, data in (
                ("bus", "east", bus),
                ("meter", "one", meter),
                ("account", "noodles", account),
            )
        ],
    )
    entry.add_to_hass(hass)
    return entry


def describe_everything(folder: Path) -> None:
    """Write the profile of a meter that has every quantity there is."""
    kpm33b = yaml.safe_load((PROFILES / "compere_kpm33b.yaml").read_text("utf-8"))
    kpm33b |= {"name": "everything", "measurands": []}
    del kpm33b["blocks"]
    for place, quantity in enumerate(Quantity):
        unit = next(str(units[0]) for begins, units in UNITS if quantity.startswith(begins))
        measurand = {"address": 0x400 + 2 * place, "type": "uint32", "verified": "field"}
        kpm33b["measurands"].append({"quantity": str(quantity), "unit": unit, **measurand})
    folder.mkdir(parents=True)
    (folder / "everything.yaml").write_text(yaml.safe_dump(kpm33b), "utf-8")


def on_air(data: dict[str, Any]) -> ConfigSubentry:
    """Return a meter behind a broker: it has a clock, too."""
    code = "3071225950001"
    own = {"serial": code, "address": code, "name": "Air", "bus": BUS_ID}
    return ConfigSubentry(
        subentry_type="meter",
        title="Air",
        unique_id="air",
        data=MappingProxyType(data | own | {"profile": "compere_kpm37_mqtt"}),
    )


@pytest.mark.usefixtures("socket_enabled")
async def test_every_entity_has_a_name_and_no_name_is_orphaned(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    tmp_path: Path,
) -> None:
    """Each entity of a site is named by its key, with a text for every state it can have.

    A meter of a model that measures everything is one of them.
    """
    hass.config.config_dir = str(tmp_path)
    await hass.async_add_executor_job(describe_everything, tmp_path / DOMAIN / "profiles")
    data = dict(entry.subentries["one"].data)
    data |= {"serial": "1", "name": "All", "address": 2, "profile": "everything"}
    every = ConfigSubentry(
        subentry_type="meter",
        subentry_id="two",
        title="All",
        unique_id="two",
        data=MappingProxyType(data),
    )
    hass.config_entries.async_add_subentry(entry, every)
    for subentry in (broker_subentry(), on_air(data), paper_subentry()):
        hass.config_entries.async_add_subentry(entry, subentry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    site: CompereSite = entry.runtime_data
    feeder = feeder_document(Feeder(name="Main", main=(MeterSerial("1"),)))
    await site.ledger.run(lambda tx: tx.insert_document(feeder))
    await hass.async_block_till_done(wait_background_tasks=True)  # it looks when it starts, too
    await site.hours.balance.async_on_clock()
    await _allocate(site)
    await hass.async_block_till_done(wait_background_tasks=True)
    found: dict[str, set[str]] = {}
    for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id):
        assert entity.translation_key, entity.entity_id
        found.setdefault(entity.domain, set()).add(entity.translation_key)
        texts = TEXTS["entity"][entity.domain][entity.translation_key]
        for state in (entity.capabilities or {}).get("options") or ():
            if entity.domain == "sensor":
                assert state in texts["state"]
        if types := (entity.capabilities or {}).get("event_types"):
            assert set(types) == set(texts["state_attributes"]["event_type"]["state"])
    assert found == {platform: set(keys) for platform, keys in TEXTS["entity"].items()}
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_icons_are_found(hass: HomeAssistant, descriptions: dict[str, Any]) -> None:
    """Home Assistant reads the icons of actions and entities."""
    drawn = await async_get_icons(hass, "services", [DOMAIN])
    assert set(drawn[DOMAIN]) == set(descriptions)
    drawn = await async_get_icons(hass, "entity", [DOMAIN])
    assert "supply_state" in drawn[DOMAIN]["sensor"]


@pytest.fixture
def raised_issues(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Raise every repair issue that there is; return their placeholders by kind."""
    serial = MeterSerial("33B0250100001")
    site = cast(
        "Any",
        SimpleNamespace(
            hass=hass,
            name="Riverside Mall",
            entry=entry,
            meters={serial: SimpleNamespace(name="A-101")},
            buses={BusId("east"): SimpleNamespace(name="East riser")},
            currency=Currency.of("CNY"),
            zone=UTC,
        ),
    )
    at = datetime(2026, 3, 2, 4, tzinfo=UTC)
    issues.raise_bus_down(site, BusDown(at=at, bus=BusId("east"), error="refused"))
    issues.raise_unreachable(site, MeterOffline(at=at, meter=serial, error="silent"))
    told: dict[str, Any] = {}
    for closed in (True, False):
        issues.raise_disobedient(
            site, RelayDisobeys(at=at, meter=serial, demanded_closed=closed, attempts=3)
        )
        told |= _told(hass)  # one subject has one issue of a kind: the next replaces it
    for reason in Suspicion:
        issues.raise_suspect(
            site,
            SuspectReading(at=at, meter=serial, reason=reason, energy_wh=1, baseline_wh=2),
        )
        told |= _told(hass)
    for kind, action in itertools.product(RuleKind, (Move.WARNED, Move.LOCKED_OUT)):
        issues.keep_protection(
            site,
            Protected(at=at, meter=serial, kind=kind, action=action, value=23_100_000, limit=1),
        )
        told |= _told(hass)
    issues.raise_tamper(site, Tamper(at=at, meter=serial, kind=BYPASS, energy_wh=30))
    subentry = cast("Any", SimpleNamespace(subentry_id="a", title="A-101"))
    issues.raise_refused(site, subentry, InvalidInputError("profile_unknown", profile="x"))
    issues.raise_other_meter(site, serial, "33B0250100002")
    issues.raise_relay_locked(
        site, serial, RelayLockedError("relay_password_missing", serial=serial)
    )
    refusal = LedgerReadOnlyError("ledger_read_only", reason="a sum is wrong")
    issues.raise_ledger_read_only(site, refusal)
    full = OperationFailedError("ledger_disk_full", path="/config", error="no space")
    issues.raise_ledger_unavailable(site, full)
    issues.raise_snapshot_failed(site, full)
    issues.raise_restored(site, "12-9f3c01aa77de")
    issues.raise_portal_port(site, "127.0.0.1", 8125, OSError("taken"))
    issues.raise_approval_waits(site, count=1, user="Anna", amount="500.00 CNY")
    issues.raise_allocation_waits(site, ["2026-10"])
    issues.raise_month_end_registers(site, "2026-10", missing="33B0250100001")
    issues.raise_month_end_charges(site, "2026-09", units="2")
    issues.raise_month_end_lacks(site, "2026-11", ("Lifts",))
    told |= _told(hass)
    issues.raise_month_end_failed(site, "2026-10", full)
    _raise_of_balance(site)
    _raise_of_payments(site)
    for whose, is_over in itertools.product(
        (issues.MERCHANT_CERTIFICATE, issues.PORTAL_CERTIFICATE), (True, False)
    ):
        issues.raise_certificate(site, whose, "wechat", "WeChat Pay", at, is_over=is_over)
        told |= _told(hass)
    issues.raise_channel_failed(site, "notify.mobile_app_pixel", "no answer")
    return told | _told(hass)


def _raise_of_balance(site: Any) -> None:
    day = date(2026, 3, 2)
    balance = Balance(expected_ppm=30_000, hours=24, main_wh=1000, sub_wh=900)
    alarm = LossAlarm(since=day, through=day, days=2, balance=balance)
    issues.raise_unexplained_loss(site, "Main", alarm)


async def _allocate(site: CompereSite) -> None:
    """Post what a pool cost in a month."""
    pool = Pool(
        name="Rent",
        valid_from=date(2026, 1, 1),
        costs=(Cost(kind=CostKind.AMOUNT, name="Rent", amount=Amount(10**9)),),
        splits=(Split(basis=Basis.EQUAL),),
    )
    await site.ledger.run(lambda tx: tx.insert_document(pool_document(pool, site.currency)))
    asked = Asked(since=date(2026, 1, 1), until=date(2026, 2, 1))
    await site.allocations.propose(asked, user="anna")
    await site.allocations.approve("2026-01", user="anna")


def _raise_of_payments(site: Any) -> None:
    money = Amount(10**9)
    issues.keep_money(site, suspense=money, unexplained=money)
    issues.raise_provider_removed(site, "wechat", money, 2)
    for kind in (issues.NOTICES_REFUSED, issues.CLOCK_OFF):
        issues.raise_of_provider(site, kind, "wechat", "WeChat Pay")
    error = OperationFailedError("ledger_disk_full", path="/config", error="no space")
    issues.raise_provider_refused(site, "wechat", "WeChat Pay", error)
    issues.raise_payment_altered(site, "WeChat Pay", "T1")


def _told(hass: HomeAssistant) -> dict[str, Any]:
    return {
        issue.translation_key or "": issue.translation_placeholders or {}
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }


def test_every_repair_issue_is_explained(raised_issues: dict[str, Any]) -> None:
    """Issues and their texts are the same set, and every text gets what it speaks of."""
    assert set(raised_issues) == set(TEXTS["issues"])
    for kind, given in raised_issues.items():
        text = TEXTS["issues"][kind]["title"] + TEXTS["issues"][kind]["description"]
        assert set(re.findall(r"\{(\w+)\}", text)) <= set(given), kind


_ACTION = {"en": r"action \*?([A-Z][a-z]+(?: [a-z]+)*)", "zh-Hans": r"操作“([^”]+)”"}


@pytest.mark.parametrize("language", _ACTION)
def test_issues_send_to_what_is_called_so(language: str) -> None:
    """The actions and pages that an issue names are called so in the same language."""
    folder = Path(actions.__file__).parents[1] / "translations"
    texts = json.loads((folder / f"{language}.json").read_text("utf-8"))
    named = {action["name"] for action in texts["services"].values()}
    pages = tuple(texts["options"]["step"]["init"]["menu_options"].values())
    for kind, issue in texts["issues"].items():
        text = issue["description"]
        assert set(re.findall(_ACTION[language], text)) <= named, kind
        assert all(
            page.startswith(pages) for page in re.findall(r"(?:Configure|配置) > (.+)", text)
        ), kind
