"""Measures from inside how late Home Assistant's event loop is.

A timer that should fire every 5 ms notes how much later it does: that is the time for which the
loop was busy, or the machine did not run it. What its thread computed meanwhile tells the two
apart: the loop cannot have held itself up for longer. The longest run of Python's garbage collector
is told beside it. `loop_probe.read` answers with what was noted since the last call.
"""

import gc
import time
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers.typing import ConfigType

PERIOD_S = 0.005
STALL_MS = 50.0


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Start the timer and offer its notes."""
    loop = hass.loop
    lags: list[float] = []
    own: list[float] = []
    collections: list[float] = []
    began = 0.0
    computed = time.thread_time()
    expected = loop.time() + PERIOD_S

    def collects(phase: str, _info: dict[str, Any]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            collections.append((time.perf_counter() - began) * 1000)

    def tick() -> None:
        nonlocal expected, computed
        now, before = loop.time(), computed
        computed = time.thread_time()
        lags.append((now - expected) * 1000)
        own.append(min(lags[-1], (computed - before) * 1000))
        expected = now + PERIOD_S
        loop.call_at(expected, tick)

    async def read(call: ServiceCall) -> ServiceResponse:
        noted, worst_own = sorted(lags), max(own, default=0.0)
        longest = max(collections, default=0.0)
        for notes in (lags, own, collections):
            notes.clear()
        if not noted:
            return {"samples": 0}
        return {
            "samples": len(noted),
            "p50_ms": noted[len(noted) // 2],
            "p99_ms": noted[len(noted) * 99 // 100],
            "max_ms": noted[-1],
            "own_max_ms": worst_own,
            "collection_max_ms": longest,
            "stalls": sum(lag > STALL_MS for lag in noted),
        }

    hass.services.async_register(
        "loop_probe", "read", read, supports_response=SupportsResponse.ONLY
    )
    gc.callbacks.append(collects)
    loop.call_at(expected, tick)
    return True
