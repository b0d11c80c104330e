"""What each kind of payment provider is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..adapters.payment.wechat.merchant_certificate import check_key, merchant_certificate
from ..core.ledger.payment_rows import Method
from ..core.ledger.records import BookKind

_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_PEM = TextSelector(TextSelectorConfig(multiline=True))
_METHODS = SelectSelector(
    SelectSelectorConfig(
        options=[Method.JSAPI.value, Method.REDIRECT.value, Method.QR.value],
        multiple=True,
        mode=SelectSelectorMode.LIST,
        translation_key="wechat_method",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderForm:
    """The fields of a kind, beside title and key."""

    books: frozenset[BookKind]
    """In which kinds of book it may be."""
    currencies: frozenset[str] = frozenset()
    """The only currencies that it takes; empty: any."""
    tells: bool = True
    """Whether it sends notices, for which the site needs a public address."""
    required: Mapping[str, Any]
    optional: Mapping[str, Any]
    defaults: Mapping[str, Any]
    secrets: frozenset[str] = frozenset()
    """Never shown again: an empty field keeps what is there."""
    ends: frozenset[str] = frozenset()
    """Never shown again either, but gone where the field is left empty."""
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _typed: {}
    """Returns what follows from what was typed; raises `InvalidInputError`. Blocking."""
    wrong: Mapping[str, str]
    """Which field is to blame for which error."""


_REAL = frozenset({BookKind.REAL})


def _of_certificate(typed: Mapping[str, Any]) -> Mapping[str, Any]:
    check_key(typed["merchant_certificate"], typed["merchant_key"])
    return {"merchant_serial": merchant_certificate(typed["merchant_certificate"]).serial}


FORMS: Mapping[str, ProviderForm] = {
    "wechat": ProviderForm(
        books=_REAL,
        currencies=frozenset({"CNY"}),
        required={
            "mchid": TextSelector(),
            "appid": TextSelector(),
            "merchant_certificate": _PEM,
            "merchant_key": _PEM,
            "apiv3_key": _SECRET,
            "methods": _METHODS,
        },
        optional={
            "app_secret": _SECRET,
            "public_key_id": TextSelector(),
            "public_key": _PEM,
            "certificates": BooleanSelector(),
        },
        defaults={
            "methods": [Method.JSAPI.value, Method.REDIRECT.value, Method.QR.value],
            "certificates": False,
        },
        secrets=frozenset({"merchant_key", "apiv3_key", "app_secret"}),
        complete=_of_certificate,
        wrong={
            "wechat_mchid_wrong": "mchid",
            "wechat_mchid_unknown": "mchid",
            "wechat_appid_wrong": "appid",
            "wechat_appid_not_bound": "appid",
            "wechat_certificate_unreadable": "merchant_certificate",
            "wechat_merchant_serial_wrong": "merchant_certificate",
            "wechat_key_of_another_certificate": "merchant_key",
            "wechat_merchant_key_unreadable": "merchant_key",
            "wechat_signature_refused": "merchant_key",
            "wechat_api_key_length": "apiv3_key",
            "wechat_api_key_wrong": "apiv3_key",
            "wechat_app_secret_wrong": "app_secret",
            "wechat_public_key_missing": "public_key_id",
            "wechat_public_key_id_wrong": "public_key_id",
            "wechat_public_key_id_unknown": "public_key_id",
            "wechat_public_key_unreadable": "public_key",
            "wechat_public_key_wrong": "public_key",
        },
    ),
    "stripe": ProviderForm(
        books=frozenset(BookKind),
        required={"secret_key": _SECRET, "webhook_secret": _SECRET},
        optional={"old_webhook_secret": _SECRET},
        defaults={},
        secrets=frozenset({"secret_key", "webhook_secret"}),
        ends=frozenset({"old_webhook_secret"}),
        wrong={
            "stripe_key_wrong": "secret_key",
            "stripe_key_refused": "secret_key",
            "stripe_key_too_weak": "secret_key",
            "stripe_webhook_secret_wrong": "webhook_secret",
            "provider_wrong_book": "secret_key",
        },
    ),
    "paynow": ProviderForm(
        books=_REAL,
        currencies=frozenset({"SGD"}),
        tells=False,
        required={"proxy": TextSelector(), "payee": TextSelector()},
        optional={},
        defaults={},
        wrong={"paynow_proxy_wrong": "proxy", "qr_name_wrong": "payee"},
    ),
    "duitnow": ProviderForm(
        books=_REAL,
        currencies=frozenset({"MYR"}),
        tells=False,
        required={"code": TextSelector()},
        optional={},
        defaults={},
        wrong={"duitnow_code_damaged": "code", "duitnow_code_other": "code"},
    ),
    "sandbox": ProviderForm(
        books=frozenset({BookKind.SANDBOX}),
        tells=False,
        required={},
        optional={},
        defaults={},
        wrong={},
    ),
}


def kinds_for(book: BookKind, currency: str) -> list[str]:
    """Return the kinds that a site may have."""
    return [
        kind
        for kind, form in FORMS.items()
        if book in form.books and currency in (form.currencies or {currency})
    ]
