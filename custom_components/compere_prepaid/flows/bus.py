"""Adding and changing a bus: one RS485 line behind a serial adapter or a gateway.

The connection is tried before it is saved. What that proves is the way to the line (host, port,
adapter); whether baud rate and parity are right, only a meter's answer can tell, so the meter's
form speaks of them again.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector, SerialPortSelector, TextSelector
import probatio as vol

from ..const import (
    CONF_ADDRESS,
    CONF_BAUDRATE,
    CONF_BUS,
    CONF_DEVICE,
    CONF_HOST,
    CONF_NAME,
    CONF_PARITY,
    CONF_PORT,
    CONF_PROFILE,
    CONF_QUEUES,
    CONF_SHARED,
    CONF_SPACING,
    CONF_STOPBITS,
    CONF_TIMEOUT,
    CONF_TOPIC_PREFIX,
    CONF_TRANSPORT,
    SUBENTRY_BUS,
    SUBENTRY_METER,
    bus_unique_id,
)
from ..core.bus.requests import BusError
from ..core.bus.settings import LineSettings, Transport
from ..core.errors import InvalidInputError
from ..core.meters.building import check_place
from ..core.meters.compere_mqtt.ports import TRANSPORT
from ..lines import (
    broker_settings_of,
    is_broker,
    line_settings_of,
    optional_line_data,
)
from ..mqtt_broker import is_mqtt_set_up
from ..shared_line import async_test_line, others_use
from .broker import broker_schema, broker_subentry_data, broker_values
from .form_errors import BASE, FormError, form_error
from .line_errors import line_error
from .schemas import choice, seconds, whole_number
from .serial_device import same_device, stable_device
from .subentry import SiteSubentryFlow

SECTION_LINE = "line"

BAUD_RATES = ("1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200")
PARITIES = {"even": "E", "none": "N", "odd": "O"}
STOP_BITS = ("1", "2")
DEFAULT_PORTS = {Transport.RTU_TCP: 502, Transport.RTU_LISTEN: 5020, Transport.MODBUS_TCP: 502}


class BusFlow(SiteSubentryFlow):
    """Ask how the line is reached, try it, save it."""

    async def async_step_user(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Let the user pick how the new line is reached."""
        return self.async_show_menu(step_id="user", menu_options=[*Transport, TRANSPORT])

    async def async_step_reconfigure(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Let the user pick how the line is reached now: a gateway may have changed its mode.

        A broker stays one: the meters behind it have no wires.
        """
        if self._present is not None and is_broker(self._present.data):
            return await self.async_step_mqtt()
        return self.async_show_menu(step_id="reconfigure", menu_options=list(Transport))

    async def async_step_serial(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a line on a serial adapter of this machine."""
        return await self._async_step_line(Transport.SERIAL, user_input)

    async def async_step_rtu_tcp(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a line behind a gateway that passes the bytes through."""
        return await self._async_step_line(Transport.RTU_TCP, user_input)

    async def async_step_rtu_listen(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a line behind a gateway that dials in here by itself."""
        return await self._async_step_line(Transport.RTU_LISTEN, user_input)

    async def async_step_modbus_tcp(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for a line behind a gateway that translates Modbus TCP."""
        return await self._async_step_line(Transport.MODBUS_TCP, user_input)

    async def async_step_mqtt(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the broker of meters with 4G or Wi-Fi."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data = self._checked_broker(user_input)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self._finish(data, broker_settings_of(data).endpoint)
        suggested = user_input or (broker_values(self._present.data) if self._present else {})
        return self.async_show_form(
            step_id=TRANSPORT,
            data_schema=self.add_suggested_values_to_schema(broker_schema(), suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _checked_broker(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return what will be saved of a broker, once everything about it was found right."""
        if not is_mqtt_set_up(self.hass):
            raise FormError(BASE, "mqtt_not_set_up")
        data = broker_subentry_data(user_input)
        self._refuse_name(data[CONF_NAME])
        for other in self._others(SUBENTRY_BUS):
            if is_broker(other.data) and other.data[CONF_TOPIC_PREFIX] == data[CONF_TOPIC_PREFIX]:
                raise FormError(CONF_TOPIC_PREFIX, "broker_in_use", name=other.title)
        return data

    def _refuse_name(self, name: str) -> None:
        for other in self._others(SUBENTRY_BUS):
            if other.data[CONF_NAME].casefold() == name.casefold():
                raise FormError(CONF_NAME, "name_in_use", name=other.data[CONF_NAME])

    async def _async_step_line(
        self, transport: Transport, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask for the line's settings, try the connection, save."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data, settings = await self._async_checked(transport, user_input)
            except FormError as error:
                errors, placeholders = error.errors, error.placeholders
            else:
                return self._finish(data, settings.endpoint)
        present = self._present
        suggested = user_input or (form_values(present.data) if present else {})
        return self.async_show_form(
            step_id=transport,
            data_schema=self.add_suggested_values_to_schema(line_schema(transport), suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_checked(
        self, transport: Transport, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], LineSettings]:
        """Return what will be saved, once everything about it was found right."""
        data = subentry_data(transport, user_input)
        if transport is Transport.SERIAL:
            data[CONF_DEVICE] = await self.hass.async_add_executor_job(
                stable_device, data[CONF_DEVICE]
            )
        settings = line_settings_of(data)
        self._refuse_name(data[CONF_NAME])
        self._check_meters(settings)
        for other in self._others(SUBENTRY_BUS, every_site=True):
            if not is_broker(other.data) and await self._async_same_line(
                line_settings_of(other.data), settings
            ):
                field = CONF_DEVICE if transport is Transport.SERIAL else CONF_HOST
                raise FormError(field, "line_in_use", name=other.title, endpoint=settings.endpoint)
        if not self._held(settings):
            if not settings.shared and others_use(self.hass, settings):
                raise FormError(BASE, "line_of_others", endpoint=settings.endpoint)
            try:
                await async_test_line(self.hass, settings)
            except BusError as error:
                raise line_error(error, settings) from error
        return data, settings

    def _check_meters(self, settings: LineSettings) -> None:
        """Refuse a line that does not carry what the meters on this bus speak."""
        if (bus := self._present) is None or (site := self._site) is None:
            return
        for meter in self._others(SUBENTRY_METER):
            profile = site.catalogue.profiles.get(meter.data[CONF_PROFILE])
            if profile is None or meter.data[CONF_BUS] != bus.subentry_id:
                continue
            try:
                check_place(profile, meter.data[CONF_ADDRESS], settings)
            except InvalidInputError as error:
                raise form_error(error, {"dlt645_needs_raw_line": BASE}) from error

    async def _async_same_line(self, one: LineSettings, other: LineSettings) -> bool:
        if Transport.SERIAL not in {one.transport, other.transport}:
            return one.endpoint == other.endpoint
        if one.transport is not other.transport:
            return False
        return await self.hass.async_add_executor_job(same_device, one.device, other.device)

    def _held(self, settings: LineSettings) -> bool:
        """Say whether the running site has this very line open.

        It is then not opened a second time: a serial port has one owner, and many gateways serve
        one client only. The bus's own connectivity shows how it does with the new settings.
        """
        present = self._present
        return (
            present is not None
            and self._site is not None
            and line_settings_of(present.data).endpoint == settings.endpoint
        )

    def _finish(self, data: dict[str, Any], endpoint: str) -> SubentryFlowResult:
        present: ConfigSubentry | None = self._present
        title, unique_id = data[CONF_NAME], bus_unique_id(endpoint)
        if present is None:
            return self.async_create_entry(title=title, data=data, unique_id=unique_id)
        return self.async_update_and_abort(
            self._get_entry(), present, title=title, data=data, unique_id=unique_id
        )


def line_schema(transport: Transport) -> vol.Schema:
    """Return the form for a transport."""
    fields: dict[vol.Marker, Any] = {vol.Required(CONF_NAME): TextSelector()}
    if transport is Transport.SERIAL:
        fields[vol.Required(CONF_DEVICE)] = SerialPortSelector()
    else:
        is_known = transport is not Transport.RTU_LISTEN
        host = vol.Required(CONF_HOST) if is_known else vol.Optional(CONF_HOST)
        fields[host] = TextSelector()
        fields[vol.Required(CONF_PORT, default=DEFAULT_PORTS[transport])] = whole_number(1, 65535)
    line: dict[vol.Marker, Any] = {
        vol.Required(CONF_BAUDRATE, default="9600"): choice(BAUD_RATES),
        vol.Required(CONF_PARITY, default="even"): choice(PARITIES, "parity"),
        vol.Required(CONF_STOPBITS, default="1"): choice(STOP_BITS),
        vol.Required(CONF_TIMEOUT, default=1.0): seconds(0.1, 10),
        vol.Required(CONF_SPACING, default=0.0): seconds(0, 2, step=0.01),
    }
    if transport is Transport.MODBUS_TCP:
        line[vol.Required(CONF_QUEUES, default=False)] = BooleanSelector()
    if transport is not Transport.RTU_LISTEN:
        line[vol.Required(CONF_SHARED, default=False)] = BooleanSelector()
    # Behind a Modbus TCP gateway these are the gateway's business; we only take the pace from them.
    collapsed = transport is Transport.MODBUS_TCP
    fields[vol.Required(SECTION_LINE)] = section(vol.Schema(line), {"collapsed": collapsed})
    return vol.Schema(fields)


def subentry_data(transport: Transport, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers in the shape in which a bus is kept."""
    name = user_input[CONF_NAME].strip()
    if not name:
        raise FormError(CONF_NAME, "name_empty")
    device = user_input.get(CONF_DEVICE, "").strip()
    if transport is Transport.SERIAL and not device:
        raise FormError(CONF_DEVICE, "device_empty")
    host = user_input.get(CONF_HOST, "").strip().lower()
    may_be_anybody = transport is Transport.RTU_LISTEN and not host
    if transport is not Transport.SERIAL and not may_be_anybody and not is_host(host):
        raise FormError(CONF_HOST, "host_not_a_name", host=host)
    line = user_input[SECTION_LINE]
    return optional_line_data(
        spacing_s=line[CONF_SPACING],
        shared=line.get(CONF_SHARED, False),
        queues=line.get(CONF_QUEUES, False),
    ) | {
        CONF_NAME: name,
        CONF_TRANSPORT: transport.value,
        CONF_HOST: host,
        CONF_PORT: user_input.get(CONF_PORT, 0),
        CONF_DEVICE: device,
        CONF_BAUDRATE: int(line[CONF_BAUDRATE]),
        CONF_PARITY: PARITIES[line[CONF_PARITY]],
        CONF_STOPBITS: int(line[CONF_STOPBITS]),
        CONF_TIMEOUT: line[CONF_TIMEOUT],
    }


def is_host(text: str) -> bool:
    """Say whether this can be a host name or an address, and nothing else (no URL, no port)."""
    if not text or any(character.isspace() or character in "/@?#[]" for character in text):
        return False
    return text.count(":") != 1  # none: a name or IPv4; several: IPv6; one: a port was added


def form_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept bus in the shape of the form."""
    parity = next(word for word, letter in PARITIES.items() if letter == data[CONF_PARITY])
    place = (CONF_NAME, CONF_HOST, CONF_PORT, CONF_DEVICE)
    return {key: data[key] for key in place if data[key]} | {
        SECTION_LINE: {
            CONF_BAUDRATE: str(data[CONF_BAUDRATE]),
            CONF_PARITY: parity,
            CONF_STOPBITS: str(data[CONF_STOPBITS]),
            CONF_TIMEOUT: data[CONF_TIMEOUT],
            CONF_SPACING: data.get(CONF_SPACING, 0.0),
            **{key: True for key in (CONF_QUEUES, CONF_SHARED) if data.get(key)},
        },
    }
