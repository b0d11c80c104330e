"""Tries mutants in forks of one test session: tests are collected once, not for each mutant.

The first round, without any mutant, notes which tests run which function, and how long they take.
Then each mutant is a fork that runs the tests of its function until one fails: first those that
killed mutants of this function before, then those named after its module, then those that killed
the most, and the quickest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import select
import shutil
import signal
import sys
import tempfile
import time

from mutmut.__main__ import create_mutants
from mutmut.configuration import config
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths
from mutmut.utils.format_utils import mangled_name_from_mutant_name
import pytest

PATIENCE, PATIENCE_S = 10, 60
"""A mutant may take so many times as long as its tests took, and so many seconds: it may hang."""

BROKEN = b"?"
"""What a fork says whose mutant broke the session itself: no test may do so."""


@dataclass(slots=True)
class Fork:
    """A mutant that is being tried."""

    mutant: str
    pid: int
    until: float


@dataclass(slots=True, eq=False)
class Mutants:
    """The plugin that takes the place of pytest's loop over the tests."""

    names: Sequence[str]
    jobs: int
    verdicts: dict[str, str] = field(default_factory=dict)
    items: dict[str, pytest.Item] = field(default_factory=dict)
    duration_ms: Counter[str] = field(default_factory=Counter)
    tests: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    killers: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kills: Counter[str] = field(default_factory=Counter)
    forks: dict[int, Fork] = field(default_factory=dict)
    """By the pipe's end on which they tell the test that killed them."""
    failed: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notice that a test failed."""
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all tests without a mutant, then try the mutants."""
        self.items = {item.nodeid: item for item in session.items}
        set_mutant_under_test("stats")
        for name, item in self.items.items():
            state()._stats.clear()  # noqa: SLF001  -- where the mutants' functions note their calls
            began = time.monotonic()
            self._run(item)
            self.duration_ms[name] = int(1000 * (time.monotonic() - began))
            if self.failed:
                raise RuntimeError(f"fails without any mutant: {name}")
            for function in state()._stats:  # noqa: SLF001
                self.tests[function].add(name)
        for mutant in self.names:
            while len(self.forks) >= self.jobs:
                self._wait()
            self._try(mutant)
        while self.forks:
            self._wait()
        return True

    @staticmethod
    def _run(item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    def _order(self, function: str) -> list[str]:
        """Return the tests of a function, those first that will probably fail."""
        known, topic = self.killers[function], function.split(".")[-2].removesuffix("s")

        def rank(name: str) -> tuple[int, bool, int, int]:
            file = name.partition("::")[0].rpartition("/")[2]
            return -known[name], topic not in file, -self.kills[name], self.duration_ms[name]

        return sorted(self.tests[function], key=rank)

    def _try(self, mutant: str) -> None:
        """Fork, and try a mutant there."""
        function = mangled_name_from_mutant_name(mutant)
        if function not in self.tests:
            self.verdicts[mutant] = "no tests"
            return
        tests = self._order(function)
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            self._be(mutant, tests, tell)
        os.close(tell)
        expected_s = sum(self.duration_ms[name] for name in tests) / 1000
        until = time.monotonic() + PATIENCE_S + PATIENCE * expected_s
        self.forks[told] = Fork(mutant, pid, until)

    def _be(self, mutant: str, tests: Sequence[str], tell: int) -> None:
        """Run a mutant's tests until one fails, tell which, and end."""
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        set_mutant_under_test(mutant)
        try:
            folders = self.items[tests[0]].config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001
            folders._basetemp = _files_of(os.getpid())  # noqa: SLF001  -- pytest asks once a session
            folders._basetemp.mkdir()  # noqa: SLF001
            for name in tests:
                self._run(self.items[name])
                if self.failed:
                    os.write(tell, name.encode())
                    break
        except BaseException:  # noqa: BLE001  -- whatever a mutant does: it was noticed
            os.write(tell, BROKEN)
        finally:
            os._exit(0)

    def _wait(self) -> None:
        """Wait until a fork has ended, or is taking too long."""
        soonest = min(fork.until for fork in self.forks.values())
        ready, _, _ = select.select(list(self.forks), [], [], max(0, soonest - time.monotonic()))
        for told, fork in list(self.forks.items()):
            late = fork.until <= time.monotonic()
            if told not in ready and not late:
                continue
            killer = os.read(told, 10_000).decode() if told in ready else ""
            if late:
                os.killpg(fork.pid, signal.SIGKILL)
            _, status = os.waitpid(fork.pid, 0)
            os.close(told)
            shutil.rmtree(_files_of(fork.pid), ignore_errors=True)
            del self.forks[told]
            self._judge(fork.mutant, killer, late=late, status=status)

    def _judge(self, mutant: str, killer: str, *, late: bool, status: int) -> None:
        if killer:
            self.killers[mangled_name_from_mutant_name(mutant)][killer] += 1
            self.kills[killer] += 1
            self.verdicts[mutant] = "killed"
        elif late:
            self.verdicts[mutant] = "timeout"
        else:
            self.verdicts[mutant] = "crashed" if status else "survived"
        print(f"{len(self.verdicts)}/{len(self.names)} {mutant}: {self.verdicts[mutant]}")


def _files_of(pid: int) -> Path:
    """Return where a fork's tests have their files, which nobody else takes away."""
    return Path(tempfile.gettempdir()) / f"mutant-{pid}"


def mutants_of(folder: Path) -> Iterator[str]:
    """Yield the names of all mutants that were made."""
    for file in sorted(folder.rglob("*.py.meta")):
        yield from json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]


def main() -> int:
    """Make the mutants of the copy that this runs in, try them, and write down what they did."""
    jobs = int(sys.argv[1])
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir()
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(jobs)
    mutants = Mutants(list(mutants_of(Path("mutants"))), jobs)
    selection = config().pytest_add_cli_args_test_selection
    os.chdir("mutants")
    quick = ("-q", "--capture=no", "--tb=no", "--assert=plain", "--rootdir=.")
    status = pytest.main([*quick, *selection], plugins=[mutants])
    if status not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        return int(status)
    (Path("..") / "verdicts.json").write_text(json.dumps(mutants.verdicts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
