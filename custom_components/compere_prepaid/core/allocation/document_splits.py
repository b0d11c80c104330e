"""How it is written by what a pool is split: one basis, a mix of several, fixed percentages.

`basis: floor_area`, or `basis: {floor_area: 60, energy: 40}`. Where accounts bear fixed parts,
`percent: {A-101: 12.5}` says which; it stands alone, or belongs to the part `percent` of a mix.
"""

from collections.abc import Mapping
from typing import Any

from ..document_section import Section, number_text
from ..ids import AccountNumber
from ..tariff.percent import percent, read_percent
from .pool import WHOLE_PPM, Basis, Split


def read_splits(section: Section) -> tuple[Split, ...]:
    """Read by what a pool is split, in the order of the bases; what is wrong is reported."""
    percentages = _read_percentages(section)
    parts = _read_parts(section)
    named = Basis.PERCENT in parts
    if named and "percent" not in section.value:
        section.fault("'percent' is missing: which account bears how much, like {A-101: 12.5}")
    elif not named and "percent" in section.value and parts:
        section.fault(
            "has fixed percentages that no part of 'basis' uses: give the basis a part 'percent', "
            "or leave 'basis' out"
        )
    elif not parts and section.value.get("ended") is not True and "basis" not in section.value:
        section.fault("'basis' is missing: by what it is split, like floor_area")
    return tuple(
        Split(basis=basis, ppm=parts[basis], percentages=percentages)
        if basis is Basis.PERCENT
        else Split(basis=basis, ppm=parts[basis])
        for basis in Basis
        if basis in parts
    )


def _read_parts(section: Section) -> dict[Basis, int]:
    """Return the parts of the mix in ppm; nothing where they cannot be read."""
    part = section.part("basis")
    if part is None:
        fixed = "basis" not in section.value and "percent" in section.value
        return {Basis.PERCENT: WHOLE_PPM} if fixed else {}
    if not isinstance(part.value, Mapping):
        return {Basis(part.value): WHOLE_PPM}
    found = {
        Basis(str(one.path[-1])): read_percent(one, most=WHOLE_PPM)
        for one in section.items("basis")
    }
    parts = {basis: ppm for basis, ppm in found.items() if ppm is not None}
    if len(parts) == len(found) and (whole := sum(parts.values())) != WHOLE_PPM:
        part.fault(f"the parts add up to {number_text(percent(whole))} %: they must make 100 %")
    for one in section.items("basis"):
        if found[Basis(str(one.path[-1]))] == 0:
            one.fault("must not be 0: leave it out")
    return parts


def _read_percentages(section: Section) -> dict[AccountNumber, int]:
    found = {
        AccountNumber(str(one.path[-1])): read_percent(one, most=WHOLE_PPM)
        for one in section.items("percent")
    }
    percentages = {account: ppm for account, ppm in found.items() if ppm is not None}
    if (whole := sum(percentages.values())) > WHOLE_PPM and (part := section.part("percent")):
        part.fault(f"the accounts bear {number_text(percent(whole))} %: at most 100 % is there")
    return percentages


def splits_data(splits: tuple[Split, ...]) -> dict[str, Any]:
    """Write by what a pool is split."""
    fixed = {
        account: percent(ppm)
        for split in splits
        for account, ppm in sorted(split.percentages.items())
    }
    data: dict[str, Any] = {"percent": fixed} if fixed else {}
    if [split.basis for split in splits] == [Basis.PERCENT]:
        return data
    if len(splits) == 1:
        return {"basis": str(splits[0].basis)} | data
    mix = {str(split.basis): percent(split.ppm) for split in splits}
    return ({"basis": mix} if mix else {}) | data
