"""What a reader of a meter's registers sees: its state as words."""

from collections.abc import Callable
import math

from .clock import moment_of
from .electrical import flow_of
from .energy import UNITS_PER_WH
from .meter import SimulatedMeter
from .registers import (
    DEMAND,
    DEMAND_WORDS,
    ENERGY,
    ENERGY_WORDS,
    FORCE_OFF,
    FORCE_ON,
    ILLEGAL_ADDRESS,
    LOCAL_CONTROL,
    MEASUREMENT,
    MEASUREMENT_WORDS,
    RELAY_COIL,
    RELAY_COILS,
    REMOTE_CONTROL,
    SERIAL_NUMBER,
    SYSTEM,
    SYSTEM_WORDS,
    RegisterError,
    Setting,
    float_words,
    place_floats,
    serial_number_words,
)

_MONTHS_BASE = 0x9C


def read_coils(meter: SimulatedMeter, address: int, count: int) -> list[bool]:
    """Return the contacts of the three phases; one relay moves them all."""
    meter.advance()
    if address < RELAY_COIL or address + count > RELAY_COIL + RELAY_COILS:
        raise RegisterError(ILLEGAL_ADDRESS)
    return [meter.contact] * count


def read_registers(
    meter: SimulatedMeter, address: int, count: int, *, line_word: int = 3
) -> list[int]:
    """Return registers as a read of the meter answers them."""
    meter.advance()
    stretches: tuple[tuple[int, int, Callable[[], list[int]]], ...] = (
        (MEASUREMENT, MEASUREMENT_WORDS, lambda: _measurements(meter)),
        (ENERGY, ENERGY_WORDS, lambda: _energies(meter)),
        (SYSTEM, SYSTEM_WORDS, lambda: _system(meter, line_word)),
        (DEMAND, DEMAND_WORDS, lambda: _demand(meter)),
    )
    for base, words, image in stretches:
        if base <= address and address + count <= base + words:
            return image()[address - base : address - base + count]
    raise RegisterError(ILLEGAL_ADDRESS)


def _system(meter: SimulatedMeter, line_word: int) -> list[int]:
    image = [0] * SYSTEM_WORDS
    image[Setting.PASSWORD] = meter.settings.password
    image[Setting.ADDRESS] = meter.address
    image[Setting.LINE] = line_word
    credit = float_words(meter.settings.credit / (1000 * UNITS_PER_WH))
    image[Setting.CREDIT : Setting.CREDIT + 2] = credit
    image[SERIAL_NUMBER : SERIAL_NUMBER + 7] = serial_number_words(meter.serial)
    if meter.settings.forced is not None:
        image[Setting.FORCED] = FORCE_ON if meter.settings.forced.closed else FORCE_OFF
        image[Setting.FORCED + 1] = meter.settings.forced.minutes
    image[Setting.HOLD_TIME] = meter.settings.hold_time_s
    image[Setting.CONTROL_MODE] = REMOTE_CONTROL if meter.settings.remote_control else LOCAL_CONTROL
    overdraft = float_words(meter.settings.overdraft / (1000 * UNITS_PER_WH))
    image[Setting.OVERDRAFT : Setting.OVERDRAFT + 2] = overdraft
    local = moment_of(meter.at_us) + meter.local_time
    image[Setting.CLOCK : Setting.CLOCK + 3] = (
        (local.year - 2000) << 8 | local.month,
        local.day << 8 | local.hour,
        local.minute << 8 | local.second,
    )
    image[Setting.LOAD_THRESHOLD] = meter.settings.load_threshold
    return image


def _measurements(meter: SimulatedMeter) -> list[int]:
    flow = flow_of(meter)
    image = [0] * MEASUREMENT_WORDS
    place_floats(
        image,
        0,
        [
            *flow.volts,
            *flow.amps,
            *flow.between,
            *flow.active,
            sum(flow.active),
            *flow.reactive,
            sum(flow.reactive),
            *flow.apparent,
            sum(flow.apparent),
            *flow.factors,
            flow.factor,
            flow.hertz,
        ],
    )
    return image


def _demand(meter: SimulatedMeter) -> list[int]:
    factor = meter.load.profile.power_factor / 100
    image = [0] * DEMAND_WORDS
    place_floats(image, 0, [watts / factor for watts in meter.phases_of(meter.flowing_w)])
    return image


def _energies(meter: SimulatedMeter) -> list[int]:
    """Return all energies: whole watt-hours, shown in kWh."""
    factor = meter.load.profile.power_factor / 100
    tangent = math.sqrt(1 / (factor * factor) - 1)

    def kwh(units: int) -> float:
        return units // UNITS_PER_WH / 1000

    def kvarh(units: int) -> float:
        return math.floor(units // UNITS_PER_WH * tangent) / 1000

    energy = meter.energy
    phases = [kwh(units) for units in energy.phases]
    reactive = [kvarh(units) for units in energy.phases]
    total, total_reactive = kwh(energy.total), kvarh(energy.total)
    image = [0] * ENERGY_WORDS
    place_floats(
        image,
        0,
        [
            *phases,
            *(0.0, 0.0, 0.0),  # nothing is exported
            *reactive,
            *(0.0, 0.0, 0.0),
            *(total, total, 0.0),  # combined, forward, reverse
            *(total_reactive, total_reactive, 0.0),
            *(kwh(units) for units in energy.rates),
            *(kvarh(units) for units in energy.rates),
        ],
    )
    history: list[float] = []
    for rate in (None, 0, 1, 2, 3):
        months = [sum(m) if rate is None else m[rate] for m in energy.months]
        history += [kwh(units) for units in months]
        history += [kvarh(units) for units in months]
    place_floats(image, _MONTHS_BASE - ENERGY, history)
    return image
