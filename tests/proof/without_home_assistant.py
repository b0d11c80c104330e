"""Import this first to have the core and the adapters in a second, not in five.

They know nothing of Home Assistant, but Python imports the package around them, and with it all of
Home Assistant. Here that package is an empty one that leads to the same modules.
"""

from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
import sys

_NAME = "custom_components.compere_prepaid"
_FOLDER = Path(__file__).parents[2] / "custom_components" / "compere_prepaid"

assert _NAME not in sys.modules, "too late: it is imported already"
_spec = ModuleSpec(_NAME, loader=None, is_package=True)
_spec.submodule_search_locations = [str(_FOLDER)]
sys.modules[_NAME] = module_from_spec(_spec)
