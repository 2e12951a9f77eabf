"""The two classical taggers."""

import json

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, StoreError
from salus.schema.question import Question
from salus.schema.sample import Note, Sample
from salus.systems.baseline.window_crf import window_features
from salus.systems.registry import create, find
from salus.tasks.registry import make

CLASSES = ("O", "B-Disease", "I-Disease")


def sample(name, text, tags):
    tokens = tuple(text.split())
    return Sample(
        id=name, patient=name, inputs={"note": Note(text=text, tokens=tokens)}, target=np.array(tags, dtype=int)
    )


def train_part():
    return ListDataset(
        [
            sample("a", "Back pain came first", [1, 2, 0, 0]),
            sample("b", "no pain today", [0, 1, 0]),
            sample("c", "a cold winter", [0, 0, 0]),
            sample("d", "a cold hand", [0, 0, 0]),
            sample("e", "a bad cold", [0, 0, 1]),
            sample("f", "chronic back pain", [0, 1, 2]),
        ]
    )


def trained(name):
    task = make(Question(kind="tagging", classes=CLASSES))
    system = create(name, task, train_part(), find(name).tiny)
    system.settle(train_part())
    return system.eval()


def answer(system, text):
    return system.decode(system(system.collate([sample("q", text, [0] * len(text.split()))])))[0].tolist()


def test_the_longest_phrase_wins_and_case_is_ignored():
    system = trained("lexicon_tagger")
    assert answer(system, "BACK PAIN or pain") == [1, 2, 0, 1]
    # "cold" is a mention once of three times.
    assert answer(system, "a cold") == [0, 0]


def test_padding_is_marked():
    system = trained("lexicon_tagger")
    batch = system.collate([sample("a", "pain", [0]), sample("b", "no pain today", [0, 0, 0])])
    assert system.decode(system(batch)).tolist() == [[1, -1, -1], [0, 1, 0]]


@pytest.mark.parametrize("name", ["lexicon_tagger", "window_crf"])
def test_survives_saving(name):
    system = trained(name)
    again = find(name)(system.task, system.config, json.loads(json.dumps(system.fingerprint)))
    state = system.state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    again.load_state_dict(state)
    for text in ("no back pain today", "a cold hand", "β-blocker against pain"):
        assert answer(again, text) == answer(system, text)


def test_the_field_learns_its_training_part():
    system = trained("window_crf")
    for row in train_part().samples:
        assert answer(system, row.inputs["note"].text) == row.target.tolist()


def test_window_features_name_neighbours_and_edges():
    rows = window_features(("No", "pain", "at"), 1)
    assert "word=pain" in rows[1]
    assert "-1:word=no" in rows[1]
    assert "1:word=at" in rows[1]
    assert "-1:edge" in rows[0]
    assert "pair:no|pain" in rows[1]


def test_an_untrained_or_damaged_field_says_so():
    task = make(Question(kind="tagging", classes=CLASSES))
    system = create("window_crf", task, train_part(), find("window_crf").tiny)
    with pytest.raises(StoreError, match="once it is trained"):
        answer(system, "no pain")
    system.set_extra_state(torch.arange(64, dtype=torch.uint8))
    with pytest.raises(StoreError, match="cannot read its 64 bytes"):
        answer(system, "no pain")


@pytest.mark.parametrize("name", ["lexicon_tagger", "window_crf"])
def test_refuses_bad_input(name):
    task = make(Question(kind="tagging", classes=CLASSES))
    with pytest.raises(DataError, match="one tag in all"):
        create(name, task, ListDataset([sample("a", "no", [0])]), find(name).tiny)
    with pytest.raises(DataError, match="tag 7 is unknown"):
        trained(name).collate([sample("a", "no", [7])])
