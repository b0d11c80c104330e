"""What a reader of a meter's registers sees: its state as words."""

from collections.abc import Callable
import math

from .clock import MICROSECONDS, moment_of
from .energy import UNITS_PER_WH
from .loads import scramble
from .meter import NOMINAL_V, SimulatedMeter
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


def _noise(meter: SimulatedMeter, channel: int) -> float:
    """Return a number between -1 and 1 that changes from second to second."""
    second = meter.at_us // MICROSECONDS
    return scramble(meter.seed + second * 31 + channel * 1_000_003) % 2001 / 1000 - 1


def _measurements(meter: SimulatedMeter) -> list[int]:
    factor = meter.load.profile.power_factor / 100
    active = [float(watts) for watts in meter.phases_of(meter.flowing_w)]
    volts = [
        level + 1.5 * _noise(meter, channel) if level else 0.0
        for channel, level in enumerate(meter.volts)
    ]
    apparent = [watts / factor for watts in active]
    reactive = [math.sqrt(s * s - p * p) for s, p in zip(apparent, active, strict=True)]
    between = [
        math.sqrt(a * a + a * b + b * b)
        for a, b in ((volts[0], volts[1]), (volts[1], volts[2]), (volts[2], volts[0]))
    ]
    factors = [factor if watts else 1.0 for watts in active]
    image = [0] * MEASUREMENT_WORDS
    place_floats(
        image,
        0,
        [
            *volts,
            *(s / (u or NOMINAL_V) for s, u in zip(apparent, volts, strict=True)),
            *between,
            *active,
            sum(active),
            *reactive,
            sum(reactive),
            *apparent,
            sum(apparent),
            *factors,
            factor if sum(active) else 1.0,
            50 + 0.03 * _noise(meter, 3),
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
