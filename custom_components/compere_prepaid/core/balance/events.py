"""What was found in the energy of meters and feeders."""

from dataclasses import dataclass
from datetime import datetime

from ..events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyFinding(Event):
    """There is something to look at: a loss nobody explains, a meter that stands still, a bypass.

    `kind` is a `FindingKind`; `feeder` and `meter` are empty where it is about none. It is about
    `energy_wh`, counted or missed from `since` to `until`.
    """

    TYPE = "energy_finding"

    kind: str
    feeder: str
    meter: str
    energy_wh: int
    since: datetime
    until: datetime


OF_BALANCE: tuple[type[Event], ...] = (EnergyFinding,)
"""What automations may rely on."""
