"""Audit of allocation runs: shares add up to their pools, and what was posted is what was kept.

A run is sealed by a digest over all that belongs to it. Each posted share has exactly one transfer,
each that was taken back has its counterpart, and no two posted runs share a day of a pool, nor have
more than all of a meter, of a feeder's losses or of a bill together. The bills that posted runs
have parts of count, and no bill counts twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from .book import Book, Row, parsed
from .chain import Walk
from .fees import day_of

_RUNS = "SELECT * FROM allocation_run WHERE site = :site ORDER BY since, until, id"
_STEPS = 'SELECT * FROM allocation_step WHERE site = :site ORDER BY run, "at", step'
_SHARES = """
    SELECT s.account, s.amount, s.content,
           t.debit, t.credit, t.amount AS moved, t.code, t.kind, t.effective_at, t.source, t.detail,
           b.debit AS back_debit, b.credit AS back_credit, b.amount AS back_amount,
           b.code AS back_code, b.kind AS back_kind, b.detail AS back_detail
    FROM allocation_share s
    LEFT JOIN transfer t ON t.site = s.site AND t.id = 'alloc:' || s.run || ':' || s.account
    LEFT JOIN transfer b ON b.site = s.site
      AND b.id = 'alloc:' || s.run || ':' || s.account || ':' || 'reversed'
    WHERE s.site = :site AND s.run = :run
"""
_STRAY = """
    SELECT s.run FROM allocation_share s
    LEFT JOIN allocation_run r ON r.site = s.site AND r.id = s.run
    WHERE s.site = :site AND r.id IS NULL
"""
_BILLS = """
    SELECT b.*, c.supplier IS NOT NULL AS cancelled FROM supplier_bill b
    LEFT JOIN bill_cancellation c ON c.site = b.site AND c.supplier = b.supplier
      AND c.number = b.number AND c.revision = b.revision
    WHERE b.site = :site ORDER BY b.supplier, b.number, b.revision
