"""Where a payer is sent to, as an order keeps it: canonical JSON."""

from dataclasses import asdict
import json

from .provider import AwaitCashier, Checkout, Jsapi, Qr, Redirect

_KINDS: dict[str, type[Jsapi | Redirect | Qr | AwaitCashier]] = {
    "jsapi": Jsapi,
    "redirect": Redirect,
    "qr": Qr,
    "cashier": AwaitCashier,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def checkout_text(checkout: Checkout) -> str:
    """Return a checkout as canonical JSON; empty for what is paid already."""
    name = _NAMES.get(type(checkout))  # type: ignore[arg-type]  # `Charged` has none
    if name is None:
        return ""
    data = {"kind": name, **asdict(checkout)}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def checkout_of(text: str) -> Checkout | None:
    """Read back what `checkout_text` wrote."""
    if not text:
        return None
    data = json.loads(text)
    return _KINDS[data.pop("kind")](**data)
