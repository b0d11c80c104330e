"""A desk per test, as the tests of the prepayment room have it."""

from tests.core.prepayment.conftest import desk

__all__ = ["desk"]
