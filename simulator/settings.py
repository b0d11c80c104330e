"""What can be written to a meter: stored credit, forced states, control mode and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from .clock import MICROSECONDS
from .energy import UNITS_PER_WH
from .registers import (
    CLEAR_CREDIT,
    CLEAR_ENERGY,
    FORCE_NOTHING,
    FORCE_OFF,
    FORCE_ON,
    ILLEGAL_VALUE,
    LOCAL_CONTROL,
    REMOTE_CONTROL,
    RegisterError,
    Setting,
    float_of,
)

_LARGEST_KWH = 1e7


@dataclass(slots=True)
class ForcedState:
    """A contact that is kept open or closed whatever else is commanded."""

    closed: bool
    minutes: int
    until_us: int | None
    """`None` is until somebody clears it."""


@dataclass(slots=True)
class MeterSettings:
    """The settings of a meter as it comes from the factory."""

    remote_control: bool = True
    """Under local control the meter ignores its relay coil."""
    forced: ForcedState | None = None
    credit: int = 0
    """Stored credit in W·µs, like the energy registers."""
    overdraft: int = 0
    """How far below 0 the credit may fall, likewise."""
    password: int = 0
    hold_time_s: int = 0
    load_threshold: int = 0

    def apply(self, setting: Setting, words: Sequence[int], at_us: int, *, adds: bool) -> None:
        """Take a checked value; `adds` makes written credit add to what is there."""
        value = words[0]
        match setting:
            case Setting.CREDIT:
                self.credit = _energy(words) + (self.credit if adds else 0)
            case Setting.OVERDRAFT:
                self.overdraft = _energy(words)
            case Setting.FORCED:
                self._force(value, words[1], at_us)
            case Setting.CONTROL_MODE:
                self.remote_control = value == REMOTE_CONTROL
            case Setting.COMMAND if value == CLEAR_CREDIT:
                self.credit = 0
            case _:
                self._keep(setting, value)

    def _keep(self, setting: Setting, value: int) -> None:
        """Keep what a meter only remembers; line and clock are the simulator's own."""
        match setting:
            case Setting.PASSWORD:
                self.password = value
            case Setting.HOLD_TIME:
                self.hold_time_s = value
            case Setting.LOAD_THRESHOLD:
                self.load_threshold = value

    def _force(self, command: int, minutes: int, at_us: int) -> None:
        if command == FORCE_NOTHING:
            self.forced = None
            return
        until_us = at_us + minutes * 60 * MICROSECONDS if minutes else None
        self.forced = ForcedState(command == FORCE_ON, minutes, until_us)


def check(setting: Setting, words: Sequence[int]) -> None:
    """Refuse a value that a setting cannot have."""
    value = words[0]
    if setting in {Setting.CREDIT, Setting.OVERDRAFT}:
        # Written this way round the comparison also refuses what is not a number.
        refused = not 0 <= float_of(words) < _LARGEST_KWH
    else:
        refused = {
            Setting.PASSWORD: value > 9999,
            Setting.ADDRESS: not 1 <= value <= 247,
            Setting.LINE: value & 0xFF > 4 or value >> 8 > 2,
            Setting.COMMAND: value not in {CLEAR_ENERGY, CLEAR_CREDIT},
            Setting.FORCED: value not in {FORCE_OFF, FORCE_ON, FORCE_NOTHING},
            Setting.CONTROL_MODE: value not in {LOCAL_CONTROL, REMOTE_CONTROL},
        }.get(setting, False)
    if refused:
        raise RegisterError(ILLEGAL_VALUE)


def _energy(words: Sequence[int]) -> int:
    return round(float_of(words) * 1000) * UNITS_PER_WH
