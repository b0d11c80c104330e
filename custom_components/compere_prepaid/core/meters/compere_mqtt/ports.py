"""The MQTT broker as a port, and how the meters behind it are reached."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from .commands import ENERGY_STEPS_MIN, LIVE_STEPS_S

TRANSPORT: Final = "mqtt"
"""How a bus is called that is a broker."""

type Unsubscribe = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message as the broker delivered it."""

    topic: str
    payload: bytes
    is_retained: bool = False
    """Whether it lay at the broker; nobody knows for how long."""


class BrokerPort(Protocol):
    """A connection to a broker that others may use too."""

    async def listen(
        self,
        topics: Collection[str],
        take: Callable[[Delivered], None],
        told: Callable[[bool], None],
    ) -> Unsubscribe:
        """Call `take` with each message on these topics, until what is returned is called.

        `told(True)` is called as soon as the broker has taken all subscriptions, also after each
        reconnection; `told(False)` when the connection goes. Raises `LineDownError` if there is no
        connection to be had at all.
        """
        ...

    async def publish(self, topic: str, payload: str) -> None:
        """Send a message at most once, kept by nobody. Raises `LineDownError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Under which topics the meters publish, and how often they are to do so."""

    prefix: str = ""
    """What stands before each topic, as a bridge between brokers adds it; empty for none."""
    live_s: int = 60
    energy_min: int = 5
    transport: Literal["mqtt"] = TRANSPORT

    def __post_init__(self) -> None:
        """Refuse what no meter can be set to; flow and site file check it before."""
        if self.live_s not in LIVE_STEPS_S or self.energy_min not in ENERGY_STEPS_MIN:
            raise ValueError(f"no meter can be set to {self!r}")

    @property
    def endpoint(self) -> str:
        """Return what names the line: a broker is one line per prefix."""
        return f"mqtt:{self.prefix}"

    @property
    def places(self) -> tuple[str, ...]:
        """Return what says where the line is, to be left out of diagnostics."""
        return ()

    def topic(self, name: str) -> str:
        """Return a topic with the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name
