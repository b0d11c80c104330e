"""A real Home Assistant whose site's meters are on simulated lines."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
import tempfile
import time
from typing import Any

import yaml

from benchmarks.bus_cases.clients import host_and_port
from benchmarks.bus_cases.stand import Line
from benchmarks.bus_line.plan import Way, serial
from benchmarks.stage.house import ROOT, House
from script.demo.children import Child
from script.demo.home_assistant import Client
from script.demo.site_setup import SiteDocument, set_up_site

_TRANSPORTS = {Way.RTU_TCP: "rtu_tcp", Way.MODBUS_TCP: "modbus_tcp"}


@dataclass(frozen=True, slots=True)
class Home:
    """It, and a client of it that is logged in."""

    house: House
    client: Client

    @property
    def _process(self) -> Path:
        started = self.house.started
        assert isinstance(started, Child)
        return Path(f"/proc/{started.process.pid}")

    def cpu_s(self) -> float:
        """Return how long it has used a processor, in all threads."""
        fields = (self._process / "stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mb(self) -> float:
        """Return how much memory it has."""
        status = (self._process / "status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def rest(self, seconds: float) -> None:
        """Let time pass; Home Assistant drops who says nothing for a minute."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left_s, 20))
            await self.client.command("get_config")

    async def probe(self) -> dict[str, Any]:
        """Return how late the event loop was since the last call."""
        answer = await self.client.command(
            "call_service",
            domain="loop_probe",
            service="read",
            service_data={},
            return_response=True,
        )
        result: dict[str, Any] = answer["response"]
        return result


@asynccontextmanager
async def home() -> AsyncIterator[Home]:
    """Start one with the loop probe and an empty site."""
    with tempfile.TemporaryDirectory(prefix="compere-bench-") as name:
        site = {"name": "Bench Mall", "currency": "CNY", "time_zone": "Asia/Shanghai"}
        house = House.build(Path(name), site)
        house.add_integration(ROOT / "benchmarks" / "stage" / "loop_probe")
        await house.start()
        try:
            async with house.visit() as client:
                await set_up_site(client, site)
                yield Home(house, client)
        finally:
            await house.stop()


def account_of(line: Line, unit: int) -> str:
    """Name the account of a meter."""
    return f"A-{line.number}-{unit}"


def document(lines: Sequence[Line], *, balances: Mapping[str, str], price: Decimal) -> SiteDocument:
    """Return the site file: an account a meter with its opening balance, one price."""
    data = {
        "site": {"name": "Bench Mall", "currency": "CNY", "time_zone": "Asia/Shanghai"},
        "buses": [_bus(line) for line in lines],
        "meters": [
            {
                "serial": serial(line.number, unit),
                "name": f"Meter {line.number}-{unit}",
                "bus": f"Riser {line.number}",
                "address": unit,
                "profile": "compere_kpm33b",
                "breaker": 100,
            }
            for line in lines
            for unit in range(1, line.plan.meters + 1)
        ],
        "accounts": [
            {
                "number": account_of(line, unit),
                "name": f"Shop {line.number}-{unit}",
                "meters": [serial(line.number, unit)],
                "tariff": "Flat",
                "policy": "Standard",
                "opening_balance": balances[account_of(line, unit)],
            }
            for line in lines
            for unit in range(1, line.plan.meters + 1)
        ],
        "tariffs": [
            {
                "name": "Flat",
                "valid_from": "2026-01-01",
                "prices": {"flat": str(price)},
                "schedule": [{"days": ["mon-sun"], "slots": {"00:00": "flat"}}],
            }
        ],
        "policies": [
            {
                "name": "Standard",
                "warning_levels": [2, 1],
                "cut_off": 0,
                "credit_limit": 0,
                "reconnect": "auto",
            }
        ],
        "pools": [],
    }
    return SiteDocument(text=yaml.safe_dump(data, sort_keys=False), data=data)


def _bus(line: Line) -> dict[str, object]:
    host, port = host_and_port(line.place)
    return {
        "name": f"Riser {line.number}",
        "transport": _TRANSPORTS[line.plan.way],
        "host": host,
        "port": port,
        "baudrate": line.plan.baudrate,
        "parity": "E" if line.plan.bits == 11 else "N",
    }
