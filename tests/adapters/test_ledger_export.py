"""The export: what others can read, and an auditor of another make agrees with."""

import asyncio
from collections.abc import Mapping
import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import re
import subprocess
import sys
import tempfile
from typing import Any

from beancount import loader
from beancount.core.data import Open, Transaction
from hypothesis import given, settings, strategies as st
import pytest

from benchmarks.stage.big_book import SITE as BIG_SITE, write_big_book
from custom_components.compere_prepaid.adapters.ledger_database.sqlite import SqliteDatabase
from custom_components.compere_prepaid.adapters.ledger_export.beancount import account_name
from custom_components.compere_prepaid.adapters.ledger_export.export import Export, export_book
from custom_components.compere_prepaid.core.errors import OperationFailedError
from custom_components.compere_prepaid.core.ids import TransferId
from custom_components.compere_prepaid.core.ledger.ports import LedgerTransaction
from custom_components.compere_prepaid.core.ledger.posting import post
from custom_components.compere_prepaid.core.ledger.records import (
    NewTransfer,
    TransferCode,
    TransferKind,
)
from custom_components.compere_prepaid.core.money.amount import Amount
from tests.adapters.ledger_books import NOON, SITE, open_book, opened, top_up, two_phase
from tests.rich_book import SITE as RICH_SITE, write_rich_book

BEAN_CHECK = Path(sys.executable).with_name("bean-check")


