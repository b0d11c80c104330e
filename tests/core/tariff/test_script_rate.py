"""`script/rate`, as people run it: a process of its own, where Home Assistant is not installed."""

from collections.abc import Callable, Sequence
import json
from pathlib import Path
from typing import Any

import pytest

from script.rating.command import main
from tests.core.scripts_alone import Run

SITE = """\
site: {name: Riverside Mall, currency: CNY, time_zone: Europe/Berlin}
calendars:
  - {name: Days, days: {2026-05-01: holiday}}
tariffs:
  - name: Retail
    valid_from: 2026-01-01
    prices: {peak: 0.9876, flat: 0.6173}
    calendar: Days
    schedule:
      - {days: [holiday], slots: {"00:00": flat}}
      - {slots: {"00:00": flat, "14:00": peak, "22:00": flat}}
    tax: {percent: 6, included: false}
  - name: Blocks
    valid_from: 2026-01-01
    prices: {all: 2.3634}
    tiers: [{up_to: 350}, {up_to: 600, price: 2.95}, {price: 3.4}]
    standing: {per_month: 130}
    service: {per_month: 70}
    demand:
      - {name: Power, quantity: kW, prices: [{price: 0.5}]}
      - {name: VA, quantity: kVA, prices: [{price: 1}]}
    tax: {percent: 15, included: false}
"""


type Refused = Callable[..., list[str]]


@pytest.fixture
def run(tmp_path: Path, run_alone: Run) -> Run:
    """Return what runs the script in a Python without Home Assistant, in a folder of its own."""
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")

    def run(*arguments: str, module: Sequence[str] = ("-m", "script.rating")) -> Any:
        return run_alone(*module, *arguments)

    return run


@pytest.fixture
def rated(run: Run, tmp_path: Path) -> Callable[..., Any]:
    """Return what rates readings of a CSV text and returns the answer."""

    def rated(tariff: str, text: str) -> Any:
        (tmp_path / "readings.csv").write_text(text, encoding="utf-8")
        found = run(
            *("site.yaml", "--tariff", tariff, "--readings", "readings.csv"),
            *("--folder", str(tmp_path)),
        )
        assert (found.returncode, found.stderr) == (0, "")
        return json.loads(found.stdout)

    return rated


def test_home_assistant_is_not_there(run: Run) -> None:
    """The control: what runs the script cannot import it, nor anything of ours that needs it."""
    for module in ("homeassistant", "aiohttp", "custom_components.compere_prepaid"):
        found = run(module=("-c", f"import {module}"))
        assert found.returncode != 0
        assert "ModuleNotFoundError" in found.stderr


def test_readings_are_rated(rated: Callable[..., Any]) -> None:
    """A late reading over a border: two lines, exact money, times with the site's offset."""
    found = rated(
        "Retail",
        "time,register_wh\n2026-06-15T21:30,1000\n2026-06-15T20:45:00Z,8500\n".replace(
            "\\\n", "\n"
        ),
    )
    assert found == {
        "tariff": "Retail",
        "from": "2026-06-15T21:30:00+02:00",
        "to": "2026-06-15T22:45:00+02:00",
        "total": "6.085089",
        "total_rounded": "6.09",
        "currency": "CNY",
        "kwh": "7.5",
        "energy": "5.74065",
        "fees": [],
        "tax": "0.344439",
        "taxes": [{"percent": "6", "net": "5.74065", "amount": "0.344439"}],
        "not_measured": [],
        "lines": [
            {
                "from": "2026-06-15T21:30:00+02:00",
                "to": "2026-06-15T22:00:00+02:00",
                "period": "peak",
                "tier": 1,
                "wh": 3000,
                "price": "0.9876",
                "amount": "2.9628",
                "estimated": True,
            },
            {
                "from": "2026-06-15T22:00:00+02:00",
                "to": "2026-06-15T22:45:00+02:00",
                "period": "flat",
                "tier": 1,
                "wh": 4500,
                "price": "0.6173",
                "amount": "2.77785",
                "estimated": True,
            },
        ],
    }


