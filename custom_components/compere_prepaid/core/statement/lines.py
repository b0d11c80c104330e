"""The lines of a fund: what was charged and what moved, joined where it is one thing to people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..ids import AccountNumber, MeterSerial, TransferId
from ..ledger.account_rows import Fee
from ..ledger.records import Charge, Transfer, TransferCode
from ..money.amount import ZERO, Amount
from ..tariff.model import LineKind, Tax
from .correcting import correction_of
from .model import EnergyDetail, Group, MeterReadings, StatementLine, group_of
from .shares import share_lines
from .sources import Sources
from .taxes import Bases, Tariffs, tax_of

_NOT_SHOWN = Decimal(0)
"""What a line shows before the lines are added up."""

_ORDER = {group: place for place, group in enumerate(Group)}


@dataclass(slots=True)
class LineMaker:
    """Makes the lines of a fund (`name`) of an account, and adds up what its taxes are on."""

    sources: Sources
    account: AccountNumber
    name: str
    tariffs: Tariffs
    fees: Mapping[TransferId, Fee]
    since: datetime
    """What lies before it is late."""
    bases: Bases = field(default_factory=Bases)
    taxed: dict[int, int] = field(default_factory=dict)
    """Tax on top that was booked, by rate; above zero the tenant pays."""

    def lines(
        self, charges: Iterable[Charge], transfers: Iterable[Transfer]
    ) -> list[StatementLine]:
        """Return the lines of charges and of all other transfers, by group."""
        found = [*self._energy(charges), *self._joined_and_single(transfers)]
        found.sort(key=lambda line: _ORDER[line.group])
        for line in found:
            if line.code is TransferCode.TAX:
                line.base = self.bases.on_top(int(line.item))
        return found

    def _energy(self, charges: Iterable[Charge]) -> Iterator[StatementLine]:
        """Join charges of one register at one price, in the order in which they began."""
        joined: dict[tuple[object, ...], list[Charge]] = {}
        for charge in charges:
            key = (
                *(charge.meter, charge.generation, charge.tariff, charge.tariff_valid_from),
                *(charge.revision, charge.period, charge.tier, charge.price, charge.estimated),
                charge.from_at < self.since,
            )
            joined.setdefault(key, []).append(charge)
        for same in joined.values():
            first = same[0]
            amount = sum(charge.amount for charge in same)
            version = (first.tariff, first.tariff_valid_from, first.revision)
            self.bases.add(tax_of(self.tariffs, *version, LineKind.ENERGY), amount)
            yield StatementLine(
                code=TransferCode.CHARGE,
                group=Group.ENERGY,
                amount=Amount(-amount),
                shown=_NOT_SHOWN,
                at=first.from_at,
                energy=_energy_detail(same),
                late=first.from_at < self.since,
                count=len(same),
            )

    def _joined_and_single(self, transfers: Iterable[Transfer]) -> Iterator[StatementLine]:
        """Join fees of one kind, and taxes of one rate; all else is a line of its own."""
        joined: dict[tuple[TransferCode, str, bool], StatementLine] = {}
        others: list[StatementLine] = []
        for transfer in transfers:
            amount = Amount(transfer.amount if transfer.credit == self.name else -transfer.amount)
            if transfer.code is TransferCode.ALLOCATION:
                others.extend(self._shares(transfer, amount))
                continue
            line = self._line(transfer, amount)
            if line.group not in {Group.FEES, Group.TAXES}:
                others.append(line)
                continue
            key = (line.code, line.item, line.late)
            if (same := joined.setdefault(key, line)) is not line:
                same.amount = Amount(same.amount + line.amount)
                same.count += 1
        yield from joined.values()
        yield from others

    def _line(self, transfer: Transfer, amount: Amount) -> StatementLine:
        line = StatementLine(
            code=transfer.code,
            group=group_of(transfer.code),
            amount=amount,
            shown=_NOT_SHOWN,
            at=transfer.effective_at,
            late=transfer.effective_at < self.since,
        )
        if line.group is Group.TAXES:  # of late and other amounts together, as what they are on
            ppm = int(transfer.detail)
            self.taxed[ppm] = self.taxed.get(ppm, 0) - amount
            line.item, line.late = transfer.detail, False
            return line
        if line.group is Group.FEES:
            if (fee := self.fees.get(transfer.id)) is not None:
                self._add_fee(line, fee)
            return line
        line.transfer, line.reason, line.user = transfer.id, transfer.reason, transfer.user
        if transfer.code is TransferCode.DEBT_RECOVERY:
            line.item = transfer.reason
        elif transfer.code is TransferCode.CORRECTION:
            tx = self.sources.tx
            line.correction = correction_of(tx, transfer, self.account, self.tariffs, self.bases)
        return line

    def _add_fee(self, line: StatementLine, fee: Fee) -> None:
        version = (fee.tariff, fee.tariff_valid_from, fee.revision)
        contained = tax_of(self.tariffs, *version, LineKind(fee.kind))
        on_top = Tax(fee.tax_ppm, included=False)
        self.bases.add(on_top if fee.tax_ppm else contained, fee.amount)
        line.item, line.quantity = fee.item, fee.quantity

    def _shares(self, transfer: Transfer, amount: Amount) -> Iterator[StatementLine]:
        """Yield a line for each share of a run that a transfer carries."""
        shares = list(share_lines(self.sources, transfer, self.account))
        told = [ZERO, *(Amount(-share.detail.amount) for share in shares)]
        if sum(told) != amount:  # a transfer that no run is known of is told as it is
            yield self._line(transfer, amount)
            return
        for share in shares:
            paid = share.detail.amount
            self.bases.add(share.tax, paid)
            yield StatementLine(
                code=TransferCode.ALLOCATION,
                group=share.group,
                amount=Amount(-paid),
                shown=_NOT_SHOWN,
                at=transfer.effective_at,
                late=transfer.effective_at < self.since,
                allocation=share.detail,
                item=share.detail.pool,
                transfer=transfer.id,
                reason=transfer.reason,
                user=transfer.user,
            )


def _energy_detail(charges: list[Charge]) -> EnergyDetail:
    first, last = charges[0], charges[-1]
    return EnergyDetail(
        meter=first.meter,
        generation=first.generation,
        from_wh=first.from_wh,
        to_wh=last.to_wh,
        energy_wh=sum(charge.to_wh - charge.from_wh for charge in charges),
        from_at=first.from_at,
        to_at=last.to_at,
        tariff=first.tariff,
        valid_from=first.tariff_valid_from.isoformat(),
        revision=first.revision,
        period=first.period,
        tier=first.tier,
        price=first.price,
        estimated=first.estimated,
    )


def readings_of(charges: Iterable[Charge]) -> Iterator[MeterReadings]:
    """Yield what the registers showed before and after charges, by meter and generation."""
    joined: dict[tuple[MeterSerial, int], list[Charge]] = {}
    for charge in charges:
        joined.setdefault((charge.meter, charge.generation), []).append(charge)
    for (meter, generation), same in sorted(joined.items()):
        first = min(same, key=lambda charge: charge.from_wh)
        last = max(same, key=lambda charge: charge.to_wh)
        yield MeterReadings(
            meter=meter,
            generation=generation,
            from_wh=first.from_wh,
            to_wh=last.to_wh,
            from_at=first.from_at,
            to_at=last.to_at,
            energy_wh=sum(charge.to_wh - charge.from_wh for charge in same),
        )
