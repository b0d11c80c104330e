"""Conditions: how accounts stand, chosen by target as with triggers.

condition: compere_prepaid.is_off
target: {floor_id: ground_floor}
options: {behavior: any}
"""

from typing import ClassVar, override

from homeassistant.components.number import DOMAIN as NUMBER
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    Condition,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)

from .core.policy.credit import SupplyState
from .event_targets import account_entities


class SupplyCondition(EntityStateConditionBase):
    """Whether accounts stand in a certain way."""

    _domain_specs = {SENSOR: DomainSpec()}  # noqa: RUF012  # declared so by Home Assistant
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the supply state of each account that is meant."""
        return account_entities(self._hass, entities, SENSOR, "supply_state")


class NumberCondition(EntityNumericalConditionBase):
    """Whether a number of accounts is above, below or between."""

    _key: ClassVar[str]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return that number of each account that is meant."""
        (platform,) = self._domain_specs
        return account_entities(self._hass, entities, platform, self._key)


def _stands(state: SupplyState) -> type[Condition]:
    """Return the condition that accounts stand like this."""

    class Stands(SupplyCondition):
        _states = {state.value}  # noqa: RUF012

    return Stands


def _decided(attribute: str) -> type[Condition]:
    """Return the condition that something is decided about accounts, as their supply shows it."""

    class Decided(SupplyCondition):
        _domain_specs = {SENSOR: DomainSpec(value_source=attribute)}  # noqa: RUF012

        @override
        def is_valid_state(self, entity_state: State) -> bool:
            """Look whether it holds, or until when."""
            return bool(self._get_tracked_value(entity_state))

    return Decided


def _number(platform: str, key: str) -> type[Condition]:
    """Return the condition about a number of accounts, by its entity's platform and key."""

    class Number(NumberCondition):
        _key = key
        _domain_specs = {platform: DomainSpec()}  # noqa: RUF012

    return Number


CONDITIONS = {
    "is_in_credit": _stands(SupplyState.IN_CREDIT),
    "is_warned": _stands(SupplyState.WARNING),
    "is_in_emergency": _stands(SupplyState.EMERGENCY),
    "is_exhausted": _stands(SupplyState.EXHAUSTED),
    "is_off": _stands(SupplyState.OFF),
    "is_adapting": _decided("adapts_until"),
    "is_disputed": _decided("disputed"),
    "is_put_off": _decided("put_off_why"),
    "has_grace": _decided("grace_until"),
    "is_balance": _number(NUMBER, "balance"),
    "is_days_left": _number(SENSOR, "days_left"),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by key."""
    return CONDITIONS
