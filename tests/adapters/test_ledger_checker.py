"""The auditor: a good book has no faults, and no tampering that matters goes unnoticed.

The books are tampered with as by somebody who has the file: triggers dropped, foreign keys and
checks off. Values of rows of every kind are changed a little; what the auditor cannot see is listed
by name.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
import shutil
import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError

from benchmarks.stage.big_book import write_big_book
from custom_components.compere_prepaid.adapters.ledger_checker.book import MAX_FAULTS
from custom_components.compere_prepaid.adapters.ledger_checker.tariffs import Tariffs, Version
from custom_components.compere_prepaid.core.errors import LedgerReadOnlyError
from custom_components.compere_prepaid.core.ids import MeterSerial
from custom_components.compere_prepaid.core.ledger.records import HoldKind
from tests.adapters.ledger_books import METER, SITE, fill, open_book, switch, top_up, use
from tests.rich_book import SITE as RICH_SITE, write_rich_book
from tests.tampering import TamperedBook, tampered

UNSEEN = {
    "account": {"version"},
    "allocation_run": {"at", "user"},
    "allocation_step": {"at", "reason", "user"},
    "announcement": {"account", "level"},
    "bill_cancellation": {"at", "reason", "user"},
    "bill_line": {"at", "order_id", "read_at", "ref"},
    "bill_mark": {"at", "version"},
    "book": {"created_at"},
    "cash_receipt": {"approver"},
    "chain_head": {"epoch", "holder", "taken_at", "token"},
    "correction": {"estimated", "from_at", "revision"},
    "credit_watch": {
        "account",
        "adapts_until",
        "days_told",
        "dispute_reason",
        "disputed_at",
        "grace_until",
        "noticed_at",
        "put_off_until",
        "put_off_why",
        "reminded_for",
        "shadow_cut_at",
    },
    "debt": {"amount", "due", "opened_at", "ppm", "reason", "user"},
    "decision": {"account", "at", "available", "detail", "kind", "number", "until", "user"},
    "demand_peak": {"at", "quantity"},
    "document": {"kind", "version"},
    "hold": {"placed_at", "placed_by", "reason", "released_at", "released_by"},
    "migration": {"at", "seq"},
    "pay_order": {
        "account",
        "amount",
        "changed_at",
        "checkout",
        "created_at",
        "expires_at",
        "id",
        "key",
        "meter",
        "note",
        "params",
        "provider",
    },
    "payment_notice": {"headers", "provider", "received_at"},
    "provider_txn": {
        "account",
        "order_id",
        "paid_at",
        "provider",
        "reason",
        "recorded_at",
        "txn",
    },
    "provider_refund": {"changed_at", "created_at", "note", "order_id", "provider_ref"},
    "reconciliation": {"at", "user"},
    "register_generation": {"closed_at", "multiplier", "reason", "start_at", "user"},
    "relay_demand": {"meter", "version", "cause", "decided_at", "confirmed_at"},
    "rerating": {"account", "at", "reason", "run", "since", "until", "user"},
    "statement": {"issued_at", "user"},
    "supplier_bill": {"document", "energy_wh", "entered_at", "fixed", "user"},
    "supply": {"from_at"},
    "suspense_assignment": {"at", "reason", "user"},
    "tenancy": {"closed_at", "emergency", "name", "opened_at"},
    "term": {"account", "valid_from", "user"},
}
"""What may change a little without a fault: no money, no Wh and no relay demand hangs on it, or
(what a debt's or rerating's own words say) nothing else in the book says it too. Where a book
came to version 3 changes no rule; a changed place of version 2 is noticed by what stands there. A
demand that no hold speaks of is made anew when its meter is next taken up. An order that was not
paid says what nobody else does, and so does a payment that is not ours. Of a bill the fees are
booked; what else it says is laid beside the book by who reconciles."""

BOOKS = {"small": SITE, "rich": RICH_SITE, "old": SITE}

NEW_HOLD = "INSERT INTO hold SELECT site, meter, kind, number + 1, placed_at, placed_by, reason,"

TAMPERINGS = {
    "title row deleted": "DELETE FROM book",
    "head deleted": "DELETE FROM chain_head",
    "head set back": "UPDATE chain_head SET (seq, hash) = (SELECT seq, hash FROM transfer"
    " WHERE transfer.seq = chain_head.seq - 1)",
    "migration deleted": "DELETE FROM migration",
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
    "transfer doubled": "INSERT INTO transfer SELECT site, id || '*', seq + 1000, debit, credit,"
    " amount, code, kind, NULL, effective_at, recorded_at, source, user, reason, detail, outcome,"
    " payload_hash, prev_hash, hash FROM transfer WHERE seq = 1",
    "transfer before the first": "INSERT INTO transfer SELECT site, id || '*', 0, debit, credit,"
    " amount, code, kind, NULL, effective_at, recorded_at, source, user, reason, detail, outcome,"
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
    "account never written": "UPDATE account SET version = 0",
    "account written too often": "UPDATE account SET version = version + 1000",
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
    "free charge paid by a transfer": "UPDATE charge SET transfer_id = 'chg:33B0250100001:1:1700'"
    " WHERE amount = 0",
    "charge made one of long ago": "UPDATE charge SET hash = 'x' WHERE amount > 0",
    "cheaper charge": "UPDATE charge SET price = price - 1,"
    " amount = (to_wh - from_wh) * (price - 1) WHERE from_wh = 1000",
    "charge beyond all numbers": "UPDATE charge SET amount = 9223372036854775807,"
    " to_wh = 9223372036854775807 WHERE generation = 2",
    "mark deleted": "DELETE FROM bill_mark WHERE generation = 2",
    "mark moved on": "UPDATE bill_mark SET wh = wh + 1 WHERE generation = 2",
    "mark set back": "UPDATE bill_mark SET wh = wh - 1 WHERE generation = 2",
    "mark set back in time": "UPDATE bill_mark SET at = at - 1 WHERE generation = 2",
    "mark of nothing": "INSERT INTO bill_mark VALUES ('riverside_mall', 'other', 1, 0, 0, 1, '')",
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
    "generation that multiplies by nothing": "UPDATE register_generation SET multiplier = 0",
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
"""What changes more than a value of the small book, by name."""

RICH_TAMPERINGS = {
    "fee deleted": "DELETE FROM fee WHERE kind = 'demand'",
    "all fees deleted": "DELETE FROM fee",
    "fee made one of another day": "UPDATE fee SET day = '2026-02-20' WHERE kind = 'standing'"
    " AND day = '2026-03-01'",
    "fee doubled": "INSERT INTO fee SELECT site, account, kind, '2026-02-20', item, tariff,"
    " tariff_valid_from, revision, quantity, amount, tax_ppm, transfer_id || '*' FROM fee LIMIT 1",
    "minimum above the tariff's": "UPDATE document SET content ="
    """ replace(content, '"minimum_per_month":"2000"', '"minimum_per_month":"1"')""",
    "other demand price": """UPDATE document SET content = replace(content, '"20"', '"19"')
     WHERE kind = 'tariff'""",
    "other tax": """UPDATE document SET content = replace(content, '"15"', '"14"')
     WHERE kind = 'tariff' AND name LIKE 'Whole%'""",
    "tax included": "UPDATE document SET content ="
    """ replace(content, '"included":false', '"included":true') WHERE kind = 'tariff'""",
    "season with another change": """UPDATE document SET content =
     replace(content, '"percent":"20"', '"percent":"21"') WHERE kind = 'tariff'""",
    "period with another percentage": """UPDATE document SET content =
     replace(content, '+50 %', '+49 %') WHERE kind = 'tariff'""",
    "revision deleted": "DELETE FROM document WHERE version LIKE '%#2'",
    "version of another currency": """UPDATE document SET content =
     replace(content, '"CNY"', '"EUR"') WHERE kind = 'tariff'""",
    "supply deleted": "DELETE FROM supply WHERE meter = '33B0250100002'",
    "all supplies of a moved meter deleted": "DELETE FROM supply WHERE meter = '33B0250100003'",
    "second supply deleted": "DELETE FROM supply WHERE number = 2",
    "first supply deleted": "DELETE FROM supply WHERE number = 1 AND meter = '33B0250100003';"
    "UPDATE supply SET number = 1 WHERE meter = '33B0250100003'",
    "supply of another account": "UPDATE supply SET account = 'OWNER'"
    " WHERE meter = '33B0250100001'",
    "supply moved on": "UPDATE supply SET to_wh = to_wh + 1 WHERE meter = '33B0250100003'"
    " AND number = 1; UPDATE supply SET from_wh = from_wh + 1 WHERE number = 2",
    "supply of no meter": "INSERT INTO supply SELECT site, 'other', 1, 1, account, 0, 0, NULL, NULL"
    " FROM supply LIMIT 1",
    "ended supply open again": "UPDATE supply SET to_wh = NULL, to_at = NULL"
    " WHERE meter = '33B0250100002'",
    "charges of a shop given to another": "UPDATE charge SET account = 'OWNER'"
    " WHERE meter = '33B0250100001'",
    "account moved out earlier": "UPDATE tenancy SET closed_at = opened_at + 5"
    " WHERE closed_at IS NOT NULL",
    "account that pays moved out": "UPDATE tenancy SET closed_at = opened_at WHERE account ="
    " 'A-101'",
    "tenancy deleted": "DELETE FROM tenancy WHERE account = 'A-101'",
    "charged through an earlier day": "UPDATE tenancy SET charged_through = '2026-02-28'"
    " WHERE account = 'A-101'",
    "less than no emergency credit": "UPDATE tenancy SET emergency = -1",
    "tax total deleted": "DELETE FROM tax_total WHERE fund = 'service'",
    "all tax totals deleted": "DELETE FROM tax_total",
    "tax forgiven": "UPDATE tax_total SET net = 0, tax = 0",
    "rerating deleted": "DELETE FROM rerating WHERE run = 'second'",
    "rerating undone": "DELETE FROM rerating WHERE run = 'first';"
    "DELETE FROM correction WHERE run = 'first'",
    "all reratings undone": "DELETE FROM rerating; DELETE FROM correction",
    "corrections swapped": "UPDATE rerating SET at = at - 5 WHERE run = 'second'",
    "correction deleted": "DELETE FROM correction WHERE from_wh = (SELECT min(from_wh)"
    " FROM correction)",
    "correction that says other Wh": "UPDATE correction SET to_wh = to_wh - 1"
    " WHERE from_wh = (SELECT min(from_wh) FROM correction)",
    "correction of no charge": "UPDATE correction SET charge_from_wh = charge_from_wh + 1"
    " WHERE run = 'second'",
    "rerating turned around": "UPDATE rerating SET difference = -difference WHERE run = 'first'",
    "debt deleted": "DELETE FROM debt WHERE kind = 'percent'",
    "debt of nothing": "INSERT INTO debt SELECT site, account, 'new', kind, ppm, amount, per, due,"
    " due_through, opened_at, user, reason FROM debt LIMIT 1",
    "debt that grows": "UPDATE debt SET due = -1 WHERE kind = 'time'",
    "demand of no tariff": "UPDATE demand_peak SET item = 'kVA|15|0||kW'",
    "demand below nothing": "UPDATE demand_peak SET quantity = -1",
    "statement deleted": "UPDATE statement SET number = 2",
    "statement with another total": """UPDATE statement SET content =
     replace(content, '"closing":"', '"closing":"1')""",
    "statement of another point": "UPDATE statement SET anchor = '1' || anchor",
    "statement that was reformatted": "UPDATE statement SET content = content || ' '",
    "agreement on nothing": "UPDATE term SET value = 'Dream' WHERE kind = 'tariff'",
    "agreement skipped": "UPDATE term SET number = number + 1 WHERE kind = 'policy'",
    "allocation nobody approved": "DELETE FROM allocation_step WHERE run LIKE '%#3'",
    "allocation taken back in name only": "INSERT INTO allocation_step SELECT site, run,"
    " 'reversed', at, user, reason FROM allocation_step WHERE run LIKE '%#3'",
    "allocation taken back without a word": "DELETE FROM allocation_step WHERE step = 'reversed'",
    "allocation approved after all": "UPDATE allocation_step SET step = 'posted'"
    " WHERE step = 'rejected'",
    "allocation posted before it was made": "UPDATE allocation_step SET at = 0",
    "allocation deleted": "DELETE FROM allocation_run WHERE id LIKE '%#3'",
    "allocation of other days": "UPDATE allocation_run SET until = '2026-03-01'",
    "share deleted": "DELETE FROM allocation_share WHERE run LIKE '%#3' AND account = 'A-101'",
    "share of somebody else": "UPDATE allocation_share SET account = 'Z-1' WHERE account = 'A-101'",
    "shares swapped": "UPDATE allocation_share SET account = 'x' || account;"
    " UPDATE allocation_share SET account = CASE account WHEN 'xA-101' THEN 'B-202'"
    " WHEN 'xB-202' THEN 'A-101' ELSE substr(account, 2) END",
    "bill cancelled after it was charged": "INSERT INTO bill_cancellation SELECT site, supplier,"
    " number, revision, entered_at, user, 'sorry' FROM supplier_bill WHERE revision = 2",
    "bill that counts twice": "DELETE FROM bill_cancellation",
    "bill deleted": "DELETE FROM supplier_bill WHERE revision = 1",
    "bill of more than was charged": "UPDATE supplier_bill SET amount = amount * 2",
    "payment deleted": "DELETE FROM provider_txn WHERE txn = 'T00000001'",
    "payment in suspense deleted": "DELETE FROM provider_txn WHERE reason = 'order_unknown'",
    "payment invented": "INSERT INTO provider_txn SELECT site, provider, 'T9', order_id, account,"
    " amount, verdict, reason, source, paid_at, day, recorded_at, 'pay:paper:T9'"
    " FROM provider_txn WHERE txn = 'T00000001'",
    "payment counted twice": "INSERT INTO provider_txn SELECT site, provider, 'T9', order_id,"
    " account, amount, verdict, reason, source, paid_at, day, recorded_at, transfer_id"
    " FROM provider_txn WHERE txn = 'T00000001'",
    "payment made somebody else's": "UPDATE provider_txn SET account = 'B-202'"
    " WHERE txn = 'T00000001'; UPDATE pay_order SET account = 'B-202' WHERE key = '1'",
    "payment not ours after all": "UPDATE provider_txn SET verdict = 'foreign', amount = 0,"
    " transfer_id = NULL, reason = 'other' WHERE txn = 'T00000001'",
    "payment in suspense credited": "UPDATE provider_txn SET verdict = 'credited', reason = ''"
    " WHERE reason = 'other_amount'",
    "paid order open again": "UPDATE pay_order SET state = 'open', paid_txn = '' WHERE key = '1'",
    "order paid by nothing": "UPDATE pay_order SET state = 'paid' WHERE key = '2'",
    "order paid by another's payment": "UPDATE pay_order SET state = 'paid',"
    " paid_txn = 'T00000001' WHERE key = '2'",
    "order of a paid payment deleted": "DELETE FROM pay_order WHERE key = '1'",
    "suspense assigned without a transfer": "INSERT INTO suspense_assignment SELECT site,"
    " provider, txn, 'A-101', recorded_at, 'anna', 'hers', transfer_id FROM provider_txn"
    " WHERE reason = 'order_unknown'",
    "refund deleted": "DELETE FROM provider_refund WHERE state = 'reserved'",
    "refund of more than was paid": "UPDATE provider_refund SET txn = 'T00000005'"
    " WHERE state <> 'closed'",
    "refund of another's payment": "UPDATE provider_refund SET account = 'B-202'"
    " WHERE state = 'closed'; UPDATE provider_txn SET account = 'B-202' WHERE txn = 'T00000001'",
    "refund that succeeded after all": "UPDATE provider_refund SET state = 'succeeded'"
    " WHERE state = 'closed'",
    "refund that is still under way": "UPDATE provider_refund SET state = 'processing'"
    " WHERE state = 'succeeded'",
    "refund of nothing": "INSERT INTO provider_refund SELECT site, id || '*', reference || '*',"
    " provider, txn, order_id, account, fund, amount, reason, user, state, provider_ref,"
    " created_at, changed_at, note FROM provider_refund WHERE state = 'closed'",
    "fee forgiven": "DELETE FROM bill_line WHERE ref = 'T00000001'",
    "fee of nothing": "UPDATE bill_line SET fee = fee + 1 WHERE ref = 'T00000002'",
    "suspense assigned to nobody": "DELETE FROM suspense_assignment WHERE account IS NOT NULL",
    "suspense given to somebody else": "UPDATE suspense_assignment SET account = 'B-202'"
    " WHERE account IS NOT NULL",
    "notice rewritten": "UPDATE payment_notice SET body = replace(body, 'CNY', 'USD')",
    "refund paid without a trace": "DELETE FROM transfer WHERE kind = 'post'",
    "refund that never ended": "UPDATE transfer SET kind = 'posted', pending_id = NULL"
    " WHERE kind = 'void'",
}
"""What changes more than a value of the rich book, by name."""

OLD_TAMPERINGS = {
    "migration set back": "UPDATE migration SET seq = seq - 1",
    "migration put off": "UPDATE migration SET seq = seq + 1",
    "old charge deleted": "DELETE FROM charge WHERE from_wh = 3000",
    "old charge made a new one": "UPDATE charge SET hash = '' WHERE from_wh = 1000",
    "old charge cheaper": "UPDATE charge SET price = 0, amount = 0, transfer_id = NULL"
    " WHERE from_wh = 3000",
    "old transfer with an outcome": "UPDATE transfer SET outcome = 'x' WHERE seq = 1",
    "old charge, other transfer": "UPDATE charge SET transfer_id = 'top:desk-1:A-101'"
    " WHERE from_wh = 3000",
    "old charge without its transfer": "UPDATE transfer SET id = id || '*'"
    " WHERE id = 'chg:33B0250100001:1:3000'",
}
"""What changes a book that began in version 1, by name."""


async def _write_small(path: Path) -> None:
    """Write a book that uses the tables of every book."""
    await fill(path)
    ledger = await open_book(path)
    lit = MeterSerial("33B-LIT")
    await ledger.run(switch(HoldKind.OVERLOAD, place=True, meter=lit))
    await ledger.run(switch(HoldKind.OVERLOAD, place=False, meter=lit))
    await ledger.close()


async def _write_old(path: Path) -> None:
    """Go on with a book that version 1 wrote."""
    text = Path(__file__).with_name("books").joinpath("v1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.executescript(text)
    ledger = await open_book(path)
    for work in (use(1000, "flat"), use(100, "free"), top_up("desk-3", 1)):
        await ledger.run(work)
    await ledger.close()


_WRITERS = {"small": _write_small, "rich": write_rich_book, "old": _write_old}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the good books; written once, changed and put back for each tampering."""
    folder = tmp_path_factory.mktemp("ledger")
    paths = {name: folder / f"{name}.db" for name in BOOKS}
    for name, write in _WRITERS.items():
        asyncio.run(write(paths[name]))
    return paths


