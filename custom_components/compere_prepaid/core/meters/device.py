"""One meter, whatever language it speaks: what its poller and its relay controller need of it."""

from abc import ABC, abstractmethod

from ..bus.scheduler import RequestClass
from ..ids import MeterSerial
from ..metering.reading import MeterReading
from .profile import Profile


class MeterDevice[P: Profile = Profile](ABC):
    """Reads and switches one meter. What it returns is what the meter said, nothing inferred."""

    def __init__(self, profile: P, serial: MeterSerial, multiplier: int) -> None:
        """Stand for the meter of this serial number."""
        self._profile = profile
        self._serial = serial
        self._multiplier = multiplier

    @property
    def profile(self) -> P:
        """Return what its model can do."""
        return self._profile

    @property
    def serial(self) -> MeterSerial:
        """Return the serial number that the meter must prove."""
        return self._serial

    @property
    def multiplier(self) -> int:
        """Return the ratio of the current transformers before the meter; 1 if it knows them."""
        return self._multiplier

    @abstractmethod
    async def identify(self, klass: RequestClass, *, is_brief: bool = False) -> MeterSerial:
        """Return the serial number that the meter tells. Raises `BusError`.

        `is_brief` is for looking where there may be no meter (see `Bus.execute`).
        """

    @abstractmethod
    async def read(self, klass: RequestClass, *, detail: bool) -> MeterReading:
        """Read the energies and the relay, and with `detail` everything else. Raises `BusError`.

        The reading is stamped when the energies arrive.
        """

    @abstractmethod
    async def read_relay(self, klass: RequestClass) -> bool:
        """Return whether the relay is closed. Raises `BusError`, or `relay_missing`."""

    @abstractmethod
    async def write_relay(self, closed: bool, klass: RequestClass) -> None:  # noqa: FBT001  # said by what it commands
        """Command the relay, once; whether it moved, only reading it back tells.

        After any `BusError` the command may have been carried out or not. Raises `relay_missing`
        for a meter without a relay.
        """
