"""Real sockets for every test of the portal."""

import pytest


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let the tests of this folder use loopback."""
