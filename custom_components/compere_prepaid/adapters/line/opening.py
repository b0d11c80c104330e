"""From a line's settings to the line."""

from ...core.bus.ports import LinePort
from ...core.bus.settings import LineSettings, Transport
from .framed_line import FramedLine
from .listening_line import ListeningLine
from .modbus_tcp_line import ModbusTcpLine


def open_line(settings: LineSettings) -> LinePort:
    """Return the line that these settings describe; it is not connected yet."""
    match settings.transport:
        case Transport.MODBUS_TCP:
            return ModbusTcpLine(settings)
        case Transport.RTU_LISTEN:
            return ListeningLine(settings)
        case _:
            return FramedLine(settings)