@pytest.fixture(scope="module")
def tampered_books(
    books: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, TamperedBook]]:
    """Return the books without their guards."""
    folders = {name: tmp_path_factory.mktemp(name) for name in BOOKS}
    with (
        tampered(books["small"], folders["small"], SITE) as small,
        tampered(books["rich"], folders["rich"], RICH_SITE) as rich,
        tampered(books["old"], folders["old"], SITE) as old,
    ):
        yield {"small": small, "rich": rich, "old": old}


@pytest.fixture
def small(tampered_books: dict[str, TamperedBook]) -> TamperedBook:
    """Return the small book."""
    return tampered_books["small"]


def test_good_book_has_no_faults(small: TamperedBook) -> None:
    """The control: what was written by the ledger itself is found in order, and counted."""
    found = small.audit()
    assert found.faults == ()
    assert found.ok
    assert found.transfers == 10
    assert found.charged_wh == found.register_wh == 700 + 1300 + 250 + 90


@pytest.mark.parametrize("name", BOOKS)
def test_good_books_have_no_faults(tampered_books: dict[str, TamperedBook], name: str) -> None:
    """The control for the others, of which one uses all that there is, and one began long ago."""
    found = tampered_books[name].audit()
    assert found.faults == ()
    assert found.hints == ()
    assert found.charged_wh == found.register_wh > 0


