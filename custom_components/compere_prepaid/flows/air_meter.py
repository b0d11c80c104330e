"""The form of a meter behind an MQTT broker: it is picked from those that are heard."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import CONF_ADDRESS, CONF_PROFILE
from ..core.ids import BusId
from ..core.meters.compere_mqtt.link import HeardMeter, MqttLink
from ..core.meters.compere_mqtt.messages import meter_code, model_of
from ..core.meters.compere_mqtt.profile import CompereMqttProfile
from ..site import CompereSite
from .form_errors import FormError


def unknown_meters(
    site: CompereSite, buses: Iterable[str], configured: Collection[str]
) -> list[HeardMeter]:
    """Return the meters that are heard on these buses and that no site has, by code."""
    heard: dict[str, HeardMeter] = {}
    for bus_id in buses:
        runtime = site.buses.get(BusId(bus_id))
        if runtime is not None and isinstance(runtime.bus, MqttLink):
            heard |= runtime.bus.heard
    return [heard[code] for code in sorted(heard) if code not in configured]


def heard_choice(meters: Iterable[HeardMeter]) -> SelectSelector:
    """Ask for one of the meters, or for a code that is typed."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=one.code, label=_label(one)) for one in meters],
            mode=SelectSelectorMode.DROPDOWN,
            custom_value=True,
        )
    )


def check_code(site: CompereSite, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a meter with its code in upper case; refuse what is none, or another model's."""
    code = meter_code(str(data[CONF_ADDRESS]))
    if code is None:
        raise FormError(CONF_ADDRESS, "meter_code_invalid", address=data[CONF_ADDRESS])
    profile = site.catalogue.get(data[CONF_PROFILE])
    if isinstance(profile, CompereMqttProfile) and profile.codes and code[:3] not in profile.codes:
        raise FormError(
            CONF_PROFILE,
            "code_of_other_model",
            model=model_of(code) or code[:3],
            profile=profile.title,
        )
    return {**data, CONF_ADDRESS: code}


def _label(meter: HeardMeter) -> str:
    parts = [meter.code, meter.model]
    if meter.energy_wh is not None:
        parts.append(f"{meter.energy_wh // 1000}.{meter.energy_wh % 1000:03} kWh")
    return " · ".join(filter(None, parts))
