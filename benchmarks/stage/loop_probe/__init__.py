"""Measures from inside how late Home Assistant's event loop is.

A timer that should fire every 5 ms notes how much later it does: that is the time for which the
loop was busy, or the machine did not run it. `loop_probe.read` answers with what was noted since
the last call.
"""

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers.typing import ConfigType

PERIOD_S = 0.005
STALL_MS = 50.0


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Start the timer and offer its notes."""
    loop = hass.loop
    lags: list[float] = []
    expected = loop.time() + PERIOD_S

    def tick() -> None:
        nonlocal expected
        now = loop.time()
        lags.append((now - expected) * 1000)
        expected = now + PERIOD_S
        loop.call_at(expected, tick)

    async def read(call: ServiceCall) -> ServiceResponse:
        noted = sorted(lags)
        lags.clear()
        if not noted:
            return {"samples": 0}
        return {
            "samples": len(noted),
            "p50_ms": noted[len(noted) // 2],
            "p99_ms": noted[len(noted) * 99 // 100],
            "max_ms": noted[-1],
            "stalls": sum(lag > STALL_MS for lag in noted),
        }

    hass.services.async_register(
        "loop_probe", "read", read, supports_response=SupportsResponse.ONLY
    )
    loop.call_at(expected, tick)
    return True
