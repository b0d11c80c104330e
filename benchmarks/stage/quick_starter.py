"""Starts a Home Assistant again and again, in a fraction of the time that its imports take.

    python quick_starter.py CONFIG MODULES

For each line `<output file>` it forks a Home Assistant on the configuration folder and tells its
process id, and `ended` when it is gone. One that is let end leaves the names of all modules that it
had imported in the file MODULES; the next ones are forked with these imported already. Nothing else
is done before: each start is a whole one, in a process of its own.

It is run as a file and imports nothing of this repository, as Home Assistant must find the
integration by the link in its configuration folder.
"""

from contextlib import suppress
import ctypes
import importlib
import os
from pathlib import Path
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def import_all(modules: Path) -> None:
    """Import what a Home Assistant that was let end had imported; once."""
    if not modules.exists():
        return
    for name in modules.read_text(encoding="utf-8").split():
        with suppress(Exception):  # some are parts of others, and cannot be imported on their own
            importlib.import_module(name)
    modules.unlink()
    assert threading.active_count() == 1, "a fork takes no threads along"


def run(config: str, output: str, modules: Path) -> None:
    """Be Home Assistant, to the end of this process."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.argv = ["homeassistant", "-c", config, "--skip-pip", "--log-no-color"]
    home_assistant = importlib.import_module("homeassistant.__main__")
    status = home_assistant.main()
    modules.write_text("\n".join(set(sys.modules)), encoding="utf-8")
    os._exit(status)


def main() -> None:
    """Fork a Home Assistant for each line, and wait for its end."""
    config, modules = sys.argv[1], Path(sys.argv[2])
    sys.path.insert(0, config)  # as Home Assistant itself does
    for line in sys.stdin:
        import_all(modules)
        process = os.fork()
        if process == 0:
            try:
                run(config, line.strip(), modules)
            finally:
                os._exit(1)
        print(process, flush=True)
        os.waitpid(process, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
