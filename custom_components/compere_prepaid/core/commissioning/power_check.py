"""Whether a meter's powers, currents and voltages can be true, judged by each other.

Vendors print W where the meter sends kW; a current transformer can sit the wrong way round, on the
wrong phase, or have another ratio than was believed. Each of these leaves a mark in what the meter
itself says: |P| must be near the sum of U·I·PF, a load that only consumes has no negative phase,
and the voltage between two phases is about 1.73 times that to neutral.

All values are thousandths (mV, mA, mW, ‰), as a reading has them.
"""

from collections.abc import Mapping
from itertools import pairwise

from ..metering.reading import Quantity
from .verdict import Finding, Verdict, thousandths_text

type Values = Mapping[Quantity, int]

PHASES = ("a", "b", "c")
ENOUGH_MW = 50_000
"""Below 50 W a ratio says nothing."""
ENOUGH_MA = 200
"""Below 0.2 A neither."""
LIVE_MV = 50_000
"""A phase with less than 50 V has no supply."""

_SMALL_RATIOS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 24, 25, 30, 40, 50, 60, 75, 80, 100)
_LARGE_RATIOS = (120, 125, 150, 160, 200, 240, 250, 300, 320, 400, 500, 600, 800, 1000)
COMMON_RATIOS = (*_SMALL_RATIOS, *_LARGE_RATIOS)
"""Ratios of transformers that exist: 30/5 is 6, 400/5 is 80, and so on."""


def phase_values(values: Values, kind: str) -> dict[str, int]:
    """Return `voltage`, `current`, `power` or `power_factor` of those phases that tell it."""
    found = {phase: values.get(Quantity(f"{kind}_{phase}")) for phase in PHASES}
    return {phase: value for phase, value in found.items() if value is not None}


def expected_power_mw(values: Values) -> int | None:
    """Return the sum of U·I·PF in mW; None where a phase with current lacks one of them."""
    volts, amperes = phase_values(values, "voltage"), phase_values(values, "current")
    factors = phase_values(values, "power_factor")
    common = values.get(Quantity.POWER_FACTOR)
    total = 0
    for phase, current in amperes.items():
        factor = factors.get(phase, common)
        if phase not in volts or factor is None:
            if current >= ENOUGH_MA:
                return None
            continue
        total += volts[phase] * abs(current) * abs(factor)
    return total // 1_000_000 if amperes else None


def check_power_unit(values: Values, scale: int) -> tuple[Finding, int | None]:
    """Tell whether powers are in the unit that is believed, and by what they are to be multiplied.

    `scale` is what they are multiplied by now, 1 or 1000; the second part is what it must be, None
    where that cannot be told.
    """
    check = "power_unit"
    told, expected = values.get(Quantity.POWER), expected_power_mw(values)
    if told is None or expected is None:
        return Finding(check=check, verdict=Verdict.UNKNOWN, finding="power_not_told"), None
    shown = {"power": thousandths_text(told), "expected": thousandths_text(expected, 1)}
    if expected < ENOUGH_MW:
        finding = Finding(check=check, verdict=Verdict.UNKNOWN, finding="load_needed", values=shown)
        return finding, None
    ratio = abs(told) * 1_000_000 // expected  # in millionths
    for factor, low, high in ((1, 700_000, 1_400_000), (1000, 700, 1_400)):
        if low <= ratio <= high and scale * factor in (1, 1000):
            return _unit(factor, scale * factor, shown)
    if 700_000_000 <= ratio <= 1_400_000_000 and scale == 1000:
        return _unit(0, 1, shown)
    finding = Finding(check=check, verdict=Verdict.FAILED, finding="power_differs", values=shown)
    return finding, None


def _unit(factor: int, scale: int, shown: Mapping[str, str]) -> tuple[Finding, int]:
    verdict = Verdict.PASSED if factor == 1 else Verdict.FAILED
    key = "power_agrees" if factor == 1 else "power_unit_wrong"
    values = {**shown, "scale": str(scale)}
    return Finding(check="power_unit", verdict=verdict, finding=key, values=values), scale