def test_books_in_bulk_are_good(tmp_path: Path) -> None:
    """What benchmarks measure on is a book like any other."""
    path = tmp_path / "big.db"
    write_big_book(path, meters=3, days=40)
    with tampered(path, tmp_path, SITE) as book:
        found = book.audit()
    assert found.faults == ()
    assert found.transfers == 3 * (40 * 25 + 2)
    assert found.charged_wh == found.register_wh > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_changed_value_is_noticed(
    tampered_books: dict[str, TamperedBook], figure: Callable[[str], None]
) -> None:
    """A number one more or less, a letter too many: found wherever money or energy hang on it."""
    noticed, impossible, missed = 0, 0, []
    unseen: dict[str, set[str]] = {}
    for book in tampered_books.values():
        for table, column, statement in book.edits():
            try:
                ok = book.audit(statement).ok
            except IntegrityError:  # a key forbids it, whoever tries
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
    assert noticed > 1500


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_noticed(small: TamperedBook, name: str) -> None:
    """Rows that are gone, doubled, moved or made up are noticed, whoever covered the traces."""
    assert small.audit(TAMPERINGS[name]).faults


@pytest.mark.parametrize("name", RICH_TAMPERINGS)
def test_tampering_with_all_the_rest_is_noticed(
    tampered_books: dict[str, TamperedBook], name: str
) -> None:
    """So it is with fees, supplies, corrections, taxes, debts and statements."""
    assert tampered_books["rich"].audit(RICH_TAMPERINGS[name]).faults


