"""The auditor: a good book has no faults, and no tampering that matters goes unnoticed.

The book is tampered with as by somebody who has the file: triggers dropped, foreign keys and checks
off. Every value of every row is changed once; what the auditor cannot see is listed by name.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import product
from pathlib import Path
import shutil
import sqlite3

import pytest

from custom_components.compere_prepaid.adapters.ledger_checker.checker import (
    MAX_FAULTS,
    Verification,
    check,
)
from custom_components.compere_prepaid.adapters.ledger_checker.energy import _price
from custom_components.compere_prepaid.adapters.ledger_database.engine import open_reader
from custom_components.compere_prepaid.core.errors import LedgerReadOnlyError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.ledger_books import METER, SITE, fill, open_book, switch, top_up, use

UNSEEN = {
    "announcement": {"account", "level"},
    "bill_mark": {"at", "version"},
    "book": {"created_at", "schema_version"},
    "chain_head": {"epoch", "holder", "taken_at"},
    "hold": {"placed_at", "placed_by", "reason", "released_at", "released_by"},
    "register_generation": {"start_at", "closed_at"},
    "relay_demand": {"version", "cause", "decided_at", "confirmed_at"},
    "term": {"account", "kind", "valid_from", "number", "value", "user"},
}
"""What may change a little without a fault: no money, no Wh and no relay demand hangs on it."""

NEW_HOLD = "INSERT INTO hold SELECT site, meter, kind, number + 1, placed_at, placed_by, reason,"

TAMPERINGS = {
    "title row deleted": "DELETE FROM book",
    "head deleted": "DELETE FROM chain_head",
    "head set back": "UPDATE chain_head SET (seq, hash) = (SELECT seq, hash FROM transfer"
    " WHERE transfer.seq = chain_head.seq - 1)",
    "first transfer deleted": "DELETE FROM transfer WHERE seq = 1",
    "transfer in the middle deleted": "DELETE FROM transfer WHERE id = 'chg:33B0250100001:1:3000'",
    "last transfer deleted": "DELETE FROM transfer WHERE seq = (SELECT seq FROM chain_head)",
    "last transfer deleted, head set back": "DELETE FROM transfer"
    " WHERE seq = (SELECT seq FROM chain_head);"
    "UPDATE chain_head SET (seq, hash) = (SELECT seq, hash FROM transfer"
    " WHERE transfer.seq = chain_head.seq - 1)",
    "all transfers deleted": "DELETE FROM transfer",
    "two transfers swapped": "UPDATE transfer SET seq = 1000 + seq WHERE seq IN (2, 3);"
    "UPDATE transfer SET seq = CASE seq WHEN 1002 THEN 3 ELSE 2 END WHERE seq > 1000",
    "transfer doubled": "INSERT INTO transfer SELECT site, id || ':2', seq + 1000, debit, credit,"
    " amount, code, kind, NULL, effective_at, recorded_at, source, user, reason, detail,"
    " payload_hash, prev_hash, hash FROM transfer WHERE seq = 1",
    "amount changed, totals too": "UPDATE transfer SET amount = amount + 5 WHERE seq = 1;"
    "UPDATE account SET dr = dr + 5 WHERE id = 'asset:cash';"
    "UPDATE account SET cr = cr + 5 WHERE id = 'liability:tenant:A-101:electricity'",
    "account deleted": "DELETE FROM account WHERE id = 'asset:cash'",
    "account invented": "INSERT INTO account VALUES"
    " ('riverside_mall', 'liability:tenant:Z:electricity', 'C', 0, 500, 0, 0, 1)",
    "account invented, unmoved": "INSERT INTO account VALUES"
    " ('riverside_mall', 'liability:tenant:Z:electricity', 'C', 0, 0, 0, 0, 1)",
    "account on the other side": "UPDATE account SET normal = 'D' WHERE normal = 'C'",
    "pending amount moved to the balance": "UPDATE account SET cr = cr + cr_pending,"
    " cr_pending = 0 WHERE cr_pending > 0",
    "first charge deleted": "DELETE FROM charge WHERE from_wh = 1000",
    "free charge deleted": "DELETE FROM charge WHERE amount = 0",
    "last charge deleted": "DELETE FROM charge WHERE from_wh = 3000",
    "only charge of a generation deleted": "DELETE FROM charge WHERE generation = 2",
    "last charge deleted, mark set back": "DELETE FROM charge WHERE from_wh = 3000;"
    "UPDATE bill_mark SET wh = 3000 WHERE generation = 1",
    "all charges deleted": "DELETE FROM charge",
    "gap between charges": "UPDATE charge SET from_wh = from_wh + 10 WHERE from_wh = 1700",
    "overlap of charges": "UPDATE charge SET from_wh = from_wh - 10 WHERE from_wh = 1700",
    "charge shared between two": "UPDATE charge SET to_wh = 1690 WHERE from_wh = 1000;"
    "UPDATE charge SET from_wh = 1690 WHERE from_wh = 1700",
    "charge of another meter": "UPDATE charge SET meter = 'other' WHERE from_wh = 3000",
    "charge given to another account": "UPDATE charge SET account = 'B-202' WHERE amount = 0",
    "cheaper charge": "UPDATE charge SET price = price - 1,"
    " amount = (to_wh - from_wh) * (price - 1) WHERE from_wh = 1000",
    "mark deleted": "DELETE FROM bill_mark WHERE generation = 2",
    "mark moved on": "UPDATE bill_mark SET wh = wh + 1 WHERE generation = 2",
    "mark set back": "UPDATE bill_mark SET wh = wh - 1 WHERE generation = 2",
    "mark set back in time": "UPDATE bill_mark SET at = at - 1 WHERE generation = 2",
    "mark of nothing": "INSERT INTO bill_mark VALUES ('riverside_mall', 'other', 1, 0, 0, 1)",
    "generation deleted": "DELETE FROM register_generation WHERE generation = 1",
    "generation deleted with its mark": "DELETE FROM register_generation WHERE generation = 2;"
    "DELETE FROM bill_mark WHERE generation = 2",
    "generation deleted with all it has": "DELETE FROM register_generation WHERE generation = 1;"
    "DELETE FROM bill_mark WHERE generation = 1; DELETE FROM charge WHERE generation = 1",
    "generation closed at another reading": "UPDATE register_generation"
    " SET closed_wh = closed_wh + 5 WHERE generation = 1",
    "generation opened again": "UPDATE register_generation SET closed_wh = NULL, closed_at = NULL",
    "generation closed too early": "UPDATE register_generation SET closed_at = 5"
    " WHERE generation = 1",
    "generation half closed": "UPDATE register_generation SET closed_wh = 90 WHERE generation = 2",
    "tariff deleted": "DELETE FROM document WHERE kind = 'tariff'",
    "tariff made cheaper": "UPDATE document SET content = replace(content, '0.6173', '0.6172')",
    "tariff without the period": "UPDATE document SET content = replace(content, 'flat', 'even')",
    "tariff that is none": "UPDATE document SET content = '[]'",
    "standing hold deleted": "DELETE FROM hold WHERE released_at IS NULL",
    "standing hold released": "UPDATE hold SET released_at = 1 WHERE released_at IS NULL",
    "hold invented": "INSERT INTO hold VALUES"
    " ('riverside_mall', 'other', 'manual', 1, 0, '', '', NULL, '')",
    "released hold stands again": "UPDATE hold SET released_at = NULL WHERE meter = '33B-LIT'",
    "hold placed twice": f"{NEW_HOLD} NULL, '' FROM hold WHERE released_at IS NULL",
    "number of a hold skipped": "UPDATE hold SET number = number + 1 WHERE meter = '33B-LIT'",
    "demand closed in spite of a hold": "UPDATE relay_demand SET closed = 1",
    "demand open without a hold": "UPDATE relay_demand SET closed = 0",
    "demand deleted": "DELETE FROM relay_demand WHERE closed = 0",
    "settled demand deleted": "DELETE FROM relay_demand WHERE closed = 1",
    "demand of nobody": "INSERT INTO relay_demand VALUES"
    " ('riverside_mall', 'other', 0, 1, 'whim', 0, NULL)",
}
"""What changes more than a value, by name."""

type Audit = Callable[[str], Verification]


@pytest.fixture(scope="module")
def good_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a book that uses every table; written once, copied for each tampering."""
    path = tmp_path_factory.mktemp("ledger") / "good.db"

    async def write() -> None:
        await fill(path)
        ledger = await open_book(path)
        lit = MeterSerial("33B-LIT")
        await ledger.run(switch(HoldKind.OVERLOAD, place=True, meter=lit))
        await ledger.run(switch(HoldKind.OVERLOAD, place=False, meter=lit))
        await ledger.close()

    asyncio.run(write())
    return path


