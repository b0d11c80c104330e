"""Builds the payment providers that a site's subentries describe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..adapters.payment.static_qr.provider import StaticQrProvider
from ..adapters.payment.static_qr.schemes import DuitNowSettings, PayNowSettings
from ..adapters.payment.stripe.provider import StripeProvider
from ..adapters.payment.stripe.settings import StripeSettings
from ..const import CONF_KIND, CONF_PROVIDER_KEY
from ..core.errors import InvalidInputError
from ..core.ledger.records import BookKind
from ..core.payment.provider import PaymentProvider
from ..ledger_place import book_kind
from .wechat import sandbox_provider, wechat_provider

if TYPE_CHECKING:
    from ..site import CompereSite

type Builder = Callable[[CompereSite, str, Mapping[str, Any]], PaymentProvider]
"""Makes a provider of a site, its key and its subentry's data; raises `PrepaidError`.

It does no I/O: what has to be read from files is read when it is first used.
"""


def _stripe(site: CompereSite, key: str, data: Mapping[str, Any]) -> PaymentProvider:
    secrets = (data["webhook_secret"], data.get("old_webhook_secret", ""))
    return StripeProvider(
        key,
        StripeSettings.of(data["secret_key"], secrets, data.get("base_url", "")),
        session=async_get_clientsession(site.hass),
        currency=site.currency,
        site=site.key,
        clock=site.clock,
    )


def _paynow(site: CompereSite, key: str, data: Mapping[str, Any]) -> PaymentProvider:
    settings = PayNowSettings.of(data["proxy"], data["payee"])
    return StaticQrProvider(key, settings, currency=site.currency)


def _duitnow(site: CompereSite, key: str, data: Mapping[str, Any]) -> PaymentProvider:
    return StaticQrProvider(key, DuitNowSettings.of(data["code"]), currency=site.currency)


BUILDERS: dict[str, Builder] = {
    "wechat": wechat_provider,
    "stripe": _stripe,
    "paynow": _paynow,
    "duitnow": _duitnow,
    "sandbox": sandbox_provider,
}
"""By the kind in a subentry's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A provider that runs, and what it was built of."""

    provider: PaymentProvider
    kind: str
    title: str
    subentry_id: str
    data: Mapping[str, Any]


def key_of(data: Mapping[str, Any]) -> str:
    """Return the key of the provider that a subentry's data describe: its kind by default."""
    key: str = data.get(CONF_PROVIDER_KEY) or data[CONF_KIND]
    return key


def build(site: CompereSite, subentry: ConfigSubentry) -> Built:
    """Build a provider.

    Raises `InvalidInputError`: `provider_kind_unknown`, `provider_wrong_book` (a provider for
    trying in a real book, or the other way round), and what the settings are refused for.
    """
    data = subentry.data
    kind = data[CONF_KIND]
    builder = BUILDERS.get(kind)
    if builder is None:
        raise InvalidInputError("provider_kind_unknown", kind=kind)
    provider = builder(site, key_of(data), data)
    is_for_trying = book_kind(site.entry) is BookKind.SANDBOX
    if provider.is_sandbox is not is_for_trying:
        raise InvalidInputError("provider_wrong_book", provider=subentry.title)
    return Built(
        provider=provider,
        kind=kind,
        title=subentry.title,
        subentry_id=subentry.subentry_id,
        data=data,
    )
