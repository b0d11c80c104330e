"""Serial adapters and their names.

`/dev/ttyUSB0` is whatever was plugged in first; the links in `/dev/serial/by-id` stay with the
adapter. Two buses on one adapter would disturb each other however they name it, so devices are
compared by what their names lead to. These functions touch the file system: call them in the
executor.
"""

from pathlib import Path

BY_ID = Path("/dev/serial/by-id")


def stable_device(device: str, links: Path = BY_ID) -> str:
    """Return the name of a serial device that survives a restart; others come back unchanged."""
    if not device.startswith("/") or Path(device).parent == links or not links.is_dir():
        return device
    target = Path(device).resolve()
    for link in sorted(links.iterdir()):
        if link.resolve() == target:
            return str(link)
    return device


def same_device(one: str, other: str) -> bool:
    """Say whether two names lead to the same serial device."""
    if one.startswith("/") and other.startswith("/"):
        return Path(one).resolve() == Path(other).resolve()
    return one == other
