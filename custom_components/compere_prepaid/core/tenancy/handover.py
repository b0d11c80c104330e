"""Who a register counts for: supplies begin and end at a bill mark, without a gap between them."""

from dataclasses import replace

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Supply
from ..ledger.ports import LedgerTransaction
from ..ledger.records import BillMark


def begin_supply(tx: LedgerTransaction, mark: BillMark, account: AccountNumber) -> None:
    """Let what a meter counts from its mark on be an account's; who had it before ends there."""
    supplies = tx.rows(Supply, meter=mark.meter, generation=mark.generation)
    present = next((supply for supply in supplies if supply.to_at is None), None)
    if present is not None:
        if present.account == account:
            return
        tx.end_supply(replace(present, to_wh=mark.wh, to_at=mark.at))
    tx.add(
        Supply(
            meter=mark.meter,
            generation=mark.generation,
            number=len(supplies) + 1,
            account=account,
            from_wh=mark.wh,
            from_at=mark.at,
        )
    )


def end_supply(tx: LedgerTransaction, mark: BillMark) -> None:
    """Let a meter count for nobody from its mark on."""
    for supply in tx.rows(Supply, meter=mark.meter, generation=mark.generation):
        if supply.to_at is None:
            tx.end_supply(replace(supply, to_wh=mark.wh, to_at=mark.at))


def close_generation(tx: LedgerTransaction, serial: MeterSerial) -> None:
    """End a meter's register generation, and its supply, where it is charged up to."""
    mark, generation = tx.mark(serial), tx.generation(serial)
    if mark is None or generation is None:
        return
    end_supply(tx, mark)
    tx.close_generation(replace(generation, closed_wh=mark.wh, closed_at=mark.at))
