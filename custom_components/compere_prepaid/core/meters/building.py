"""From a profile to the meter that speaks its language."""

from ..bus.bus import Bus
from ..clock import Clock
from ..errors import InvalidInputError
from ..ids import MeterSerial
from .compere_mqtt.link import MqttLink
from .compere_mqtt.meter import CompereMqttMeter
from .compere_mqtt.profile import CompereMqttProfile
from .device import MeterDevice
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
    power_scale: int = 1,
) -> MeterDevice:
    """Return the meter of a model at an address of a line, or a channel of it.

    `serial` is that of the channel then. Raises `InvalidInputError`: `bus_address_invalid` or
    `meter_code_invalid` for an address that the model cannot have, `profile_other_bus` for a model
    that does not speak on such a line.
    """
    if isinstance(bus, MqttLink):
        if not isinstance(profile, CompereMqttProfile):
            raise InvalidInputError("profile_other_bus", profile=profile.title)
        return CompereMqttMeter(profile, str(address), serial, bus, clock, multiplier)
    if isinstance(profile, CompereMqttProfile):
        raise InvalidInputError("profile_other_bus", profile=profile.title)
    if isinstance(profile, ModbusProfile):
        if not isinstance(address, int):
            raise InvalidInputError("bus_address_invalid", address=address)
        return ModbusMeter(profile, address, serial, bus, clock, multiplier, channel, power_scale)
    raise TypeError(f"no meter speaks {profile.PROTOCOL}")
