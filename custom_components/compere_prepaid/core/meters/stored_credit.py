"""The energy that a meter itself still grants: read and written where its profile says.

What writing means (it sets, it adds) is no matter of this module; see `commissioning.credit_test`.
"""

from dataclasses import dataclass
import struct

from ..bus.requests import GarbledAnswerError
from ..bus.scheduler import RequestClass
from ..errors import InvalidInputError
from .decode import Encoding, WordOrder, decode_number
from .device import MeterDevice
from .modbus_meter import ModbusMeter
from .modbus_profile import StoredCredit


@dataclass(frozen=True, slots=True)
class StoredCreditRegister:
    """The stored credit of one Modbus meter."""

    meter: ModbusMeter
    place: StoredCredit

    async def read_credit(self) -> int:
        """Return it in Wh. Raises `BusError`."""
        registers = await self.meter.read_registers(
            self.place.address, self.place.encoding.registers, RequestClass.DUE
        )
        credit = decode_number(registers, self.place.encoding, self.place.order, self.place.unit)
        if credit is None:
            raise GarbledAnswerError(self.meter.unit, "a stored credit that is no energy")
        return credit

    async def write_credit(self, energy_wh: int) -> None:
        """Write it once. Raises `BusError`: it may have been written then, or not."""
        words = energy_words(energy_wh, self.place)
        await self.meter.write_registers(self.place.address, words, RequestClass.DUE)


def stored_credit_of(device: MeterDevice) -> StoredCreditRegister:
    """Return a meter's stored credit. Raises `InvalidInputError` (`stored_credit_missing`)."""
    if isinstance(device, ModbusMeter) and (place := device.profile.stored_credit) is not None:
        return StoredCreditRegister(device, place)
    raise InvalidInputError(
        "stored_credit_missing", serial=device.serial, model=device.profile.model
    )


def energy_words(energy_wh: int, place: StoredCredit) -> tuple[int, ...]:
    """Return the registers that mean an energy of at least 0 Wh, rounded as they can hold it."""
    factor = place.unit.factor
    if place.encoding is Encoding.FLOAT32:
        raw = struct.pack(">f", energy_wh / factor)
    else:
        raw = (energy_wh // factor).to_bytes(2 * place.encoding.registers, "big")
    words = struct.unpack(f">{len(raw) // 2}H", raw)
    return words[::-1] if place.order is WordOrder.LOW_FIRST else words
