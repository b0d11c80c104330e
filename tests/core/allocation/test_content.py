"""What the ledger keeps of a run can be read back exactly, and worked out again to the bit."""

from dataclasses import replace
from datetime import date
import hashlib
import json

from hypothesis import given, settings

from custom_components.compere_prepaid.core.allocation.content import (
    inputs_content,
    inputs_of,
    result_content,
    results_of,
    run_digest,
    share_content,
    share_lines_of,
)
from custom_components.compere_prepaid.core.allocation.inputs import Inputs, total_of
from custom_components.compere_prepaid.core.allocation.plain import canonical
from custom_components.compere_prepaid.core.allocation.sharing import allocate
from custom_components.compere_prepaid.core.allocation.working import work_out
from custom_components.compere_prepaid.core.ids import AccountNumber
from tests.core.allocation.runs import inputs, pool, stay
from tests.core.allocation.strategies import runs


@settings(max_examples=60)
@given(runs())
def test_a_run_is_worked_out_again_from_what_is_kept(inputs: Inputs) -> None:
    """Inputs, results and shares come back as they were; the digest too."""
    content = inputs_content(inputs)
    again = inputs_of(content)
    assert again == inputs
    assert inputs_content(again) == content == canonical(json.loads(content))
    allocation = allocate(again)
    assert allocation == allocate(inputs)
    result = result_content(allocation.pools)
    assert results_of(result) == allocation.pools
    assert result == canonical(json.loads(result))
    worked = work_out(inputs)
    assert (worked.inputs, worked.result) == (content, result)
    assert list(worked.shares) == list(allocation.shares)
    for account, lines in allocation.shares.items():
        kept = share_content(lines)
        assert share_lines_of(kept) == worked.shares[account].lines == lines
        assert worked.shares[account].amount == total_of(allocation.shares[account])
        assert kept == canonical(json.loads(kept))
    assert work_out(again) == work_out(inputs)


def test_the_digest_is_what_its_description_says() -> None:
    """Somebody else can reckon it: lengths in bytes, a colon, the texts."""
    shares = {AccountNumber("B"): "[2]", AccountNumber("A"): "[店]"}
    text = "28:compere_prepaid allocation 12:{}2:[]1:A5:[店]1:B3:[2]"
    assert run_digest("{}", "[]", shares) == hashlib.sha256(text.encode()).hexdigest()


def test_whatever_is_changed_changes_the_digest() -> None:
    """A bill, a day, a square metre."""
    first = inputs(pool(), 100, stay("A", square=10), stay("B", square=20))
    changed = [
        inputs(pool(), "100.01", *first.stays),
        replace(first, until=date(2026, 10, 31)),
        inputs(pool(), 100, stay("A", square=11), stay("B", square=20)),
    ]
    assert len({work_out(run).digest for run in (first, *changed)}) == 4
