"""Adding payment providers: which are offered, how they are tried out, and what is never shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResult, FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.compere_prepaid.const import DOMAIN
from custom_components.compere_prepaid.core.errors import InvalidInputError, PrepaidError
from custom_components.compere_prepaid.core.money.amount import Currency
from custom_components.compere_prepaid.core.payment.provider import RejectedError, RetryableError
from custom_components.compere_prepaid.payments.building import BUILDERS
from tests.flows.played import PlayedSite, form_of, suggestions
from tests.payment.certificates import KEY_PEM, SERIAL, pem, private_pem

ADDRESS = "https://pay.mall.example"
CERTIFICATE = pem(datetime(2030, 1, 1, tzinfo=UTC)).strip()
PRIVATE_KEY = KEY_PEM.strip()
WECHAT = {
    "title": "WeChat",
    "mchid": " 1900000001 ",
    "appid": "wx0123456789abcdef",
    "merchant_certificate": CERTIFICATE,
    "merchant_key": f"{PRIVATE_KEY}\n",
    "apiv3_key": "secret-two-secret-two-secret-two",
    "methods": ["jsapi", "qr"],
    "app_secret": "secret-three",
    "public_key_id": "PUB_KEY_ID_1",
    "public_key": "",
    "certificates": True,
}
STRIPE = {
    "title": "Cards",
    "secret_key": "sk_live_secret",
    "webhook_secret": "whsec_secret",
}

OTHER_KEY = private_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
PAYNOW = {"title": "PayNow", "proxy": "201403121W", "payee": "Riverside Mall"}
DUITNOW = {
    "title": "DuitNow",
    "code": "00020201021126410014A000000615000101065016640209123456789520499995303458540510.00"
    "5802MY5909QRCSDNBHD6005BANGI6304343F",
}


@dataclass
class PlayedProviders:
    """Builds providers that are only played, and notes what they were built of and tried with."""

    tried: list[Mapping[str, Any]] = field(default_factory=list)
    error: PrepaidError | None = None
    is_sandbox: bool = False

    def build(self, _site: object, key: str, data: Mapping[str, Any]) -> Any:
        """Return a provider, or refuse its settings."""
        if isinstance(self.error, InvalidInputError):
            raise self.error
        return PlayedProvider(self, key, data)


@dataclass
class PlayedProvider:
    """Is tried out."""

    providers: PlayedProviders
    key: str
    data: Mapping[str, Any]

    @property
    def is_sandbox(self) -> bool:
        """Whether it moves no real money."""
        return self.providers.is_sandbox

    async def try_out(self) -> None:
        """Note the settings; fail if that was prepared."""
        self.providers.tried.append({"key": self.key, **self.data})
        if self.providers.error is not None:
            raise self.providers.error


@pytest.fixture(autouse=True)
async def providers(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> PlayedProviders:
    """Play all kinds of providers; errors can be told in words."""
    assert await async_setup_component(hass, DOMAIN, {})
    played = PlayedProviders()
    for kind in ("wechat", "stripe", "sandbox"):
        monkeypatch.setitem(BUILDERS, kind, played.build)
    return played


async def start(
    hass: HomeAssistant, entry: MockConfigEntry, *, address: str = ADDRESS, kind: str = "real"
) -> FlowResult[Any, Any]:
    """Open the dialog of a site whose page has an address."""
    hass.config_entries.async_update_entry(
        entry,
        options={"portal": {"public_url": address}} if address else {},
        data={**entry.data, "book_kind": kind},
    )
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "provider"), context={"source": SOURCE_USER}
    )


async def answer(hass: HomeAssistant, result: Any, form: Mapping[str, Any]) -> Any:
    """Go on with a dialog."""
    return await hass.config_entries.subentries.async_configure(result["flow_id"], dict(form))


async def choose(hass: HomeAssistant, result: Any, kind: str) -> Any:
    """Choose a kind in the menu."""
    return await answer(hass, result, {"next_step_id": kind})


def provider_of(entry: MockConfigEntry) -> ConfigSubentry:
    """Return the only provider."""
    provider: ConfigSubentry
    (provider,) = entry.get_subentries_of_type("provider")
    return provider


@pytest.mark.parametrize(
    ("kind", "currency", "kinds"),
    [
        ("real", "CNY", ["wechat", "stripe"]),
        ("real", "EUR", ["stripe"]),
        ("real", "SGD", ["stripe", "paynow"]),
        ("real", "MYR", ["stripe", "duitnow"]),
        ("sandbox", "CNY", ["stripe", "sandbox"]),
    ],
)
async def test_only_what_the_site_may_have_is_offered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    site: PlayedSite,
    kind: str,
    currency: str,
    kinds: list[str],
) -> None:
    """The sandbox is for trials, WeChat Pay for real yuan."""
    site.currency = Currency.of(currency)
    result = await start(hass, entry, kind=kind)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == kinds


async def test_account_is_tried_before_it_is_kept(
    hass: HomeAssistant, entry: MockConfigEntry, providers: PlayedProviders
) -> None:
    """What is kept was tried out exactly so; the address of notices is shown."""
    result = await choose(hass, await start(hass, entry), "wechat")
    assert result["description_placeholders"]["notice_url"] == f"{ADDRESS}/notify/wechat"
    assert suggestions(form_of(result))["title"] == "WeChat Pay"
    result = await answer(hass, result, WECHAT)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = {name: value for name, value in WECHAT.items() if value != ""} | {
        "kind": "wechat",
        "key": "wechat",
        "mchid": "1900000001",
        "merchant_key": PRIVATE_KEY,
        "merchant_serial": SERIAL,
    }
    assert dict(provider_of(entry).data) == kept
    assert provider_of(entry).unique_id == "provider:wechat"
    assert provider_of(entry).title == "WeChat"
    assert providers.tried == [kept]


@pytest.mark.parametrize(
    ("kind", "form", "error", "where"),
    [
        ("wechat", WECHAT, RejectedError("wechat_api_key_wrong"), "apiv3_key"),
        ("wechat", WECHAT, InvalidInputError("wechat_mchid_wrong"), "mchid"),
        ("wechat", WECHAT, RetryableError("wechat_unreachable"), "base"),
        ("stripe", STRIPE, RejectedError("stripe_key_refused"), "secret_key"),
        ("stripe", STRIPE, InvalidInputError("stripe_webhook_secret_wrong"), "webhook_secret"),
    ],
)
async def test_what_the_provider_refuses_is_shown_where_it_is_wrong(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    providers: PlayedProviders,
    kind: str,
    form: Mapping[str, Any],
    error: PrepaidError,
    where: str,
) -> None:
    """Nothing is kept; in the same dialog it can be corrected."""
    result = await choose(hass, await start(hass, entry), kind)
    providers.error = error
    result = await answer(hass, result, form)
    assert result["errors"] == {where: "refused"}
    assert result["description_placeholders"]["error"]
    assert entry.subentries == {}
    providers.error = None
    result = await answer(hass, result, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("book", "is_sandbox"), [("real", True), ("sandbox", False)])
async def test_key_of_the_wrong_kind_of_money(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    providers: PlayedProviders,
    book: str,
    is_sandbox: bool,
) -> None:
    """A trial takes test keys, a real site live ones; nothing is asked of the provider."""
    result = await choose(hass, await start(hass, entry, kind=book), "stripe")
    providers.is_sandbox = is_sandbox
    result = await answer(hass, result, STRIPE)
    assert result["errors"] == {"secret_key": "refused"}
    assert providers.tried == []


async def test_secrets_are_never_shown_again(
    hass: HomeAssistant, entry: MockConfigEntry, providers: PlayedProviders
) -> None:
    """The form comes back without them; empty keeps them, what is typed replaces them."""
    result = await choose(hass, await start(hass, entry), "wechat")
    await answer(hass, result, WECHAT)
    before = dict(provider_of(entry).data)
    result = await entry.start_subentry_reconfigure_flow(hass, provider_of(entry).subentry_id)
    assert result["step_id"] == "wechat"
    shown = f"{result['data_schema'].schema}{suggestions(form_of(result))}{result}"
    assert "secret-" not in shown
    assert PRIVATE_KEY[50:90] not in shown
    changed = suggestions(form_of(result)) | {"mchid": "1900000002", "methods": ["qr"]}
    result = await answer(hass, result, changed)
    assert result["reason"] == "reconfigure_successful"
    assert dict(provider_of(entry).data) == before | {"mchid": "1900000002", "methods": ["qr"]}
    result = await entry.start_subentry_reconfigure_flow(hass, provider_of(entry).subentry_id)
    changed = suggestions(form_of(result)) | {"apiv3_key": "another"}
    await answer(hass, result, changed)
    assert provider_of(entry).data["apiv3_key"] == "another"
    assert providers.tried[-1] == dict(provider_of(entry).data)


async def test_old_signing_secret_ends(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is believed beside the new one, never shown, and gone once its field is left empty."""
    result = await choose(hass, await start(hass, entry), "stripe")
    old = {"old_webhook_secret": "whsec_old"}
    await answer(hass, result, STRIPE | old)
    assert old.items() <= provider_of(entry).data.items()
    result = await entry.start_subentry_reconfigure_flow(hass, provider_of(entry).subentry_id)
    shown = suggestions(form_of(result))
    assert "whsec_old" not in str(shown)
    await answer(hass, result, shown)
    assert "old_webhook_secret" not in provider_of(entry).data
    assert provider_of(entry).data["webhook_secret"] == STRIPE["webhook_secret"]


