"""Adding a tenant's account and changing one."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.compere_prepaid.core.errors import (
    InvalidInputError,
    LedgerReadOnlyError,
    OperationFailedError,
    PrepaidError,
)
from tests.flows.played import (
    ACCOUNT_DATA,
    METER_DATA,
    PlayedAccount,
    PlayedSite,
    add_part,
    add_site,
    form_of,
    suggestions,
)

SERIAL = "33B0250100001"
OTHER_SERIAL = "33B0250100002"


def answers(**changes: Any) -> dict[str, Any]:
    """Fill in the form for an account."""
    return {
        "number": "A-101",
        "name": "Noodle House",
        "meters": [SERIAL],
        "tariff": "Retail TOU",
        "policy": "Standard",
        "opening_balance": "200",
    } | changes


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    """Open the dialog for a new account."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "account"), context={"source": SOURCE_USER}
    )


async def start_change(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    """Open the dialog that changes the account."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "account"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": "noodles"},
    )


@pytest.fixture
def entry(hass: HomeAssistant, site: PlayedSite) -> MockConfigEntry:
    """Add a running site with two meters."""
    entry = add_site(hass, "Riverside Mall", site)
    add_part(hass, entry, "meter", METER_DATA, part_id="one")
    other = METER_DATA | {"serial": OTHER_SERIAL, "name": "A-102", "address": 2}
    add_part(hass, entry, "meter", other, part_id="two")
    return entry


def meters_offered(result: SubentryFlowResult) -> list[str]:
    """Return the serial numbers that the form offers."""
    _, selector = form_of(result)["meters"]
    return [option["value"] for option in selector.config["options"]]


async def test_account_is_created(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The answers are kept as the account is opened from them."""
    result = await start(hass, entry)
    assert result["step_id"] == "user"
    assert result["description_placeholders"] == {"currency": "CNY"}
    assert meters_offered(result) == [SERIAL, OTHER_SERIAL]
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(number=" A-101 ", name="Noodle House ", opening_balance=" 200 ")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (account,) = entry.get_subentries_of_type("account")
    assert account.title == "A-101 Noodle House"
    assert account.unique_id == "account:A-101"
    assert account.data == ACCOUNT_DATA


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"number": " "}, {"number": "number_empty"}),
        ({"number": "A:1"}, {"number": "number_invalid"}),
        ({"number": "9" * 41}, {"number": "number_invalid"}),
        ({"number": "b-7"}, {"number": "number_in_use"}),
        ({"name": " "}, {"name": "name_empty"}),
        ({"meters": []}, {"meters": "meters_empty"}),
        ({"opening_balance": "much"}, {"opening_balance": "amount_not_a_number"}),
        ({"opening_balance": "0.001"}, {"opening_balance": "amount_too_precise"}),
        ({"opening_balance": "1e30"}, {"opening_balance": "amount_too_large"}),
    ],
)
async def test_wrong_answer_is_explained_and_can_be_corrected(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any], errors: dict[str, str]
) -> None:
    """Every refusal says which field and why; the corrected form is accepted."""
    other = ACCOUNT_DATA | {"number": "B-7", "meters": [OTHER_SERIAL]}
    add_part(hass, entry, "account", other, part_id="other")
    result = await start(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(**wrong)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(opening_balance="-12.50")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "wrong", [{"meters": ["33B9999999999"]}, {"tariff": "Night"}, {"policy": "Lenient"}]
)
async def test_what_no_list_offers_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    """Meters, tariff and policy come from lists."""
    result = await start(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.subentries.async_configure(result["flow_id"], answers(**wrong))


async def test_two_dialogs_for_one_meter(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A meter that another dialog gave away meanwhile is not given away twice."""
    slow, fast = await start(hass, entry), await start(hass, entry)
    await hass.config_entries.subentries.async_configure(fast["flow_id"], answers())
    result = await hass.config_entries.subentries.async_configure(
        slow["flow_id"], answers(number="B-7", meters=[SERIAL, OTHER_SERIAL])
    )
    assert result["errors"] == {"meters": "meter_taken"}
    assert result["description_placeholders"] == {
        "currency": "CNY",
        "meter": SERIAL,
        "account": "A-101",
    }
    assert meters_offered(result) == [OTHER_SERIAL]
    result = await hass.config_entries.subentries.async_configure(
        slow["flow_id"], answers(number="B-7", meters=[OTHER_SERIAL])
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_account_needs_a_free_meter(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Where every meter supplies an account only the owner's account is left to be added."""
    both = ACCOUNT_DATA | {"meters": [SERIAL, OTHER_SERIAL]}
    add_part(hass, entry, "account", both, part_id="noodles")
    result = await start(hass, entry)
    assert meters_offered(result) == []
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(number="B-7", meters=[])
    )
    assert result["errors"] == {"meters": "meters_empty"}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(number="OWNER", name="The mall", meters=[], owner=True)
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    result = await start(hass, entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_free_meter"


async def test_site_has_one_owner(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Who comes second is told; the owner stays the owner when the account is changed."""
    slow, fast = await start(hass, entry), await start(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        fast["flow_id"], answers(owner=True, meters=[])
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (owner,) = entry.get_subentries_of_type("account")
    assert owner.data == ACCOUNT_DATA | {"owner": True, "meters": []}
    second = answers(number="B-7", owner=True)
    result = await hass.config_entries.subentries.async_configure(slow["flow_id"], second)
    assert result["errors"] == {"owner": "owner_exists"}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(number="B-7")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_owner_is_changed(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """The owner's account may have no meter of its own, and stays the owner's."""
    owner = ACCOUNT_DATA | {"owner": True}
    add_part(hass, entry, "account", owner, part_id="noodles")
    site.book.accounts["A-101"] = PlayedAccount()
    result = await start_change(hass, entry)
    kept = {key: ACCOUNT_DATA[key] for key in ("name", "tariff", "policy")}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], kept | {"meters": []}
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries["noodles"].data == owner | {"meters": []}


async def test_number_of_a_tenant_who_moved_out(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """It is refused, and the next one is named."""
    site.opening.closed["A-101"] = "A-101-2"
    result = await start(hass, entry)
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], answers())
    assert result["errors"] == {"number": "account_closed"}
    assert (result["description_placeholders"] or {})["next"] == "A-101-2"
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(number="A-101-2")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_account_needs_a_running_site(hass: HomeAssistant) -> None:
    """Tariffs and policies are in the site's ledger: without the site none can be chosen."""
    entry = add_site(hass, "Lakeside Mall")
    add_part(hass, entry, "account", ACCOUNT_DATA, part_id="noodles")
    for result in (await start(hass, entry), await start_change(hass, entry)):
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "entry_not_loaded"


async def test_account_is_changed(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """Name and meters change in the subentry, tariff and policy in the ledger, from now on."""
    add_part(hass, entry, "account", ACCOUNT_DATA, part_id="noodles")
    site.book.accounts["A-101"] = PlayedAccount(tariff="Standard")
    result = await start_change(hass, entry)
    assert result["step_id"] == "reconfigure"
    assert result["description_placeholders"] == {"number": "A-101"}
    assert meters_offered(result) == [SERIAL, OTHER_SERIAL]
    asked = {key: ACCOUNT_DATA[key] for key in ("name", "meters", "policy")}
    assert suggestions(form_of(result)) == asked | {"tariff": "Standard"}
    changes = {"name": "Dumpling House", "meters": [OTHER_SERIAL]}
    terms = {"tariff": "Retail TOU", "policy": "Anchor"}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], changes | terms | {"name": ""}
    )
    assert result["errors"] == {"name": "name_empty"}
    assert not site.agreements.made
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], changes | terms
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    account = entry.subentries["noodles"]
    assert account.title == "A-101 Dumpling House"
    assert account.data == ACCOUNT_DATA | changes
    assert site.agreements.made == [
        ("A-101", "Retail TOU", "configuration"),
        ("A-101", "Anchor", "configuration"),
    ]


async def test_what_an_account_says_of_its_shop(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite
) -> None:
    """It is kept as it was written, shown again, and can be taken back."""
    shop = {"floor_area": 300, "rated_power": 22.5, "persons": 4, "opening_hours": 73.5}
    kept = {"floor_area": "300", "rated_power": "22.5", "persons": 4, "opening_hours": "73.5"}
    result = await start(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], answers(premises=shop)
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (account,) = entry.get_subentries_of_type("account")
    assert account.data == ACCOUNT_DATA | kept
    site.book.accounts["A-101"] = PlayedAccount(tariff="Retail TOU")
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "account"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": account.subentry_id},
    )
    _, premises = form_of(result)["premises"]
    filled = {
        str(marker): marker.description["suggested_value"] for marker in premises.schema.schema
    }
    assert filled == kept
    wanted = {key: ACCOUNT_DATA[key] for key in ("name", "meters", "tariff", "policy")}
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], wanted | {"premises": {"persons": 5, "floor_area": 0}}
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[account.subentry_id].data == ACCOUNT_DATA | {"persons": 5}


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (LedgerReadOnlyError("ledger_read_only", reason="a sum is wrong"), "ledger_read_only"),
        (LedgerReadOnlyError("ledger_taken_over", holder="another"), "ledger_taken_over"),
        (
            OperationFailedError("ledger_unavailable", path="mall.db", error="no space"),
            "ledger_unavailable",
        ),
        (InvalidInputError("tariff_unknown", tariff="Retail TOU", known="-"), "unexpected"),
    ],
)
async def test_terms_that_cannot_be_written(
    hass: HomeAssistant, entry: MockConfigEntry, site: PlayedSite, error: PrepaidError, key: str
) -> None:
    """Where the ledger refuses, nothing changes, and the second try succeeds."""
    add_part(hass, entry, "account", ACCOUNT_DATA, part_id="noodles")
    site.book.accounts["A-101"] = PlayedAccount()
    site.agreements.error = error
    wanted = {"name": "Noodle House", "meters": [SERIAL], "tariff": "Retail TOU"}
    result = await start_change(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], wanted | {"policy": "Anchor"}
    )
    assert result["errors"] == {"base": key}
    assert entry.subentries["noodles"].data == ACCOUNT_DATA
    site.agreements.error = None
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"], wanted | {"tariff": "Standard", "policy": "Standard"}
    )
    assert result["reason"] == "reconfigure_successful"
    assert site.agreements.made == [("A-101", "Standard", "configuration")]


