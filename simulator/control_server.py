"""The control channel of a running mall: a small web server on loopback.

`GET /mall` says what is going on, `POST /commands` does something. Only JSON is taken, so no web
page that happens to be open in a browser can send a command by a plain form.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any

from aiohttp import web

from .commands import CommandError, describe, run_command
from .gateways import HOST
from .mall import Mall

DEFAULT_PORT = 15_029

_LARGEST_BODY = 4096


def control_application(mall: Mall) -> web.Application:
    """Return the application that controls `mall`."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(describe(mall))

    async def command(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.json_response({"error": "send JSON"}, status=415)
        try:
            done = await run_command(mall, _object(await request.text()))
        except (CommandError, json.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"done": done})

    application = web.Application(client_max_size=_LARGEST_BODY)
    application.router.add_get("/mall", show)
    application.router.add_post("/commands", command)
    return application


def _object(text: str) -> dict[str, Any]:
    body = json.loads(text)
    if not isinstance(body, dict):
        raise CommandError("send an object")
    return body


@asynccontextmanager
async def control_server(mall: Mall, port: int) -> AsyncIterator[int]:
    """Offer the control channel at a port; 0 takes a free one."""
    runner = web.AppRunner(control_application(mall), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
