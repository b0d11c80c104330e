"""Triggers: what happens in a mall, chosen by what it happens to.

    trigger: compere_prepaid.credit_warning
    target: {area_id: food_court}

A trigger gives its automation the event, as Home Assistant's own event trigger does:
`trigger.event.data.balance`. It fires once, however many devices of an event its target means.
"""

from typing import Any, ClassVar, cast, override

from homeassistant.components.number import DOMAIN as NUMBER
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    EntityNumericalStateCrossedThresholdTriggerBase,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import probatio as vol

from .const import DOMAIN
from .core import events
from .core.policy.protection import RuleKind
from .core.policy.protection_state import Move
from .event_targets import account_entities, is_meant

ACTIONS = "actions"
RULES = "rules"
LEVEL = "level"


class EventTrigger(Trigger):
    """Something happened to what the target means."""

    event: ClassVar[type[events.Event]]
    options: ClassVar[dict[Any, Any]] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Check target and options."""
        schema = vol.Schema(
            {
                vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Required(CONF_OPTIONS, default={}): cls.options,
            }
        )
        return cast("ConfigType", schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Remember what is asked for."""
        super().__init__(hass, config)
        self._selection = TargetSelection(config.target or {})
        self._options = config.options or {}

    def is_asked_for(self, data: dict[str, Any]) -> bool:
        """Tell whether the options ask for an event with these data."""
        return True

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Run the action whenever it happens; return what ends that."""
        event_type = f"{DOMAIN}_{self.event.TYPE}"

        @callback
        def happened(event: Event) -> None:
            data = dict(event.data)
            if is_meant(self._hass, self._selection, data) and self.is_asked_for(data):
                run_action({"event": event}, f"event '{event_type}'", event.context)

        return self._hass.bus.async_listen(event_type, happened)


class LevelTrigger(EventTrigger):
    """Credit fell through a warning level, or only through one that is low enough."""

    options: ClassVar = {vol.Optional(LEVEL): vol.Coerce(float)}

    @override
    def is_asked_for(self, data: dict[str, Any]) -> bool:
        """Look at the level."""
        if LEVEL not in self._options:
            return True
        level = data.get(LEVEL)
        return level is not None and float(level) <= self._options[LEVEL]


class MoveTrigger(EventTrigger):
    """A rule of protection did one of some things; by default whatever is bad news."""

    options: ClassVar = {
        vol.Required(
            ACTIONS, default=[Move.WARNED.value, Move.TRIPPED.value, Move.LOCKED_OUT.value]
        ): vol.All(cv.ensure_list, [vol.In([move.value for move in Move])])
    }

    @override
    def is_asked_for(self, data: dict[str, Any]) -> bool:
        """Look at what was done."""
        return data.get("action") in self._options[ACTIONS]


class RuleTrigger(MoveTrigger):
    """One of some rules did one of some things."""

    options: ClassVar = {
        **MoveTrigger.options,
        vol.Required(RULES, default=[]): vol.All(
            cv.ensure_list, [vol.In([kind.value for kind in RuleKind])]
        ),
    }

    @override
    def is_asked_for(self, data: dict[str, Any]) -> bool:
        """Look at the rule, too; without any in the options all are meant."""
        rules = self._options[RULES]
        return super().is_asked_for(data) and (not rules or data.get("kind") in rules)


class NumberTrigger(EntityNumericalStateCrossedThresholdTriggerBase):
    """A number of an account crossed a threshold."""

    _key: ClassVar[str]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return that number of each account that is meant."""
        (platform,) = self._domain_specs
        return account_entities(self._hass, entities, platform, self._key)


def _told(of: type[events.Event], base: type[EventTrigger] = EventTrigger) -> type[Trigger]:
    """Return the trigger of an event."""

    class Told(base):  # type: ignore[valid-type, misc]  # a class like any other
        event = of

    return Told


def _crossed(platform: str, key: str) -> type[Trigger]:
    """Return the trigger of a number of accounts, by its entity's platform and key."""

    class Crossed(NumberTrigger):
        _key = key
        _domain_specs = {platform: DomainSpec()}  # noqa: RUF012  # declared so by Home Assistant

    return Crossed


TRIGGERS = {
    "credit_warning": _told(events.CreditWarning, LevelTrigger),
    "cut_put_off": _told(events.CutPutOff),
    "cut_reminder": _told(events.CutReminder),
    "cut_off": _told(events.CutOff),
    "shadow_cut": _told(events.ShadowCut),
    "emergency_started": _told(events.EmergencyStarted),
    "reconnect_awaited": _told(events.ReconnectAwaited),
    "restored": _told(events.Restored),
    "topped_up": _told(events.ToppedUp),
    "announced": _told(events.Announced),
    "overload": _told(events.Overload, MoveTrigger),
    "protection": _told(events.Protected, RuleTrigger),
    "tamper": _told(events.Tamper),
    "meter_offline": _told(events.MeterOffline),
    "suspect_reading": _told(events.SuspectReading),
    "balance_crossed_threshold": _crossed(NUMBER, "balance"),
    "days_left_crossed_threshold": _crossed(SENSOR, "days_left"),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by key."""
    return TRIGGERS