@pytest.mark.parametrize("name", OLD_TAMPERINGS)
def test_tampering_with_an_old_book_is_noticed(
    tampered_books: dict[str, TamperedBook], name: str
) -> None:
    """What version 1 wrote is as safe as before."""
    assert tampered_books["old"].audit(OLD_TAMPERINGS[name]).faults


def test_faults_are_told_in_words(small: TamperedBook) -> None:
    """A fault names the row, what it says and what it should say, in units of currency."""
    faults = small.audit("UPDATE account SET cr = cr + 1000000 WHERE id = 'asset:cash'").faults
    assert (
        "ledger account asset:cash: cr says 0.001000000, its transfers make 0.000000000" in faults
    )
    assert "transfer 9 (chg:33B0250100001:2:0): its charge is missing" in (
        small.audit("DELETE FROM charge WHERE generation = 2").faults
    )
    gap = small.audit("UPDATE charge SET from_wh = 1710 WHERE from_wh = 1700").faults
    assert f"charge {METER}/1 at 1710 Wh: 10 Wh before it are not charged" in gap
    price = small.audit(TAMPERINGS["tariff made cheaper"]).faults
    assert price[0] == (
        f"charge {METER}/1 at 1000 Wh: was charged 0.617300000 per kWh, "
        "its tariff has 0.617200000 for this period and tier"
    )
    relay = small.audit("UPDATE relay_demand SET closed = 1").faults
    assert relay == (f"relay of {METER}: 1 holds stand, and it is demanded closed",)


