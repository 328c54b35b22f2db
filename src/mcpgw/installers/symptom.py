"""A symptom says what is wrong and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """Who mends it."""

    MENDABLE = "mendable"  # `doctor --fix`
    ACTION = "action"  # a person
    NOTE = "note"  # nobody has to


@dataclass(frozen=True, slots=True)
class Symptom:
    """One finding of a check-up. check: which one found it.  text, next_step: one line each, no secret in them."""

    check: str
    weight: Weight
    text: str
    next_step: str

    @property
    def healthy(self) -> bool:
        return self.weight is Weight.NOTE
