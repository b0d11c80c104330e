"""Home Assistant's MQTT connection, as the core's port to a broker.

The broker, its credentials and its reconnections are the `mqtt` integration's business, which is
needed only where a bus is a broker. Home Assistant keeps subscriptions over a reconnection.

The integration is imported only once it runs: its requirements are not installed where nobody uses
it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
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

    @override
    async def listen(
        self,
        topics: Collection[str],
        take: Callable[[Delivered], None],
        told: Callable[[bool], None],
    ) -> Unsubscribe:
        if not is_mqtt_set_up(self._hass):
            raise LineDownError(NOT_SET_UP)
        listening = _Listening(frozenset(topics), take, told)
        try:
            await listening.start(self._hass)
        except HomeAssistantError as error:
            listening.stop()
            raise LineDownError(str(error)) from error
        return listening.stop

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


@dataclass
class _Listening:
    """Subscriptions to some topics, and whether the broker has taken all of them."""

    topics: frozenset[str]
    take: Callable[[Delivered], None]
    told: Callable[[bool], None]
    missing: set[str] = field(default_factory=set)
    undo: list[Unsubscribe] = field(default_factory=list)

    async def start(self, hass: HomeAssistant) -> None:
        """Subscribe. Raises `HomeAssistantError`."""
        from homeassistant.components import mqtt  # noqa: PLC0415  # see above

        self.missing.update(self.topics)

        @callback
        def received(message: ReceiveMessage) -> None:
            self._received(message)

        @callback
        def connected(up: bool) -> None:  # noqa: FBT001  # Home Assistant calls it so
            if not up:
                self._lost()

        self.undo.append(mqtt.async_subscribe_connection_status(hass, connected))
        if not mqtt.is_connected(hass):
            self._lost()
        for topic in self.topics:
            done = self._subscribed_to(topic)
            self.undo.append(mqtt.async_on_subscribe_done(hass, topic, AT_LEAST_ONCE, done))
            self.undo.append(
                await mqtt.async_subscribe(hass, topic, received, AT_LEAST_ONCE, encoding=None)
            )

    def stop(self) -> None:
        """Listen no more."""
        while self.undo:
            self.undo.pop()()

    def _received(self, message: ReceiveMessage) -> None:
        payload = message.payload
        raw = payload.encode() if isinstance(payload, str) else bytes(payload)
        self.take(Delivered(topic=message.topic, payload=raw, is_retained=message.retain))

    def _lost(self) -> None:
        self.missing.update(self.topics)
        self.told(False)  # noqa: FBT003  # told as it was heard

    def _subscribed_to(self, topic: str) -> Callable[[], None]:
        @callback
        def done() -> None:
            if topic in self.missing:
                self.missing.discard(topic)
                if not self.missing:
                    self.told(True)  # noqa: FBT003  # told as it was heard

        return done
