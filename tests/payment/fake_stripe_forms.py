"""The forms that the simulated Stripe takes: which fields there are, and what they nest to."""

from typing import Any

_METADATA = r"metadata\[[a-z_]{1,40}\]"
_EXPAND = r"expand\[\]"

CHECKED: dict[str, tuple[str, ...]] = {
    "checkout/sessions": (
        "mode",
        "client_reference_id",
        "success_url",
        "cancel_url",
        "expires_at",
        "locale",
        "customer_creation",
        r"line_items\[0\]\[quantity\]",
        r"line_items\[0\]\[price_data\]\[(currency|unit_amount|product_data\]\[name)\]",
        r"payment_intent_data\[setup_future_usage\]",
        rf"payment_intent_data\[{_METADATA.replace('metadata', 'metadata]', 1)}",
        _METADATA,
    ),
    "checkout/sessions/ID/expire": (),
    "payment_intents": (
        "amount",
        "currency",
        "customer",
        "payment_method",
        "off_session",
        "confirm",
        _METADATA,
        _EXPAND,
    ),
    "payment_intents/ID/cancel": (),
    "refunds": ("payment_intent", "amount", _METADATA),
}
"""The fields of each request, as patterns."""


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a form's fields as objects within objects: `a[b][c]=1`."""
    form: dict[str, Any] = {}
    for name, value in pairs:
        *way, last = name.replace("]", "").split("[")
        place = form
        for step in way:
            place = place.setdefault(step, {})
        assert last not in place, f"{name} twice"
        place[last] = value
    return form


def as_int(text: str) -> int:
    """Read a whole number, and nothing else."""
    assert text.isascii(), text
    assert text.isdigit(), text
    return int(text)
