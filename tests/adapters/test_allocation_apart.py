"""A large run is worked out by another process: the same to the last letter, refusals as well."""

from dataclasses import replace
from datetime import date
from pathlib import Path
import sys
from unittest.mock import patch

import pytest

from custom_components.compere_prepaid.adapters.allocation_apart import apart
from custom_components.compere_prepaid.core.allocation.inputs import CostLine, Inputs, Stay
from custom_components.compere_prepaid.core.allocation.pool import (
    Basis,
    Cost,
    CostKind,
    Pool,
    Split,
)
from custom_components.compere_prepaid.core.allocation.working import work_out
from custom_components.compere_prepaid.core.errors import InvalidInputError, OperationFailedError
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.core.money.amount import Amount

SINCE, UNTIL = date(2026, 10, 1), date(2026, 11, 1)
LIFTS = Pool(
    name="Lifts 电梯",
    valid_from=SINCE,
    costs=(Cost(kind=CostKind.AMOUNT, name="x"),),
    splits=(Split(basis=Basis.EQUAL),),
    tax_ppm=60_000,
)
INPUTS = Inputs(
    since=SINCE,
    until=UNTIL,
    currency="CNY",
    pools=(LIFTS,),
    costs={LIFTS.name: (CostLine(name="茶 \u2028 tea", amount=Amount(100 * 10**9)),)},
    stays=tuple(
        Stay(account=AccountNumber(f"A-{number}"), unit=f"M{number}", since=SINCE, until=UNTIL)
        for number in range(7)
    ),
)


async def test_the_same_run() -> None:
    """Whatever is in its texts."""
    found = await apart.work_out_apart(INPUTS)
    assert found == work_out(INPUTS)
    assert len(found.shares) == 7


async def test_refusal() -> None:
    """What cannot be worked out is said in the same words."""
    wrong = replace(INPUTS, pools=(replace(LIFTS, splits=()),))
    with pytest.raises(InvalidInputError) as refused:
        await apart.work_out_apart(wrong)
    assert (refused.value.key, refused.value.placeholders) == (
        "allocation_no_basis",
        {"pool": LIFTS.name},
    )


async def test_a_child_that_fails() -> None:
    """Its last words are told."""
    missing = "allocation_apart.missing"
    with patch.object(apart, "CHILD", missing), pytest.raises(OperationFailedError) as failed:
        await apart.work_out_apart(INPUTS)
    assert failed.value.key == "allocation_failed"
    assert missing in failed.value.placeholders["error"]


DIES = """
import sys
import tests.proof.without_home_assistant
from custom_components.compere_prepaid.adapters.allocation_apart import child

def dying(lines):
    for number, line in enumerate(lines):
        if number == 4:
            {end}
        yield line

answer = child._answer
child._answer = lambda text: dying(answer(text))
child.main()
"""


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("raise MemoryError", "MemoryError"),
        ("sys.stdout.flush(); import os; os._exit(3)", "it ended with 3"),
        ("return", "the answer is not whole"),
    ],
)
async def test_a_child_that_dies_halfway(tmp_path: Path, end: str, words: str) -> None:
    """Part of a run is none."""
    program = tmp_path / "dies.py"
    program.write_text(DIES.format(end=end))
    with (
        patch.object(apart, "command", lambda _module: [sys.executable, str(program)]),
        pytest.raises(OperationFailedError) as failed,
    ):
        await apart.work_out_apart(INPUTS)
    assert failed.value.placeholders["error"] == words


async def test_no_child_can_be_started() -> None:
    """The system says why."""
    with (
        patch("sys.executable", "/no/such/python"),
        pytest.raises(OperationFailedError, match="allocation_failed"),
    ):
        await apart.work_out_apart(INPUTS)


async def test_only_large_ones() -> None:
    """A small run is worked out here, without another process."""
    with patch.object(apart, "LARGE", 7), patch.object(apart, "CHILD", "none"):
        assert await apart.work_out_apart_if_large(INPUTS) == work_out(INPUTS)
        with pytest.raises(OperationFailedError):
            await apart.work_out_apart_if_large(replace(INPUTS, pools=(LIFTS, LIFTS)))