def test_a_whole_month_has_fees_demand_and_tax(rated: Callable[..., Any]) -> None:
    """Columns in any order, more columns, blank lines, a byte order mark."""
    found = rated(
        "Blocks",
        "\ufeffnote,register_wh,time\r\n\r\n,1000,2026-06-01\r\nx,551000,2026-07-01T00:00\r\n",
    )
    assert [(fee["kind"], fee["amount"]) for fee in found["fees"]] == [
        ("standing", "130"),
        ("service", "70"),
        ("demand", "0.382"),
    ]
    assert found["fees"][2] == {
        "kind": "demand",
        "month": "2026-06",
        "days": 30,
        "name": "Power",
        "measured_kW": "0.764",
        "billed_kW": "0.764",
        "amount": "0.382",
    }
    assert found["not_measured"] == ["VA"]
    assert (found["energy"], found["tax"]) == ("1417.19", "242.6358")
    assert (found["total"], found["total_rounded"]) == ("1860.2078", "1860.21")


def test_a_holiday_of_the_calendar_counts(rated: Callable[..., Any]) -> None:
    """The first of May is flat all day."""
    found = rated("Retail", "time,register_wh\n2026-05-01T13:00,0\n2026-05-01T15:00,1000\n")
    assert [(line["period"], line["estimated"]) for line in found["lines"]] == [("flat", False)]


def test_an_hour_that_comes_twice_is_told_by_the_order_of_the_rows(
    rated: Callable[..., Any],
) -> None:
    """02:30 twice on the day of 25 hours; after it the clocks go on."""
    rows = ["2026-10-25T02:30,0", "2026-10-25T02:45,1", "2026-10-25T02:30,2", "2026-10-25T03:00,3"]
    found = rated("Retail", "\n".join(["time,register_wh", *rows]))
    assert [line["from"] for line in found["lines"]] == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:45:00+02:00",
        "2026-10-25T02:30:00+01:00",
    ]


def test_what_an_amount_buys(run: Run, tmp_path: Path) -> None:
    """Tier by tier from where the account stands, tax included, and what is left."""
    found = run(
        *(str(tmp_path / "site.yaml"), "--tariff", "Blocks", "--buy", "1000"),
        *("--used-kwh", "300", "--at", "2026-06-15T12:00"),
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout) == {
        "tariff": "Blocks",
        "at": "2026-06-15T12:00:00+02:00",
        "period": "all",
        "kwh": "304.086",
        "currency": "CNY",
        "amount": "1000",
        "left": "0.00324",
        "tiers": [
            {"tier": 1, "kwh": "50", "price": "2.3634", "amount": "135.8955"},
            {"tier": 2, "kwh": "250", "price": "2.95", "amount": "848.125"},
            {"tier": 3, "kwh": "4.086", "price": "3.4", "amount": "15.97626"},
        ],
    }


def test_now_is_when_nothing_else_is_said(run: Run, tmp_path: Path) -> None:
    """And nothing was used before."""
    found = run(str(tmp_path / "site.yaml"), "--tariff", "Blocks", "--buy", "2.72")
    assert json.loads(found.stdout)["tiers"] == [
        {"tier": 1, "kwh": "1", "price": "2.3634", "amount": "2.71791"}
    ]


