"""Why a line cannot be opened, in words that say what to do.

The bus layer reports one fact, `bus_down`, and keeps the operating system's own error as its cause.
That error tells a mistyped host from a gateway without power, and an adapter that is not plugged in
from one that another program holds.
"""

from collections.abc import Iterator
import errno
import socket

from ..const import CONF_DEVICE, CONF_HOST, CONF_PORT
from ..core.bus.requests import BusError
from ..core.bus.settings import LineSettings, Transport
from .form_errors import BASE, FormError

_ABSENT = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_CAUSES = 10
"""How deep an error may be wrapped before we stop looking."""


def line_error(error: BusError, settings: LineSettings) -> FormError:
    """Explain next to the right field why this line cannot be opened."""
    causes = list(_causes(error))
    if settings.transport is Transport.RTU_LISTEN:
        key = "port_taken" if any(_is_taken(cause) for cause in causes) else None
        field, placeholders = CONF_PORT, {"port": str(settings.port)}
    elif settings.transport is Transport.SERIAL:
        key = _serial_key(causes)
        field, placeholders = CONF_DEVICE, {"device": settings.device}
    else:
        key = _network_key(causes)
        field, placeholders = CONF_HOST, {"host": settings.host, "port": str(settings.port)}
    if key is None:
        return FormError(BASE, "line_failed", error=causes[-1])
    return FormError(field, key, **placeholders)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, outermost first."""
    cause: BaseException | None = error
    for _ in range(_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _network_key(causes: list[BaseException]) -> str | None:
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return "host_unknown"
        if isinstance(cause, ConnectionRefusedError):
            return "connection_refused"
        if isinstance(cause, TimeoutError):
            return "host_unreachable"
        if isinstance(cause, OSError) and cause.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH}:
            return "host_unreachable"
    return None


def _is_taken(cause: BaseException) -> bool:
    return isinstance(cause, OSError) and cause.errno in {errno.EADDRINUSE, errno.EACCES}


def _serial_key(causes: list[BaseException]) -> str | None:
    for cause in causes:
        if not isinstance(cause, OSError):
            continue
        if cause.errno in _ABSENT:
            return "device_missing"
        if cause.errno in _FORBIDDEN:
            return "device_forbidden"
        if cause.errno in {errno.EBUSY, errno.EAGAIN}:
            return "device_busy"
    return None
