"""Simulated time: how fast the mall lives.

A meter asks its clock for the time whenever somebody looks at it and lets the energy flow that its
load drew since it was last looked at. So nothing ticks, an hour may pass in a second, and a test
moves the time by hand. Time is counted in whole microseconds of UTC: energy is power × time, and
only integers add up exactly.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
import time
from typing import Protocol, override

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds_of(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a moment in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


class SimulatedClock(Protocol):
    """What the mall takes for the time."""

    @property
    def speed(self) -> Fraction:
        """Simulated seconds in a second."""
        ...

    def now_us(self) -> int:
        """Return the simulated time in microseconds since 1970."""
        ...


class RunningClock(SimulatedClock):
    """Runs from a given moment on, `speed` times as fast as the clock on the wall."""

    def __init__(self, starts_at: datetime, *, speed: Fraction | float = 1) -> None:
        """Start the clock now at `starts_at`."""
        self._speed = Fraction(speed).limit_denominator(1000)
        if self._speed <= 0:
            raise ValueError(f"speed is {speed}: it must be above 0")
        self._starts_us = microseconds_of(starts_at)
        self._started_ns = time.monotonic_ns()

    @property
    @override
    def speed(self) -> Fraction:
        return self._speed

    @override
    def now_us(self) -> int:
        passed_ns = time.monotonic_ns() - self._started_ns
        scaled = passed_ns * self._speed.numerator // (self._speed.denominator * 1000)
        return self._starts_us + scaled


class ManualClock(SimulatedClock):
    """Stands still until it is told to move: for tests."""

    def __init__(self, starts_at: datetime, *, speed: Fraction | float = 1) -> None:
        """Stand at `starts_at`; `speed` is only what others are told."""
        self._speed = Fraction(speed)
        self._now_us = microseconds_of(starts_at)

    @property
    @override
    def speed(self) -> Fraction:
        return self._speed

    @override
    def now_us(self) -> int:
        return self._now_us

    def advance(self, *, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Let that much simulated time pass."""
        passed = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if passed < timedelta():
            raise ValueError("time does not go backwards")
        self._now_us += passed // timedelta(microseconds=1)
