"""What the mall of the demonstration shares: feeders and pools, as a site file names them."""

from collections.abc import Iterable, Sequence
import json

from .main_meter import MainMeter
from .meter import SimulatedMeter

_PURCHASE = "0.6120"
"""What the owner pays the grid for a kWh."""

_POOLS = """\
  - name: Vertical transport
    valid_from: 2026-01-01
    kind: service
    costs:
      - {{meters: [{escalators}, {lifts}], price: {price}}}
      - {{bill: Lift maintenance, fixed: true}}
    basis: floor_area
    leave_out: {{areas: [Kiosks]}}
    exclusions: [{{account: {anchor}, from: [pool, denominator], contribution: 400}}]
    gross_up: 95
  - name: Lighting of common areas
    valid_from: 2026-01-01
    kind: energy
    costs: [{{meters: [{lighting}], price: {price}}}]
    basis: {{floor_area: 60, opening_hours: 40}}
    caps: [{{account: {anchor}, amount: 300}}]
  - name: Cooling
    valid_from: 2026-01-01
    kind: energy
    costs:
      - {{meters: [{cooling}, {ventilation}], price: {price}}}
      - {{bill: Chiller service, fixed: true}}
    basis: {{rated_power: 40, energy: 60}}
    leave_out: {{areas: [Kiosks]}}
  - name: Cleaning and security
    valid_from: 2026-01-01
    kind: service
    costs:
      - {{bill: Cleaning, fixed: true}}
      - {{amount: 1200, name: Security, fixed: true}}
    basis: floor_area
    tax: {{percent: 6, included: false}}
"""
_LOSSES = """\
  - name: Losses
    valid_from: 2026-01-01
    kind: energy
    costs: [{{losses: {feeder}, price: {price}}}]
    basis: energy
"""
_COMMON = {
    "escalators": "P-1 Escalators",
    "lifts": "P-2 Lifts",
    "lighting": "P-3 Lighting",
    "ventilation": "P-4 Ventilation",
}
_COOLING = "P-5 "
_ANCHOR = "G-001"
_FEEDER = "Main switchboard"


def shared_costs(meters: Sequence[SimulatedMeter]) -> list[str]:
    """Return the sections `feeders` and `pools` of a mall with these meters, if it has those."""
    found = {meter.name: meter for meter in meters}
    if any(name not in found for name in (*_COMMON.values(), _ANCHOR)):
        return ["pools: []"]
    pools = _POOLS.format(
        price=_PURCHASE,
        anchor=_ANCHOR,
        cooling=_serials(one for one in meters if one.name.startswith(_COOLING)),
        **{key: _serials([found[name]]) for key, name in _COMMON.items()},
    )
    sections = ["pools:", pools.rstrip("\n")]
    if mains := [meter for meter in meters if isinstance(meter, MainMeter)]:
        main = f"{{name: {_FEEDER}, main: [{_serials(mains)}], meters: all, expected_loss: 3}}"
        losses = _LOSSES.format(price=_PURCHASE, feeder=_FEEDER).rstrip("\n")
        sections = ["feeders:", f"  - {main}", *sections, losses]
    return sections


def _serials(meters: Iterable[SimulatedMeter]) -> str:
    return ", ".join(json.dumps(meter.serial) for meter in meters)
