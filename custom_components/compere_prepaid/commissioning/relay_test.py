"""Opening and closing a meter's relay once, to see that it does what it is told.

The relay moves the only way it ever does: a hold is placed, and released again. It is a maintenance
hold whose reason names the test and who ran it, so that everybody sees why the power is off. It is
placed in the test's own name, which no person has: one that is left over (the machine lost its
power in the middle) is found by it and released at the next start, and nobody else's is.
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..authority import user_name
from ..core.commissioning.power_check import ENOUGH_MA, phase_values
from ..core.errors import InvalidInputError, OperationFailedError
from ..core.ids import MeterSerial
from ..core.ledger.records import Hold, HoldKind
from ..core.metering.reading import MeterReading
from ..runtimes import MeterRuntime
from .checking import runtime_of
from .records import Record, RecordKind, async_keep

if TYPE_CHECKING:
    from ..site import CompereSite

TESTER = "relay_test"
"""In whose name the hold is placed."""
FOLLOWS_WITHIN_S = 20.0
"""A relay that has not followed by then, the controller's tries included, does not."""
CURRENT_READS = 6
CURRENT_PAUSE_S = 0.5
"""A meter shows the mean of its last moments: its current needs a while to fall to 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTest:
    """How the test went. Times are seconds from the decision to the read-back; None if never."""

    opened_s: float | None
    closed_s: float | None
    current_before_ma: int | None
    """The largest of the phases' currents before the relay opened."""
    current_open_ma: int | None
    """And while it was open."""
    held_by: tuple[str, ...] = ()
    """The holds that came meanwhile, for which the relay stays open."""

    @property
    def passed(self) -> bool:
        """Tell whether the relay opened, interrupted the current, and closed again."""
        return (
            self.opened_s is not None
            and self.closed_s is not None
            and (self.current_open_ma is None or self.current_open_ma < ENOUGH_MA)
        )

    @property
    def had_load(self) -> bool:
        """Tell whether current flowed before: without any it is not seen that it was cut."""
        return (self.current_before_ma or 0) >= ENOUGH_MA


async def async_test_relay(
    site: CompereSite, serial: MeterSerial, user: str, *, consent: bool
) -> tuple[RelayTest, Record]:
    """Open a relay and close it again; write down how it went.

    Raises `InvalidInputError` (`consent_missing`, `relay_missing`, `relay_held`,
    `relay_never_cut`) and `OperationFailedError` (`meter_not_read`) before anything moves.
    """
    runtime = runtime_of(site, serial)
    _refuse(site, runtime, consent=consent)
    reading = await runtime.bus.poller.read_now(serial)
    if reading.relay_closed is not True:
        raise OperationFailedError("relay_not_closed", meter=serial)
    before = _largest_current(reading)
    tester = await user_name(site.hass, user)
    opened_s = current = None
    try:
        started = site.clock.monotonic()
        await site.agreements.place_hold(
            [serial], HoldKind.MAINTENANCE, user=TESTER, reason=f"relay test by {tester}"
        )
        if await _follows(runtime, closed=False):
            opened_s = site.clock.monotonic() - started
            current = await _current_while_open(runtime)
    finally:
        released = site.clock.monotonic()
        await _release(site, serial)
    holds = tuple(kind.value for kind in site.book.meter(serial).holds)
    closed_s = None
    if not holds and await _follows(runtime, closed=True):
        closed_s = site.clock.monotonic() - released
    test = RelayTest(
        opened_s=None if opened_s is None else round(opened_s, 3),
        closed_s=None if closed_s is None else round(closed_s, 3),
        current_before_ma=before,
        current_open_ma=current,
        held_by=holds,
    )
    return test, await async_keep(site, RecordKind.RELAY, serial, user, relay_answer(test))


def relay_answer(test: RelayTest) -> dict[str, Any]:
    """Return how a test went, as records and answers have it."""
    return asdict(test) | {
        "held_by": list(test.held_by),
        "passed": test.passed,
        "had_load": test.had_load,
    }


async def async_release_left_over(site: CompereSite) -> None:
    """Release the holds of tests that were interrupted by the end of the program."""
    for serial, meter in list(site.book.meters.items()):
        if HoldKind.MAINTENANCE not in meter.holds:
            continue
        for hold in await _holds(site, serial):
            if hold.kind is HoldKind.MAINTENANCE and hold.placed_by == TESTER:
                await site.reading_path.guarded(_release(site, serial))


async def _holds(site: CompereSite, serial: MeterSerial) -> tuple[Hold, ...]:
    return await site.ledger.read(lambda tx: tx.holds(serial))


def _refuse(site: CompereSite, runtime: MeterRuntime, *, consent: bool) -> None:
    """Refuse a test that nobody agreed to, or that could cut what must not be cut."""
    serial = runtime.serial
    if not consent:
        raise InvalidInputError("consent_missing", meter=serial)
    if not runtime.device.profile.has_relay:
        raise InvalidInputError("relay_missing", serial=serial, model=runtime.device.profile.model)
    state = site.book.meter(serial)
    if state.holds:
        raise InvalidInputError("relay_held", meter=serial, holds=", ".join(state.holds))
    if state.account is not None:
        account = site.book.account(state.account)
        if account.policy.never_cut:
            raise InvalidInputError("relay_never_cut", meter=serial, account=account.number)
    if not runtime.coordinator.online:
        raise OperationFailedError("meter_not_read", meter=serial)


async def _release(site: CompereSite, serial: MeterSerial) -> None:
    await site.agreements.release_hold(
        [serial], HoldKind.MAINTENANCE, user=TESTER, administrator=True
    )


async def _follows(runtime: MeterRuntime, *, closed: bool) -> bool:
    """Return whether the relay is read back so in time."""
    happened = asyncio.Event()

    @callback
    def look() -> None:
        reading = runtime.coordinator.data
        if reading is not None and reading.relay_closed is closed:
            happened.set()

    stop = runtime.coordinator.async_add_listener(look)
    try:
        look()
        async with asyncio.timeout(FOLLOWS_WITHIN_S):
            await happened.wait()
    except TimeoutError:
        return False
    finally:
        stop()
    return True


async def _current_while_open(runtime: MeterRuntime) -> int | None:
    """Read until no current flows, a few times at most; return what flowed at last."""
    current = None
    for attempt in range(CURRENT_READS):
        if attempt:
            await asyncio.sleep(CURRENT_PAUSE_S)
        current = _largest_current(await runtime.bus.poller.read_now(runtime.serial))
        if current is None or current < ENOUGH_MA:
            break
    return current


def _largest_current(reading: MeterReading) -> int | None:
    return max(map(abs, phase_values(reading.values, "current").values()), default=None)
