"""The tenants' page: whether it is there, where it listens, and what it offers.

Everything is checked here, so that what is kept can be listened to: a page that is switched on and
cannot be reached helps nobody.
"""

from collections.abc import Iterable, Mapping
import errno
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
import re
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector, TextSelector, TextSelectorConfig
import probatio as vol
from yarl import URL

from ..const import (
    CONF_HOST,
    CONF_KIND,
    CONF_PORT,
    CONF_PROVIDER_KEY,
    SUBENTRY_PROVIDER,
)
from ..core.errors import InvalidInputError
from ..core.ledger.records import BookKind
from ..core.money.amount import Currency
from ..ledger_place import book_kind
from ..portal.settings import (
    CONF_AMOUNTS,
    CONF_ENABLED,
    CONF_OPEN_MODE,
    CONF_PUBLIC_URL,
    CONF_TRUSTED_PROXIES,
    CONF_WECHAT_OAUTH,
    DEFAULT_AMOUNTS,
    DEFAULT_HOST,
    DEFAULT_PORT,
    OPTION_PORTAL,
)
from .form_errors import FormError, form_error
from .schemas import labelled_choice, whole_number

MOST_AMOUNTS = 8
OF_WECHAT = ("wechat", "sandbox")
"""The kinds of providers by which WeChat, or the sandbox in its place, tells who somebody is."""
LONGEST_URL = 200
_NAME = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")
"""A host's name or address, as it stands in a URL."""

AMOUNT_ERRORS: Mapping[str, str] = dict.fromkeys(
    (
        "amount_not_a_number",
        "amount_not_positive",
        "amount_too_large",
        "amount_too_precise",
    ),
    CONF_AMOUNTS,
)
"""What is said of an amount that is none."""


