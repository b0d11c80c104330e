"""Work in a process of its own: how that is started, and the program that it runs.

The program is this file. Python loads the packages around a module first, and around ours that is
all of Home Assistant; so the program takes the integration's folder for a package of its own. It
works at a low priority.
"""

import importlib
import os
from pathlib import Path
import sys
from types import ModuleType

_PACKAGE = "compere_prepaid_alone"
_POLITE = 10
"""How much other processes go first."""


def command(module: str) -> list[str]:
    """Return what starts a process that calls the `main` of a module among the adapters."""
    return [sys.executable, "-P", __file__, module]


def environment() -> dict[str, str]:
    """Return the surroundings of such a process: it finds the modules that this one finds."""
    modules = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONPATH": modules}


def _run(module: str) -> None:
    os.nice(max(0, _POLITE - os.nice(0)))  # who is started by a polite process is polite already
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules[_PACKAGE] = package
    importlib.import_module(f"{_PACKAGE}.adapters.{module}").main()


if __name__ == "__main__":
    _run(sys.argv[1])
