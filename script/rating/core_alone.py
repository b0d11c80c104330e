"""Opens the product's core where Home Assistant is not installed.

The core needs no framework, but it lies in a package whose `__init__` sets the integration up and
so imports Home Assistant. An empty package of the same name and place, put in before anything asks
for it, gives the core under its usual name without running that `__init__`.
"""

from pathlib import Path
import sys
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "custom_components.compere_prepaid"


def open_core() -> None:
    """Make `custom_components.compere_prepaid.core` importable, and nothing around it needed."""
    if PACKAGE not in sys.modules:
        package = ModuleType(PACKAGE, "The integration's folder, for its core alone.")
        package.__path__ = [str(ROOT.joinpath(*PACKAGE.split(".")))]
        sys.modules[PACKAGE] = package
