"""`script/allocate`, as people run it: the examples of the page about pools, and every refusal."""

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.compere_prepaid.core.site_file import SCHEMA, parse_site_file
from script.allocating.command import main
from tests.core.scripts_alone import Run

PAGE = (Path(__file__).parents[3] / "docs" / "pools.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))

MONTH = ("--month", "2026-10")

METERED = """\
site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}
buses: [{name: Riser, transport: serial, device: /dev/ttyUSB0}]
meters:
  - {serial: MAIN, name: Main, bus: Riser, address: 1, profile: compere_kpm33b, breaker: 400}
  - {serial: M1, name: One, bus: Riser, address: 2, profile: compere_kpm33b, breaker: 40, area: A}
  - {serial: M2, name: Two, bus: Riser, address: 3, profile: compere_kpm33b, breaker: 40, floor: G}
  - {serial: ESC, name: Lift, bus: Riser, address: 4, profile: compere_kpm33b, breaker: 40}
accounts:
  - {number: A-1, name: One, meters: [M1], tariff: Two rates, policy: Standard, opening_hours: 70}
  - {number: A-2, name: Two, meters: [M2], tariff: Two rates, policy: Standard, opening_hours: 30}
tariffs:
  - name: Two rates
    valid_from: 2026-01-01
    prices: {day: 1, night: 0.5}
    schedule: [{slots: {"00:00": night, "06:00": day, "22:00": night}}]
policies: [{name: Standard}]
feeders: [{name: LV, main: [MAIN], meters: all}]
pools:
  - {name: Lifts, valid_from: 2026-01-01, costs: [{meters: [ESC], price: 0.85}], basis: opening_hours}
  - {name: Losses, valid_from: 2026-01-01, costs: [{losses: LV, price: 0.6}], basis: energy}
  - {name: Lighting, valid_from: 2026-01-01, costs: [{bill: Lighting}], percent: {A-1: 30, A-2: 20}}
"""  # noqa: E501 - a line for each pool

ENERGY = "meter,energy_wh\nMAIN,1000000\nM1,600000\nM2,300000\nESC,40000\n"

type Answer = Callable[..., Any]
type Refusals = Callable[..., list[str]]


def write(folder: Path, files: dict[str, str]) -> None:
    """Put files into a folder."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Return what runs the script on files and returns its answer."""

    def answer(*options: str, **files: str) -> Any:
        write(tmp_path, {name.replace("_", "."): text for name, text in files.items()})
        status = main([*options, "--folder", str(tmp_path)])
        out, err = capsys.readouterr()
        assert (status, err) == (0, "")
        return json.loads(out)

    return answer


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refusals:
    """Return what runs the script on files and returns why it refused."""

    def refused(*options: str, **files: str) -> list[str]:
        write(tmp_path, {name.replace("_", "."): text for name, text in files.items()})
        status = main([*options, "--folder", str(tmp_path)])
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        return [line.removeprefix("script/allocate: ") for line in err.splitlines()]

    return refused


def test_the_page_names_every_key() -> None:
    """Of pools, their costs and feeders; and its long example is right as it stands."""
    definitions = SCHEMA["$defs"]
    for name in ("pool", "pool_cost", "feeder", "pool_members"):
        for key in definitions[name]["properties"]:
            assert re.search(rf"[`{{ ]{key}[`:]", PAGE), (name, key)
    for basis in definitions["basis"]["enum"]:
        assert f"| `{basis}` |" in PAGE
    (example, *_) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    head = "site: {name: Mall, currency: CNY, time_zone: Asia/Shanghai}\n"
    tariffs = "tariffs: [{name: Retail TOU, valid_from: 2026-01-01, prices: {flat: 1}}]\n"
    site = parse_site_file(head + tariffs + example, file="page")
    assert [pool.name for pool in site.pools] == ["Escalators", "Cooling"]


def test_without_home_assistant(
    tmp_path: Path, run_alone: Run, figure: Callable[..., None]
) -> None:
    """Area, persons and equal parts of the page, worked out where nothing else is installed."""
    write(tmp_path, EXAMPLES)
    found = run_alone(*("-m", "script.allocating", "area.yaml", *MONTH, "--folder", str(tmp_path)))
    assert (found.returncode, found.stderr) == (0, "")
    accounts = json.loads(found.stdout)["accounts"]
    of_pools = {
        number: {line["pool"]: line["amount"] for line in account["lines"]}
        for number, account in accounts.items()
    }
    assert of_pools["A-1"] == {"Post": "10", "Upkeep": "80000", "Water": "25"}
    assert of_pools["A-2"] == {"Post": "10", "Upkeep": "520000", "Water": "75"}
    assert [lines["Post"] for lines in of_pools.values()] == ["10"] * 4
    assert "8 000 m² of 120 000 m² ≈ 6.6667 % of 1 200 000.00" in accounts["A-1"]["explanation"]


def test_gross_up_of_the_page(answer: Answer) -> None:
    """The published example to the cent, and nobody bears more than was paid."""
    found = answer("gross-up.yaml", *MONTH, **{"gross-up.yaml": EXAMPLES["gross-up.yaml"]})
    one = found["accounts"]["A-1"]
    assert (one["amount"], one["share"]) == ("26700", "0.1335")
    assert one["explanation"] == "1 200 m² of 10 000 m² = 12 % of 222 500.00"
    (pool,) = found["pools"]
    assert (pool["split"], pool["tenants"], pool["owner"]) == ("222500", "178000", "22000")
    assert pool["reckoning"] == "120 000.00 × 1.1875 + 80 000.00 = 222 500.00 (80 % is let)"
    assert found["accounts"]["OWNER"]["amount"] == "22000"


def test_meters_losses_and_bills(answer: Answer) -> None:
    """What each circuit cost, a part of a bill, and what nobody bears."""
    bills = (
        "supplier,number,name,since,until,amount\n"
        "Grid,7,Lighting,2026-10-01,2026-11-01,100\nGrid,8,Lighting,2026-08-01,2026-09-01,7\n"
    )
    options = ("mall.yaml", *MONTH, "--energy", "energy.csv", "--bills", "bills.csv")
    found = answer(*options, mall_yaml=METERED, energy_csv=ENERGY, bills_csv=bills)
    pools = {pool["name"]: pool for pool in found["pools"]}
    assert {name: pool["cost"] for name, pool in pools.items()} == {
        "Lifts": "34",
        "Losses": "36",
        "Lighting": "100",
    }
    assert pools["Losses"]["costs"][0]["sub_wh"] == 940_000
    assert pools["Lighting"]["owner"] == "50"
    amounts = {number: one["amount"] for number, one in found["accounts"].items()}
    assert amounts == {"A-1": "77.8", "A-2": "42.2"}
    assert found["notes"][0].startswith("Lighting: There is no owner's account")
    one = answer(*options, "--pool", "Lifts")["accounts"]["A-1"]
    assert one["explanation"] == "70 h of 100 h a week = 70 % of 34.00"
    assert (one["share"], one["amount"]) == ("0.7", "23.8")
    chinese = answer(*options, "--pool", "Lifts", "--language", "zh-Hans")["accounts"]["A-1"]
    assert chinese["explanation"] == "每周 100 小时中的 70 小时 = 34.00 的 70%"


def test_accounts_without_meters_and_tax_on_top(answer: Answer) -> None:
    """An account says itself what its shop is; tax comes on top of what it bears."""
    market = (
        "site: {name: Market, currency: MYR, time_zone: Asia/Kuala_Lumpur}\n"
        "accounts:\n"
        "  - {number: S-1, name: One, meters: [], tariff: F, policy: P, floor_area: 12.5}\n"
        "  - {number: S-2, name: Two, meters: [], tariff: F, policy: P, floor_area: 37.5}\n"
        "tariffs: [{name: F, valid_from: 2026-01-01, prices: {flat: 0.6}}]\n"
        "policies: [{name: P}]\n"
        "pools:\n"
        "  - {name: Cleaning, valid_from: 2026-01-01, costs: [{amount: 1000, name: Cleaning}], "
        "basis: floor_area, tax: {percent: 8, included: false}}\n"
    )
    one = answer("market.yaml", *MONTH, market_yaml=market)["accounts"]["S-1"]
    assert (one["share"], one["amount"], one["tax"]) == ("0.25", "250", "20")
    assert one["explanation"] == "12.5 m² of 50 m² = 25 % of 1 000.00"


def test_readings_over_the_month_and_a_tariff(answer: Answer) -> None:
    """Registers at any times; between them an even load, by day and by night."""
    mall = METERED.replace("{meters: [ESC], price: 0.85}", "{meters: [ESC], tariff: Two rates}")
    readings = "meter,time,register_wh\nESC,2026-09-30T00:00,1000\nESC,2026-11-02T00:00,793000\n"
    found = answer(
        *("mall.yaml", *MONTH, "--readings", "readings.csv", "--pool", "Lifts"),
        mall_yaml=mall,
        readings_csv=readings,
    )
    (pool,) = found["pools"]
    assert [(cost["period"], cost["energy_wh"]) for cost in pool["costs"]] == [
        ("day", 31 * 16 * 1000),
        ("night", 31 * 8 * 1000),
    ]
    assert pool["cost"] == "620"
    assert all(cost["estimated"] for cost in pool["costs"])


def test_what_is_not_known_is_told(answer: Answer) -> None:
    """A meter without readings costs nothing, and that is said; so is a bill that is missing."""
    found = answer("mall.yaml", *MONTH, mall_yaml=METERED)
    assert {one["amount"] for one in found["accounts"].values()} == {"0"}
    notes = "\n".join(found["notes"])
    for note in (
        "Lifts: The register of ESC is not known at the end of these days",
        "Lighting: There is no bill called Lighting for 31 of these days",
        "Losses: Meters of 2 units are not charged up to the end of these days",
    ):
        assert note in notes


def test_a_month_of_its_own_choice(answer: Answer) -> None:
    """Without one it is the last, or the first in which all pools hold."""
    late = METERED.replace(
        "valid_from: 2026-01-01, costs: [{bill", "valid_from: 2200-01-15, costs: [{bill"
    )
    assert answer("mall.yaml", mall_yaml=late)["month"] == "2200-02"


MISTAKES: list[tuple[tuple[str, ...], dict[str, str], list[str]]] = [
    (("none.yaml",), {}, ["cannot be read: No such file or directory"]),
    (
        ("mall.yaml", "--pool", "Lift"),
        {},
        ["mall.yaml: there is no pool 'Lift' in 2026-10; pools: Lifts, Lighting, Losses"],
    ),
    (("mall.yaml", "--month", "May"), {}, ["--month: 'May' is no month like 2026-10"]),
    (
        ("mall.yaml", "--month", "2025-12"),
        {},
        ["no pool of the site file holds on 2025-12-01: name another --month"],
    ),
    (
        ("mall.yaml", "--energy", "e.csv"),
        {"e_csv": "meter,energy_wh\nX,1\nM1,1\nM1,1.5\n"},
        [
            "e.csv line 2: there is no meter 'X' in the site file",
            "e.csv line 4: meter 'M1' stands here twice",
            "e.csv line 4: '1.5' is no whole number of Wh with at most 15 digits",
        ],
    ),
    (
        ("mall.yaml", "--readings", "r.csv"),
        {"r_csv": "meter,time,register_wh\nM1,2026-10-02,5\nM1,2026-10-01,6\nM2,2026-10-01\n"},
        [
            "r.csv line 3: 2026-10-01 is not after the reading before: sort the rows by time",
            "r.csv line 4: has fewer columns than the first line",
        ],
    ),
    (
        ("mall.yaml", "--readings", "r.csv"),
        {"r_csv": "meter,register_wh\n"},
        ["r.csv line 1: there is no column 'time'; columns: meter, register_wh"],
    ),
    (
        ("mall.yaml", "--bills", "b.csv"),
        {"b_csv": "supplier,number,name,since,until,amount\nG,1,L,2026-10-01,2026-11-01,1.001\n"},
        ["b.csv line 2: amount: '1.001' is no amount in CNY like 1250.50"],
    ),
    (
        ("mall.yaml",),
        {
            "mall_yaml": METERED.replace("meters: [ESC]", "meters: [ESC2]").replace(
                "A-2: 20", "B: 20"
            )
        },
        [
            "pool 'Lifts': there is no meter 'ESC2'",
            "pool 'Lighting': there is no account 'B'",
        ],
    ),
    (
        ("mall.yaml",),
        {"mall_yaml": METERED.replace("basis: energy", "basis: area")},
        ["mall.yaml line 20: pools[1].basis: must be one of 'floor_area'"],
    ),
]


@pytest.mark.parametrize(
    ("options", "files", "expected"), MISTAKES, ids=[str(number) for number in range(len(MISTAKES))]
)
def test_refusals(
    refused: Refusals, options: tuple[str, ...], files: dict[str, str], expected: list[str]
) -> None:
    """Each is told with its file and line, on stderr, and nothing is answered."""
    month = () if "--month" in options else MONTH
    found = refused(*options, *month, **({"mall_yaml": METERED} | files))
    assert len(found) == len(expected)
    assert all(part in line for line, part in zip(found, expected, strict=True))
