"""Serial adapters and their names."""

from pathlib import Path

import pytest

from custom_components.compere_prepaid.flows.serial_device import same_device, stable_device


@pytest.fixture
def links(tmp_path: Path) -> Path:
    """Return a folder of links as `/dev/serial/by-id` is one."""
    folder = tmp_path / "by-id"
    folder.mkdir()
    for name in ("ttyUSB0", "ttyUSB1"):
        (tmp_path / name).touch()
        (folder / f"usb-adapter-of-{name}").symlink_to(tmp_path / name)
    return folder


def test_port_gets_the_name_that_stays_with_the_adapter(links: Path) -> None:
    """The link that leads to the port is kept instead of the port."""
    port = str(links.parent / "ttyUSB1")
    assert stable_device(port, links) == str(links / "usb-adapter-of-ttyUSB1")


def test_other_names_stay_as_they_are(links: Path) -> None:
    """Links, ports without a link, URLs, and machines without such a folder change nothing."""
    for device in (str(links / "usb-adapter-of-ttyUSB0"), "/dev/ttyS0", "socket://gateway:9"):
        assert stable_device(device, links) == device
    assert stable_device("/dev/ttyUSB0", links / "nothing") == "/dev/ttyUSB0"


def test_devices_are_compared_by_what_they_lead_to(links: Path) -> None:
    """A link and its port are one device; two URLs only if they are spelled alike."""
    assert same_device(str(links.parent / "ttyUSB0"), str(links / "usb-adapter-of-ttyUSB0"))
    assert not same_device(str(links.parent / "ttyUSB0"), str(links / "usb-adapter-of-ttyUSB1"))
    assert same_device("socket://gateway:9", "socket://gateway:9")
    assert not same_device("socket://gateway:9", "/dev/ttyUSB0")