"""
_TAG = "compere_prepaid allocation 1"
_SHARED = "income:shared"
_STEPS_IN_ORDER = {("posted",), ("rejected",), ("posted", "reversed"), ()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PPM = 1_000_000
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)

type _BillKey = tuple[str, str, int]
type _Source = tuple[str, str, str, int]
"""`meter`, `feeder` or `supplier` and its name; of a bill also its number and revision."""


class _Part(NamedTuple):
    """What a run has of a bill: a line of what a pool cost."""

    run: str
    since: str
    until: str
    bill: _BillKey
    line: Mapping[str, Any]
    stands: bool
    """Whether the run was not taken back."""


@dataclass(slots=True)
class Allocated:
    """What all posted runs that stand add up to."""

    net: dict[tuple[str, str, int], int] = field(default_factory=dict)
    """Amount before tax, by account, fund and tax rate."""
    count: int = 0
    moved: int = 0
    """How many transfers there must be, and how much they move."""
    spans: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """By pool the days of the runs that stand."""
    taken: dict[_Source, list[tuple[str, str, str, int]]] = field(default_factory=dict)
    """Of what runs that stand have a part: their days, and how many millionths."""
    parts: list[_Part] = field(default_factory=list)
    """What runs that were posted have of bills."""


def audit_allocations(book: Book, walk: Walk) -> Allocated:
    """Check all runs, their transfers, and the bills."""
    found = Allocated()
    steps: dict[str, list[Row]] = {}
    for row in book.rows(_STEPS):
        steps.setdefault(row["run"], []).append(row)
    for run in list(book.rows(_RUNS)):
        _audit_run(book, run, steps.pop(run["id"], []), found)
    for name in sorted(steps.keys() | {row["run"] for row in book.rows(_STRAY)}):
        book.fault(f"allocation {name}: there is no such run")
    _audit_spans(book, found)
    _audit_taken(book, found)
    _audit_bills(book, found)
    booked = [tally for way, tally in walk.moved.items() if way[2] == "allocation"]
    count, moved = sum(tally[1] for tally in booked), sum(tally[0] for tally in booked)
    book.expect(
        (count, moved) == (found.count, found.moved),
        f"allocations: {count} transfers of {book.money(moved)} were booked, "
        f"{found.count} of {book.money(found.moved)} were approved or taken back",
    )
    return found


def _audit_run(book: Book, run: Row, steps: Sequence[Row], found: Allocated) -> None:
    """Check a run, and add up what it posted."""
    name = f"allocation {run['id']}"
    taken = tuple(row["step"] for row in steps)
    book.expect(taken in _STEPS_IN_ORDER, f"{name}: its steps are {', '.join(taken)}")
    in_time = all(row["at"] >= run["at"] for row in steps)
    book.expect(in_time, f"{name}: a step was taken before it was worked out")
    inputs, results = parsed(run["inputs"]), parsed(run["result"])
    shares = sorted(book.rows(_SHARES, run=run["id"]), key=lambda row: row["account"])
    book.expect(_digest(run, shares) == run["digest"], f"{name}: its digest is of something else")
    try:
        _audit_content(book, name, run, (inputs, results), shares)
        rates = {pool["name"]: _rate(pool) for pool in inputs["pools"]}
        parts = list(_parts(run, results, stands="reversed" not in taken))
        sources = _sources(results)
    except AttributeError, KeyError, TypeError, ValueError, IndexError:
        book.fault(f"{name}: cannot be read")
        return
    posted, back = "posted" in taken, "reversed" in taken
    for row in shares:
        _audit_posting(book, run, row, posted=posted, back=back)
        if posted and row["amount"]:
            found.count += 1 + back
            found.moved += abs(row["amount"]) * (1 + back)
        if posted and not back:
            for line in parsed(row["content"]):
                place = (row["account"], "service", rates[line["pool"]])
                found.net[place] = found.net.get(place, 0) + line["amount"]
    if posted:
        found.parts += parts
    if posted and not back:
        span = (run["since"], run["until"], run["id"])
        for result in results:
            found.spans.setdefault(result["pool"], []).append(span)
        for source, ppm in sources.items():
            found.taken.setdefault(source, []).append((*span, ppm))


def _digest(run: Row, shares: Sequence[Row]) -> str:
    """Return the digest over all of a run."""
    parts = [_TAG, run["inputs"], run["result"]]
    for row in shares:
        parts += [row["account"], row["content"]]
    whole = sha256()
    for part in parts:
        raw = part.encode()
        whole.update(f"{len(raw)}:".encode() + raw)
    return whole.hexdigest()


def _audit_content(
    book: Book, name: str, run: Row, content: tuple[Any, Any], shares: Sequence[Row]
) -> None:
    """Check that a run is of its days, and that its shares add up to its pools."""
    inputs, results = content
    days = (inputs["since"], inputs["until"]) == (run["since"], run["until"])
    book.expect(days, f"{name}: was worked out of other days")
    book.expect(inputs["currency"] == book.currency, f"{name}: is in another currency")
    owner = inputs.get("owner")
    tenants: dict[str, int] = {}
    owners: dict[str, int] = {}
    for row in shares:
        lines = parsed(row["content"])
        total = sum(line["amount"] for line in lines)
        book.expect(total == row["amount"], f"{name}: the share of {row['account']} is another one")
        side = owners if row["account"] == owner else tenants
        for line in lines:
            side[line["pool"]] = side.get(line["pool"], 0) + line["amount"]
    pools = {pool["name"] for pool in inputs["pools"]}
    book.expect(pools == {one["pool"] for one in results}, f"{name}: its pools are other ones")
    for one in results:
        pool = f"{name}, pool {one['pool']}"
        book.expect(one["tenants"] + one["owner"] == one["cost"], f"{pool}: does not add up")
        fits = tenants.pop(one["pool"], 0) == one["tenants"]
        book.expect(fits, f"{pool}: the tenants' shares do not make their part")
        fits = owner is None or owners.get(one["pool"], 0) == one["owner"]
        book.expect(fits, f"{pool}: the owner's share is not the rest")
    book.expect(not tenants, f"{name}: there are shares of no pool")


def _rate(pool: Mapping[str, Any]) -> int:
    """Return the tax that comes on top of a pool's shares."""
    return 0 if pool.get("tax_included") else int(pool.get("tax_ppm", 0))


def _audit_posting(book: Book, run: Row, row: Row, *, posted: bool, back: bool) -> None:
    """Compare the transfers of a share with what must have been booked."""
    name = f"allocation {run['id']} of {row['account']}"
    if not row["amount"] or not posted:
        none = row["moved"] is None and row["back_amount"] is None
        book.expect(none, f"{name}: was booked, but was not to be")
        return
    payer = f"liability:tenant:{row['account']}:service"
    forth = (payer, _SHARED) if row["amount"] > 0 else (_SHARED, payer)
    amount, digest = abs(row["amount"]), run["digest"]
    says = tuple(row[key] for key in ("debit", "credit", "moved", "code", "kind", "detail"))
    book.expect(
        says == (*forth, amount, "allocation", "posted", digest),
        f"{name}: its transfer is missing or says something else",
    )
    end = day_of(run["until"])
    if end is not None and row["effective_at"] is not None:
        midnight = datetime(end.year, end.month, end.day, tzinfo=UTC)
        off = row["effective_at"] - (midnight - _EPOCH) // timedelta(microseconds=1)
        book.expect(abs(off) <= _DAY_US, f"{name}: is not effective at the end of its days")
    keys = ("back_debit", "back_credit", "back_amount", "back_code", "back_kind", "back_detail")
    says = tuple(row[key] for key in keys)
    wanted = (*forth[::-1], amount, "allocation", "posted", digest) if back else (None,) * 6
    book.expect(says == wanted, f"{name}: what took it back is missing or says something else")


