"""Keeps what meters hold in step with what their accounts can still use.

Only meters whose owner switched it on, and only where writing was proved to set the credit: for
this very serial number, so that a replaced meter is left alone. Every write is told in the log and
in the diagnostics.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import TYPE_CHECKING

from ..const import CONF_BACKSTOP
from ..core.commissioning.backstop import (
    LARGE_WH,
    SPACING_S,
    URGENT_SPACING_S,
    Holding,
    is_due,
    wanted_wh,
)
from ..core.errors import InvalidInputError, OperationFailedError
from ..core.ids import MeterSerial
from ..core.meters.stored_credit import StoredCreditRegister, stored_credit_of
from ..core.money.amount import Amount
from ..core.prepayment.state import AccountState, MeterState
from ..core.tariff.rating import quote
from ..core.tariff.tax import tax_on
from ..runtimes import MeterRuntime
from .checking import async_change_meter, runtime_of
from .credit_testing import async_is_proved

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

REMEMBERED_WRITES = 50
TOLERANCE_PER_MILLE = 2
"""Single precision holds a large credit only so exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackstopWrite:
    """One write of stored credit, for the diagnostics."""

    at: datetime
    meter: MeterSerial
    wanted_wh: int
    read_back_wh: int | None
    """None where the meter did not tell."""


