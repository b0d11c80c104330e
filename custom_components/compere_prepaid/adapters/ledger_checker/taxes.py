"""Audit of taxes that come on top: of all that was charged, rounded down once, and booked."""

from collections.abc import Mapping

from .allocations import Allocated
from .book import Book
from .chain import Walk
from .corrections import Corrections
from .energy import Energy
from .fees import Fees
from .tariffs import Tariffs

_PPM = 1_000_000
_FUNDS = frozenset({"electricity", "service"})

type _Net = tuple[str, str, int]


def audit_taxes(
    book: Book, tariffs: Tariffs, walk: Walk, charged: tuple[Energy, Fees, Corrections, Allocated]
) -> None:
    """Compare tax totals with what was charged, and the tax transfers with the tax totals."""
    nets = _nets(tariffs, *charged)
    due: dict[tuple[str, str], int] = {}
    for row in book.rows("SELECT * FROM tax_total WHERE site = :site ORDER BY account, fund, ppm"):
        account, fund, ppm = row["account"], row["fund"], row["ppm"]
        name = f"tax of {account} ({fund}, {ppm} ppm)"
        net = nets.pop((account, fund, ppm), 0)
        book.expect(fund in _FUNDS and 0 < ppm <= _PPM, f"{name}: there is no such tax")
        book.expect(
            row["net"] == net,
            f"{name}: says {book.money(row['net'])}, what was charged makes {book.money(net)}",
        )
        tax = row["net"] * ppm // _PPM
        book.expect(
            row["tax"] == tax,
            f"{name}: is {book.money(row['tax'])}, should be {book.money(tax)}",
        )
        due[account, fund] = due.get((account, fund), 0) + row["tax"]
    for (account, fund, ppm), net in sorted(nets.items()):
        book.expect(net == 0, f"tax of {account} ({fund}, {ppm} ppm): there is no total for it")
    _compare_booked(book, walk, due)


def _nets(
    tariffs: Tariffs, energy: Energy, fees: Fees, corrections: Corrections, allocated: Allocated
) -> dict[_Net, int]:
    """Add up all that was charged at a tax rate."""
    nets: dict[_Net, int] = {}
    for use, wh in energy.used.items():
        place = (use.account, "electricity", tariffs.excluded_tax(use.version, "energy"))
        nets[place] = nets.get(place, 0) + wh * use.price
    for more in (fees.net, corrections.net, allocated.net):
        for place, amount in more.items():
            nets[place] = nets.get(place, 0) + amount
    return {place: net for place, net in nets.items() if place[2]}


def _compare_booked(book: Book, walk: Walk, due: Mapping[tuple[str, str], int]) -> None:
    """Compare the taxes that were booked with those that are due."""
    booked: dict[tuple[str, str], int] = {}
    for (debit, credit, code, _), (amount, _count) in walk.moved.items():
        if code != "tax":
            continue
        forth = credit == "liability:tax"
        payer, other = (debit, credit) if forth else (credit, debit)
        kind, _, rest = payer.partition(":tenant:")
        account, _, fund = rest.rpartition(":")
        if (kind, other) != ("liability", "liability:tax"):
            book.fault(f"a tax was booked from {debit} to {credit}")
        place = (account, fund)
        booked[place] = booked.get(place, 0) + (amount if forth else -amount)
    for place in sorted(booked.keys() | due.keys()):
        says, makes = booked.get(place, 0), due.get(place, 0)
        book.expect(
            says == makes,
            f"tax of {place[0]} ({place[1]}): {book.money(says)} were booked, "
            f"{book.money(makes)} are due",
        )
