"""A meter that says again what a diagnostics file has of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from custom_components.compere_prepaid.core.bus.requests import Function, RefusedError, Request
from tests.core.bus.played_line import Answer


class ReplayedMeter:
    """Answers each question as the file does; what it was never asked it does not have."""

    def __init__(self, answers: Sequence[Mapping[str, Any]]) -> None:
        """Take the list `answers` of a meter in a diagnostics file."""
        self._answers = {
            (Function[answer["function"].upper()], answer["address"], answer["count"]): tuple(
                answer["values"]
            )
            for answer in answers
        }

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        answer = self._answers.get((request.function, request.address, request.count))
        return RefusedError(request.unit, 2) if answer is None else answer
