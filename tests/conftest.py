"""What all tests share.

`custom_components` is imported before anything else: otherwise the test plugin mounts a folder of
its own under that name, and Home Assistant does not find the integration. Home Assistant itself is
set up only for tests that ask for it; those of the core stay fast.
"""

import custom_components  # noqa: F401, I001  -- see above; must come first

from collections.abc import Callable, Iterator
from functools import partial
import logging

from hypothesis import HealthCheck, settings
import pytest
from pytest_socket import enable_socket

from tests.adapters.postgresql_server import PostgresqlServer, postgresql_server

# Time limits fail on a busy machine, and say nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

HOME_ASSISTANTS_OWN_WARNINGS = (
    "ignore:.* use web.(App|Request)Key instances:aiohttp.web_exceptions.NotAppKeyWarning",
)
"""Warnings are errors here, but not those that Home Assistant's own set-up causes."""

FALSE_ALARM = "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
"""The Home Assistant test plugin freezes the garbage collector; hypothesis then does not see who
holds its own random generator, and warns of itself."""


def pytest_configure(config: pytest.Config) -> None:
    """Let Home Assistant's own warnings pass; do not log every statement of the ledger."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    for line in (*HOME_ASSISTANTS_OWN_WARNINGS, FALSE_ALARM):
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find the integration, in tests that use Home Assistant.

    The recorder must be prepared before Home Assistant is: where a test asks for it, it goes first.
    """
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresqlServer]:
    """Run a PostgreSQL server that all tests share, one after the other."""
    enable_socket()  # the test plugin forbids them to each test that does not ask
    with postgresql_server() as server:
        yield server


_FIGURE = "figure"
"""The name under which a test's report carries a count."""


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what tells a count that a test made, for the summary of the whole run."""
    return partial(record_property, _FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests counted, whichever process they ran in."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    if figures := [
        line for report in reports for name, line in report.user_properties if name == _FIGURE
    ]:
        terminalreporter.section("counted")
        for line in figures:
            terminalreporter.write_line(str(line))
