"""One meter: a KPM33B with a load behind its relay.

Nothing happens in a meter while nobody looks. `advance` catches up: it walks from the moment of the
last look to now in pieces within which nothing changes (load, rate of the hour, contact of the
relay) and lets each piece's energy flow into the registers. While the contact is open, nothing
flows but what a bridge over it lets through.

The contact follows, in this order: a forced state written over the line, exhausted stored credit
(only where `prepaid` is switched on), and the last command to the relay coil, which a meter under
local control ignores. Where the vendor's manual is silent the simulator assumes: writing credit
sets it (`adds_credit` makes it add), a forced state of 0 minutes lasts until it is cleared by
writing 0, and the clock is plain binary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from .clock import MICROSECONDS, SimulatedClock, moment_of
from .energy import UNITS_PER_WH, EnergyRegisters, rate_at
from .faults import Fault, FaultKind, Faults
from .loads import SLOT_US, Load, LoadKind, scramble
from .registers import CLEAR_ENERGY, Setting, settings_in
from .settings import MeterSettings, check

DEFAULT_MODEL = "compere_kpm33b"

NOMINAL_V = 220
"""The voltage of each phase, as long as nobody says otherwise."""

_HOUR_US = 3_600 * MICROSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlan:
    """What is known about a meter before it is installed."""

    serial: str
    name: str
    address: int
    kind: LoadKind
    rated_kw: int
    breaker_a: int
    area: str
    floor_area: int
    starts_wh: int = 0
    """What its register shows on the first day."""
    model: str = DEFAULT_MODEL
    """One of `models`, or the default."""

    def install(
        self, clock: SimulatedClock, *, seed: int = 0, utc_offset_s: int = 0
    ) -> SimulatedMeter:
        """Return the meter, installed now."""
        return SimulatedMeter(self, clock, seed=seed, utc_offset_s=utc_offset_s)


class SimulatedMeter:
    """A meter on a line. All of its state is plain attributes; call `advance` before looking."""

    def __init__(
        self, plan: MeterPlan, clock: SimulatedClock, *, seed: int = 0, utc_offset_s: int = 0
    ) -> None:
        """Install the meter now, with its relay closed."""
        self.plan = plan
        self.name = plan.name
        self.serial = plan.serial
        self.address = plan.address
        self.seed = scramble(seed * 1009 + plan.address) ^ scramble(
            int.from_bytes(plan.serial.encode())
        )
        self.load = Load(
            kind=plan.kind, rated_w=plan.rated_kw * 1000, seed=self.seed, utc_offset_s=utc_offset_s
        )
        self.faults = Faults(seed=self.seed)
        self.prepaid = False
        self.adds_credit = False
        self.energy = EnergyRegisters()
        self.energy.set_wh(plan.starts_wh)
        self.settings = MeterSettings()
        self.commanded_closed = True
        self.closings = 0
        """How often its relay was told to close."""
        self._clock = clock
        self._utc_offset = timedelta(seconds=utc_offset_s)
        self.volts = (NOMINAL_V, NOMINAL_V, NOMINAL_V)
        self.bypass_w = 0
        self._override_w: int | None = None
        self._delivered = 0
        self._contact = True
        self._at_us = clock.now_us()
        self._hour_ends_us = self._at_us
        self._rate = 0
        self._enter_hour()

    # What a test or the demonstration does with a meter.

    @property
    def true_wh(self) -> int:
        """Return the whole watt-hours in the register now: what a reader should bill to."""
        self.advance()
        return self.energy.wh

    @property
    def delivered_wh(self) -> Fraction:
        """Return all energy that has flowed through this place, exactly; nothing resets it."""
        self.advance()
        return Fraction(self._delivered, UNITS_PER_WH)

    @property
    def relay_closed(self) -> bool:
        """Return whether the contact of the relay is closed now."""
        self.advance()
        return self._contact

    @property
    def power_w(self) -> int:
        """Return the power that flows now."""
        self.advance()
        return self.flowing_w

    def set_load(self, watts: int | None) -> None:
        """Draw this power from now on; `None` goes back to the day's profile."""
        if watts is not None and watts < 0:
            raise ValueError("a load is not below 0")
        self.advance()
        self._override_w = watts

    def set_voltage(self, *volts: int) -> None:
        """Have these voltages on the phases from now on; one means all, none the usual ones.

        0 is a phase that is lost. What the load draws stays as it is.
        """
        if len(volts) not in {0, 1, 3} or any(level < 0 for level in volts):
            raise ValueError("a meter has one voltage for all phases, or three")
        first, second, third = volts if len(volts) == 3 else (volts or (NOMINAL_V,)) * 3
        self.advance()
        self.volts = (first, second, third)

    def set_bypass(self, watts: int) -> None:
        """Let this power flow past the open contact, and be counted; 0 takes the bridge away."""
        if watts < 0:
            raise ValueError("a load is not below 0")
        self.advance()
        self.bypass_w = watts

    def set_energy(self, wh: int) -> None:
        """Make the register show this total from now on."""
        self.advance()
        self.energy.set_wh(wh)

    def replace(self, serial: str, *, wh: int = 0) -> None:
        """Put another meter, fresh from the factory, in this one's place and address."""
        self.advance()
        self.serial = serial
        self.energy = EnergyRegisters()
        self.energy.set_wh(wh)
        self.settings = MeterSettings()
        self.commanded_closed = True
        self.faults.heal(FaultKind.STUCK)
        self._enter_hour()
        self.settle()

    def fail(self, fault: Fault) -> None:
        """Lay a fault on this meter."""
        self.advance()
        self.faults.add(fault)

    def heal(self, kind: FaultKind | None = None) -> None:
        """Take away the faults of one kind, or all."""
        self.advance()
        self.faults.heal(kind)
        self.settle()

    # What the line does with a meter.

    def command_relay(self, *, closed: bool) -> None:
        """Obey a write to the relay coil."""
        self.advance()
        self.closings += closed
        if self.settings.remote_control:
            self.commanded_closed = closed
        self.settle()

    def write_registers(self, address: int, words: Sequence[int]) -> None:
        """Obey a write to settings: all of them or none."""
        self.advance()
        written = settings_in(address, words)
        for setting, part in written:
            check(setting, part)
        for setting, part in written:
            if setting is Setting.ADDRESS:
                self.address = part[0]
            elif setting is Setting.COMMAND and part[0] == CLEAR_ENERGY:
                self.energy = EnergyRegisters(month=self.energy.month)
            else:
                self.settings.apply(setting, part, self._at_us, adds=self.adds_credit)
        self.settle()

    def advance(self) -> None:
        """Let the energy flow that the load has drawn since the last look."""
        now_us = self._clock.now_us()
        while self._at_us < now_us:
            self.settle()
            if self._at_us >= self._hour_ends_us:
                self._enter_hour()
            until_us = self._unchanged_until(now_us)
            watts = self.flowing_w
            if watts:
                self._flow(watts, until_us - self._at_us)
            self._at_us = until_us
        if self._at_us >= self._hour_ends_us:
            self._enter_hour()
        self.settle()

    @property
    def at_us(self) -> int:
        """Return the moment up to which this meter has counted."""
        return self._at_us

    @property
    def local_time(self) -> timedelta:
        """Return the offset that the meter's clock has to UTC."""
        return self._utc_offset

    @property
    def flowing_w(self) -> int:
        """Return the power at the moment up to which this meter has counted."""
        if not self._contact:
            return self.bypass_w
        if self._override_w is not None:
            return self._override_w
        return self.load.watts_at(self._at_us)

    @property
    def contact(self) -> bool:
        """Return the contact at the moment up to which this meter has counted."""
        return self._contact

    def phases_of(self, watts: int) -> tuple[int, int, int]:
        """Return how the load is spread over the three phases."""
        if self.load.kind is LoadKind.KIOSK:
            return watts, 0, 0
        first = watts * (30 + self.seed % 8) // 100
        second = watts * (30 + self.seed // 8 % 8) // 100
        return first, second, watts - first - second

    def count_unseen(self, duration_us: int) -> None:
        """Count what may have flowed in a time that was not kept: the rated power, or more."""
        if self._contact:
            watts = max(self.load.rated_w, self.flowing_w)
            self.energy.flow(self.phases_of(watts), duration_us, self._rate)

    def _flow(self, watts: int, duration_us: int) -> None:
        self.energy.flow(self.phases_of(watts), duration_us, self._rate)
        self._delivered += watts * duration_us
        if self.prepaid:
            self.settings.credit -= watts * duration_us

    def _unchanged_until(self, now_us: int) -> int:
        """Return the end of the piece in which nothing changes."""
        borders = [now_us, self._hour_ends_us]
        if self.settings.forced is not None and self.settings.forced.until_us is not None:
            borders.append(self.settings.forced.until_us)
        watts = self.flowing_w
        if self._contact and self._override_w is None:
            borders.append((self._at_us // SLOT_US + 1) * SLOT_US)
        left = self.settings.credit + self.settings.overdraft
        if watts and self.prepaid and left > 0:
            borders.append(self._at_us - -left // watts)
        return min(borders)

    def settle(self) -> None:
        """Let the contact of the relay follow, unless it is stuck."""
        if (
            self.settings.forced is not None
            and self.settings.forced.until_us is not None
            and self.settings.forced.until_us <= self._at_us
        ):
            self.settings.forced = None
        if self.faults.has(FaultKind.STUCK):
            return
        if self.settings.forced is not None:
            self._contact = self.settings.forced.closed
        elif self.prepaid and self.settings.credit + self.settings.overdraft <= 0:
            self._contact = False
        else:
            self._contact = self.commanded_closed

    def _enter_hour(self) -> None:
        local = moment_of(self._at_us) + self._utc_offset
        self._rate = rate_at(local.hour)
        self.energy.enter_month(local.year * 12 + local.month)
        offset_us = self._utc_offset // timedelta(microseconds=1)
        self._hour_ends_us = ((self._at_us + offset_us) // _HOUR_US + 1) * _HOUR_US - offset_us