@pytest.fixture
def audit(good_book: Path, tmp_path: Path) -> Audit:
    """Return a function that tampers with a copy of the book and audits it."""

    def tamper_and_audit(statements: str) -> Verification:
        path = tmp_path / "tampered.db"
        shutil.copy(good_book, path)
        with closing(sqlite3.connect(path, autocommit=True)) as raw:
            raw.execute("PRAGMA ignore_check_constraints = ON")
            triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            before = raw.total_changes
            raw.executescript(statements)
            assert not statements or raw.total_changes > before, "nothing was tampered with"
        engine = open_reader(path)
        try:
            with engine.begin() as connection:
                return check(connection, SITE)
        finally:
            engine.dispose()

    return tamper_and_audit


def edits(path: Path) -> Iterator[tuple[str, str, str]]:
    """Name each value of each row but the site, and a statement that changes it a little."""
    with closing(sqlite3.connect(path)) as raw:
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = raw.execute(f'PRAGMA table_info("{table}")').fetchall()
            same = " || ' AND ' || ".join(
                f'\'"{column}" IS \' || quote("{column}")' for _, column, *_ in columns
            )
            rows = [row for (row,) in raw.execute(f'SELECT {same} FROM "{table}"')]  # noqa: S608  -- its own
            for _, column, kind, *_ in columns[1:]:
                name = f'"{column}"'
                number = (f"ifnull({name}, 0) + 1", f"ifnull({name}, 0) - 1")
                values = (f"ifnull({name}, '') || 'x'",) if kind == "TEXT" else number
                for value, row in product(values, rows):
                    edit = f'UPDATE "{table}" SET {name} = {value} WHERE {row}'  # noqa: S608  -- to tamper with
                    yield table, column, edit


