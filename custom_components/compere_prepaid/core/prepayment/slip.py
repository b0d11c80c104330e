"""What one transaction books to one account: charges, fees, and the tax on them.

A slip is made for an account at the beginning of a transaction and finished before credit is looked
at, so that taxes are added up over everything that was booked.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ..ids import AccountNumber, TransferId
from ..ledger.account_rows import (
    CreditWatch,
    Decision,
    DecisionKind,
    Fee,
    FeeKind,
    TaxTotal,
    Tenancy,
)
from ..ledger.accounts import TAX, Fund, energy_income, fee_income, tenant
from ..ledger.charges import charge_detail
from ..ledger.ports import LedgerTransaction
from ..ledger.posting import post_new
from ..ledger.records import (
    BillMark,
    Charge,
    NewTransfer,
    TransferCode,
)
from ..money.amount import Amount
from ..tariff.rating import RatedLine
from ..tariff.tax import tax_on
from .calendar import day_of, month_of

_SERVICE = frozenset({FeeKind.SERVICE})
"""The fees that the service fund pays; all others are the electricity's."""


@dataclass(slots=True)
class _Taxed:
    """What a transaction books at one tax rate, and the transfer that it began with."""

    first: NewTransfer
    net: int = 0


@dataclass(slots=True)
class Slip:
    """Books to one account within a transaction."""

    tx: LedgerTransaction
    account: AccountNumber
    at: datetime
    zone: ZoneInfo
    tenancy: Tenancy
    """How the account stands by now; whoever changes it stores it."""
    marks: list[BillMark] = field(default_factory=list)
    """Up to where its meters are charged now."""
    spent: int = 0
    """Booked to the electricity fund: energy, fees and their tax."""
    energy: int = 0
    """Of it, what is for energy, with the tax on it."""
    fees: dict[date, int] = field(default_factory=dict)
    """What of the rest fell due on which day, with the tax on it."""
    tax_nets: dict[int, Amount] = field(default_factory=dict)
    """What the electricity fund was charged so far at the tax rates that were booked here."""
    paid: bool = False
    """Whether the tenant pays in: warning levels that this clears are ready again at once."""
    _taxed: dict[tuple[Fund, int, date], _Taxed] = field(default_factory=dict)
    _watch: CreditWatch | None = None

    @property
    def watch(self) -> CreditWatch:
        """What is remembered of its credit; what is put here is stored by who concludes."""
        if self._watch is None:
            self._watch = stored_watch(self.tx, self.account)
        return self._watch

    @watch.setter
    def watch(self, watch: CreditWatch) -> None:
        self._watch = watch

    def decide(
        self,
        kind: DecisionKind,
        available: Amount,
        *,
        until: datetime | None = None,
        user: str = "",
        detail: str = "",
    ) -> None:
        """Record for ever what was decided about the account's credit."""
        number = len(self.tx.rows(Decision, account=self.account)) + 1
        self.tx.add(
            Decision(
                account=self.account,
                number=number,
                kind=kind,
                at=self.at,
                until=until,
                user=user,
                detail=detail,
                available=available,
            )
        )

    def charge(self, mark: BillMark, line: RatedLine) -> None:
        """Book a rated line behind a mark: its charge, and the transfer that carries its text."""
        transfer_id = TransferId(f"chg:{mark.meter}:{mark.generation}:{line.from_wh}")
        charge = Charge(
            meter=mark.meter,
            generation=mark.generation,
            from_wh=line.from_wh,
            to_wh=line.to_wh,
            from_at=line.from_at,
            to_at=line.to_at,
            account=self.account,
            tariff=line.tariff,
            tariff_valid_from=line.valid_from,
            revision=line.revision,
            period=line.period,
            tier=line.tier,
            price=line.price,
            amount=line.amount,
            estimated=line.estimated,
            transfer_id=transfer_id if line.amount else None,
        )
        if line.amount:
            request = NewTransfer(
                id=transfer_id,
                debit=tenant(self.account),
                credit=energy_income(line.period),
                amount=line.amount,
                code=TransferCode.CHARGE,
                effective_at=line.from_at,
                source="meter",
                detail=charge_detail(charge),
            )
            post_new(self.tx, request, self.at)
            self.spent += line.amount
            self.energy += line.amount + tax_on(line.amount, line.tax_ppm)
            self.tax(Fund.ELECTRICITY, line.tax_ppm, line.amount, request)
        self.tx.insert_charge(charge)

    def fee(self, fee: Fee, effective_at: datetime) -> None:
        """Book a charge that is not for energy."""
        fund = Fund.SERVICE if fee.kind in _SERVICE else Fund.ELECTRICITY
        request = NewTransfer(
            id=fee.transfer_id,
            debit=tenant(self.account, fund),
            credit=fee_income(fee.kind),
            amount=fee.amount,
            code=TransferCode(fee.kind),
            effective_at=effective_at,
            source="tariff",
            detail=fee_detail(fee),
        )
        post_new(self.tx, request, self.at)
        self.tx.add(fee)
        if fund is Fund.ELECTRICITY:
            self.spent += fee.amount
            day = day_of(effective_at, self.zone)
            with_tax = fee.amount + tax_on(fee.amount, fee.tax_ppm)
            self.fees[day] = self.fees.get(day, 0) + with_tax
        self.tax(fund, fee.tax_ppm, fee.amount, request)

    def tax(self, fund: Fund, ppm: int, net: int, cause: NewTransfer) -> None:
        """Remember that tax is due on what was booked (or, below zero, taken back).

        Each month has its own, so that it stands on the statement of what it is for.
        """
        if ppm and net:
            month = month_of(cause.effective_at, self.zone)
            self._taxed.setdefault((fund, ppm, month), _Taxed(cause)).net += net

    def book_taxes(self) -> None:
        """Book the tax on everything so far: cumulative, so that it always adds up."""
        for place in sorted(self._taxed):
            (fund, ppm, _), taxed = place, self._taxed[place]
            key = {"account": self.account, "fund": fund, "ppm": ppm}
            before = self.tx.find(TaxTotal, **key)
            net = Amount((before.net if before else 0) + taxed.net)
            tax = tax_on(net, ppm)
            self.tx.put(TaxTotal(account=self.account, fund=fund, ppm=ppm, net=net, tax=tax))
            if fund is Fund.ELECTRICITY:
                self.tax_nets[ppm] = net
            if due := tax - (before.tax if before else 0):
                self._post_tax(fund, taxed, ppm, due)
        self._taxed.clear()

    def _post_tax(self, fund: Fund, taxed: _Taxed, ppm: int, due: int) -> None:
        paying = tenant(self.account, fund)
        debit, credit = (paying, TAX) if due > 0 else (TAX, paying)
        request = NewTransfer(
            id=TransferId(f"tax:{ppm}:{taxed.first.id}"),
            debit=debit,
            credit=credit,
            amount=Amount(abs(due)),
            code=TransferCode.TAX,
            effective_at=taxed.first.effective_at,
            source="tariff",
            detail=str(ppm),
        )
        post_new(self.tx, request, self.at)
        if fund is Fund.ELECTRICITY:
            self.spent += due


def stored_watch(tx: LedgerTransaction, account: AccountNumber) -> CreditWatch:
    """Return what the ledger remembers of an account's credit."""
    return tx.find(CreditWatch, account=account) or CreditWatch(account=account)


def fee_detail(fee: Fee) -> str:
    """Return what a fee's transfer does not say itself, like the text of a charge."""
    return (
        f"{fee.quantity}|{fee.tariff_valid_from.isoformat()}|{fee.revision}|{fee.tax_ppm}|"
        f"{len(fee.tariff)}|{fee.tariff}"
    )


def fee_id(account: AccountNumber, kind: FeeKind, day: str, item: str = "") -> TransferId:
    """Name the transfer of a fee: once for an account, kind, day and item."""
    return TransferId(f"fee:{account}:{kind}:{day}" + (f":{item}" if item else ""))