def test_pending_for_too_long_is_a_hint(tampered_books: dict[str, TamperedBook]) -> None:
    """A refund that was never paid out nor given up is no fault of the book, but of somebody."""
    book = tampered_books["rich"]
    found = book.audit(
        "UPDATE transfer SET recorded_at = recorded_at - 691200000000 WHERE kind = 'pending'"
    )
    assert set(found.hints) == {
        "rfd:open:A-101: 10.000000000 have been pending for 10 days",
        *(f"rfd:back {n}:A-101: 2.000000000 have been pending for 10 days" for n in (0, 3, 4, 5)),
    }


@pytest.mark.parametrize(
    ("tiers", "tier", "prices"),
    [
        ([], 1, {617_300}),
        ([], 2, set()),
        ([], 0, set()),
        ([{"up_to": "2000"}, {"adder": "0.05"}], 1, {617_300}),
        ([{"up_to": "2000"}, {"adder": "0.05"}], 2, {667_300}),
        ([{"up_to": "2000"}, {"price": "0.9"}], 2, {900_000}),
        ([{"up_to": "2000"}, {"price": "0.0000001"}], 2, {-1}),
        ([{"up_to": "2000"}, {"prices": {"flat": "0.8"}}], 2, {800_000}),
        ([{"up_to": "2000"}, {"prices": {"peak": "0.8"}}], 2, set()),
        ([{"up_to": "2000"}, {"price": "cheap"}], 2, set()),
        ({"flat": [{"up_to": "2000"}, {"price": "0.9"}]}, 2, {900_000}),
        ({"peak": [{"up_to": "2000"}, {"price": "0.9"}]}, 1, {617_300}),
        ({"peak": [{"up_to": "2000"}, {"price": "0.9"}]}, 2, set()),
    ],
)
def test_price_of_a_tariff(tiers: object, tier: int, prices: set[int]) -> None:
    """The auditor finds the price of a period and tier by itself."""
    tariff = {"prices": {"flat": "0.6173"}, "tiers": tiers}
    tariffs = Tariffs(9, {("Retail", "2026-01-01#2"): tariff})
    assert tariffs.prices(Version("Retail", "2026-01-01", 2), "flat", tier) == prices