def test_good_book_has_no_faults(audit: Audit) -> None:
    """The control: what was written by the ledger itself is found in order, and counted."""
    found = audit("")
    assert found.faults == ()
    assert found.ok
    assert found.transfers == 10
    assert found.charged_wh == found.register_wh == 700 + 1300 + 250 + 90


@pytest.mark.slow
def test_every_changed_value_is_noticed(
    audit: Audit, good_book: Path, figure: Callable[[str], None]
) -> None:
    """A number one more or less, a letter too many: found wherever money or energy hang on it."""
    noticed, impossible, missed = 0, 0, []
    unseen: dict[str, set[str]] = {}
    for table, column, statement in edits(good_book):
        try:
            ok = audit(statement).ok
        except sqlite3.IntegrityError:  # a key forbids it, whoever tries
            impossible += 1
            continue
        if column in UNSEEN.get(table, ()):
            if ok:
                unseen.setdefault(table, set()).add(column)
        elif ok:
            missed.append(statement)
        else:
            noticed += 1
    assert missed == []
    assert unseen == UNSEEN, "the list of what cannot be seen is out of date"
    figure(f"{noticed} changes noticed, 0 missed, {impossible} refused by keys")
    assert noticed > 300


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_noticed(audit: Audit, name: str) -> None:
    """Rows that are gone, doubled, moved or made up are noticed, whoever covered the traces."""
    assert audit(TAMPERINGS[name]).faults


