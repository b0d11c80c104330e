"""From a profile to the meter that speaks its language."""

from ..bus.bus import Bus
from ..bus.settings import LineSettings, Transport
from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import MeterSerial
from .compere_mqtt.link import MqttLink
from .compere_mqtt.meter import CompereMqttMeter
from .compere_mqtt.ports import BrokerSettings
from .compere_mqtt.profile import CompereMqttProfile
from .device import MeterDevice
from .dlt645_meter import Dlt645Meter, dlt645_address
from .dlt645_profile import Dlt645Profile
from .dlt645_relay import RelayAccess
from .modbus_meter import ModbusMeter
from .modbus_profile import ModbusProfile
from .profile import Profile


def build_device(
    profile: Profile,
    address: int | str,
    serial: MeterSerial,
    bus: Bus | MqttLink,
    clock: Clock,
    multiplier: int = 1,
    channel: int | None = None,
    access: RelayAccess | None = None,
) -> MeterDevice:
    """Return the meter of a model at an address of a line, or a channel of it.

    `serial` is that of the channel then. `access` is for meters that switch only for who knows
    their password. Raises `InvalidInputError` for an address that the model cannot have, and for a
    line that does not carry its protocol (see `check_place`).
    """
    check_place(profile, address, bus.settings)
    if isinstance(bus, MqttLink):
        if not isinstance(profile, CompereMqttProfile):
            raise TypeError(f"a broker carries no {profile.PROTOCOL}")
        return CompereMqttMeter(profile, str(address), serial, bus, clock, multiplier)
    if isinstance(profile, Dlt645Profile):
        return Dlt645Meter(profile, address, serial, bus, clock, multiplier, access)
    if isinstance(profile, ModbusProfile):
        return ModbusMeter(profile, _modbus_unit(address), serial, bus, clock, multiplier, channel)
    raise TypeError(f"no meter speaks {profile.PROTOCOL}")


def check_place(profile: Profile, address: int | str, line: LineSettings | BrokerSettings) -> None:
    """Refuse an address that a model cannot have, or a line that does not carry its protocol.

    A Modbus TCP gateway, and a connection that others share, know nothing but Modbus. Raises
    `InvalidInputError`: `profile_other_bus`, `bus_address_invalid`, `dlt645_address_invalid`,
    `dlt645_needs_raw_line`.
    """
    if isinstance(line, BrokerSettings) is not isinstance(profile, CompereMqttProfile):
        raise InvalidInputError("profile_other_bus", profile=profile.title)
    if isinstance(line, BrokerSettings):
        return
    if isinstance(profile, Dlt645Profile):
        dlt645_address(address)
        if line.shared or line.transport is Transport.MODBUS_TCP:
            raise InvalidInputError("dlt645_needs_raw_line", profile=profile.title)
    elif isinstance(profile, ModbusProfile):
        _modbus_unit(address)


def _modbus_unit(address: int | str) -> int:
    if not isinstance(address, int) or not 1 <= address <= 247:
        raise InvalidInputError("bus_address_invalid", address=address)
    return address
