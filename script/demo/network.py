"""Ports, and the one thing that Home Assistant wants of a network.

Home Assistant's HTTP client resolves `.local` names by multicast DNS, and whatever uses it fails on
a machine where no interface takes multicast: a container or sandbox that has nothing but loopback.
Of what the demonstration loads that is only the analytics, which it doesn't need.
"""

import errno
import socket

from .errors import DemoError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, option: str) -> None:
    """Raise when somebody listens on the port already; `option` chooses another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            reason = (
                "is taken by another program"
                if error.errno == errno.EADDRINUSE
                else f"can't be used ({error.strerror})"
            )
            raise DemoError(
                f"Port {port} of {LOOPBACK} {reason}. Stop that program, or choose another "
                f"port: script/run {option} {port + 100}"
            ) from error


def takes_multicast() -> bool:
    """Return whether multicast can be joined here."""
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton("0.0.0.0")  # noqa: S104  # any interface, and nothing is bound
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        except OSError:
            return False
    return True
