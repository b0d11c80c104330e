"""The command that switches a DL/T 645-2007 meter's relay or its alarm, and the right to give it.

The command carries the password of the meter, who gives it, and until when it is valid: a command
that was held up somewhere moves nothing later. What its first byte may be is fixed here, so that
neither the clearing of a meter (1Ah) nor any other function can be made of it.
After DL/T 645-2007, annex A and section 7.1 (control code 1Ch), and drivers of several makes. The
codes of the alarm were seen in no capture: whether a meter has it, its run status tells.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
import re
from typing import Final

from ..errors import InvalidInputError, OperationFailedError
from .dlt645_numbers import encode_digits, encode_time
from .dlt645_profile import Closing

VALID_FOR: Final = timedelta(minutes=10)
"""Meters' clocks are minutes off; a command must not be, when it arrives, of the past."""

USUAL_LEVEL: Final = "02"
"""Some meters want 04 or another one."""
NO_OPERATOR: Final = "00000000"


class Command(IntEnum):
    """What a command does: all that can be commanded at all."""

    TRIP = 0x1A
    ALLOW_TO_CLOSE = 0x1B
    CLOSE = 0x1C
    ALARM = 0x2A
    """The display asks to buy energy; the relay stays as it is."""
    NO_ALARM = 0x2B


def switching(*, closed: bool, closing: Closing) -> Command:
    """Return the command for a relay."""
    if not closed:
        return Command.TRIP
    return Command.CLOSE if closing is Closing.AT_ONCE else Command.ALLOW_TO_CLOSE


_LEVEL = re.compile(r"[0-9A-Fa-f]{2}")
_PASSWORD = re.compile(r"[0-9]{6}")
_OPERATOR = re.compile(r"[0-9A-Fa-f]{8}")


class RelayLockedError(OperationFailedError):
    """The relay is not commanded, for want of a password that the meter takes.

    Its key is `relay_password_missing` or `relay_password_refused`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAccess:
    """The right to switch a meter's relay, as its owner or the utility has set it."""

    password: str = field(repr=False)
    """Six digits."""
    level: str = USUAL_LEVEL
    """The access level, a byte in hexadecimal."""
    operator: str = field(default=NO_OPERATOR, repr=False)
    """The operator's code, four bytes in hexadecimal."""
    zone: tzinfo = UTC
    """The zone of the meter's clock."""

    def __post_init__(self) -> None:
        """Raise `InvalidInputError` (`relay_access_invalid`) for what no command can carry."""
        for name, value, pattern in (
            ("password", self.password, _PASSWORD),
            ("level", self.level, _LEVEL),
            ("operator", self.operator, _OPERATOR),
        ):
            if not pattern.fullmatch(value):
                raise InvalidInputError("relay_access_invalid", part=name)

    def command(self, command: Command, now: datetime) -> bytes:
        """Return the data of a command, which is valid from now on for `VALID_FOR`."""
        return (
            bytes.fromhex(self.level)
            + encode_digits(self.password)
            + encode_digits(self.operator)
            + bytes((command, 0))
            + encode_time((now + VALID_FOR).astimezone(self.zone))
        )
