"""Which of several ordered classes? A grade: far misses cost more than near ones."""

from typing import ClassVar

from salus.metrics import confusion
from salus.metrics.weights import Floats
from salus.schema.question import Question
from salus.tasks.classification import Classification


class Ordinal(Classification):
    """Classification whose classes stand in order; the headline is kappa with quadratic weights.

    Rows without an answer get the answers that make kappa smallest (`salus.metrics.confusion.quadratic_kappa`).
    """

    kind: ClassVar[str] = "ordinal"

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.primary = "kappa_quadratic"
        self.directions = {"kappa_quadratic": 1, **self.directions}

    def _extra(self, counts: Floats) -> dict[str, Floats]:
        return {"kappa_quadratic": confusion.quadratic_kappa(counts)}