def _audit_spans(book: Book, found: Allocated) -> None:
    """Check that no day of a pool was charged twice."""
    for pool, spans in sorted(found.spans.items()):
        reached = ""
        for since, until, run in sorted(spans):
            book.expect(since >= reached, f"allocation {run}: {pool} was charged for a day twice")
            reached = max(reached, until)


def _sources(results: Any) -> dict[_Source, int]:
    """Return how many millionths a run has of each meter, feeder and bill.

    Lines that say the same but for the energy are one part.
    """
    parts: set[tuple[_Source, int, tuple[Any, ...]]] = set()
    for result in results:
        for line in result.get("lines", ()):
            detail = line.get("detail", {})
            ppm = detail.get("ppm", _PPM)
            rate = detail.get("tariff", detail.get("price"))
            for kind in ("meter", "feeder", "supplier"):
                if kind in detail and ppm > 0 and "missing" not in detail:
                    number, revision = detail.get("number", ""), detail.get("revision", 0)
                    source = (kind, detail[kind], number, revision)
                    parts.add((source, ppm, (result["pool"], line.get("fixed", False), rate)))
    found: dict[_Source, int] = {}
    for source, ppm, _ in parts:
        found[source] = found.get(source, 0) + ppm
    return found


def _audit_taken(book: Book, found: Allocated) -> None:
    """Check that runs together have no more than all of anything on any day."""
    for (kind, name, number, _), spans in sorted(found.taken.items()):
        what = f"bill {number} of {name}" if kind == "supplier" else f"{kind} {name}"
        for day in sorted({since for since, *_ in spans}):
            on_day = [(run, ppm) for since, until, run, ppm in spans if since <= day < until]
            fits = len(on_day) == 1 or sum(ppm for _, ppm in on_day) <= _PPM
            runs = ", ".join(run for run, _ in on_day)
            book.expect(fits, f"allocations {runs}: {what} was charged for {day} more than once")


def _parts(run: Row, results: Any, *, stands: bool) -> Iterator[_Part]:
    """Yield what a run has of bills."""
    for result in results:
        for line in result.get("lines", ()):
            detail = line.get("detail", {})
            if "supplier" in detail:
                bill = (detail["supplier"], detail["number"], detail["revision"])
                yield _Part(run["id"], run["since"], run["until"], bill, line, stands)


def _audit_bills(book: Book, found: Allocated) -> None:
    """Check that each bill counts once, and that what was charged of bills is what they say."""
    bills = {(row["supplier"], row["number"], row["revision"]): row for row in book.rows(_BILLS)}
    revisions: dict[tuple[str, str], list[Row]] = {}
    for (supplier, number, _), row in bills.items():
        revisions.setdefault((supplier, number), []).append(row)
    for (supplier, number), rows in revisions.items():
        name = f"bill {number} of {supplier}"
        numbers = [row["revision"] for row in rows]
        book.expect(numbers == list(range(1, len(rows) + 1)), f"{name}: a revision is missing")
        counting = [row["revision"] for row in rows if not row["cancelled"]]
        book.expect(counting in ([], numbers[-1:]), f"{name}: counts more than once")
        for row in rows:
            sign = 1 if row["amount"] >= 0 else -1
            can_be = 0 <= row["tax"] * sign <= abs(row["amount"]) and row["energy_wh"] >= 0
            whole = not any(row[key] % _coins(book)[-1] for key in ("amount", "tax"))
            book.expect(can_be and whole, f"{name}: cannot be true")
    for part in found.parts:
        name = f"allocation {part.run}, bill {part.bill[1]} of {part.bill[0]}"
        bill = bills.get(part.bill)
        if bill is None or (bill["cancelled"] and part.stands):
            book.fault(f"{name}: was charged, but does not count")
        else:
            fits = bill["name"] == part.line["name"] and _is_part(book, part, bill)
            book.expect(fits, f"{name}: what was charged is not its part of these days")


def _coins(book: Book) -> tuple[int, ...]:
    """Return what a coin may be: a whole unit, or so many digits of one."""
    return (10**book.scale,) if book.scale == 6 else (10**7, 10**6)


def _is_part(book: Book, part: _Part, bill: Row) -> bool:
    """Tell whether a line is what falls on a run's days: rounded down to coins, cumulatively."""
    first, behind, since, until = (
        day_of(text) for text in (bill["since"], bill["until"], part.since, part.until)
    )
    if first is None or behind is None or since is None or until is None:
        return False
    days = (behind - first).days
    begin, end = max(0, (since - first).days), min(days, (until - first).days)
    detail, amount = part.line["detail"], bill["amount"]
    for coin in _coins(book):
        before = amount * begin // days // coin * coin
        share = (amount if end == days else amount * end // days // coin * coin) - before
        whole = detail.get("ppm", _PPM)
        if part.line["amount"] == share * whole // _PPM:
            return bool((detail["days"], detail["of_days"]) == (end - begin, days))
    return False
