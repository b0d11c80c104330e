"""Mutation testing of the rooms that handle money: what no test would notice if it were wrong.

mutmut makes the mutants in a copy, `.mutants/`, with core and adapters and the core's own tests.
There the integration's package is empty: the core needs no Home Assistant, whose import would take
longer than all of a mutant's tests. `session` tries them there. `mutmut show NAME` in that folder
shows a mutant once more.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".mutants"
PACKAGE = Path("custom_components") / "compere_prepaid"
ROOMS = ("core/money", "core/tariff", "core/ledger", "core/prepayment", "core/allocation")
WITHOUT_MONEY = {"bus", "metering", "meters"}
"""Rooms whose tests say nothing about money."""

OF_PROGRAMS = ("test_script_*",)
"""Tests that start programs of their own, which a mutant does not reach."""

SETTINGS = """\
[tool.mutmut]
source_paths = ["custom_components"]
only_mutate = {patterns}
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
pythonpath = ["."]
addopts = [
    "--import-mode=importlib",
    "-m not slow",
    "-p", "pytest_asyncio.plugin",
    "-p", "pytest_timeout",
    "-p", "no:cacheprovider",
]
filterwarnings = ["error"]
markers = ["slow"]
timeout = 60
tmp_path_retention_policy = "none"
"""
_NAME = re.compile(
    r"(?P<module>.+)\.x(?:ǁ(?P<type>\w+)ǁ|_)(?P<function>\w+)__mutmut_(?P<number>\d+)"
)


def main() -> int:
    """Test the mutants of the rooms, or single modules of them, that the command line names."""
    arguments = argparse.ArgumentParser(prog="script/mutate", description=__doc__)
    arguments.add_argument(
        "rooms",
        nargs="*",
        metavar="ROOM",
        default=ROOMS,
        help="core/money, or a module of it: core/money/amount.py; without any: the money's rooms",
    )
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    options = arguments.parse_args()
    rooms = [room.strip("/") for room in options.rooms]
    for room in rooms:
        if not (ROOT / PACKAGE / room).exists():
            arguments.error(f"there is no room {room}; there is, for example, {ROOMS[0]}")
    make_copy(rooms)
    log = COPY / "mutants.log"
    print(f"mutate: {', '.join(rooms)}; this takes minutes, {log.relative_to(ROOT)} tells how far")
    with log.open("wb") as output:
        status = try_mutants(options.jobs, output.fileno())
    if status:
        print(f"mutate: failed:\n{log.read_text(encoding='utf-8')[-3000:]}", file=sys.stderr)
        return status
    report(rooms, json.loads((COPY / "verdicts.json").read_text(encoding="utf-8")))
    return 0


def make_copy(rooms: Sequence[str]) -> None:
    """Copy what is needed to test the core, and nothing of Home Assistant's."""
    shutil.rmtree(COPY, ignore_errors=True)
    package = COPY / PACKAGE
    caches = shutil.ignore_patterns("__pycache__")
    for part in ("core", "adapters"):
        shutil.copytree(ROOT / PACKAGE / part, package / part, ignore=caches)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    others = shutil.ignore_patterns("__pycache__", *OF_PROGRAMS)
    shutil.copytree(ROOT / "tests", COPY / "tests", ignore=others)
    shutil.copy(Path(__file__).with_name("conftest.py"), COPY / "tests" / "conftest.py")
    tests = [
        f"tests/core/{folder.name}"
        for folder in sorted((ROOT / "tests" / "core").iterdir())
        if folder.is_dir() and folder.name not in WITHOUT_MONEY | {"__pycache__"}
    ]
    patterns = [f"{PACKAGE}/{room if room.endswith('.py') else f'{room}/*.py'}" for room in rooms]
    settings = SETTINGS.format(patterns=patterns, tests=tests)
    (COPY / "pyproject.toml").write_text(settings, encoding="utf-8")


def try_mutants(jobs: int, output: int) -> int:
    """Try the copy's mutants, without the plugins that bring Home Assistant, and in memory."""
    memory = Path("/dev/shm")  # noqa: S108  -- a folder within it
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        return subprocess.run(  # noqa: S603  -- our own words
            [sys.executable, Path(__file__).with_name("session.py"), str(jobs)],
            cwd=COPY,
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONUNBUFFERED": "1",
                "TMPDIR": folder,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def report(rooms: Sequence[str], verdicts: Mapping[str, str]) -> None:
    """Tell how many mutants of each room were killed, and show those that were not."""
    for room in rooms:
        prefix = ".".join((*PACKAGE.parts, *room.removesuffix(".py").split("/"), ""))
        own = {name: verdict for name, verdict in verdicts.items() if name.startswith(prefix)}
        counts = Counter(own.values())
        others = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
        print(f"{room}: {len(own)} mutants: {others}")
        for name, verdict in own.items():
            if verdict not in {"killed", "timeout"}:
                show(name, verdict)


def show(name: str, verdict: str) -> None:
    """Print one mutant: where it is, and what it changed."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise RuntimeError(f"mutmut names mutants in a new way: {name}")
    place = found["module"].removeprefix(".".join((*PACKAGE.parts, ""))).replace(".", "/")
    function = ".".join(filter(None, (found["type"], found["function"])))
    print(f"  {place}.py, {function}, mutant {found['number']}: {verdict}")
    changed = subprocess.run(  # noqa: S603  -- our own words
        [sys.executable, "-m", "mutmut", "show", name],
        cwd=COPY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    for line in changed.stdout.splitlines():
        if line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
            print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main())
