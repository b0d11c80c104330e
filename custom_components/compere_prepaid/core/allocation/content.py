"""A run as the ledger keeps it: canonical JSON that can be read back exactly, and its digest.

Money is in the book's smallest unit, energy in Wh, days are ISO dates.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
import hashlib
import json
from typing import Any

from ..ids import AccountNumber
from .inputs import Inputs, PoolResult, ShareLine, Why
from .plain import canonical, plain, record
from .pool import Basis

_TAG = "compere_prepaid allocation 1"


def inputs_content(inputs: Inputs) -> str:
    """Return all that a run is worked out of as canonical JSON."""
    return canonical(plain(inputs))


def inputs_of(content: str) -> Inputs:
    """Return what a run was worked out of."""
    return record(Inputs, json.loads(content))


def result_content(results: Iterable[PoolResult]) -> str:
    """Return what came out for the pools as canonical JSON: a list in the order of their names."""
    return canonical([plain(result) for result in results])


def results_of(content: str) -> tuple[PoolResult, ...]:
    """Return what came out for the pools."""
    return tuple(record(PoolResult, data) for data in json.loads(content))


def share_content(lines: Iterable[ShareLine]) -> str:
    """Return an account's lines as canonical JSON.

    A list of `{amount, basis, cost, days, pool, total, weight, why}`; a line without a basis has no
    `basis`, `total` and `weight`, plain arithmetic no `why`.
    """
    # Written out, because a run of a large mall has hundreds of thousands of lines.
    texts = []
    for line in lines:
        pool = _quoted(line.pool)
        why = f',"why":"{line.why.value}"' if line.why else ""
        texts.append(
            f'{{"amount":{line.amount},"cost":{line.cost},"days":{line.days},"pool":{pool}{why}}}'
            if line.basis is None
            else f'{{"amount":{line.amount},"basis":"{line.basis.value}","cost":{line.cost},'
            f'"days":{line.days},"pool":{pool},"total":{line.total},"weight":{line.weight}{why}}}'
        )
    return f"[{','.join(texts)}]"


@lru_cache(maxsize=1000)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def share_lines_of(content: str) -> tuple[ShareLine, ...]:
    """Return an account's lines."""
    return tuple(_line(data) for data in json.loads(content))


def _line(data: Mapping[str, Any]) -> ShareLine:
    basis = data.get("basis")
    return ShareLine(
        pool=data["pool"],
        basis=None if basis is None else Basis(basis),
        weight=data.get("weight", 0),
        total=data.get("total", 0),
        cost=data["cost"],
        amount=data["amount"],
        days=data["days"],
        why=Why(data.get("why", "")),
    )


def run_digest(inputs: str, result: str, shares: Mapping[AccountNumber, str]) -> str:
    """Return the SHA-256 over all of a run.

    Hashed are a tag, the inputs, the result, and then number and content of each account in the
    order of the numbers; each as its length in bytes, a colon, and its UTF-8.
    """
    found = hashlib.sha256()
    parts = [_TAG, inputs, result]
    for account in sorted(shares):
        parts += (account, shares[account])
    for part in parts:
        raw = part.encode()
        found.update(b"%d:" % len(raw))
        found.update(raw)
    return found.hexdigest()