def test_a_refusal_leaves_stdout_empty(run: Run, tmp_path: Path) -> None:
    """So that what reads the answer never takes half of one."""
    found = run(str(tmp_path / "site.yaml"), "--tariff", "None", "--buy", "1")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        "script/rate: site.yaml: there is no tariff 'None'; tariffs: Blocks, Retail\n"
    )


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Return what gives wrong input to the command: nothing on stdout, exit status 2."""
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")

    def refused(*arguments: str) -> list[str]:
        try:
            status: object = main([*arguments, "--folder", str(tmp_path)])
        except SystemExit as end:  # of the parser
            status = end.code
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        return [line.removeprefix("script/rate: ") for line in err.splitlines()]

    return refused


UNSORTED = "is not after the reading before: sort the rows by time"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ["2026-06-01,5", "2026-05-01,6"],
            [f"line 3: 2026-05-01 {UNSORTED}"],
        ),
        (
            ["2026-06-01,5", "2026-06-01,5"],
            [f"line 3: 2026-06-01 {UNSORTED}"],
        ),
        (["2026-06-01,5", "2026-06-02,4"], ["line 3: the register goes backwards, from 5 to 4"]),
        (
            ["2026-06-01,NaN", "2026-06-02,-1", "2026-06-03,1.5", "2026-06-04,", "2026-06-05,²"],
            [
                f"line {line}: '{text}' is no whole number of Wh with at most 15 digits"
                for line, text in ((2, "NaN"), (3, "-1"), (4, "1.5"), (5, ""), (6, "²"))
            ],
        ),
        (
            ["yesterday,1", "1999-06-01,1", "2026-06-01"],
            [
                "line 2: 'yesterday' is no time like 2026-06-15T21:30",
                "line 3: the year 1999 is not from 2000 to 2099",
                "line 4: has fewer columns than the first line",
            ],
        ),
        (
            ["2026-03-29T02:30,1"],
            ["line 2: 2026-03-29T02:30 does not exist in Europe/Berlin: the clocks skip it"],
        ),
        (["2026-06-01,5"], ["line 1: has fewer than two readings: nothing was used between them"]),
        (['2026-06-01,"5'], ["line 2: cannot be read: unexpected end of data"]),
    ],
)
def test_wrong_readings_are_told_with_their_lines(
    refused: Refused, tmp_path: Path, rows: list[str], expected: list[str]
) -> None:
    """All of them, and nothing is rated."""
    path = tmp_path / "r.csv"
    path.write_text("\n".join(["time,register_wh", *rows]), encoding="utf-8")
    found = refused("site.yaml", "--tariff", "Retail", "--readings", "r.csv")
    assert found == [f"r.csv {line}" for line in expected]


def test_a_file_that_is_no_table_is_told(refused: Refused, tmp_path: Path) -> None:
    """Not there, a folder, without a column, empty, not UTF-8, and very wrong."""
    path = tmp_path / "r.csv"
    options = ("site.yaml", "--tariff", "Retail", "--readings", "r.csv")
    assert refused(*options) == [f"{path}: cannot be read: No such file or directory"]
    for content, expected in [
        (b"time,wh\n", ["r.csv line 1: there is no column 'register_wh'; columns: time, wh"]),
        (
            b"",
            [
                "r.csv line 1: there is no column 'time'; columns: -",
                "r.csv line 1: there is no column 'register_wh'; columns: -",
            ],
        ),
        (b"time,register_wh\n2026-06-01,\xff\n", ["r.csv line 2: is not UTF-8 text"]),
    ]:
        path.write_bytes(content)
        assert refused(*options) == expected
    path.write_text("time,register_wh\n" + "x,y\n" * 30, encoding="utf-8")
    told = refused(*options)
    assert (len(told), told[-1]) == (21, "r.csv: and 10 more faults")


def test_other_mistakes_are_told(refused: Refused, tmp_path: Path) -> None:
    """The tariff, the site file, the amount, the time: in words, on stderr."""
    site = "site.yaml"
    buy = ("--buy", "10", "--tariff")
    assert refused(site, *buy, "Retial") == [
        "site.yaml: there is no tariff 'Retial'; tariffs: Blocks, Retail"
    ]
    assert refused(site, *buy, "Retail", "--at", "2025-12-31T23:59") == [
        (
            "The tariff Retail begins on 2026-01-01: it has no prices for 2025-12-31. Give it an "
            "earlier version."
        )
    ]
    assert refused(site, *buy, "Retail", "--at", "noon") == [
        "--at: 'noon' is no time like 2026-06-15T21:30"
    ]
    for kwh in ("-1", "x", "NaN", "1e99", "0.0001"):
        assert refused(site, *buy, "Retail", f"--used-kwh={kwh}") == [
            f"--used-kwh: '{kwh}' is no number of kWh with at most 3 decimals"
        ]
    assert refused(site, "--tariff", "Retail", "--buy", "0") == [
        "0 is not more than 0. Enter an amount above 0."
    ]
    assert "not allowed with" in refused(site, *buy, "Retail", "--readings", "r.csv")[-1]
    missing = ["--tariff", "Retail", "--readings", "r.csv"]
    assert "--buy" in refused(site, *missing, "--used-kwh", "5")[-1]
    assert "No such file" in refused("no.yaml", *buy, "Retail")[0]
    (tmp_path / "bad.yaml").write_text(SITE.replace("peak: 0.9876", "peak: -1"), encoding="utf-8")
    assert refused("bad.yaml", *buy, "Retail") == [
        "bad.yaml line 7: tariffs[0].prices.peak: must not be negative"
    ]
    (tmp_path / "bad.yaml").write_bytes(b"site: \xff")
    assert "is not UTF-8 text" in refused("bad.yaml", *buy, "Retail")[0]
