"""Every fuzz target, for a bounded number of runs: whatever comes, only our errors come out.

A target is a file `fuzz_*.py` beside this one: a program that takes libFuzzer's options. Where it
has a folder `seeds_*` of the same name, it begins with what lies there.
"""

from collections.abc import Callable
from pathlib import Path
import re
import subprocess
import sys

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TARGETS = sorted(HERE.glob("fuzz_*.py"))
RUNS, LONGEST_S = 200_000, 20
_DONE = re.compile(r"Done (\d+) runs")


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.stem)
def test_only_our_errors_come_out(
    target: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """A crash ends the program with the input that caused it, which is shown here."""
    seeds = HERE / target.stem.replace("fuzz_", "seeds_", 1)
    done = subprocess.run(  # noqa: S603  # our own file
        [
            sys.executable,
            "-m",
            f"tests.fuzz.{target.stem}",
            f"-runs={RUNS}",
            f"-max_total_time={LONGEST_S}",
            f"-artifact_prefix={tmp_path}/",
            "-max_len=600",
            "-seed=1",
            str(tmp_path),
            *([str(seeds)] if seeds.is_dir() else []),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST_S + 60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    counted = _DONE.search(done.stderr)
    assert counted is not None, done.stderr[-4000:]
    runs = int(counted[1])
    assert runs > 0
    figure(f"{target.stem}: {runs} inputs, only our errors")
