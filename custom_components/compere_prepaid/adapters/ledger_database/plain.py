"""Rows that need no more than a key: fees, supplies, debts, decisions, payments, shares."""

from dataclasses import replace
from typing import Any

from ...core.ledger.account_rows import (
    Batch,
    Correction,
    CreditWatch,
    Debt,
    Decision,
    DemandPeak,
    Fee,
    HistoryRow,
    IssuedStatement,
    ReadReceipt,
    Rerating,
    StateRow,
    Supply,
    TaxTotal,
    Tenancy,
)
from ...core.ledger.allocation_rows import (
    AllocationRun,
    AllocationShare,
    AllocationStep,
    BillCancellation,
    DayRegisters,
    SupplierBill,
)
from ...core.ledger.payment_rows import (
    Approval,
    AutoTopUp,
    BillLine,
    CashClose,
    CashReceipt,
    MeterToken,
    PaymentNotice,
    PayOrder,
    PortalDevice,
    PortalPin,
    ProviderRefund,
    ProviderTxn,
    Reconciliation,
    SuspenseAssignment,
    TenantChoice,
)
from .account_tables import (
    batch,
    credit_watch,
    debt,
    decision,
    demand_peak,
    read_receipt,
    tax_total,
    tenancy,
)
from .allocation_tables import (
    allocation_run,
    allocation_share,
    allocation_step,
    bill_cancellation,
    day_registers,
    supplier_bill,
)
from .forms import Form
from .payment_tables import (
    approval,
    auto_top_up,
    bill_line,
    cash_close,
    cash_receipt,
    meter_token,
    pay_order,
    payment_notice,
    portal_device,
    portal_pin,
    provider_refund,
    provider_txn,
    reconciliation,
    suspense_assignment,
    tenant_choice,
)
from .rows import Rows, Scope
from .sheet import Sheet
from .tables import (
    correction,
    fee,
    rerating,
    statement,
    supply,
)

FORMS: tuple[Form[Any], ...] = (
    Form(Fee, fee),
    Form(Supply, supply, owner=1, guard="supply.to_at IS NULL"),
    Form(Rerating, rerating),
    Form(Correction, correction),
    Form(IssuedStatement, statement),
    Form(Tenancy, tenancy, owner=1),
    Form(TaxTotal, tax_total, owner=1),
    Form(DemandPeak, demand_peak, owner=2),  # of one month: an account has more every month
    Form(Debt, debt, owner=1),
    Form(CreditWatch, credit_watch, owner=1),
    Form(Decision, decision),
    Form(Batch, batch),
    Form(ReadReceipt, read_receipt),
    Form(PayOrder, pay_order, owner=1),
    Form(ProviderTxn, provider_txn),
    Form(SuspenseAssignment, suspense_assignment),
    Form(PaymentNotice, payment_notice),
    Form(ProviderRefund, provider_refund, owner=1),
    Form(BillLine, bill_line),
    Form(Reconciliation, reconciliation),
    Form(CashReceipt, cash_receipt),
    Form(Approval, approval, owner=1),
    Form(CashClose, cash_close),
    Form(TenantChoice, tenant_choice, owner=1),
    Form(PortalPin, portal_pin, owner=1),
    Form(MeterToken, meter_token, owner=1),
    Form(PortalDevice, portal_device, owner=1),
    Form(AutoTopUp, auto_top_up, owner=1),
    Form(SupplierBill, supplier_bill),
    Form(BillCancellation, bill_cancellation),
    Form(AllocationRun, allocation_run),
    Form(AllocationShare, allocation_share),
    Form(AllocationStep, allocation_step),
    Form(DayRegisters, day_registers, owner=3),  # of one day: a meter has more every day
)
"""The kinds of records, and how they lie in the tables."""


class PlainRows(Rows):
    """The part of a transaction that stores records as they are."""

    def __init__(self, scope: Scope) -> None:
        """Work on a site's rows."""
        super().__init__(scope)
        self._plain = {form.kind: self._sheet(form) for form in FORMS}

    def find[R: StateRow | HistoryRow](self, kind: type[R], /, **key: object) -> R | None:
        """Return the row of this kind with this whole key, if any."""
        sheet: Sheet[R] = self._plain[kind]
        return sheet.find(*(key[name] for name in sheet.form.key_names))

    def rows[R: StateRow | HistoryRow](self, kind: type[R], /, **columns: object) -> tuple[R, ...]:
        """Return the rows of this kind with these columns, in the order of their key."""
        sheet: Sheet[R] = self._plain[kind]
        form = sheet.form
        owner = form.key_names[: form.owner]
        if owner and all(name in columns for name in owner):
            found = sheet.of(*(columns[name] for name in owner))
            ordered = (record for _, record in sorted(found.items()))
            return tuple(row for row in ordered if _has(row, columns))
        query = form.query(*columns).order_by(*form.table.primary_key)
        parameters = {f"key_{name}": value for name, value in columns.items()}
        return tuple(map(form.record, self._query(query, **parameters)))

    def last[R: HistoryRow](self, kind: type[R], /, **columns: object) -> R | None:
        """Return the row of this kind with these columns that has the greatest key, if any.

        What this transaction has yet to write is looked at where it is, so that numbering many
        rows one after the other writes them all at once.
        """
        sheet: Sheet[R] = self._plain[kind]
        form = sheet.form
        key = (column.desc() for column in form.table.primary_key)
        query = form.query(*columns).order_by(*key).limit(1)
        parameters = {f"key_{name}": value for name, value in columns.items()}
        stored = self._connection.execute(query, {"key_site": self._site, **parameters}).first()
        found = [row for row in sheet.unwritten.values() if _has(row, columns)]
        if stored is not None:
            found.append(form.record(stored))
        return max(found, key=form.key, default=None)

    def put(self, row: StateRow) -> None:
        """Store how something stands, in place of what was stored for the same key."""
        self._plain[type(row)].put(row)

    def add(self, row: HistoryRow) -> None:
        """Store a row for ever; its key can exist only once."""
        sheet = self._plain[type(row)]
        if sheet.form.owner:
            if sheet.find(*sheet.form.key(row)) is not None:
                self._broken(f"{row} is there already")
            sheet.put(row)
        else:
            self._add(sheet, row)

    def end_supply(self, supply: Supply) -> None:
        """Store `to_wh` and `to_at` of an open supply, once."""
        before = self._plain[Supply].find(supply.meter, supply.generation, supply.number)
        if (
            before is None
            or before.to_at is not None
            or supply.to_at is None
            or supply.to_wh is None
        ):
            self._broken(f"the supply {supply} cannot be ended")
        self._plain[Supply].put(replace(before, to_wh=supply.to_wh, to_at=supply.to_at))


def _has(row: object, columns: dict[str, object]) -> bool:
    return all(getattr(row, name) == value for name, value in columns.items())
