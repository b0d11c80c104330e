"""Two shops on one line, in a mall whose time a story moves by hand."""

from collections.abc import AsyncIterator

import pytest

from simulator.mall import Mall
from tests.people import boss
from tests.site_fixtures import one_line_mall

__all__ = ["boss"]


@pytest.fixture
async def mall(socket_enabled: None) -> AsyncIterator[Mall]:
    """Open the mall."""
    async with one_line_mall(2) as mall:
        yield mall
