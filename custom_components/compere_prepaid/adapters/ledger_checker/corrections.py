"""Audit of corrections: what was rated again tiles its charges, and the difference was booked."""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from .book import Book, Row
from .chain import Walk
from .tariffs import Tariffs, Version

_LINES = """
    SELECT l.*, c.account, c.from_wh AS first_wh, c.to_wh AS last_wh, c.from_at AS first_at,
           c.to_at AS last_at, c.amount AS charged, c.tariff AS old_tariff,
           c.tariff_valid_from AS old_valid_from, c.revision AS old_revision,
           r.at AS rerated_at, r.account AS rerated
    FROM correction l
    LEFT JOIN charge c ON c.site = l.site AND c.meter = l.meter AND c.generation = l.generation
      AND c.from_wh = l.charge_from_wh
    LEFT JOIN rerating r ON r.site = l.site AND r.run = l.run AND r.account = c.account
    WHERE l.site = :site
    ORDER BY l.meter, l.generation, l.charge_from_wh, r.at, l.run, l.from_wh
"""
_RERATINGS = """
    SELECT r.*, t.id AS booked, t.debit, t.credit, t.amount, t.code, t.kind, t.effective_at,
           t."user" AS t_user, t.reason AS t_reason
    FROM rerating r LEFT JOIN transfer t ON t.site = r.site AND t.id = r.transfer_id
    WHERE r.site = :site ORDER BY r.run, r.account
"""
_ACCOUNT = "income:correction"


@dataclass(slots=True)
class Corrections:
    """What all corrections add up to."""

    net: dict[tuple[str, str, int], int] = field(default_factory=dict)
    """What they add to what was charged before tax, by account, fund and tax rate."""
    differences: dict[tuple[str, str], int] = field(default_factory=dict)
    """By run and account."""


def audit_corrections(book: Book, tariffs: Tariffs, walk: Walk) -> Corrections:
    """Check the lines of all reratings, and the transfers that carry their differences."""
    found = Corrections()
    charge = ("meter", "generation", "charge_from_wh")
    for _, lines in groupby(book.rows(_LINES), lambda row: tuple(row[key] for key in charge)):
        standing: dict[int, int] | None = None
        for _, of_run in groupby(lines, lambda row: row["run"]):
            standing = _audit_run(book, tariffs, found, list(of_run), standing)
    count = moved = 0
    for row in book.rows(_RERATINGS):
        difference = found.differences.pop((row["run"], row["account"]), 0)
        _audit_rerating(book, row, difference)
        if row["transfer_id"] is not None:
            count, moved = count + 1, moved + abs(row["difference"])
    for run, account in found.differences:
        book.fault(f"rerating {run} of {account}: has lines but no heading")
    booked = [tally for way, tally in walk.moved.items() if way[2] == "correction"]
    book.expect(
        (sum(amount for amount, _ in booked), sum(number for _, number in booked))
        == (moved, count),
        "corrections were booked that no rerating asked for",
    )
    return found


def _audit_run(
    book: Book,
    tariffs: Tariffs,
    found: Corrections,
    lines: list[Row],
    standing: dict[int, int] | None,
) -> dict[int, int] | None:
    """Check the lines of one charge in one run; return what the charge costs by them."""
    first = lines[0]
    name = (
        f"correction {first['run']} of {first['meter']}/{first['generation']} "
        f"at {first['charge_from_wh']} Wh"
    )
    if first["account"] is None or first["rerated"] is None:
        book.fault(f"{name}: has no {'charge' if first['account'] is None else 'heading'}")
        return standing
    if standing is None:
        version = Version(first["old_tariff"], first["old_valid_from"], first["old_revision"])
        standing = {tariffs.excluded_tax(version, "energy"): first["charged"]}
    end_wh, end_at = first["first_wh"], first["first_at"]
    new: dict[int, int] = {}
    for line in lines:
        tiles = line["from_wh"] == end_wh and end_at <= line["from_at"] <= line["to_at"]
        book.expect(tiles, f"{name}: its lines do not follow one another")
        _audit_line(book, tariffs, name, line)
        new[line["tax_ppm"]] = new.get(line["tax_ppm"], 0) + line["amount"]
        end_wh, end_at = line["to_wh"], line["to_at"]
    whole = (end_wh, end_at) == (first["last_wh"], first["last_at"])
    book.expect(whole, f"{name}: its lines do not end where the charge does")
    of_run = (first["run"], first["account"])
    for ppm in new.keys() | standing.keys():
        more = new.get(ppm, 0) - standing.get(ppm, 0)
        found.differences[of_run] = found.differences.get(of_run, 0) + more
        net = (first["account"], "electricity", ppm)
        found.net[net] = found.net.get(net, 0) + more
    return new


def _audit_line(book: Book, tariffs: Tariffs, name: str, line: Any) -> None:
    """Check what a line costs."""
    version = Version(line["tariff"], line["tariff_valid_from"], line["revision"])
    wh = line["to_wh"] - line["from_wh"]
    priced = (
        line["price"] in tariffs.prices(version, line["period"], line["tier"]),
        line["amount"] == wh * line["price"] and wh > 0,
        line["tax_ppm"] == tariffs.excluded_tax(version, "energy"),
        line["estimated"] in {0, 1},
    )
    book.expect(all(priced), f"{name}: does not cost what {version} says")


def _audit_rerating(book: Book, row: Row, difference: int) -> None:
    """Check that the difference of a run was booked, in the right direction."""
    name = f"rerating {row['run']} of {row['account']}"
    book.expect(
        row["difference"] == difference,
        f"{name}: says {book.money(row['difference'])}, its lines make {book.money(difference)}",
    )
    book.expect(row["since"] < row["until"], f"{name}: is of no time")
    if row["transfer_id"] is None:
        book.expect(row["difference"] == 0, f"{name}: was not booked")
        return
    if row["booked"] is None:
        book.fault(f"{name}: its transfer {row['transfer_id']} is missing")
        return
    tenant = f"liability:tenant:{row['account']}:electricity"
    ends = (tenant, _ACCOUNT) if row["difference"] > 0 else (_ACCOUNT, tenant)
    fits = (
        row["transfer_id"] == f"cor:{row['run']}:{row['account']}",
        (row["debit"], row["credit"]) == ends,
        row["amount"] == abs(row["difference"]),
        (row["code"], row["kind"]) == ("correction", "posted"),
        (row["t_user"], row["t_reason"]) == (row["user"], row["reason"]),
        row["effective_at"] == row["at"],
    )
    book.expect(all(fits), f"{name}: its transfer {row['transfer_id']} says something else")
