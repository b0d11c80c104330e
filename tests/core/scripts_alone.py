"""The project's scripts as people run them: where Home Assistant is not installed."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("yaml", "_yaml", "jsonschema", "jsonschema_specifications", "referencing", "rpds"),
    *("attr", "attrs", "tzdata"),
)
"""What PyYAML, jsonschema and tzdata bring, and nothing else."""

type Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with the few packages that the scripts need."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in PACKAGES:
        spec = find_spec(name)
        if spec and spec.origin:
            source = Path(spec.origin)
            source = source.parent if source.name == "__init__.py" else source
            (folder / source.name).symlink_to(source)
    return folder


@pytest.fixture
def run_alone(packages: Path) -> Run:
    """Return what runs a module, or code, in a Python without Home Assistant."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  -- our own script
            [sys.executable, "-S", *arguments],
            cwd=ROOT,
            env={"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
