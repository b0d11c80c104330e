"""A run that was worked out, as it is kept: texts, and what is booked of them.

A large mall has hundreds of thousands of lines, and as objects they would keep the interpreter busy
long after they were made. So lines stay text until somebody wants to see those of an account.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..ids import AccountNumber
from ..money.amount import Amount
from ..tariff.tax import tax_on
from .content import inputs_content, result_content, run_digest, share_content, share_lines_of
from .inputs import Inputs, ShareLine, total_of
from .pool import Pool
from .sharing import allocate


class Share(NamedTuple):
    """What an account bears: before tax, what tax comes on top of by its rate, and its lines."""

    amount: Amount
    nets: Mapping[int, Amount]
    content: str

    @property
    def lines(self) -> tuple[ShareLine, ...]:
        """The lines."""
        return share_lines_of(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOut:
    """What a run came to, as texts of the ledger."""

    inputs: str
    result: str
    digest: str
    shares: Mapping[AccountNumber, Share] = field(repr=False)


type Worker = Callable[[Inputs], Awaitable[WorkedOut]]
"""Works out runs, wherever that is done."""


def work_out(inputs: Inputs) -> WorkedOut:
    """Work out a run. Slow for many; raises what `allocate` raises."""
    allocation = allocate(inputs)
    pools = {pool.name: pool for pool in inputs.pools}
    shares = {
        account: Share(total_of(lines), nets_of(lines, pools), share_content(lines))
        for account, lines in allocation.shares.items()  # makes the lines, so only once
    }
    result, text = result_content(allocation.pools), inputs_content(inputs)
    contents = {account: share.content for account, share in shares.items()}
    return WorkedOut(
        inputs=text, result=result, digest=run_digest(text, result, contents), shares=shares
    )


async def work_out_here(inputs: Inputs) -> WorkedOut:
    """Work out a run on a thread of this process."""
    return await asyncio.to_thread(work_out, inputs)


def nets_of(lines: Iterable[ShareLine], pools: Mapping[str, Pool]) -> Mapping[int, Amount]:
    """Return what tax comes on top of, by its rate."""
    taxed = {
        name: pool.tax_ppm for name, pool in pools.items() if pool.tax_ppm and not pool.tax_included
    }
    nets: dict[int, int] = {}
    for line in lines if taxed else ():
        if ppm := taxed.get(line.pool):
            nets[ppm] = nets.get(ppm, 0) + line.amount
    return {ppm: Amount(net) for ppm, net in sorted(nets.items())}


def tax_of(nets: Mapping[int, Amount]) -> Amount:
    """Return the tax that comes on top, exact."""
    return Amount(sum(tax_on(net, ppm) for ppm, net in nets.items()))
