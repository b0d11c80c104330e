"""What a meter's data tell charging and protection of its place."""

import pytest

from custom_components.compere_prepaid.circuits import meter_setup_of
from custom_components.compere_prepaid.core.ids import MeterSerial


@pytest.mark.parametrize(("phases", "power_w"), [(1, 9_200), (3, 27_600)])
def test_a_breaker_carries_its_current_on_each_phase(phases: int, power_w: int) -> None:
    """40 A at 230 V; the agreed power is as it was written, in kW."""
    setup = meter_setup_of({"breaker": 40, "rated_power": "7.5"}, MeterSerial("33B0"), phases)
    assert (setup.max_power_w, setup.rated_w) == (power_w, 7_500)
    assert meter_setup_of({}, MeterSerial("33B0"), phases).rated_w is None
