"""What allocation runs ask for: energy by meter, and the runs without what they were made of."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import bindparam, func, select

from ...core.ids import AccountNumber, MeterSerial
from ...core.ledger.allocation_rows import AllocationStep, RunHead
from ...core.ledger.records import Spending
from ...core.money.amount import Amount
from .account_tables import tenancy
from .allocation_tables import allocation_run, allocation_step
from .forms import Form, with_key
from .rows import Rows
from .tables import charge

_OF_DAYS = (
    with_key(charge),
    # account by account, so that the index is asked for the days only
    charge.c.account.in_(select(tenancy.c.account).where(with_key(tenancy))),
    charge.c.from_at >= bindparam("since"),
    charge.c.from_at < bindparam("until"),
)
_WH = func.sum(charge.c.to_wh - charge.c.from_wh)
_ENERGY = (
    select(charge.c.account, charge.c.meter, _WH)
    .where(*_OF_DAYS)
    .group_by(charge.c.account, charge.c.meter)
)
_SOLD = select(_WH, func.sum(charge.c.amount)).where(*_OF_DAYS)
_WITHIN = (
    allocation_run.c.since < bindparam("until"),
    allocation_run.c.until > bindparam("since"),
)
_HEADS = (
    select(*(allocation_run.c[name] for name in ("id", "since", "until", "at", "user", "digest")))
    .where(with_key(allocation_run), *_WITHIN)
    .order_by(allocation_run.c.at, allocation_run.c.id)
)
_RESULT = select(allocation_run.c.result).where(with_key(allocation_run, "id"))
_STEPS_FORM = Form(AllocationStep, allocation_step)
_STEPS = (
    _STEPS_FORM.query()
    .join_from(
        allocation_step,
        allocation_run,
        (allocation_step.c.site == allocation_run.c.site)
        & (allocation_step.c.run == allocation_run.c.id),
    )
    .where(*_WITHIN)
    .order_by(allocation_step.c.run, allocation_step.c.at, allocation_step.c.step)
)


class ShareRows(Rows):
    """The part of a transaction that runs ask."""

    def energy_by_meter(
        self, since: datetime, until: datetime
    ) -> Mapping[tuple[AccountNumber, MeterSerial], int]:
        """Return the Wh charged within a time by account and meter, by the charges' `from_at`."""
        found = self._query(_ENERGY, since=since, until=until)
        return {  # PostgreSQL sums up to decimals
            (AccountNumber(account), MeterSerial(meter)): int(energy_wh)
            for account, meter, energy_wh in found
        }

    def energy_sold(self, since: datetime, until: datetime) -> Spending:
        """Return Wh and money charged to all accounts together, by the charges' `from_at`."""
        (row,) = self._query(_SOLD, since=since, until=until)
        return Spending(energy_wh=int(row[0] or 0), amount=Amount(int(row[1] or 0)))

    def run_result(self, run: str) -> str:
        """Return what came out of an allocation run, and nothing else; `[]` if there is none."""
        found = next(self._query(_RESULT, key_id=run), None)
        return "[]" if found is None else str(found.result)

    def run_heads(self, since: date, until: date) -> tuple[RunHead, ...]:
        """Return the allocation runs that share a day with a time, in the order of their making."""
        steps: dict[str, list[AllocationStep]] = {}
        for row in self._query(_STEPS, since=since, until=until):
            step = _STEPS_FORM.record(row)
            steps.setdefault(step.run, []).append(step)
        return tuple(
            RunHead(
                id=row.id,
                since=row.since,
                until=row.until,
                at=row.at,
                user=row.user,
                digest=row.digest,
                steps=tuple(steps.get(row.id, ())),
            )
            for row in self._query(_HEADS, since=since, until=until)
        )