class BackstopKeeper:
    """Looks at each reading whether its meter is to hold something else."""

    def __init__(self, site: CompereSite) -> None:
        """Serve this site."""
        self._site = site
        self._holdings: dict[MeterSerial, Holding] = {}
        self._proved: dict[MeterSerial, bool] = {}
        self._not_before: dict[MeterSerial, float] = {}
        self._busy: set[MeterSerial] = set()
        self.writes: deque[BackstopWrite] = deque(maxlen=REMEMBERED_WRITES)

    def forget_proof(self, serial: MeterSerial) -> None:
        """Look anew whether a meter was proved."""
        self._proved.pop(serial, None)
        self._holdings.pop(serial, None)

    def consider(self, serial: MeterSerial) -> None:
        """Look whether a meter is to be written; if so, do it besides everything else."""
        runtime = self._site.meters.get(serial)
        state = self._site.book.meters.get(serial)
        if runtime is None or state is None or not runtime.data.get(CONF_BACKSTOP):
            return
        if serial in self._busy or not runtime.coordinator.online or not state.fresh:
            return
        if self._site.clock.monotonic() < self._not_before.get(serial, 0.0):
            return
        if self._proved.get(serial, True) and self._is_due(runtime, state):
            self._busy.add(serial)
            self._site.spawn(self._keep(runtime, state), f"backstop {serial}")

    async def async_switch(self, serial: MeterSerial, *, on: bool) -> None:
        """Let a meter hold its account's credit, or hold so much that it never trips.

        Raises `InvalidInputError` (`stored_credit_missing`, `backstop_not_proved`) and, if the
        meter cannot be written while it is switched off, `OperationFailedError`.
        """
        runtime = runtime_of(self._site, serial)
        register = stored_credit_of(runtime.device)
        if on:
            if not await async_is_proved(self._site, serial):
                raise InvalidInputError("backstop_not_proved", meter=serial)
            self.forget_proof(serial)
            await async_change_meter(self._site, runtime, {CONF_BACKSTOP: True})
            return
        if not runtime.data.get(CONF_BACKSTOP):
            return
        await runtime.bus.poller.read_now(serial)  # it proves who it is
        if not await self._write(serial, register, LARGE_WH):
            raise OperationFailedError("backstop_not_released", meter=serial)
        self.forget_proof(serial)
        await async_change_meter(self._site, runtime, {CONF_BACKSTOP: None})

    async def _keep(self, runtime: MeterRuntime, state: MeterState) -> None:
        """Write one meter, once; what it holds then is read back."""
        serial = runtime.serial
        try:
            self._proved[serial] = await async_is_proved(self._site, serial)
            if not self._proved[serial]:
                _LOGGER.warning("%s is no backstop: its credit test was not passed", serial)
                return
            register = stored_credit_of(runtime.device)
            if serial not in self._holdings:
                held = await register.read_credit()
                self._note(runtime, held, age_s=SPACING_S)
                if not self._is_due(runtime, state):
                    return
            wanted = self._wanted(runtime, state)
            if await self._write(serial, register, wanted):
                self._note(runtime, wanted)
            else:
                self._holdings.pop(serial, None)
        except OperationFailedError as error:
            self._holdings.pop(serial, None)
            _LOGGER.warning("The credit of %s could not be refreshed: %s", serial, error)
        finally:
            self._not_before[serial] = self._site.clock.monotonic() + URGENT_SPACING_S
            self._busy.discard(serial)

    async def _write(
        self, serial: MeterSerial, register: StoredCreditRegister, wanted: int
    ) -> bool:
        """Write once, whatever comes back; return whether the meter shows it afterwards."""
        held: int | None = None
        try:
            await register.write_credit(wanted)
        except OperationFailedError as error:
            _LOGGER.debug("Writing the credit of %s was not answered: %s", serial, error)
        try:
            held = await register.read_credit()
        except OperationFailedError as error:
            _LOGGER.debug("The credit of %s could not be read back: %s", serial, error)
        self.writes.append(
            BackstopWrite(
                at=self._site.clock.now(), meter=serial, wanted_wh=wanted, read_back_wh=held
            )
        )
        _LOGGER.info("Backstop of %s: %s Wh written, %s Wh read back", serial, wanted, held)
        if held is None:
            return False
        used_meanwhile = wanted // 1000 * TOLERANCE_PER_MILLE + 100
        return abs(held - wanted) <= used_meanwhile

    def _is_due(self, runtime: MeterRuntime, state: MeterState) -> bool:
        return is_due(
            self._holdings.get(runtime.serial),
            self._wanted(runtime, state),
            self._register_wh(runtime),
            int(self._site.clock.monotonic()),
            self._max_power_w(runtime, state),
        )

    def _note(self, runtime: MeterRuntime, held: int, age_s: int = 0) -> None:
        self._holdings[runtime.serial] = Holding(
            written_wh=held,
            register_wh=self._register_wh(runtime),
            written_at_s=int(self._site.clock.monotonic()) - age_s,
        )

    def _wanted(self, runtime: MeterRuntime, state: MeterState) -> int:
        """Return what the meter is to hold, in the energy that it counts itself."""
        site = self._site
        account = None if state.account is None else site.book.accounts.get(state.account)
        if account is None or account.never_cut or state.suspicion is not None:
            return LARGE_WH  # a reading that is not believed trips nobody, here neither
        if account.is_spared(site.clock.now(), site.zone):
            return LARGE_WH
        left = account.available - account.policy.cut_off
        multiplier = runtime.device.multiplier
        wanted = wanted_wh(
            left, self._price(account), self._max_power_w(runtime, state) * multiplier
        )
        return -(-wanted // multiplier)

    def _price(self, account: AccountState) -> int:
        """Return the price of the next kWh with its tax, in millionths of the currency's unit."""
        site = self._site
        tariff = site.book.tariffs[account.tariff]
        next_kwh = quote(tariff, site.clock.now(), zone=site.zone, used=account.month.used)
        return next_kwh.price + tax_on(Amount(next_kwh.price), next_kwh.tax_ppm)

    def _max_power_w(self, runtime: MeterRuntime, state: MeterState) -> int:
        """Return the largest power that the meter's own register can see."""
        return -(-state.max_power_w // runtime.device.multiplier)

    def _register_wh(self, runtime: MeterRuntime) -> int:
        reading = runtime.coordinator.data
        energy = None if reading is None else reading.energy_wh
        return (energy or 0) // runtime.device.multiplier
