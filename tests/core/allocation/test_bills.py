"""Bills: entered once, all or none, and shared out without losing a coin."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.compere_prepaid.core.allocation.bill_file import COLUMNS, read_bills
from custom_components.compere_prepaid.core.allocation.bills import MANY, share_of
from custom_components.compere_prepaid.core.documents import DocumentError
from custom_components.compere_prepaid.core.errors import InvalidInputError
from custom_components.compere_prepaid.core.ledger.allocation_rows import SupplierBill
from custom_components.compere_prepaid.core.money.amount import Amount
from custom_components.compere_prepaid.core.table_file import MAX_CHARACTERS
from tests.core.allocation.mall import NOVEMBER, OCTOBER, AllocatingMall
from tests.core.prepayment.desk import CNY, money

AT = datetime(2026, 11, 3, tzinfo=UTC)
HEAD = "supplier,number,name,since,until,amount"
ROW = "a,1,b,2026-10-01,2026-11-01,1"


@pytest.fixture
async def mall(tmp_path: Path) -> AsyncIterator[AllocatingMall]:
    """Open a mall."""
    mall = await AllocatingMall(tmp_path / "ledger.db").open()
    yield mall
    await mall.desk.verified()
    await mall.desk.ledger.close()


@given(
    amount=st.integers(-(10**9), 10**9),
    energy_wh=st.integers(0, 10**9),
    days=st.integers(1, 400),
    cuts=st.sets(st.integers(-5, 405), max_size=12),
)
def test_parts_make_the_bill(amount: int, energy_wh: int, days: int, cuts: set[int]) -> None:
    """However the time is cut, parts are whole coins and add up to the bill."""
    bill = SupplierBill(
        supplier="Otis",
        number="1",
        name="Lifts",
        since=OCTOBER,
        until=OCTOBER + timedelta(days=days),
        amount=Amount(amount * CNY.minor),
        energy_wh=energy_wh,
        entered_at=AT,
    )
    ends = [OCTOBER + timedelta(days=cut) for cut in sorted({-5, 405, *cuts})]
    parts = [share_of(bill, since, until, CNY.minor) for since, until in pairwise(ends)]
    known = [part for part in parts if part is not None]
    assert sum(part.amount for part in known) == bill.amount
    assert sum(part.energy_wh for part in known) == energy_wh
    assert sum(part.days for part in known) == days
    assert all(part.amount % CNY.minor == 0 for part in known)


async def test_entered_once(mall: AllocatingMall) -> None:
    """The same is the first one, whoever sends it; another content is refused until cancelled."""
    bill = mall.a_bill()
    (first,) = await mall.bills.enter([bill])
    mall.desk.clock.forward(days=1)
    (again,) = await mall.bills.enter(
        [replace(bill, user="bert", entered_at=mall.desk.clock.now(), document="x.pdf sha256:1")]
    )
    assert (again.bill, again.replayed) == (first.bill, True)
    with pytest.raises(InvalidInputError, match="bill_entered_twice"):
        await mall.bill(yuan="1001")
    with pytest.raises(InvalidInputError, match="reason_missing"):
        await mall.bills.cancel("Otis", "1", user="anna", reason=" ")
    cancelled = await mall.bills.cancel("Otis", "1", user="anna", reason="typed wrongly")
    assert await mall.bills.cancel("Otis", "1", user="bert", reason="again") == cancelled
    second = await mall.bill(yuan="1001")
    assert second.revision == 2
    known = await mall.bills.listed()
    assert [(one.bill.revision, one.cancelled is None) for one in known] == [(1, False), (2, True)]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("bill_incomplete", {"name": " "}),
        ("bill_days_wrong", {"until": OCTOBER}),
        ("bill_days_wrong", {"until": date(2036, 1, 1)}),
        ("bill_tax_wrong", {"tax": money("1000.01")}),
        ("bill_tax_wrong", {"tax": -money(1)}),
        ("bill_energy_wrong", {"energy_wh": -1}),
    ],
)
async def test_all_or_none(mall: AllocatingMall, key: str, wrong: dict[str, Any]) -> None:
    """One that cannot be true keeps all others out."""
    with pytest.raises(InvalidInputError, match=key):
        await mall.bills.enter([mall.a_bill("1"), mall.a_bill("2", **wrong)])
    assert await mall.bills.listed() == ()


async def test_credit_note(mall: AllocatingMall) -> None:
    """A bill may be below zero, with its tax."""
    bill = await mall.bill(yuan="-100", tax=-money(13))
    assert bill.amount == -money(100)
    assert [one.bill for one in await mall.bills.listed(OCTOBER, NOVEMBER, "Lifts")] == [bill]
    assert await mall.bills.listed(NOVEMBER) == await mall.bills.listed(name="Roof") == ()


def test_table() -> None:
    """Cells are read as what their columns are."""
    text = (
        "\ufeffSupplier;Number;Name;Since;Until;Amount;Tax;Energy_kWh;Fixed\n"
        'Otis;"17;a";Lifts;2026-10-01;2026-11-01;100.50;;;yes\n\n'
        "Grid;2;Grid;2026-10-01;2026-11-01;9;1;24500.125;\n"
    )
    first, second = read_bills(text, file="bills.csv", currency=CNY, at=AT, user="anna")
    assert (first.number, first.amount, first.fixed) == ("17;a", money("100.5"), True)
    assert (second.energy_wh, second.tax, second.fixed) == (24_500_125, money(1), False)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [(1, "")]),
        ("supplier,number,name,since,until", [(1, "amount")]),
        ("supplier,number,name,since,until,amount,amount,price", [(1, "amount"), (1, "price")]),
        ("supplier,number,name,since,until,amount\na,1,b,2026-10-01,2026-10-01,1", [(2, "until")]),
        ("supplier,number,name,since,until,amount\na,1,b,soon,2026-10-01,1\n", [(2, "since")]),
        ("supplier,number,name,since,until,amount\na,1,,2026-10-01,2026-11-01,1", [(2, "name")]),
        ("supplier,number,name,since,until,amount\na,1,b,2026-10-01,2026-11-01,1,2", [(2, "")]),
        ('supplier,number,name,since,until,amount\na,"1,b\n', [(2, "")]),
        (
            (
                "supplier,number,name,since,until,amount,fixed,energy_kwh\n"
                "a,1,b,2026-10-01,2026-11-01,1.001,no,\n"
                "a,2,b,2026-10-01,2026-11-01,1,maybe,\n"
                "a,3,b,2026-10-01,2026-11-01,1,no,-1\n"
            ),
            [(2, "amount"), (3, "fixed"), (4, "energy_kwh")],
        ),
    ],
)
def test_faults_of_tables(text: str, faults: list[tuple[int, str]]) -> None:
    """Each fault has its line and column."""
    with pytest.raises(DocumentError) as refused:
        read_bills(text, file="bills.csv", currency=CNY, at=AT, user="anna")
    found = [(fault.line, fault.path) for fault in refused.value.faults]
    assert sorted(set(found)) == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            HEAD.replace("amount", "ammount"),
            [
                "line 1: amount: the column 'amount' is missing",
                "line 1: ammount: unknown column 'ammount', did you mean 'amount'?",
            ],
        ),
        (f"{HEAD},amount", ["line 1: amount: stands twice: remove one of the two columns"]),
        (
            f'{HEAD.replace(",", ";")};"tax, of which, by, law, at, the, time, due"',
            [
                (
                    "line 1: tax, of which, by, law, at, the, time, d: "
                    "unknown column 'tax, of which, by, law, at, the, time, d', "
                    f"known are {', '.join(COLUMNS)}"
                )
            ],
        ),
        (
            f'{HEAD}\n{ROW}{ROW}\n{ROW}.001\n"{ROW}',
            [
                "line 2: has 11 cells for 6 columns: is a comma in a name?",
                "line 3: amount: '1.001' is no amount in CNY like 1250.50",
                "line 4: cannot be read (unexpected end of data): is a quote missing?",
            ],
        ),
        (
            HEAD + f"\n{ROW}" * MANY + f"\n{ROW}.001" * 3,
            [f"line {MANY + 2}: has more than {MANY} rows: split it into several files"],
        ),
        (
            HEAD + "\n" * MAX_CHARACTERS,
            [f"line 1: is larger than {MAX_CHARACTERS} characters: split it into several files"],
        ),
    ],
    ids=["misspelt", "twice", "delimiter", "all told", "many", "large"],
)
def test_words_of_faults(text: str, faults: list[str]) -> None:
    """Whoever reads a fault knows what to write; what is too much is not read to its end."""
    with pytest.raises(DocumentError) as refused:
        read_bills(text, file="bills.csv", currency=CNY, at=AT, user="anna")
    assert sorted(map(str, refused.value.faults)) == sorted(faults)


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """Whatever somebody pastes, nothing else is raised."""
    for table in (text, f"{HEAD}\n{text}", f"{HEAD}\n{ROW}{text}"):
        with suppress(DocumentError):
            read_bills(table, file="bills.csv", currency=CNY, at=AT, user="anna")
