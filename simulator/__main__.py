"""Run the simulated mall until it is told to stop: `python -m simulator`."""

import argparse
import asyncio
from datetime import UTC, datetime, time
import logging
from pathlib import Path
import signal
import sys
from zoneinfo import ZoneInfo

from .control_server import DEFAULT_PORT, control_server
from .mall import TIME_ZONE, Mall
from .plan_file import read_plan
from .site_file import write_site
from .tenants import MallPlan, mall_plan, one_line_plan

_OPEN = "11:00"


def main() -> None:
    """Parse the command line and run."""
    options = _parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # The servers log every refused request; here most of them are refused on purpose.
    logging.getLogger("tmodbus").setLevel(logging.ERROR)
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError) as error:
        sys.exit(f"the mall cannot open: {error}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    add = parser.add_argument
    add("--config", type=Path, metavar="SITE.yaml", help="simulate the mall of this site file")
    add("--one-line", type=int, metavar="N", help="N shops on one line instead of the whole mall")
    add("--port-base", type=int, default=15_020, help="first gateway's port (default 15020)")
    add("--control-port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}")
    add("--baudrate", type=int, default=9600)
    add("--no-pacing", action="store_true", help="answer at once instead of at the baud rate")
    add("--speed", type=float, default=1.0, help="simulated seconds in a second (default 1)")
    add(
        "--starts-at",
        default=_OPEN,
        help="local time of day, or 'now' (default 11:00: shops are open)",
    )
    add("--time-zone", default=TIME_ZONE)
    add("--seed", type=int, default=1)
    add("--pty-dir", type=Path, help="folder for the links to serial ports")
    add("--site-file", type=Path, help="write the mall as a site file, to import")
    add("--state", type=Path, help="file in which the meters keep their registers")
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> MallPlan:
    pace = not options.no_pacing
    if options.config is not None:
        return read_plan(options.config, pace=pace)
    base, baudrate = options.port_base, options.baudrate
    if options.one_line is not None:
        return one_line_plan(options.one_line, port=base, baudrate=baudrate, pace=pace)
    return mall_plan(port_base=base, baudrate=baudrate, pace=pace)


def _starts_at(text: str, time_zone: str) -> datetime:
    now = datetime.now(UTC)
    if text == "now":
        return now
    local = now.astimezone(ZoneInfo(time_zone))
    return datetime.combine(local.date(), time.fromisoformat(text), local.tzinfo)


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    mall = Mall.build(
        _plan(options),
        speed=options.speed,
        starts_at=_starts_at(options.starts_at, options.time_zone),
        seed=options.seed,
        time_zone=options.time_zone,
        serial_folder=options.pty_dir and options.pty_dir.absolute(),
        state_file=options.state,
    )
    async with mall, control_server(mall, options.control_port) as control_port:
        if options.site_file is not None:
            options.site_file.parent.mkdir(parents=True, exist_ok=True)
            options.site_file.write_text(write_site(mall), "utf-8")
            print(f"{options.site_file} describes this mall")
        for line in mall.lines.values():
            address = mall.endpoints[line.name].address
            print(f"{line.name}: {line.plan.transport} at {address}, {len(line.meters)} meters")
        print(f"control: python -m simulator.control --port {control_port} status", flush=True)
        await stop.wait()
    print("the mall is closed")


if __name__ == "__main__":
    main()
