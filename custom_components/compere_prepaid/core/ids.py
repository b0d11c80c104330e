"""Names of things, as types of their own, so that a serial never passes for an account number."""

from typing import NewType

BusId = NewType("BusId", str)
"""Identifies a bus within a site (the subentry id in Home Assistant)."""

MeterSerial = NewType("MeterSerial", str)
"""A meter's serial number as the meter tells it: 13 characters for Compere (MQTT V1.9 §6)."""

AccountNumber = NewType("AccountNumber", str)
"""A tenant account's number as it is printed for people, e.g. `A-101`."""

TransferId = NewType("TransferId", str)
"""Deterministic identity of a ledger transfer, e.g. `chg:33B0250100001:1:20450`."""