class PortalStep(OptionsFlow):
    """Ask for everything about the page at once; it follows without a restart."""

    async def async_step_portal(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask, and refuse what could not work."""
        entry = self.config_entry
        present = entry.options.get(OPTION_PORTAL, {})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                kept = await _async_checked(self.hass, entry, user_input, present)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self.async_create_entry(data=dict(entry.options) | {OPTION_PORTAL: kept})
        return self.async_show_form(
            step_id="portal",
            data_schema=self.add_suggested_values_to_schema(
                _schema(entry), user_input or _suggested(entry, present)
            ),
            errors=errors,
            description_placeholders=placeholders,
        )


def _schema(entry: ConfigEntry) -> vol.Schema:
    lines = TextSelectorConfig(multiple=True)
    accounts = {
        provider.data[CONF_PROVIDER_KEY]: provider.title
        for provider in entry.get_subentries_of_type(SUBENTRY_PROVIDER)
        if provider.data[CONF_KIND] in OF_WECHAT
    }
    return vol.Schema(
        {
            vol.Required(CONF_ENABLED, default=False): BooleanSelector(),
            vol.Required(CONF_HOST, default=DEFAULT_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=DEFAULT_PORT): whole_number(1, 65535),
            vol.Optional(CONF_PUBLIC_URL): TextSelector(),
            vol.Optional(CONF_TRUSTED_PROXIES, default=[]): TextSelector(lines),
            vol.Optional(CONF_AMOUNTS, default=[]): TextSelector(lines),
            vol.Required(CONF_OPEN_MODE, default=False): BooleanSelector(),
            vol.Optional(CONF_WECHAT_OAUTH): labelled_choice(accounts),
        }
    )


def _suggested(entry: ConfigEntry, present: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form is filled in with; quick amounts that suit most currencies."""
    digits = Currency.of(entry.data["currency"]).digits
    amounts = list(DEFAULT_AMOUNTS) if digits else ["1000", "2000", "5000", "10000"]
    chosen = {name: value for name, value in present.items() if value != ""}
    return {CONF_AMOUNTS: amounts, **chosen}


async def _async_checked(
    hass: HomeAssistant,
    entry: ConfigEntry,
    user_input: Mapping[str, Any],
    present: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what is kept, or raise `FormError` at the first thing that cannot work."""
    kept = {
        CONF_ENABLED: user_input[CONF_ENABLED],
        CONF_HOST: _host(user_input[CONF_HOST]),
        CONF_PORT: user_input[CONF_PORT],
        CONF_PUBLIC_URL: _public_url(
            user_input.get(CONF_PUBLIC_URL, ""), is_trial=book_kind(entry) is BookKind.SANDBOX
        ),
        CONF_TRUSTED_PROXIES: _networks(user_input.get(CONF_TRUSTED_PROXIES, [])),
        CONF_AMOUNTS: _amounts(entry, user_input.get(CONF_AMOUNTS, [])),
        CONF_OPEN_MODE: user_input[CONF_OPEN_MODE],
        CONF_WECHAT_OAUTH: user_input.get(CONF_WECHAT_OAUTH, ""),
    }
    if not kept[CONF_ENABLED]:
        return kept
    if not kept[CONF_PUBLIC_URL]:
        raise FormError(CONF_PUBLIC_URL, "public_url_missing")
    await _async_check_port(hass, kept, present)
    return kept


def _host(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError as error:
        raise FormError(CONF_HOST, "host_invalid", host=text.strip()[:60]) from error


def _public_url(text: str, *, is_trial: bool) -> str:
    """Return the address without its last slash; http only where nobody can listen in."""
    text = text.strip().removesuffix("/")
    if not text:
        return ""
    try:
        url = URL(text)
    except ValueError as error:
        raise FormError(CONF_PUBLIC_URL, "public_url_invalid", url=text[:80]) from error
    is_bare = url.path in {"", "/"} and not (url.query_string or url.fragment or url.user)
    is_web = url.scheme in {"http", "https"} and _NAME.fullmatch(url.host or "")
    if not is_web or url.host is None or len(text) > LONGEST_URL:
        raise FormError(CONF_PUBLIC_URL, "public_url_invalid", url=text[:80])
    if not is_bare:
        raise FormError(CONF_PUBLIC_URL, "public_url_with_path", url=text[:80])
    if url.scheme == "http" and not _is_near(url.host, is_trial=is_trial):
        raise FormError(CONF_PUBLIC_URL, "public_url_http", url=text[:80])
    return str(url.origin())


def _is_near(host: str, *, is_trial: bool) -> bool:
    """Tell whether plain http is good enough: on this machine, and on a trial's own network."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (is_trial and address.is_private)


def _networks(texts: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in (one.strip() for one in texts):
        if not text:
            continue
        try:
            network: IPv4Network | IPv6Network = ip_network(text)
        except ValueError as error:
            raise FormError(CONF_TRUSTED_PROXIES, "proxy_invalid", network=text[:60]) from error
        if network.prefixlen == 0:
            raise FormError(CONF_TRUSTED_PROXIES, "proxy_everybody", network=text)
        found[str(network)] = None
    return list(found)


def _amounts(entry: ConfigEntry, texts: Iterable[str]) -> list[str]:
    """Return the amounts that the page offers as they are written, the smallest first."""
    currency = Currency.of(entry.data["currency"])
    found = {}
    for text in (one.strip() for one in texts):
        if not text:
            continue
        try:
            amount = currency.parse_positive(text)
        except InvalidInputError as error:
            raise form_error(error, AMOUNT_ERRORS) from error
        found[amount] = text
    if len(found) > MOST_AMOUNTS:
        raise FormError(CONF_AMOUNTS, "amounts_too_many", most=MOST_AMOUNTS)
    return [found[amount] for amount in sorted(found)]


async def _async_check_port(
    hass: HomeAssistant, kept: Mapping[str, Any], present: Mapping[str, Any]
) -> None:
    """Refuse a port that somebody else listens on; on its present one the page may do so."""
    host, port = kept[CONF_HOST], kept[CONF_PORT]
    if hass.http is not None and port == hass.http.server_port:
        raise FormError(CONF_PORT, "port_of_home_assistant", port=port)
    is_ours = present.get(CONF_ENABLED) and port == present[CONF_PORT]
    error = await hass.async_add_executor_job(_fault, host, 0 if is_ours else port)
    if error is not None:
        if error.errno == errno.EADDRNOTAVAIL:
            raise FormError(CONF_HOST, "host_not_here", host=host)
        raise FormError(CONF_PORT, "port_taken", port=port, error=error.strerror)


def _fault(host: str, port: int) -> OSError | None:
    """Return what keeps a server from listening there. Blocks."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error
    return None
