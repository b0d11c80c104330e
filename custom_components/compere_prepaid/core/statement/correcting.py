"""What a correction on a statement corrects: energy as it was charged, and as it is charged now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from ..ids import AccountNumber, MeterSerial
from ..ledger.account_rows import Correction, Rerating
from ..ledger.ports import LedgerTransaction
from ..ledger.records import Charge, Transfer
from ..money.amount import Amount, Price
from ..tariff.model import LineKind
from . import chain
from .model import CorrectionDetail, PricedEnergy
from .taxes import Bases, Tariffs, tax_of

_ID = "cor:{run}:{account}"
"""What the transfer of a rerating is called."""


class _Place(NamedTuple):
    """Where a charge begins."""

    meter: MeterSerial
    generation: int
    from_wh: int


@dataclass(frozen=True, slots=True)
class _Corrected:
    """The charges that a rerating changed, as they stood before it and since."""

    before: tuple[Charge | Correction, ...]
    after: tuple[Correction, ...]


def correction_of(
    tx: LedgerTransaction,
    transfer: Transfer,
    account: AccountNumber,
    tariffs: Tariffs,
    bases: Bases,
) -> CorrectionDetail | None:
    """Return what the transfer of a rerating corrects, and add it to what taxes are on.

    None for a correction that no rerating is known of.
    """
    run = transfer.id.removeprefix("cor:").removesuffix(f":{account}")
    rerating = tx.find(Rerating, run=run, account=account)
    if rerating is None or transfer.id != _ID.format(run=run, account=account):
        return None
    found = _corrected(tx, rerating)
    for sign, parts in ((-1, found.before), (1, found.after)):
        for part in parts:
            version = (part.tariff, part.tariff_valid_from, part.revision)
            bases.add(tax_of(tariffs, *version, LineKind.ENERGY), sign * part.amount)
    return CorrectionDetail(
        run=run,
        since=rerating.since,
        until=rerating.until,
        statements=chain.of_time(tx, account, rerating.since, rerating.until),
        before=tuple(_joined(found.before)),
        after=tuple(_joined(found.after)),
    )


def _corrected(tx: LedgerTransaction, rerating: Rerating) -> _Corrected:
    """Find the charges that a rerating changed, and what stood in their place before it."""
    charges = {
        _Place(charge.meter, charge.generation, charge.from_wh): charge
        for charge in tx.charges(rerating.account, rerating.since, rerating.until)
    }
    made: dict[str, tuple[datetime, int]] = {}
    lines: dict[_Place, dict[str, list[Correction]]] = {}
    for meter, generation in sorted({(place.meter, place.generation) for place in charges}):
        for line in tx.rows(Correction, meter=meter, generation=generation):
            place = _Place(meter, generation, line.charge_from_wh)
            if place in charges:
                lines.setdefault(place, {}).setdefault(line.run, []).append(line)
                if line.run not in made:
                    made[line.run] = _made_at(tx, line.run, rerating.account)
    before: list[Charge | Correction] = []
    after: list[Correction] = []
    for place, runs in lines.items():
        if rerating.run not in runs:
            continue
        after.extend(runs[rerating.run])
        earlier = [run for run in runs if made[run] < made[rerating.run]]
        stood = runs[max(earlier, key=made.__getitem__)] if earlier else [charges[place]]
        before.extend(stood)
    return _Corrected(tuple(before), tuple(after))


def _made_at(tx: LedgerTransaction, run: str, account: AccountNumber) -> tuple[datetime, int]:
    """Return when a rerating was made; of those of one instant the chain knows the order."""
    found = tx.find(Rerating, run=run, account=account)
    if found is None:
        raise AssertionError(run)
    booked = tx.find_transfer(found.transfer_id) if found.transfer_id else None
    return found.at, booked.seq if booked else 0


def _joined(parts: Iterable[Charge | Correction]) -> Iterator[PricedEnergy]:
    """Join energy of one meter at one price, in the order in which it first came."""
    joined: dict[tuple[MeterSerial, str, date, int, str, int, int], list[int]] = {}
    for part in parts:
        key = (
            *(part.meter, part.tariff, part.tariff_valid_from, part.revision),
            *(part.period, part.tier, part.price),
        )
        sums = joined.setdefault(key, [0, 0])
        sums[0] += part.to_wh - part.from_wh
        sums[1] += part.amount
    for (meter, tariff, valid_from, revision, period, tier, price), sums in joined.items():
        yield PricedEnergy(
            meter=meter,
            tariff=tariff,
            valid_from=valid_from,
            revision=revision,
            period=period,
            tier=tier,
            price=Price(price),
            energy_wh=sums[0],
            amount=Amount(sums[1]),
        )
