"""Rating again: what was used in a time, under a corrected tariff; only the difference is booked.

The charges stay as they are. A rerating keeps, for each charge that changed, lines that tile it at
the new prices, and one counter-transfer carries the difference. Tiers are climbed anew from the
beginning of the month. Standing charges, demand and minimum are not touched.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from ..errors import InvalidInputError
from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import (
    Correction,
    Rerating,
)
from ..ledger.accounts import CORRECTION, Fund, tenant
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import (
    Charge,
    NewTransfer,
    TransferCode,
)
from ..money.amount import Amount
from ..tariff.model import LineKind, Tariff, Used
from ..tariff.rating import Interval, RatedLine, rate, used_with
from .book import AccountBook
from .calendar import day_start, month_of
from .settlement import AccountDue
from .slip import Slip


@dataclass(frozen=True, slots=True, kw_only=True)
class RerateRequest:
    """What is to be rated again, and why; `run` names it for ever."""

    run: str
    since: datetime
    until: datetime
    reason: str
    user: str
    tariff: str | None = None
    """Another tariff than the charges were made by; None: the same, as it stands now."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerated:
    """What rating again gave."""

    charges: int
    """How many charges lie in the time."""
    changed: int
    difference: Amount
    """New less old, before tax; above zero the tenant pays more."""
    tax: Amount
    replayed: bool = False


class _Priced(NamedTuple):
    """What a part of a charge costs, and by what."""

    amount: Amount
    tax_ppm: int
    tariff: str
    valid_from: date
    revision: int
    period: str
    tier: int


@dataclass(slots=True)
class _Change:
    """A charge with its present parts and its new lines."""

    charge: Charge
    before: Sequence[_Priced]
    lines: Sequence[RatedLine]

    @property
    def after(self) -> Sequence[_Priced]:
        """What the new lines cost."""
        return [
            _Priced(
                *(line.amount, line.tax_ppm, line.tariff, line.valid_from),
                *(line.revision, line.period, line.tier),
            )
            for line in self.lines
        ]

    @property
    def difference(self) -> int:
        """New less old."""
        return sum(part.amount for part in self.after) - sum(part.amount for part in self.before)


@dataclass(slots=True)
class Rerater:
    """Rates the past of accounts again."""

    book: AccountBook

    async def rerate(self, number: str, request: RerateRequest) -> Rerated:
        """Book the difference that a corrected tariff makes; once for a run.

        Raises `InvalidInputError`: `account_unknown`, `reason_missing`, `time_order`,
        `tariff_unknown`, `tariff_not_in_force`, `reference_reused` (this run had another content).
        """
        if not request.reason.strip():
            raise InvalidInputError("reason_missing")
        if request.until <= request.since:
            raise InvalidInputError("time_order")
        account = self.book.account(number).number
        other = None if request.tariff is None else self.book.tariff(request.tariff)

        def work(slip: Slip, _due: AccountDue) -> Rerated:
            known = slip.tx.find(Rerating, run=request.run, account=account)
            if known is not None:
                return _replay(known, request)
            changes = list(self._changes(slip.tx, account, request, other))
            return self._book(slip, request, changes)

        if request.dry_run:
            changes = await self.book.ledger.read(
                lambda tx: list(self._changes(tx, account, request, other))
            )
            return _told(changes)
        cause = f"rerate:{request.run}"
        return (await self.book.transact([account], cause, work))[account]

    def _changes(
        self,
        tx: LedgerTransaction,
        account: AccountNumber,
        request: RerateRequest,
        other: Tariff | None,
    ) -> Iterator[_Change]:
        """Yield the charges of the time with their new lines, climbing tiers from the month on."""
        zone = self.book.zone
        month = month_of(request.since, zone)
        used: dict[date, Used] = {}
        for charge in tx.charges(account, day_start(month, zone), request.until):
            tariff = other or self.book.tariff(charge.tariff)
            interval = Interval(charge.from_wh, charge.to_wh, charge.from_at, charge.to_at)
            began = month_of(charge.from_at, zone)
            before = used.get(began, Used())
            lines = rate(tariff, interval, zone=zone, used=before, later=used)
            for line in lines:
                key = month_of(line.from_at, zone)
                wh = line.to_wh - line.from_wh
                used[key] = used_with(used.get(key, Used()), line.period, wh)
            if charge.from_at >= request.since:
                yield _Change(charge, self._standing(tx, charge), lines)

    def _standing(self, tx: LedgerTransaction, charge: Charge) -> Sequence[_Priced]:
        """Return what a charge costs as it stands: by its latest correction, or as charged."""
        corrections = tx.rows(
            Correction,
            meter=charge.meter,
            generation=charge.generation,
            charge_from_wh=charge.from_wh,
        )
        if corrections:
            latest = max(
                {line.run for line in corrections},
                key=lambda run: _rerated_at(tx, run, charge.account),
            )
            return [_priced(line, line.tax_ppm) for line in corrections if line.run == latest]
        version = self.book.tariff(charge.tariff).find_exact(
            charge.tariff_valid_from, charge.revision
        )
        ppm = version.tax(LineKind.ENERGY).excluded_ppm if version else 0
        return [_priced(charge, ppm)]

    def _book(self, slip: Slip, request: RerateRequest, changes: Iterable[_Change]) -> Rerated:
        """Keep the new lines and book the difference, with its tax."""
        changes = list(changes)
        told = _told(changes)
        account, difference = slip.account, told.difference
        transfer_id = TransferId(f"cor:{request.run}:{account}")
        ends = (tenant(account), CORRECTION) if difference > 0 else (CORRECTION, tenant(account))
        transfer = NewTransfer(
            id=transfer_id,
            debit=ends[0],
            credit=ends[1],
            amount=Amount(abs(difference)),
            code=TransferCode.CORRECTION,
            effective_at=slip.at,
            source="rerating",
            user=request.user,
            reason=request.reason.strip(),
        )
        if difference:
            post_new(slip.tx, transfer, slip.at)
            slip.spent += difference
        slip.tx.add(
            Rerating(
                run=request.run,
                account=account,
                since=request.since,
                until=request.until,
                at=slip.at,
                user=request.user,
                reason=request.reason.strip(),
                difference=difference,
                transfer_id=transfer_id if difference else None,
            )
        )
        for change in _changed(changes):
            for line in change.lines:
                slip.tx.add(_correction(request.run, change.charge, line))
                slip.tax(Fund.ELECTRICITY, line.tax_ppm, line.amount, transfer)
            for part in change.before:
                slip.tax(Fund.ELECTRICITY, part.tax_ppm, -part.amount, transfer)
        return told


