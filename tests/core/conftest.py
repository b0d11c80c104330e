"""What tests of the core have in common."""

from tests.core.scripts_alone import packages, run_alone

__all__ = ["packages", "run_alone"]
