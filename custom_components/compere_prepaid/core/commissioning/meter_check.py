"""Whether a meter counts and obeys as it should: tariff registers, clock, control mode.

None of these stops a meter from being charged, and each has cost somebody a night: T1 to T4 that do
not add up, a clock that is a day off, a relay that ignores every command because the meter is under
local control.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..metering.reading import Quantity
from ..meters.modbus_profile import ForcedState, RelayMode
from .power_check import Values
from .verdict import Finding, Verdict, thousandths_text

LARGEST_DRIFT = timedelta(minutes=2)

_TARIFF_REGISTERS = (
    Quantity.ENERGY_T1,
    Quantity.ENERGY_T2,
    Quantity.ENERGY_T3,
    Quantity.ENERGY_T4,
    Quantity.ENERGY_T5,
)


def check_tariff_sum(values: Values) -> Finding:
    """Tell whether the tariff registers add up to what is charged.

    Single-precision counters are coarse when they are large: a thousandth is allowed, and 20 Wh.
    """
    check = "tariff_sum"
    parts = [values[quantity] for quantity in _TARIFF_REGISTERS if quantity in values]
    total = values.get(Quantity.ENERGY_IMPORT)
    if not parts or total is None:
        return Finding(check=check, verdict=Verdict.UNKNOWN, finding="no_tariff_registers")
    shown = {"sum": thousandths_text(sum(parts)), "total": thousandths_text(total)}
    if abs(sum(parts) - total) <= max(20, total // 1000):
        return Finding(check=check, verdict=Verdict.PASSED, finding="tariffs_add_up", values=shown)
    return Finding(check=check, verdict=Verdict.ATTENTION, finding="tariffs_differ", values=shown)


def check_clock(registers: Sequence[int], now: datetime) -> Finding:
    """Compare a clock of six bytes (year to second) with the site's local time.

    Whether the bytes are binary or decimal digits is not documented: the reading nearer to now is
    taken.
    """
    check = "clock"
    raw = b"".join(register.to_bytes(2, "big") for register in registers)
    local = now.replace(tzinfo=None)
    told = [
        moment for decimal in (False, True) if (moment := _moment(raw, decimal=decimal)) is not None
    ]
    if not told:
        return Finding(check=check, verdict=Verdict.UNKNOWN, finding="clock_unreadable")
    nearest = min(told, key=lambda moment: abs(moment - local))
    drift_s = round((nearest - local) / timedelta(seconds=1))
    shown = {"time": nearest.isoformat(sep=" "), "seconds": str(drift_s)}
    if abs(nearest - local) <= LARGEST_DRIFT:
        return Finding(check=check, verdict=Verdict.PASSED, finding="clock_right", values=shown)
    return Finding(check=check, verdict=Verdict.ATTENTION, finding="clock_wrong", values=shown)


def _moment(raw: bytes, *, decimal: bool) -> datetime | None:
    """Read six bytes as year, month, day, hour, minute, second; None where they are no time."""
    parts = list(raw[:6])
    if decimal:
        if any(byte >> 4 > 9 or byte & 15 > 9 for byte in parts):  # digits
            return None
        parts = [(byte >> 4) * 10 + (byte & 15) for byte in parts]
    try:
        year, month, day, hour, minute, second = parts
        return datetime(2000 + year, month, day, hour, minute, second)  # noqa: DTZ001  # the meter knows no zone
    except ValueError:
        return None


def check_mode(word: int, mode: RelayMode) -> Finding:
    """Tell whether the meter has a setting that its relay needs to obey."""
    shown = {"word": f"0x{word:04X}", "meaning": mode.meaning}
    if word == mode.value:
        return Finding(
            check="control_mode", verdict=Verdict.PASSED, finding="mode_set", values=shown
        )
    return Finding(
        check="control_mode", verdict=Verdict.FAILED, finding="mode_not_set", values=shown
    )


def check_forced_state(word: int, minutes: int, forced: ForcedState) -> Finding:
    """Tell whether something overrules commands to the relay."""
    shown = {"word": f"0x{word:04X}", "minutes": str(minutes)}
    found = {
        0: (Verdict.PASSED, "not_forced"),
        forced.open: (Verdict.FAILED, "forced_open"),
        forced.closed: (Verdict.FAILED, "forced_closed"),
    }
    verdict, key = found.get(word, (Verdict.UNKNOWN, "forced_state_unknown"))
    return Finding(check="forced_state", verdict=verdict, finding=key, values=shown)
