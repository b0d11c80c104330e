"""WeChat Pay in a running site: real accounts, and the sandbox of a trial site."""

from collections.abc import Mapping
from functools import partial
import ipaddress
from typing import TYPE_CHECKING, Any

from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..adapters.payment.wechat.provider import WeChatProvider
from ..adapters.payment.wechat.settings import WeChatSettings
from ..core.errors import InvalidInputError
from ..core.ledger.payment_rows import Method
from ..core.ledger.records import BookKind
from ..ledger_place import book_kind
from ..portal.settings import PortalSettings
from .sandbox import Sandbox, sandbox_folder

if TYPE_CHECKING:
    from ..site import CompereSite

_PLAIN = frozenset(
    {"mchid", "appid", "merchant_serial", "merchant_key", "apiv3_key", "app_secret"}
    | {"public_key_id", "public_key", "certificates"}
    | {"base_url", "standby_url", "login_page_url", "login_url"}
)
"""Fields of a subentry that are settings as they are."""


def wechat_provider(site: CompereSite, key: str, data: Mapping[str, Any]) -> WeChatProvider:
    """Build the provider of a merchant's account; raises `InvalidInputError`."""
    fields: dict[str, Any] = {name: value for name, value in data.items() if name in _PLAIN}
    if "methods" in data:
        fields["methods"] = frozenset(Method(name) for name in data["methods"])
    return WeChatProvider(
        key,
        WeChatSettings(**fields),
        session=async_get_clientsession(site.hass),
        currency=site.currency,
        notify_url=partial(_public_notify_url, site, key),
        clock=site.clock,
    )


def sandbox_provider(site: CompereSite, key: str, _: Mapping[str, Any]) -> WeChatProvider:
    """Build a provider that speaks to the bundled gateway.

    Raises `InvalidInputError` (`sandbox_in_real_book`): only a trial site has one.
    """
    if site.sandbox is None:
        raise InvalidInputError("sandbox_in_real_book")
    return site.sandbox.provider(
        key,
        session=async_get_clientsession(site.hass),
        notify_url=lambda: f"{_local_portal(site)}/notify/{key}",
    )


async def async_sandbox_of(site: CompereSite) -> Sandbox | None:
    """Start a trial site's gateway; raises `OperationFailedError` (`sandbox_not_started`)."""
    if book_kind(site.entry) is not BookKind.SANDBOX:
        return None
    return await Sandbox.async_start(
        sandbox_folder(site.hass, site.entry),
        site.currency,
        site.clock,
        payer_url=partial(_payer_url, site),
    )


def _public_notify_url(site: CompereSite, key: str) -> str:
    """Return where WeChat's own machines reach the site."""
    if not (address := PortalSettings.of(site.entry.options).public_url):
        raise InvalidInputError("public_address_missing")
    return f"{address}/notify/{key}"


def _payer_url(site: CompereSite) -> str:
    """Return where a payer's browser reaches the gateway's pages: where the portal is."""
    public = PortalSettings.of(site.entry.options).public_url
    return f"{public or _local_portal(site)}/sandbox"


def _local_portal(site: CompereSite) -> str:
    """Return where this machine reaches the portal, without the detour of its public address."""
    portal = site.portal
    settings = PortalSettings.of(site.entry.options)
    host, port = (portal.address if portal else None) or (settings.host, settings.port)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://{'127.0.0.1' if address.version == 4 else '[::1]'}:{port}"
    return f"http://{address if address.version == 4 else f'[{address}]'}:{port}"