async def test_provider_needs_an_address_to_tell(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Without the page's public address no notices can come; the sandbox needs none."""
    result = await choose(hass, await start(hass, entry, address=""), "wechat")
    assert result["reason"] == "public_url_missing"
    result = await choose(hass, await start(hass, entry, address="", kind="sandbox"), "stripe")
    assert result["reason"] == "public_url_missing"


async def test_sandbox_is_added(
    hass: HomeAssistant, entry: MockConfigEntry, providers: PlayedProviders
) -> None:
    """It needs nothing but a name."""
    providers.is_sandbox = True
    result = await choose(hass, await start(hass, entry, address="", kind="sandbox"), "sandbox")
    result = await answer(hass, result, {"title": "Try it"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = {"kind": "sandbox", "key": "sandbox", "title": "Try it"}
    assert dict(provider_of(entry).data) == kept


async def test_second_of_a_kind_has_another_key(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Keys follow from the kind, stay with their provider, and every one needs a name."""
    for key, title in (("stripe", "Cards"), ("stripe_2", "Other cards")):
        result = await choose(hass, await start(hass, entry), "stripe")
        assert result["description_placeholders"]["notice_url"] == f"{ADDRESS}/notify/{key}"
        result = await answer(hass, result, STRIPE | {"title": " "})
        assert result["errors"] == {"title": "name_empty"}
        await answer(hass, result, STRIPE | {"title": title})
    keys = {one.title: one.data["key"] for one in entry.subentries.values()}
    assert keys == {"Cards": "stripe", "Other cards": "stripe_2"}
    for one in list(entry.subentries.values()):
        result = await entry.start_subentry_reconfigure_flow(hass, one.subentry_id)
        assert result["description_placeholders"]["notice_url"].endswith(f"/{one.data['key']}")
        await answer(hass, result, {"title": f"{one.title} again"})
    keys = {one.title: one.data["key"] for one in entry.subentries.values()}
    assert keys == {"Cards again": "stripe", "Other cards again": "stripe_2"}


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"merchant_certificate": "paper"}, "merchant_certificate"),
        ({"merchant_key": "paper"}, "merchant_key"),
        ({"merchant_key": OTHER_KEY}, "merchant_key"),
    ],
)
async def test_certificate_and_key_belong_together(
    hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, str], where: str
) -> None:
    """Both are read before anything is asked; of the certificate its serial number."""
    result = await choose(hass, await start(hass, entry), "wechat")
    result = await answer(hass, result, WECHAT | wrong)
    assert result["errors"] == {where: "refused"}
    assert "PRIVATE" not in str(result["description_placeholders"])
    one_line = " ".join(PRIVATE_KEY.split("\n"))  # as a box of one line pastes it
    result = await answer(hass, result, WECHAT | {"merchant_key": one_line})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert provider_of(entry).data["merchant_serial"] == SERIAL


@pytest.mark.parametrize(
    ("currency", "kind", "form", "wrong", "where"),
    [
        ("SGD", "paynow", PAYNOW, {"proxy": "12"}, "proxy"),
        ("SGD", "paynow", PAYNOW, {"payee": "商场"}, "payee"),
        ("MYR", "duitnow", DUITNOW, {"code": "000201"}, "code"),
    ],
)
async def test_codes_of_banks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    site: PlayedSite,
    currency: str,
    kind: str,
    form: dict[str, str],
    wrong: dict[str, str],
    where: str,
) -> None:
    """They need no address; what is no number or no code is refused."""
    site.currency = Currency.of(currency)
    result = await choose(hass, await start(hass, entry, address=""), kind)
    result = await answer(hass, result, form | wrong)
    assert result["errors"] == {where: "refused"}
    result = await answer(hass, result, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(provider_of(entry).data) == {"kind": kind, "key": kind, **form}


async def test_what_no_list_offers_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Products come from a list."""
    result = await choose(hass, await start(hass, entry), "wechat")
    with pytest.raises(InvalidData):
        await answer(hass, result, WECHAT | {"methods": ["cheque"]})


async def test_site_must_run(hass: HomeAssistant) -> None:
    """Where nothing runs nothing can be tried out."""
    entry = MockConfigEntry(domain=DOMAIN, title="Asleep", data={}, unique_id="asleep")
    entry.add_to_hass(hass)
    result = await start(hass, entry)
    assert result["reason"] == "entry_not_loaded"
