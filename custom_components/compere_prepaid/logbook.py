"""Logbook lines: what happened, in words, at the account's or the meter's device.

Noodle House topped up 200.00 by Cash desk, balance 196.40
"""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.core import HomeAssistant, callback

from .commissioning.wording import language_for
from .const import DOMAIN
from .core.site_events import OF_SITE, PUBLIC
from .logbook_texts import AUTOMATION, TEXTS

type Line = dict[str, Any]

ICONS = {
    "credit_warning": "mdi:wallet-outline",
    "cut_off": "mdi:flash-off",
    "cut_put_off": "mdi:timer-pause",
    "cut_reminder": "mdi:timer-alert",
    "shadow_cut": "mdi:flash-off-outline",
    "shadow_restored": "mdi:flash-outline",
    "reconnect_awaited": "mdi:account-question",
    "emergency_started": "mdi:lifebuoy",
    "emergency_repaid": "mdi:lifebuoy",
    "grace_granted": "mdi:timer-sand",
    "grace_revoked": "mdi:timer-sand-empty",
    "dispute_opened": "mdi:scale-unbalanced",
    "dispute_closed": "mdi:gavel",
    "restored": "mdi:power-plug",
    "topped_up": "mdi:cash-plus",
    "top_up_reversed": "mdi:cash-remove",
    "refunded": "mdi:cash-refund",
    "payment_unmatched": "mdi:cash-lock",
    "refund_failed": "mdi:cash-remove",
    "payment_disputed": "mdi:bank-remove",
    "reconciliation_fault": "mdi:scale-unbalanced",
    "moved_out": "mdi:home-export-outline",
    "shared_costs": "mdi:chart-pie",
    "allocation_posted": "mdi:chart-pie",
    "allocation_reversed": "mdi:undo-variant",
    "announced": "mdi:bullhorn",
    "suspect_reading": "mdi:help-rhombus",
    "register_rolled_over": "mdi:counter",
    "meter_offline": "mdi:lan-disconnect",
    "overload": "mdi:flash-alert",
    "protection": "mdi:shield-alert",
    "tamper": "mdi:pipe-leak",
    "energy_finding": "mdi:magnify-scan",
}


_CHOSEN = (
    ("action", "action"),
    ("reason", "reason"),
    ("rule", "kind"),
    ("why", "why"),
    ("found", "kind"),
)
"""Words that are told by their texts, and the fields that they come from."""

_NAMES = ("meter_name", "account_name", "site")
"""The fields that say whom it happened to."""


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[LazyEventPartialState], Line]], None],
) -> None:
    """Tell the logbook how to describe our events. It asks in a thread, and in the event loop."""

    def describe(event: LazyEventPartialState) -> Line:
        texts = TEXTS[language_for(hass.config.language)]
        event_type = str(event.event_type).removeprefix(f"{DOMAIN}_")
        return line(event_type, event.data, texts)

    for event in (*PUBLIC, *OF_SITE):
        async_describe_event(DOMAIN, f"{DOMAIN}_{event.TYPE}", describe)


def line(event_type: str, data: Mapping[str, Any], texts: Mapping[str, str]) -> Line:
    """Return the logbook's line about an event; what its data lack is told as a dash.

    No entity is named in it: its name would stand there instead of the tenant's.
    """
    words = _Words({key: _shown(value) for key, value in data.items()})
    user = data.get("user_name")
    if (seconds := data.get("seconds")) is not None:
        words["seconds"] = f"{seconds:.1f}"
    if until := data.get("until"):
        words["until"] = until[:16].replace("T", " ")
    words["user"] = texts[AUTOMATION] if user == AUTOMATION else _shown(user)
    for word, field in _CHOSEN:
        words[word] = texts.get(f"{word}_{data.get(field)}", _shown(data.get(field)))
    return {
        LOGBOOK_ENTRY_NAME: next((data[name] for name in _NAMES if data.get(name)), DOMAIN),
        LOGBOOK_ENTRY_MESSAGE: texts[_text_of(event_type, data)].format_map(words),
        LOGBOOK_ENTRY_ICON: ICONS[event_type],
    }


def _text_of(event_type: str, data: Mapping[str, Any]) -> str:
    """Return the key of an event's text: a warning may be about days instead of money."""
    days_only = data.get("days") is not None and data.get("level") is None
    return f"{event_type}_days" if days_only else event_type


class _Words(dict[str, str]):
    """The words of a line."""

    def __missing__(self, key: str) -> str:
        """Say that it is not known: an event of an older version may lack it."""
        return _shown(None)


def _shown(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
