"""What taggers share."""

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.nets.tagging import (
    best_tags,
    bytes_to_texts,
    check_training,
    locate,
    note_tokens,
    one_hot_tags,
    real_steps,
    span_masks,
    tag_matrix,
    texts_to_bytes,
)
from salus.schema.errors import DataError
from salus.schema.sample import Note, Row, Sample


def sample(tokens=("a", "b"), tags=(0, 1), name="s"):
    target = None if tags is None else np.array(tags)
    return Sample(id=name, patient="p", inputs={"note": Note(text=" ".join(tokens), tokens=tokens)}, target=target)


def test_bytes_carry_every_script():
    texts = [["β-blocker", "12µg", "😀"], ["x"]]
    assert bytes_to_texts(texts_to_bytes(texts)) == texts


def test_one_hot_marks_what_is_behind_the_end():
    scores = one_hot_tags([[1, 0], [2]], 3)
    assert scores[0].argmax(1).tolist() == [1, 0]
    assert best_tags(scores).tolist() == [[1, 0], [2, -1]]
    assert real_steps(scores).tolist() == [[True, True], [True, False]]


def test_a_span_mask_names_exactly_that_mention():
    classes = ("O", "B-x", "I-x")
    mask = span_masks([(1, 3, "x")], classes, 5)[0].int().tolist()
    assert mask == [[1, 1, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]]
    assert span_masks([(3, 5, "x")], classes, 5).shape == (1, 5, 3)


def test_offsets_are_those_of_the_text():
    note = Note(text="no pain", tokens=("no", "pain"), offsets=((0, 2), (3, 7)))
    mention = locate(note, [(1, 2, "x")], [0.5])[0]
    assert (note.text[mention.start_letter : mention.stop_letter], mention.probability) == ("pain", 0.5)
    assert locate(Note(text="no pain", tokens=("no", "pain")), [(1, 2, "x")], [0.5])[0].start_letter == -1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Sample(id="s", patient="p", inputs={"row": Row(values={})}), "no input 'note'"),
        (sample(()), "without tokens"),
        (sample(("a", " ")), "token 1 is ' '"),
        (sample(("a", "b\nc")), "no line break"),
    ],
)
def test_refuses_notes_it_cannot_read(bad, words):
    with pytest.raises(DataError, match=words):
        note_tokens(bad)


@pytest.mark.parametrize(
    ("tags", "words"),
    [((0,), r"shape \(1,\) for 2 tokens"), ((0, 3), "tag 3 is unknown"), ((-1, 0), "tag -1"), ((0.5, 1.0), "float64")],
)
def test_refuses_tags_that_do_not_fit(tags, words):
    with pytest.raises(DataError, match=words):
        tag_matrix([sample(tags=tags)], 3)


def test_a_sample_without_truth_is_accepted():
    assert tag_matrix([sample(tags=None), sample()], 3) is None
    assert torch.equal(tag_matrix([sample(), sample(("c",), (2,))], 3), torch.tensor([[0, 1], [2, 0]]))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "without samples"),
        ([sample(), sample()], "stands twice"),
        ([sample(tags=None)], "no tags to learn"),
        ([sample(tags=(0, 0))], "one tag in all"),
    ],
)
def test_refuses_a_training_part_that_teaches_nothing(rows, words):
    with pytest.raises(DataError, match=words):
        check_training(ListDataset(rows))
