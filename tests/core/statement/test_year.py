"""A simulated year: what all statements say, the ledger and the checker agree to the unit."""

from collections.abc import Callable
import os
from pathlib import Path

import pytest

from tests.core.statement.readding import readd
from tests.core.statement.year import Year
from tests.tampering import tamper

SHOPS = int(os.environ.get("YEAR_SHOPS", "20"))
"""With 220 there are 3 000 statements, in some minutes."""

KINDS = {
    *("charge", "standing", "service", "minimum", "demand", "allocation", "correction", "tax"),
    *("opening", "top_up", "refund", "reversal", "adjustment", "debt_recovery", "carry_over"),
}
"""What stands on statements of such a year."""

_ONE_UNIT_MORE = """
    UPDATE transfer SET amount = amount + 1 WHERE id = (
        SELECT min(id) FROM transfer WHERE code = 'adjustment'
        AND debit IN (SELECT 'liability:tenant:' || account || ':electricity' FROM statement)
    )
"""
"""What must be noticed: a unit of 10⁻⁹."""


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_statement_of_a_year_is_added_up_again(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """By code of its own over the ledger's file; then the independent checker says so too."""
    path = tmp_path / "ledger.db"
    year = await Year(path, shops=SHOPS).open()
    await year.live()
    verified = await year.desk.ledger.verify()
    assert (verified.faults, verified.hints) == ((), ())
    await year.desk.ledger.close()
    found = readd(path)
    figure(
        f"{found.statements} statements, {found.lines} lines, {found.off} units off "
        f"({year.moves} moves, {year.swaps} swaps, {year.reratings} reratings, "
        f"{year.reversed} runs reversed, {year.corrected} corrected, {found.late} late transfers)"
    )
    assert found.where == []
    assert year.refused <= {"statement_followed", "statement_missing"}
    assert found.kinds.keys() >= KINDS
    assert found.references > 100
    tamper(path, _ONE_UNIT_MORE)
    assert readd(path).off > 0
