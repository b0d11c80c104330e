"""Command line of the demonstration: `script/run --help`."""

import argparse
import asyncio
from contextlib import suppress
import os
from pathlib import Path
import signal
import sys

from .errors import DemoError
from .mall import DEFAULT_PORT
from .network import free_port, takes_multicast
from .show import Options, run

LAST_PORT = 65_500
ROOT = Path(__file__).resolve().parents[2]


def parse() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="script/run",
        description="A simulated mall and Home Assistant that bills it, on 127.0.0.1 alone. "
        "Ctrl-C stops both.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=8123,
        help="of Home Assistant, and the next one of the tenants' page; 0: any free ones (8123)",
    )
    parser.add_argument(
        "--mall-port",
        type=int,
        default=DEFAULT_PORT,
        help=f"of the first simulated gateway; 0: any free ones ({DEFAULT_PORT})",
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, help="the mall's clock runs N times as fast (1)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start over: forget site, ledger, user and meters"
    )
    parser.add_argument(
        "--state", type=Path, default=ROOT / ".demo", help="where all is kept (.demo)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="start, see that meters are read, the dashboard is served and a shop that pays on "
        "the tenants' page has power, and stop",
    )
    arguments = parser.parse_args()
    if not 0 < arguments.speed <= 10_000:
        parser.error(f"--speed {arguments.speed:g}: more than 0, at most 10000")
    for option, port in (("--port", arguments.port), ("--mall-port", arguments.mall_port)):
        if not 0 <= port <= LAST_PORT:
            parser.error(f"{option} {port}: from 0 to {LAST_PORT}")
    return Options(
        root=ROOT,
        state=arguments.state.resolve(),
        port=arguments.port or free_port(),
        portal_port=arguments.port + 1 if arguments.port else free_port(),
        mall_port=arguments.mall_port,
        speed=arguments.speed,
        fresh=arguments.fresh,
        check=arguments.check,
    )


async def until_stopped(options: Options) -> None:
    """Run until it ends or a signal asks for it; what was started is stopped either way."""
    work = asyncio.ensure_future(run(options))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: None)  # once is enough: stopping is under way
        print("\nStopping …", flush=True)
        work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await work


def main() -> int:
    """Run the demonstration; return the exit status."""
    options = parse()
    if not takes_multicast():
        print(
            "No interface of this machine takes multicast: Home Assistant's log will say that its "
            "analytics failed. The demonstration works without.",
            file=sys.stderr,
        )
    try:
        os.umask(0o077)  # passwords, tokens and the ledger are nobody else's business
        asyncio.run(until_stopped(options))
    except DemoError as error:
        print(f"script/run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