async def test_account_that_did_not_open(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An account that the running site does not know has no terms that could change."""
    add_part(hass, entry, "account", ACCOUNT_DATA, part_id="noodles")
    result = await start_change(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"],
        {key: ACCOUNT_DATA[key] for key in ("name", "meters", "tariff", "policy")},
    )
    assert result["errors"] == {"base": "unexpected"}


async def test_change_offers_only_meters_that_are_left(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A meter that is gone, or that another account got meanwhile, cannot be kept."""
    both = ACCOUNT_DATA | {"meters": [SERIAL, OTHER_SERIAL]}
    add_part(hass, entry, "account", both, part_id="noodles")
    hass.config_entries.async_remove_subentry(entry, "two")
    result = await start_change(hass, entry)
    assert meters_offered(result) == [SERIAL]
    assert suggestions(form_of(result))["meters"] == [SERIAL]
    add_part(hass, entry, "account", ACCOUNT_DATA | {"number": "B-7"}, part_id="other")
    kept = {key: ACCOUNT_DATA[key] for key in ("name", "meters", "tariff", "policy")}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], kept)
    assert result["errors"] == {"meters": "meter_taken"}
    assert result["description_placeholders"] == {
        "number": "A-101",
        "meter": SERIAL,
        "account": "B-7",
    }


async def test_how_the_tenant_is_told(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A channel must exist when it is chosen; later it stays, also if the phone is gone."""
    async_mock_service(hass, "notify", "mobile_app_pixel")
    result = await start(hass, entry)
    assert form_of(result)["notify"][1].config["options"] == ["notify.mobile_app_pixel"]
    wrong = answers(notify=["notify.nobody"], language="en")
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], wrong)
    assert result["errors"] == {"notify": "notify_unknown"}
    assert (result["description_placeholders"] or {})["known"] == "notify.mobile_app_pixel"
    right = answers(notify=["notify.mobile_app_pixel"], language="zh-Hans")
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], right)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == right
