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
from .content import inputs_content, result_content, run_digest, share_contents, share_lines_of
from .inputs import Inputs, ShareLine
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
    contents = share_contents(allocation)
    result, text = result_content(allocation.pools), inputs_content(inputs)
    return WorkedOut(
        inputs=text,
        result=result,
        digest=run_digest(text, result, contents),
        shares={
            account: Share(
                allocation.total(account), nets_of(allocation.shares[account], pools), content
            )
            for account, content in contents.items()
        },
    )


async def work_out_here(inputs: Inputs) -> WorkedOut:
    """Work out a run on a thread of this process."""
    return await asyncio.to_thread(work_out, inputs)


def nets_of(lines: Iterable[ShareLine], pools: Mapping[str, Pool]) -> Mapping[int, Amount]:
    """Return what tax comes on top of, by its rate."""
    nets: dict[int, int] = {}
    for line in lines:
        pool = pools[line.pool]
        if pool.tax_ppm and not pool.tax_included:
            nets[pool.tax_ppm] = nets.get(pool.tax_ppm, 0) + line.amount
    return {ppm: Amount(net) for ppm, net in sorted(nets.items())}