def bean_check(path: Path) -> str:
    """Let beancount's own program look at a file; return what it says, nothing if it is content."""
    done = subprocess.run([BEAN_CHECK, "-C", path], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr


def export(book: Path, folder: Path, site: str, **options: Any) -> Export:
    """Export a book that nobody has open."""
    engine = SqliteDatabase(book).open_reader()
    try:
        with engine.begin() as connection:
            return export_book(connection, site, folder, **options)
    finally:
        engine.dispose()


def table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as anybody would."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def balances(path: Path) -> Mapping[str, Decimal]:
    """Return what beancount makes of a file: balances by our account names, debit above 0."""
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    names = {entry.account: entry.meta["name"] for entry in entries if isinstance(entry, Open)}
    found = dict.fromkeys(names.values(), Decimal(0))
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            assert posting.units is not None
            assert isinstance(posting.units.number, Decimal)
            found[names[posting.account]] += posting.units.number
    return found


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a book in which everything happened."""
    path = tmp_path_factory.mktemp("rich") / "rich.db"
    asyncio.run(write_rich_book(path))
    return path


@pytest.fixture(scope="module")
def exported(rich: Path, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Export that book."""
    return export(rich, tmp_path_factory.mktemp("export") / "new", RICH_SITE)


def test_beancount_accepts_it(exported: Export) -> None:
    """An auditor who knows nothing of us finds no fault."""
    assert bean_check(exported.files["ledger"]) == ""


@pytest.mark.parametrize("times", [1, 2])
def test_beancount_notices_a_changed_amount(exported: Export, tmp_path: Path, times: int) -> None:
    """The control: an amount changed on one side, or on both, is refused."""
    text = exported.files["ledger"].read_text(encoding="utf-8")
    amount = "200.000000000 CNY"
    assert text.count(amount) >= 2
    changed = tmp_path / "changed.beancount"
    changed.write_text(text.replace(amount, "200.000000001 CNY", times), encoding="utf-8")
    said = bean_check(changed)
    assert ("does not balance" if times == 1 else "Balance failed") in said


def test_beancount_finds_the_same_balances(exported: Export) -> None:
    """Every account, to the last digit, as the ledger's own totals say."""
    accounts = table(exported.files["accounts"])
    held = {row["account"]: Decimal(row["debits"]) - Decimal(row["credits"]) for row in accounts}
    assert balances(exported.files["ledger"]) == held
    assert len(held) > 15
    for row in accounts:
        sign = 1 if row["side"] == "debit" else -1
        assert Decimal(row["balance"]) == sign * held[row["account"]]


def test_beancount_keeps_who_and_why(exported: Export) -> None:
    """Ids, users, reasons and times are there as they were given, whatever characters they have."""
    entries, _, _ = loader.load_file(str(exported.files["ledger"]))
    moved = {entry.meta["id"]: entry for entry in entries if isinstance(entry, Transaction)}
    assert len(moved) == exported.rows["ledger"]
    top_up_of = moved['top:desk "1"\\:A-101']
    assert top_up_of.meta["user"] == "zoë\t收银"
    assert top_up_of.payee == "top_up"
    card = moved["adj:card:A-101"]
    assert card.meta["reason"] == "lost card"
    assert card.meta["effective"] == card.meta["recorded"] == "2026-02-27T22:00:00.000000+00:00"
    text = exported.files["ledger"].read_text(encoding="utf-8")
    assert '; pending "rfd:open:A-101" "" 10.000000000' in text
    assert '; void "rfd:voided:A-101:void" "rfd:voided:A-101" 10.000000000' in text


def test_months_end_with_assertions(exported: Export) -> None:
    """All accounts at the end of each month, and at the end of all."""
    lines = exported.files["ledger"].read_text(encoding="utf-8").splitlines()
    days = {line.split()[0] for line in lines if " balance " in line}
    assert days == {"2026-03-01", "2026-03-03"}


def test_tables_say_all(exported: Export) -> None:
    """Rows add up to the accounts; money is exact, times are in UTC."""
    transfers = table(exported.files["transfers"])
    charges = table(exported.files["charges"])
    fees = table(exported.files["fees"])
    assert [len(transfers), len(charges), len(fees)] == [
        exported.rows[name] for name in ("transfers", "charges", "fees")
    ]
    paid = {row["id"]: Decimal(row["amount"]) for row in transfers}
    assert all(paid[row["transfer"]] == Decimal(row["amount"]) for row in [*charges, *fees])
    for row in charges:
        wh = int(row["to_wh"]) - int(row["from_wh"])
        assert Decimal(row["amount"]) == wh * Decimal(row["price_per_kwh"]) / 1000
    first = transfers[0]
    assert first["effective_at"] == "2026-02-27T22:00:00.000000+00:00"
    assert (first["amount"], first["code"]) == ("300.000000000", "opening")
    assert {row["tax_percent"] for row in fees} == {"0.0000", "6.0000", "15.0000"}


def test_range_is_for_the_tables(rich: Path, tmp_path: Path, exported: Export) -> None:
    """A day's rows are exported for spreadsheets; beancount gets the whole book, or none at all."""
    since = datetime(2026, 2, 28, 16, tzinfo=UTC)
    day = export(rich, tmp_path, RICH_SITE, since=since, until=since + timedelta(days=1))
    transfers = table(day.files["transfers"])
    assert 0 < len(transfers) < exported.rows["transfers"]
    assert all(
        since.isoformat() <= row["effective_at"] < (since + timedelta(days=1)).isoformat()
        for row in transfers
    )
    assert 0 < day.rows["charges"] < exported.rows["charges"]
    assert 0 < day.rows["fees"] < exported.rows["fees"]
    assert day.rows["accounts"] == exported.rows["accounts"]
    assert bean_check(day.files["ledger"]) == ""


def test_progress_is_told(tmp_path: Path) -> None:
    """Somebody who waits hears how far it is, up to the end."""
    path = tmp_path / "big.db"
    write_big_book(path, meters=10, days=35)
    told: list[tuple[int, int]] = []
    done = export(
        path, tmp_path / "out", BIG_SITE, progress=lambda *progress: told.append(progress)
    )
    assert done.rows["charges"] == 10 * 35 * 24
    assert told == sorted(told)
    assert len(told) > 4
    total = told[-1][1]
    assert told[-1] == (total, total)
    assert all(until == total for _, until in told)


def test_folder_that_cannot_be_written(rich: Path, tmp_path: Path) -> None:
    """The error says where and why; nothing half is left behind."""
    folder = tmp_path / "taken"
    folder.mkdir()
    kept = export(rich, folder, RICH_SITE).files["transfers"].read_bytes()
    (folder / ".ledger.beancount.part").mkdir()
    with pytest.raises(OperationFailedError) as refused:
        export(rich, folder, RICH_SITE)
    assert refused.value.key == "export_not_written"
    assert refused.value.placeholders["folder"] == str(folder)
    assert (folder / "transfers.csv").read_bytes() == kept
    assert not list(folder.glob(".*.csv.part"))


async def test_exported_while_business_goes_on(tmp_path: Path) -> None:
    """One snapshot: what is booked meanwhile is in the next export."""
    ledger = await open_book(tmp_path / "mall.db")
    await ledger.run(top_up("before", 5))
    written = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look(connection: Any, site: str) -> Export:
        connection.exec_driver_sql("SELECT 1 FROM book").all()  # the snapshot begins here
        asyncio.run_coroutine_threadsafe(book_more(), loop).result()
        return export_book(connection, site, tmp_path / "out")

    async def book_more() -> None:
        await ledger.run(top_up("meanwhile", 7))
        written.set()

    done = await ledger.examine(look)
    assert written.is_set()
    assert [row["id"] for row in table(done.files["transfers"])] == ["top:before:A-101"]
    assert bean_check(done.files["ledger"]) == ""
    await ledger.close()


async def test_empty_book(tmp_path: Path) -> None:
    """A book in which nothing happened is exported as such."""
    async with opened(tmp_path / "mall.db") as ledger:
        done = await ledger.examine(
            lambda connection, site: export_book(connection, site, tmp_path / "out")
        )
    assert set(done.rows.values()) == {0}
    assert bean_check(done.files["ledger"]) == ""


NAMES = st.text(min_size=1, max_size=8).filter(lambda text: ":" not in text)


def _decoded(component: str) -> str:
    """Return our name of a component, by the rules that the export tells."""
    if component.startswith("X-"):
        parts = component[2:].split("-")
        return "".join(
            chr(int(part, 16)) if index % 2 else part for index, part in enumerate(parts)
        )
    if re.fullmatch("[A-Z][a-z0-9]*", component):
        return component[0].lower() + component[1:]
    return component


@given(NAMES)
def test_account_names_can_be_told_back(name: str) -> None:
    """Each name has one of beancount's, and leads back to itself: no two can meet."""
    assert _decoded(account_name(f"income:{name}").removeprefix("Income:")) == name


TRANSFERS = st.lists(
    st.tuples(
        st.sampled_from(["asset:cash", "income:energy:Peak", "income:energy:peak"]),
        st.builds("liability:tenant:{}:electricity".format, NAMES),
        st.integers(1, 2**61),
        st.text(max_size=8),
        st.integers(0, 90),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=25)
@given(TRANSFERS)
def test_totals_are_the_ledgers(transfers: list[tuple[str, str, int, str, int, bool]]) -> None:
    """Whatever is booked, on whatever accounts, beancount accepts and adds up the same."""

    async def write(book: Path) -> dict[str, Decimal]:
        held: dict[str, int] = {}

        def work(tx: LedgerTransaction) -> None:
            for number, (one, other, amount, said, days, turned) in enumerate(transfers):
                debit, credit = (other, one) if turned else (one, other)
                at = NOON + timedelta(days=days)
                request = NewTransfer(
                    id=TransferId(f"{said}:{number}"),
                    debit=debit,
                    credit=credit,
                    amount=Amount(amount // 8 + 1),
                    code=TransferCode.ADJUSTMENT,
                    effective_at=at,
                    source="test",
                    user=said,
                    reason=said,
                )
                post(tx, request, at)
                held[debit] = held.get(debit, 0) + request.amount
                held[credit] = held.get(credit, 0) - request.amount
            two_phase("pay:1", TransferKind.PENDING, 5)(tx)

        async with opened(book) as ledger:
            await ledger.run(work)
        return {name: Decimal(amount).scaleb(-9) for name, amount in held.items()}

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = asyncio.run(write(folder / "mall.db"))
        done = export(folder / "mall.db", folder, SITE)
        found = {name: held for name, held in balances(done.files["ledger"]).items() if held}
        assert found == {name: amount for name, amount in held.items() if amount}
