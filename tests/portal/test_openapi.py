"""The server against its own contract: made-up requests, right and wrong, to every operation."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
import yaml

from custom_components.compere_prepaid import portal
from custom_components.compere_prepaid.core.ids import AccountNumber
from custom_components.compere_prepaid.portal.listener import ROUTES
from custom_components.compere_prepaid.portal.sessions import Level
from custom_components.compere_prepaid.site import CompereSite
from simulator.mall import Mall
from tests.actions.asking import serial_of
from tests.portal.visiting import NOODLES, Visitor, base_url, portal_of, visitor
from tests.stories.telling import ask

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(portal.__path__[0]) / "openapi.yaml").read_text("utf-8")
)
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = 12
"""For each operation and each way to make requests up."""

ENDLESS = {"/api/live"}
"""A stream never ends; it has its own tests."""


def test_every_route_is_documented() -> None:
    """What the server answers is in the contract, and nothing else is."""
    documented = {
        (method.upper(), path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert documented == {(route.method, route.path) for route in ROUTES}


@pytest.mark.slow
async def test_no_undocumented_answer(
    hass: HomeAssistant, site: CompereSite, mall: Mall, figure: Callable[[str], None]
) -> None:
    """No failure of the server, and no answer that the contract does not know."""
    loop, answers, serial = asyncio.get_running_loop(), Counter[int](), serial_of(mall, NOODLES)
    await ask(hass, "issue_statement", account=NOODLES)
    kept = portal_of(site)

    async def begin() -> tuple[str, str]:
        """Begin a session that may see everything; forget how much was asked for."""
        kept.gate.limits._addresses.clear()
        _, session = kept.sessions.begin()
        number = AccountNumber(NOODLES)
        token = kept.sessions.change(session, Level.PAPERS, number, site.book.meter(serial).serial)
        return token, session.csrf

    def explore(operation: Any, mode: GenerationMode) -> None:
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            token, csrf = asyncio.run_coroutine_threadsafe(begin(), loop).result()
            headers = {"Origin": base_url(site), "X-CP-CSRF": csrf, "Cookie": f"cp={token}"}
            answer = case.call(base_url=base_url(site), headers=headers, allow_redirects=False)
            answers[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        check()

    def everything() -> list[str]:
        schema = schemathesis.openapi.from_dict(DOCUMENT)
        found: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]
        for operation in found:
            if operation.path in ENDLESS:
                continue
            explore(operation, GenerationMode.POSITIVE)
            with suppress(Unsatisfiable):  # where nothing is sent, nothing can be wrong
                explore(operation, GenerationMode.NEGATIVE)
        return [operation.label for operation in found]

    operations = await hass.async_add_executor_job(everything)
    assert len(operations) == len(ROUTES)
    assert answers[200] > EXAMPLES
    assert max(answers) < 500
    told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    figure(f"portal: {sum(answers.values())} made-up requests to {len(ROUTES)} operations; {told}")


async def test_each_operation_asks_for_its_level(
    site: CompereSite, mall: Mall, browser: Visitor
) -> None:
    """Nobody, and who proved less, gets 403 from each operation, and learns nothing else."""
    serial = serial_of(mall, NOODLES)
    async with visitor(site) as stranger, visitor(site) as passer:
        await browser.begin()
        await passer.choose(serial)
        for route in ROUTES:
            if route.level is None:
                continue
            path = route.path.replace("{id}", "x").replace("{number}", "1")
            path = path.replace("{reference}", "x").replace("{format}", "pdf")
            for who, lowest in ((stranger, -1), (browser, Level.NUMBER), (passer, Level.NUMBER)):
                enough = route.level <= lowest and not (who is browser and route.needs_meter)
                if enough:
                    continue
                asked = who.get(path) if route.method == "GET" else who.post(path)
                status, answer = await asked
                assert status == 403, (route.path, who)
                assert answer["error"]["code"] in {"session_needed", "level_needed", "csrf"}