def test_prices_of_seasons() -> None:
    """E2: percentages of a base price, and of that by season, are what the examples say."""
    tariff = {
        "base_price": "0.6",
        "prices": {"peak": "+50 %", "flat": "0 %", "valley": "-50 %"},
        "seasons": [
            {"name": "wet", "months": ["6-10"], "percent": "-10"},
            {"name": "dry", "months": ["12-4"], "percent": "20"},
            {"name": "own", "from": "05-01", "to": "05-03", "prices": {"peak": "0.7"}},
        ],
    }
    tariffs = Tariffs(9, {("E2", "2026-01-01"): tariff})
    version = Version("E2", "2026-01-01", 1)
    assert tariffs.prices(version, "peak", 1) == {900_000, 810_000, 1_080_000, 700_000}
    assert tariffs.prices(version, "valley", 1) == set()  # a season has no price for it
    del tariff["seasons"]
    assert tariffs.prices(version, "valley", 1) == {300_000}


def test_other_sites_book_is_none_of_its_business(small: TamperedBook) -> None:
    """Only the site's own rows are read."""
    assert small.audit("INSERT INTO chain_head VALUES ('elsewhere', 9, 'x', 1, '', 0, '')").ok


def test_many_faults_are_counted(tmp_path: Path) -> None:
    """A book in ruins is told with a bounded number of faults."""
    path = tmp_path / "big.db"
    write_big_book(path, meters=2, days=5)
    with tampered(path, tmp_path, SITE) as book:
        faults = book.audit("UPDATE transfer SET user = 'nobody'").faults
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == f"and {2 * (5 * 25 + 1) - MAX_FAULTS} more"


async def test_faults_make_the_ledger_read_only(books: dict[str, Path], tmp_path: Path) -> None:
    """After a failed check nothing is written; what is there can still be read."""
    path = tmp_path / "ledger.db"
    shutil.copy(books["small"], path)
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


async def test_damaged_index_is_noticed(books: dict[str, Path], tmp_path: Path) -> None:
    """A look-up that no longer finds what is there is a fault, though the rows are right."""
    path = tmp_path / "ledger.db"
    shutil.copy(books["small"], path)
    with closing(sqlite3.connect(path, autocommit=True)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        pages = dict(
            raw.execute(
                "SELECT name, rootpage FROM sqlite_schema WHERE name LIKE 'transfer_%it_at'"
            )
        )
        for name, page in zip(pages, reversed(pages.values()), strict=True):
            raw.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = ?", (page, name))
    ledger = await open_book(path)
    found = await ledger.verify()
    assert any(fault.startswith("database file: ") for fault in found.faults)
    assert any("transfers are found by their" in fault for fault in found.faults)
    assert ledger.read_only_reason is not None
    await ledger.close()