def test_faults_are_told_in_words(audit: Audit) -> None:
    """A fault names the row, what it says and what it should say, in units of currency."""
    faults = audit("UPDATE account SET cr = cr + 1000000 WHERE id = 'asset:cash'").faults
    assert (
        "ledger account asset:cash: cr says 0.001000000, its transfers make 0.000000000" in faults
    )
    (fault,) = audit("DELETE FROM charge WHERE generation = 2").faults[:1]
    assert fault == "transfer 9 (chg:33B0250100001:2:0): its charge is missing"
    gap = audit("UPDATE charge SET from_wh = 1710 WHERE from_wh = 1700").faults
    assert f"charge {METER}/1 at 1710 Wh: 10 Wh before it are not charged" in gap
    relay = audit("UPDATE relay_demand SET closed = 1").faults
    assert relay == (f"relay of {METER}: 1 holds stand, and it is demanded closed",)


@pytest.mark.parametrize(
    ("tiers", "tier", "price"),
    [
        ([], 1, "0.6173"),
        ([], 2, None),
        ([{"up_to": "2000"}, {"adder": "0.05"}], 1, "0.6173"),
        ([{"up_to": "2000"}, {"adder": "0.05"}], 2, "0.6673"),
        ([{"up_to": "2000"}, {"price": "0.9"}], 2, "0.9"),
        ([{"up_to": "2000"}, {"prices": {"flat": "0.8"}}], 2, "0.8"),
        ([{"up_to": "2000"}, {"prices": {"peak": "0.8"}}], 2, None),
        ([{"up_to": "2000"}, {"price": "cheap"}], 2, None),
    ],
)
def test_price_of_a_tariff(tiers: list[object], tier: int, price: str | None) -> None:
    """The auditor finds the price of a period and tier by itself."""
    tariff = {"prices": {"flat": "0.6173"}, "tiers": tiers}
    assert _price(tariff, "flat", tier) == (None if price is None else Decimal(price))


def test_other_sites_book_is_none_of_its_business(audit: Audit) -> None:
    """Only the site's own rows are read."""
    assert audit("INSERT INTO chain_head VALUES ('elsewhere', 9, 'x', 1, '', 0)").ok


async def test_many_faults_are_counted(tmp_path: Path) -> None:
    """A book in ruins is told with a bounded number of faults."""
    path = tmp_path / "ledger.db"
    ledger = await open_book(path)

    def many(tx: object) -> None:
        for number in range(MAX_FAULTS + 20):
            top_up(f"desk-{number}", 1)(tx)  # type: ignore[arg-type]  # the ledger's own

    await ledger.run(many)
    await ledger.close()
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.execute("DROP TRIGGER transfer_no_update")
        raw.execute("UPDATE transfer SET user = 'nobody'")
    ledger = await open_book(path)
    found = await ledger.verify()
    assert len(found.faults) == MAX_FAULTS + 1
    assert found.faults[-1] == "and 20 more"
    await ledger.close()


async def test_faults_make_the_ledger_read_only(good_book: Path, tmp_path: Path) -> None:
    """After a failed check nothing is written; what is there can still be read."""
    path = tmp_path / "ledger.db"
    shutil.copy(good_book, path)
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.execute("UPDATE account SET dr = dr - 1 WHERE id = 'asset:cash'")
    ledger = await open_book(path)
    found = await ledger.verify()
    assert not found.ok
    assert found.faults[0] in str(ledger.read_only_reason)
    with pytest.raises(LedgerReadOnlyError) as refused:
        await ledger.run(use(10, "flat"))
    assert refused.value.key == "ledger_read_only"
    assert await ledger.read(lambda tx: tx.demand(METER)) is not None
    await ledger.close()


async def test_damaged_index_is_noticed(good_book: Path, tmp_path: Path) -> None:
    """The engine's own check is part of the verification."""
    path = tmp_path / "ledger.db"
    shutil.copy(good_book, path)
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'debit, ', 'credit, ')"
            " WHERE name = 'transfer_debit'"
        )
    ledger = await open_book(path)
    found = await ledger.verify()
    assert any(fault.startswith("database file: ") for fault in found.faults)
    assert ledger.read_only_reason is not None
    await ledger.close()
