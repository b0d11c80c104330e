"""Home Assistant's MQTT connection, as the core's port to a broker.

The broker, its credentials and its reconnections are the `mqtt` integration's business, which is
needed only where a bus is a broker. Home Assistant keeps subscriptions over a reconnection.

The integration is imported only once it runs: its requirements are not installed where nobody uses
it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .core.bus.requests import LineDownError
from .core.meters.compere_mqtt.ports import BrokerPort, Delivered, Unsubscribe

if TYPE_CHECKING:
    from homeassistant.components.mqtt.models import ReceiveMessage

NOT_SET_UP = "the MQTT integration of Home Assistant is not set up"
AT_MOST_ONCE = 0
AT_LEAST_ONCE = 1


class MqttBroker(BrokerPort):
    """Listens and publishes by Home Assistant's connection."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Use the connection of this Home Assistant, as soon as it has one."""
        self._hass = hass

    @property
    @override
    def is_connected(self) -> bool:
        if not is_mqtt_set_up(self._hass):
            return False
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        return mqtt.is_connected(self._hass)

    @override
    async def open(self) -> None:
        if not is_mqtt_set_up(self._hass):
            raise LineDownError(NOT_SET_UP)
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        if not await mqtt.async_wait_for_mqtt_client(self._hass):
            raise LineDownError(NOT_SET_UP)

    @override
    def watch(self, told: Callable[[bool], None]) -> Unsubscribe:
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        return mqtt.async_subscribe_connection_status(self._hass, callback(told))

    @override
    async def subscribe(self, topic: str, take: Callable[[Delivered], None]) -> Unsubscribe:
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        @callback
        def received(message: ReceiveMessage) -> None:
            payload = message.payload
            if isinstance(payload, str):
                payload = payload.encode()
            take(Delivered(topic=message.topic, payload=bytes(payload), is_retained=message.retain))

        try:
            return await mqtt.async_subscribe(
                self._hass, topic, received, qos=AT_LEAST_ONCE, encoding=None
            )
        except HomeAssistantError as error:
            raise LineDownError(str(error)) from error

    @override
    async def publish(self, topic: str, payload: str) -> None:
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        try:
            await mqtt.async_publish(self._hass, topic, payload, qos=AT_MOST_ONCE, retain=False)
        except HomeAssistantError as error:
            raise LineDownError(str(error)) from error


def is_mqtt_set_up(hass: HomeAssistant) -> bool:
    """Tell whether Home Assistant has an MQTT integration that runs."""
    return bool(hass.config_entries.async_loaded_entries("mqtt"))
