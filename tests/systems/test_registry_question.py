"""A system is only asked what its card says it answers."""

import pytest

from salus.schema.errors import UsageError
from salus.schema.question import Question
from salus.systems import registry
from salus.tasks.registry import make


def test_other_questions_are_refused_with_those_who_answer_them():
    kind = registry.find("red_cnn")
    with pytest.raises(
        UsageError, match=r"red_cnn answers restoration, and this data asks tagging: take .*lexicon_tagger"
    ):
        registry.refuse_other_question("red_cnn", kind, make(Question(kind="tagging", classes=("O", "B-x", "I-x"))))


def test_an_ordinal_question_is_a_form_of_classification():
    task = make(Question(kind="ordinal", classes=("0", "1", "2")))
    registry.refuse_other_question("majority", registry.find("majority"), task)
    several = make(Question(kind="multilabel", classes=("a", "b")))
    with pytest.raises(UsageError, match="asks multilabel"):
        registry.refuse_other_question("majority", registry.find("majority"), several)
