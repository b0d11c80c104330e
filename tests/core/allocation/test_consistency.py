"""Pools of one day: nothing is shared out twice, and all that they name is there."""

import pytest

from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.site_file import SiteFile, parse_site_file
from custom_components.compere_prepaid.core.site_file_text import dump_site_file

SITE = """\
site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}
tariffs:
  - {name: Flat, valid_from: 2026-01-01, prices: {flat: 0.6}}
feeders:
  - {name: Main LV, main: [MAIN01], meters: all}
pools:
  - {name: Cooling, valid_from: 2026-01-01, costs: [{meters: [CH1], tariff: Flat}], basis: energy}
  - {name: Lifts, valid_from: 2026-01-01, costs: [{pool: Cooling, percent: 30}], basis: equal}
  - {name: Losses, valid_from: 2026-01-01, costs: [{losses: Main LV, price: 0.6}], basis: energy}
  - {name: Lifts, valid_from: 2026-07-01, costs: [{pool: Cooling, percent: 40}], basis: equal}
"""


def read(text: str) -> SiteFile:
    """Read a site file."""
    return parse_site_file(text, file="mall.yaml")


def faults(text: str) -> list[str]:
    """Return everything that is wrong with a site file."""
    with pytest.raises(DocumentError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_pools_and_feeders_are_in_a_site_file() -> None:
    """Read, written and read again they are the same; a pool has a line for each cost."""
    site = read(SITE)
    assert [pool.name for pool in site.pools] == ["Cooling", "Lifts", "Losses", "Lifts"]
    written = dump_site_file(site)
    assert read(written) == site
    assert dump_site_file(read(written)) == written
    assert "      - {pool: Cooling, percent: 30}\n" in written
    assert "  - {name: Main LV, valid_from: '2000-01-01', main: [MAIN01], meters: all}" in written


MISTAKES = {
    "a pool that is not there": (
        "{pool: Cooling, percent: 30}",
        "{pool: Coolin, percent: 30}",
        ["line 8: pools[1].costs[0].pool: there is no pool 'Coolin', did you mean 'Cooling'?"],
    ),
    "a feeder that is not there": (
        "losses: Main LV",
        "losses: Main",
        ["line 9: pools[2].costs[0].losses: there is no feeder 'Main', did you mean 'Main LV'?"],
    ),
    "a tariff that is not there": (
        "tariff: Flat",
        "tariff: Flatt",
        ["line 7: pools[0].costs[0].tariff: there is no tariff 'Flatt', did you mean 'Flat'?"],
    ),
    "a meter in two pools": (
        "[{losses: Main LV, price: 0.6}]",
        "[{meters: [CH2, CH1], price: 0.6, percent: 50}]",
        [
            (
                "line 9: pools[2].costs[0].meters[1]: 'CH1' is shared out more than once: "
                "Cooling 100 %, Losses 50 %, 150 % together"
            )
        ],
    ),
    "more of a pool than there is": (
        "[{losses: Main LV, price: 0.6}]",
        "[{pool: Cooling, percent: 65}]",
        [
            (
                "line 10: pools[3].costs[0].pool: 'Cooling' is shared out more than once: "
                "Losses 65 %, Lifts 40 %, 105 % together"
            )
        ],
    ),
    "a pool that takes back what it gives": (
        "[{meters: [CH1], tariff: Flat}]",
        "[{meters: [CH1], tariff: Flat}, {pool: Lifts, percent: 5}]",
        [
            "line 7: pools[0].costs[1].pool: takes a part of itself: Cooling ← Lifts ← Cooling",
            "line 8: pools[1].costs[0].pool: takes a part of itself: Lifts ← Cooling ← Lifts",
            "line 10: pools[3].costs[0].pool: takes a part of itself: Lifts ← Cooling ← Lifts",
        ],
    ),
    "a pool that others need ends": (
        (
            "  - {name: Losses, valid_from: 2026-01-01, costs: [{losses: Main LV, price: 0.6}]"
            ", basis: energy}"
        ),
        "  - {name: Cooling, valid_from: 2026-07-01, ended: true}",
        ["line 10: pools[3].costs[0].pool: there is no pool 'Cooling'"],
    ),
    "a feeder that a pool needs ends": (
        "feeders:\n",
        "feeders:\n  - {name: Main LV, valid_from: 2026-07-01, ended: true}\n",
        ["line 10: pools[2].costs[0].losses: there is no feeder 'Main LV'"],
    ),
    "all meters twice": (
        "feeders:\n",
        "feeders:\n  - {name: Riser, main: [R1], meters: all}\n",
        [
            (
                "line 5: feeders[0].meters: all meters lie behind another feeder already: name "
                "those of this one"
            )
        ],
    ),
    "a meter behind two feeders": (
        "feeders:\n",
        (
            "feeders:\n  - {name: East, main: [R1], meters: [S1]}\n"
            "  - {name: West, main: [R2, R1], meters: [S2, S1]}\n"
        ),
        [
            "line 6: feeders[1].main[1]: meter 'R1' is a main meter of the feeder 'East' already",
            "line 6: feeders[1].meters[1]: meter 'S1' lies behind the feeder 'East' already",
        ],
    ),
    "a version twice": (
        "valid_from: 2026-07-01",
        "valid_from: 2026-01-01",
        [
            (
                "line 10: pools[3].valid_from: the pool has this version already, on line 8: give "
                "another 'valid_from', or the next 'revision' if that one was wrong"
            )
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_pools_that_do_not_fit_together(mistake: str) -> None:
    """Each contradiction is told once, where it stands."""
    before, after, expected = MISTAKES[mistake]
    assert before in SITE
    assert faults(SITE.replace(before, after)) == expected


def test_feeders_may_lie_behind_each_other() -> None:
    """A hall's list may name a riser's main meter and, all the same, what is behind the riser."""
    nested = "  - {name: Hall, main: [H1], meters: [R1, S1]}\n  - {name: Riser, main: [R1], "
    text = SITE.replace("feeders:\n", f"feeders:\n{nested}meters: [S1, S2]}}\n")
    assert len(read(text).feeders) == 3


def test_parts_of_a_meter_may_be_in_several_pools() -> None:
    """As long as they are not more than all of it; what is taken off does not count."""
    some = SITE.replace(
        "[{meters: [CH1], tariff: Flat}]", "[{meters: [CH1], price: 1, percent: 60}]"
    )
    some = some.replace(
        "[{losses: Main LV, price: 0.6}]", "[{meters: [CH1], price: 1, percent: 40}]"
    )
    assert len(read(some).pools) == 4
