"""From a bus subentry to what runs: a wired line that is asked, or a broker that is heard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .const import (
    CONF_BAUDRATE,
    CONF_DEVICE,
    CONF_ENERGY_INTERVAL,
    CONF_HOST,
    CONF_LIVE_INTERVAL,
    CONF_PARITY,
    CONF_PORT,
    CONF_QUEUES,
    CONF_SHARED,
    CONF_SPACING,
    CONF_STOPBITS,
    CONF_TIMEOUT,
    CONF_TOPIC_PREFIX,
    CONF_TRANSPORT,
)
from .core.bus.bus import Bus
from .core.bus.settings import LineSettings, Transport
from .core.events import BusDown, BusUp
from .core.ids import BusId, MeterSerial
from .core.meters.compere_mqtt.link import MqttLink
from .core.meters.compere_mqtt.ports import TRANSPORT, BrokerSettings
from .core.meters.compere_mqtt.reader import MqttReader
from .core.meters.poller import Poller
from .core.meters.reader import MeterReader
from .mqtt_broker import MqttBroker
from .shared_line import line_for

if TYPE_CHECKING:
    from .site import CompereSite


def settings_of(data: Mapping[str, Any]) -> LineSettings | BrokerSettings:
    """Return how the line of a bus subentry is reached."""
    return broker_settings_of(data) if is_broker(data) else line_settings_of(data)


def is_broker(data: Mapping[str, Any]) -> bool:
    """Tell whether a bus subentry is a broker, not a wired line."""
    return bool(data[CONF_TRANSPORT] == TRANSPORT)


def line_settings_of(data: Mapping[str, Any]) -> LineSettings:
    """Return the line settings that a wired bus subentry's data describe."""
    return LineSettings(
        transport=Transport(data[CONF_TRANSPORT]),
        host=data.get(CONF_HOST) or "",
        port=int(data.get(CONF_PORT) or 0),
        device=data.get(CONF_DEVICE) or "",
        baudrate=int(data.get(CONF_BAUDRATE) or 9600),
        parity=data.get(CONF_PARITY) or "E",
        stopbits=int(data.get(CONF_STOPBITS) or 1),
        timeout_s=float(data.get(CONF_TIMEOUT) or 1.0),
        spacing_s=float(data.get(CONF_SPACING) or 0.0),
        shared=bool(data.get(CONF_SHARED)),
        queues=bool(data.get(CONF_QUEUES)),
    )


def optional_line_data(*, spacing_s: float, shared: bool, queues: bool) -> dict[str, Any]:
    """Return those of a line's settings that are kept only where they are not the usual ones."""
    data = {CONF_SPACING: spacing_s, CONF_SHARED: shared, CONF_QUEUES: queues}
    return {key: value for key, value in data.items() if value}


def broker_settings_of(data: Mapping[str, Any]) -> BrokerSettings:
    """Return the settings that a broker's subentry's data describe."""
    return BrokerSettings(
        prefix=data[CONF_TOPIC_PREFIX],
        live_s=data[CONF_LIVE_INTERVAL],
        energy_min=data[CONF_ENERGY_INTERVAL],
    )


def make_line(
    site: CompereSite, bus_id: BusId, data: Mapping[str, Any]
) -> tuple[Bus | MqttLink, MeterReader]:
    """Return a line that is not started yet, and who reads its meters."""

    def on_state(up: bool, error: str) -> None:  # noqa: FBT001  -- the line calls it so
        at = site.clock.now()
        site.emit(BusUp(at=at, bus=bus_id) if up else BusDown(at=at, bus=bus_id, error=error))

    if is_broker(data):
        broker = MqttBroker(site.hass)
        link = MqttLink(bus_id, broker, broker_settings_of(data), site.clock, on_state)

        def last_wh(serial: MeterSerial) -> int | None:
            meter = site.book.meters.get(serial)
            return None if meter is None or meter.last is None else meter.last.wh

        return link, MqttReader(
            link, site.clock, site.reading_path, zone=site.zone, last_wh=last_wh
        )
    settings = line_settings_of(data)
    bus = Bus(bus_id, line_for(site.hass, settings), settings, site.clock, on_state)
    return bus, Poller(bus, site.clock, site.reading_path)