def _replay(known: Rerating, request: RerateRequest) -> Rerated:
    """Return what the first run of this name did, if it was the same."""
    same = (known.since, known.until, known.reason) == (
        request.since,
        request.until,
        request.reason.strip(),
    )
    if not same:
        raise InvalidInputError("reference_reused", reference=request.run)
    return Rerated(charges=0, changed=0, difference=known.difference, tax=Amount(0), replayed=True)


def _told(changes: Sequence[_Change]) -> Rerated:
    difference = sum(change.difference for change in changes)
    tax = 0
    for change in changes:
        tax += sum(part.amount * part.tax_ppm for part in change.after)
        tax -= sum(part.amount * part.tax_ppm for part in change.before)
    return Rerated(
        charges=len(changes),
        changed=sum(1 for _ in _changed(changes)),
        difference=Amount(difference),
        tax=Amount(tax // 1_000_000),
    )


def _changed(changes: Iterable[_Change]) -> Iterator[_Change]:
    """Yield the charges that cost something else now, or for another reason."""
    return (change for change in changes if list(change.before) != list(change.after))


def _priced(row: Charge | Correction, tax_ppm: int) -> _Priced:
    return _Priced(
        *(row.amount, tax_ppm, row.tariff, row.tariff_valid_from),
        *(row.revision, row.period, row.tier),
    )


def _correction(run: str, charge: Charge, line: RatedLine) -> Correction:
    return Correction(
        run=run,
        meter=charge.meter,
        generation=charge.generation,
        charge_from_wh=charge.from_wh,
        from_wh=line.from_wh,
        to_wh=line.to_wh,
        from_at=line.from_at,
        to_at=line.to_at,
        tariff=line.tariff,
        tariff_valid_from=line.valid_from,
        revision=line.revision,
        period=line.period,
        tier=line.tier,
        price=line.price,
        amount=line.amount,
        tax_ppm=line.tax_ppm,
        estimated=line.estimated or charge.estimated,
    )


def _rerated_at(tx: LedgerTransaction, run: str, account: AccountNumber) -> datetime:
    found = tx.find(Rerating, run=run, account=account)
    if found is None:
        raise AssertionError(run)
    return found.at