def check_voltages(values: Values, phases: int) -> Finding:
    """Tell whether every phase has supply, and whether two are the same one."""
    check = "voltages"
    volts = phase_values(values, "voltage")
    shown = {phase: thousandths_text(volts[phase], 1) for phase in volts}
    if not volts:
        return Finding(check=check, verdict=Verdict.UNKNOWN, finding="voltages_not_told")
    listed = {"voltages": " / ".join(shown.values())}
    dead = [phase.upper() for phase in PHASES[:phases] if volts.get(phase, 0) < LIVE_MV]
    if dead:
        values_shown = listed | {"phases": ", ".join(dead)}
        return Finding(
            check=check, verdict=Verdict.FAILED, finding="phase_dead", values=values_shown
        )
    for one, other in (*pairwise(PHASES), ("c", "a")) if phases == len(PHASES) else ():
        between = values.get(Quantity(f"voltage_{one}{other}"))
        if between is not None and not _is_apart(volts[one], volts[other], between):
            values_shown = listed | {
                "phases": f"{one}{other}".upper(),
                "between": thousandths_text(between, 1),
            }
            return Finding(
                check=check, verdict=Verdict.FAILED, finding="phases_not_apart", values=values_shown
            )
    return Finding(check=check, verdict=Verdict.PASSED, finding="voltages_right", values=listed)


def _is_apart(one_mv: int, other_mv: int, between_mv: int) -> bool:
    """Tell whether two phases are a third of a turn apart: 1.73 times their mean, within 10 %."""
    expected = (one_mv + other_mv) * 866 // 1000
    return abs(between_mv - expected) * 10 <= expected


def check_directions(values: Values) -> Finding:
    """Tell whether a transformer is the wrong way round, or two are on each other's phase."""
    check = "directions"
    powers = {
        phase: power
        for phase, power in phase_values(values, "power").items()
        if abs(power) >= ENOUGH_MW
    }
    if not powers:
        if (power := values.get(Quantity.POWER)) is not None and abs(power) >= ENOUGH_MW:
            powers = {"a": power}
        else:
            return Finding(check=check, verdict=Verdict.UNKNOWN, finding="load_needed_direction")
    shown = {"powers": " / ".join(f"{p.upper()} {thousandths_text(powers[p])}" for p in powers)}
    backwards = [phase.upper() for phase, power in powers.items() if power < 0]
    if not backwards:
        return Finding(check=check, verdict=Verdict.PASSED, finding="all_import", values=shown)
    shown |= {"phases": ", ".join(backwards)}
    if len(backwards) == len(powers):
        return Finding(check=check, verdict=Verdict.FAILED, finding="all_export", values=shown)
    key = "transformer_reversed" if len(backwards) == 1 else "transformers_crossed"
    return Finding(check=check, verdict=Verdict.FAILED, finding=key, values=shown)


def check_transformers(
    values: Values, clamp_ma: Mapping[str, int], *, multiplier: int, breaker_a: int
) -> Finding:
    """Compare the meter's currents with what a clamp meter showed, by phase, in mA.

    Without a clamp only what cannot be is found: more current than the breaker would let pass.
    """
    check = "transformers"
    currents = phase_values(values, "current")
    for phase, current in currents.items():
        if current * 10 > breaker_a * 12_000:
            shown = {"phase": phase.upper(), "current": thousandths_text(current, 1)}
            shown |= {"breaker": str(breaker_a)}
            return Finding(
                check=check, verdict=Verdict.FAILED, finding="current_impossible", values=shown
            )
    if not clamp_ma:
        return Finding(check=check, verdict=Verdict.UNKNOWN, finding="not_clamped")
    shown = {}
    worst: Finding | None = None
    for phase, measured in clamp_ma.items():
        told = currents.get(phase)
        shown[phase] = f"{phase.upper()} {thousandths_text(measured, 2)}"
        if measured < ENOUGH_MA:
            return Finding(check=check, verdict=Verdict.UNKNOWN, finding="load_needed_clamp")
        if told is None or told * 10 < measured * 9 or told * 9 > measured * 10:
            worst = _wrong_ratio(phase, told or 0, measured, multiplier)
    if worst is not None:
        return worst
    values_shown = {"currents": ", ".join(shown.values())}
    return Finding(check=check, verdict=Verdict.PASSED, finding="clamp_agrees", values=values_shown)


def _wrong_ratio(phase: str, told: int, measured: int, multiplier: int) -> Finding:
    """Say what ratio would explain the difference, if a common one does."""
    shown = {
        "phase": phase.upper(),
        "current": thousandths_text(told, 2),
        "clamp": thousandths_text(measured, 2),
        "multiplier": str(multiplier),
    }
    fitting = [
        ratio
        for ratio in COMMON_RATIOS
        if told and abs(told * ratio - measured * multiplier) * 20 <= measured * multiplier
    ]
    if not fitting:
        return Finding(
            check="transformers", verdict=Verdict.FAILED, finding="clamp_differs", values=shown
        )
    return Finding(
        check="transformers",
        verdict=Verdict.FAILED,
        finding="ratio_wrong",
        values=shown | {"ratio": str(fitting[0])},
    )
