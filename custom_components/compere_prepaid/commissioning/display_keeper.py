"""Lets meters' own displays say that credit is low, so that tenants see it where they stand.

Only meters at which it was tried: told to ask for a purchase, and to ask no more, and each time
their run status followed. That holds for this very serial number, so that a replaced meter is left
alone. What the display says now is read with every reading; it is told only when it is wrong.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from ..account_view import AccountView
from ..const import CONF_LOW_CREDIT_DISPLAY
from ..core.bus.scheduler import RequestClass
from ..core.errors import InvalidInputError, OperationFailedError
from ..core.ids import MeterSerial
from ..core.meters.device import MeterDevice
from ..core.meters.dlt645_meter import Dlt645Meter
from .checking import async_change_meter, runtime_of
from .records import RecordKind, async_keep, async_latest

if TYPE_CHECKING:
    from ..site import CompereSite

_LOGGER = logging.getLogger(__name__)

SPACING_S = 60
"""Between two commands to one display."""
AFTER_FAILURE_S = 900


class DisplayKeeper:
    """Looks at each reading whether a display is to say something else."""

    def __init__(self, site: CompereSite) -> None:
        """Serve this site."""
        self._site = site
        self._not_before: dict[MeterSerial, float] = {}
        self._proved: dict[MeterSerial, bool] = {}
        self._tasks: dict[MeterSerial, asyncio.Task[None]] = {}

    def consider(self, serial: MeterSerial) -> None:
        """Look whether a display is wrong; if so, put it right besides everything else."""
        site = self._site
        runtime, state = site.meters.get(serial), site.book.meters.get(serial)
        if runtime is None or state is None or not runtime.data.get(CONF_LOW_CREDIT_DISPLAY):
            return
        device = runtime.device
        task = self._tasks.get(serial)
        if not isinstance(device, Dlt645Meter) or (task is not None and not task.done()):
            return
        if not runtime.coordinator.online or not state.fresh or not self._proved.get(serial, True):
            return
        wanted = self._is_low(serial)
        if device.low_credit_shown in {None, wanted}:
            return
        if site.clock.monotonic() >= self._not_before.get(serial, 0.0):
            self._tasks[serial] = site.spawn(
                self._show(device, serial, shown=wanted), f"display {serial}"
            )

    async def async_switch(self, serial: MeterSerial, user: str, *, on: bool) -> None:
        """Let a display follow the credit from its next reading on, or leave it alone.

        Raises `InvalidInputError` (`low_credit_display_missing`) and `OperationFailedError`
        (`low_credit_display_not_proved`, or why the meter was not commanded).
        """
        site = self._site
        runtime = runtime_of(site, serial)
        device = display_of(runtime.device)
        if not on and not runtime.data.get(CONF_LOW_CREDIT_DISPLAY):
            return
        await runtime.bus.poller.read_now(serial)  # it proves who it is
        followed = [
            await device.show_low_credit(shown, RequestClass.DUE) is shown
            for shown in ((True, False) if on else (False,))
        ]
        if not all(followed):
            raise OperationFailedError("low_credit_display_not_proved", meter=serial)
        if on:
            await async_keep(site, RecordKind.DISPLAY, serial, user, {"followed": True})
        self._proved.pop(serial, None)
        self._not_before.pop(serial, None)
        await async_change_meter(site, runtime, {CONF_LOW_CREDIT_DISPLAY: on or None})

    def _is_low(self, serial: MeterSerial) -> bool:
        number = self._site.book.meter(serial).account
        account = None if number is None else self._site.book.accounts.get(number)
        return account is not None and AccountView(self._site, account).is_low

    async def _show(self, device: Dlt645Meter, serial: MeterSerial, *, shown: bool) -> None:
        """Command one display, once."""
        pause = AFTER_FAILURE_S
        try:
            record = await async_latest(self._site, RecordKind.DISPLAY, serial)
            self._proved[serial] = record is not None
            if record is None:
                _LOGGER.warning("The display of %s was never tried: it is left alone", serial)
            elif await device.show_low_credit(shown, RequestClass.DUE) is shown:
                pause = SPACING_S
        except OperationFailedError as error:
            _LOGGER.warning("The display of %s could not be told: %s", serial, error)
        self._not_before[serial] = self._site.clock.monotonic() + pause


def display_of(device: MeterDevice) -> Dlt645Meter:
    """Return a meter whose display can be told; raises `InvalidInputError` for others."""
    if isinstance(device, Dlt645Meter) and device.profile.low_credit_display is not None:
        return device
    raise InvalidInputError(
        "low_credit_display_missing", serial=device.serial, model=device.profile.model
    )
