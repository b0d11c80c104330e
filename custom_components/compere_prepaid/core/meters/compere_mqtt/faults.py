"""What is wrong with a profile for Compere's MQTT protocol, beyond its schema."""

from collections.abc import Iterator

from ...document_faults import Fault
from ...documents import Document
from ...metering.reading import Quantity
from ..decode import Unit
from ..modbus_faults import units_of
from .profile import IMPORT


def compere_mqtt_faults(document: Document) -> Iterator[Fault]:
    """Find what a schema cannot see."""
    seen: set[str] = set()
    for index, entry in enumerate(document.data["measurands"]):
        quantity, unit = Quantity(entry["quantity"]), Unit(entry["unit"])
        for key in (entry["tag"], quantity.value):
            if key in seen:
                message = f"'{key}' stands twice"
                yield document.fault("measurands", index, message=message)
            seen.add(key)
        if unit not in units_of(quantity):
            message = f"'{unit}' cannot be the unit of {quantity}"
            yield document.fault("measurands", index, "unit", message=message)
        if (quantity is Quantity.ENERGY_IMPORT) != (entry["tag"] == IMPORT):
            message = f"'{IMPORT}' is the tag of energy_import, and of nothing else"
            yield document.fault("measurands", index, "tag", message=message)
    if Quantity.ENERGY_IMPORT not in seen:
        message = "'energy_import' is missing: it is what is charged"
        yield document.fault("measurands", message=message)
