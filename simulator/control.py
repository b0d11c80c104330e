"""Do something to the running mall: `python -m simulator.control silent A-101`."""

import argparse
from http.client import HTTPConnection
import json
import sys
from typing import Any

from .commands import FAULTS
from .control_server import DEFAULT_PORT
from .gateways import HOST

_TIMEOUT_S = 5


def main(arguments: list[str] | None = None) -> int:
    """Send one command and print the answer."""
    options = _parse(arguments)
    try:
        if options.command == "status":
            _print_status(_call(options.port, "GET", "/mall"))
            return 0
        given = {key: value for key, value in vars(options).items() if value is not None}
        answer = _call(options.port, "POST", "/commands", given)
    except OSError as error:
        print(
            f"no mall answers at {HOST}:{options.port} ({error}): is it running?", file=sys.stderr
        )
        return 1
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 1
    print(answer["done"])
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.control", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the control channel")
    changes = ["load", "voltage", "bypass", "energy", "replace"]
    verbs = ["status", *FAULTS, "heal", *changes, "unplug", "plug-in"]
    parser.add_argument("command", choices=verbs)
    parser.add_argument("target", nargs="?", help="name of a meter or a line")
    parser.add_argument(
        "value", nargs="?", help="watts or auto; volts, one or three; Wh; the new serial number"
    )
    parser.add_argument("--seconds", type=float, help="how slow, or how late")
    parser.add_argument("--code", type=int, help="of the exception")
    parser.add_argument("--times", type=int, help="over after so many requests")
    parser.add_argument("--share", type=float, help="of requests that are hit, 0 to 1")
    parser.add_argument("--wh", type=int, help="that the new meter shows")
    return parser.parse_args(arguments)


def _call(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    connection = HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


def _print_status(mall: dict[str, Any]) -> None:
    for line in mall["lines"]:
        wrong = ", ".join(line["faults"])
        print(f"{line['name']} at {line['address']}, {line['requests']} requests {wrong}")
        for meter in line["meters"]:
            print(
                f"  {meter['name']:<6} {meter['shop']:<16} {meter['wh'] / 1000:>10.3f} kWh"
                f" {meter['power_w']:>7} W  {meter['relay']:<6} {', '.join(meter['faults'])}"
            )


if __name__ == "__main__":
    sys.exit(main())
