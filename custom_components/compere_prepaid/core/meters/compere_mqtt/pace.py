"""How often one meter is to upload, and when it is told so.

A meter keeps its upload intervals in memory that wears out, and every message of a 4G meter costs.
So there are two paces only: the one that the owner set, and the fastest one for a meter whose
account is near zero; the fast one is kept for a while after it was last needed; and what the meter
has already is not written again.
"""

from dataclasses import dataclass

from .commands import (
    ENERGY_STEPS_MIN,
    LIVE_STEPS_S,
    Command,
    read_energy_pace,
    read_live_pace,
    set_energy_pace,
    set_live_pace,
)
from .messages import Message

KEEP_FAST_S = 900.0
"""So long after it was last needed the fast pace is kept."""
ASK_AGAIN_S = 600.0
"""A meter that did not take its pace is told again after this long, then twice as long, ..."""
LONGEST_PAUSE_S = 6 * 3600.0
ASK_AGAIN_FAST_S = 60.0
"""... but this often, if money presses."""
UNKNOWN_S = 900.0
"""What is expected of a meter that has not told its interval: what captured ones were set to."""


@dataclass(slots=True)
class Pace:
    """The upload intervals of one meter: wanted, and as the meter confirmed them."""

    meter: str
    routine_live_s: int
    routine_energy_min: int
    live_s: int | None = None
    """As the meter confirmed it."""
    energy_min: int | None = None
    fast_until: float = -1.0
    not_before: float = 0.0
    failures: int = 0
    was_read: bool = False
    """Whether the meter was asked what it is set to; a meter that does not tell is asked once."""

    @property
    def routine_s(self) -> float:
        """Return how often the register comes when nothing presses."""
        return 60.0 * self.routine_energy_min

    @property
    def energy_s(self) -> float:
        """Return how often the register is expected."""
        return UNKNOWN_S if self.energy_min is None else 60.0 * self.energy_min

    def need(self, within_s: float, now: float) -> None:
        """Hear that the register is needed this often."""
        if within_s < self.routine_s:
            if not self.is_fast(now):
                self.not_before, self.failures = now, 0
            self.fast_until = now + KEEP_FAST_S

    def is_fast(self, now: float) -> bool:
        """Tell whether the fast pace is wanted."""
        return now < self.fast_until

    def next_command(self, now: float) -> Command | None:
        """Return what to tell the meter next; None if all is as wanted, or it is too early."""
        live_s, energy_min = self._wanted(now)
        if (self.live_s, self.energy_min) == (live_s, energy_min) or now < self.not_before:
            return None
        if not self.was_read:
            if self.energy_min is None:
                return read_energy_pace(self.meter)
            return read_live_pace(self.meter)
        if self.energy_min != energy_min:
            return set_energy_pace(self.meter, energy_min)
        return set_live_pace(self.meter, live_s)

    def take(self, command: Command, reply: Message) -> None:
        """Take over what the meter confirmed."""
        self.failures = 0
        text = command.fields.get("value") or reply.text("value")
        value = int(text) if text.isdecimal() and len(text) <= 5 else 0  # 0: told nothing
        if command.fields["Cmd"] == "0001":
            self.energy_min = value or None
        else:
            self.live_s = value or None
        if "value" not in command.fields and (not value or self.live_s is not None):
            self.was_read = True

    def fail(self, command: Command, now: float) -> None:
        """Hear that the meter did not confirm a command."""
        if "value" not in command.fields:
            self.was_read = True  # it does not tell: set it without asking
            return
        pause_s = min(ASK_AGAIN_S * 2.0 ** min(self.failures, 10), LONGEST_PAUSE_S)
        self.failures += 1
        self.not_before = now + (ASK_AGAIN_FAST_S if self.is_fast(now) else pause_s)

    def _wanted(self, now: float) -> tuple[int, int]:
        if self.is_fast(now):
            return LIVE_STEPS_S[0], ENERGY_STEPS_MIN[0]
        return self.routine_live_s, self.routine_energy_min
