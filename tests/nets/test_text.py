"""Words as a network reads them."""

import json

import numpy as np
import pytest
import torch

from salus.nets.text import (
    LETTERS,
    TokenEmbedding,
    TokenEncoder,
    Vocabulary,
    cooccurrence_vectors,
    normalize_word,
    pack_vectors,
    unpack_vectors,
    word_shape,
)
from salus.schema.errors import DataError

TEXTS = [
    ("Aspirin", "relieved", "pain", "in", "3", "patients", "."),
    ("Aspirin", "relieved", "fever", "in", "5", "patients", "."),
    ("Ibuprofen", "relieved", "pain", "in", "9", "children", "."),
]


def test_case_digits_and_outline():
    assert normalize_word("IL-12") == "il-00"
    assert word_shape("UKPDRG12345a") == "XX00x"
    assert word_shape("β-blocker") == "x-xx"


def test_vocabulary_survives_json_and_knows_no_rare_word():
    vocabulary = Vocabulary.build(TEXTS)
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again == vocabulary
    assert "ibuprofen" not in vocabulary.words
    assert vocabulary.words[:3] == (".", "0", "in")


def test_rows_hold_word_affixes_shape_and_letters():
    vocabulary = Vocabulary.build(TEXTS, part_count=1)
    encoder = TokenEncoder(vocabulary)
    rows = encoder.rows(["aspirin", "Ibuprofen", "x" * 50])
    words, letters, prefixes, suffixes, shapes = vocabulary.indices
    starts, ends = (prefixes[x] for x in ("as", "asp", "aspi")), (suffixes[x] for x in ("in", "rin", "irin"))
    assert rows[0, :8].tolist() == [words["aspirin"], *starts, *ends, shapes["xx"]]
    assert rows[1, 0] == 1
    assert rows[1, 8:17].tolist() == [letters.get(c, 1) for c in "Ibuprofen"]
    assert rows[1, 17:].tolist() == [0] * (LETTERS - 9)
    assert (rows[2, 8:] != 0).all()
    assert (encoder.rows(["aspirin", "Ibuprofen", "x" * 50]) == rows).all()


def test_the_cache_grows_and_answers_the_same():
    encoder = TokenEncoder(Vocabulary.build(TEXTS))
    first = encoder.rows(["Aspirin"])
    encoder.rows([f"word{n}" for n in range(3000)])
    assert (encoder.rows(["Aspirin"]) == first).all()


def test_padding_and_repetition_change_no_embedding():
    torch.manual_seed(0)
    vocabulary = Vocabulary.build(TEXTS)
    encoder, layer = TokenEncoder(vocabulary), TokenEmbedding(vocabulary, size=4)
    together = encoder.batch(TEXTS)
    alone = encoder.batch([TEXTS[1][:4]])
    lengths = together.pop("lengths")
    alone.pop("lengths")
    assert lengths.tolist() == [7, 7, 7]
    wide, narrow = layer(**together), layer(**alone)
    assert wide.shape == (3, 7, layer.out_features)
    torch.testing.assert_close(wide[1:2, :4], narrow)
    flat = together["characters"].flatten(0, 1)
    slow = layer.spelling(flat).unflatten(0, (3, 7))
    torch.testing.assert_close(wide[:, :, -50:], slow)


def test_vectors_bring_words_of_like_company_together():
    rng = np.random.default_rng(0)
    drugs, foods = ("aspirin", "codeine", "heparin"), ("bread", "butter", "apple")
    texts = []
    for _ in range(300):
        kind = int(rng.integers(2))
        word = (drugs, foods)[kind][int(rng.integers(3))]
        frame = (("dose", "of"), ("slice", "from"))[kind]
        texts.append((frame[0], frame[1], word, ("mg", "daily")[int(rng.integers(2))] if kind == 0 else "eaten"))
    vocabulary = Vocabulary.build(texts)
    vectors = cooccurrence_vectors(texts, vocabulary, size=4)
    found = {word: vectors[n] / np.linalg.norm(vectors[n]) for n, word in enumerate(vocabulary.words)}
    assert found["aspirin"] @ found["codeine"] > 0.9
    assert found["aspirin"] @ found["bread"] < 0.5
    again = cooccurrence_vectors(texts, vocabulary, size=4)
    np.testing.assert_array_equal(vectors, again)


def test_vectors_survive_json_in_half_precision():
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    again = unpack_vectors(json.loads(json.dumps(pack_vectors(vectors))))
    np.testing.assert_allclose(again, vectors, atol=2e-3)


def test_too_few_words():
    with pytest.raises(DataError, match="too few for word vectors"):
        cooccurrence_vectors([("a", "a")], Vocabulary.build([("a", "a")]))


def test_frozen_vectors_do_not_move():
    vocabulary = Vocabulary.build(TEXTS)
    vectors = cooccurrence_vectors(TEXTS, vocabulary, size=2)
    frozen = TokenEmbedding(vocabulary, size=4, vectors=vectors, characters=False, affixes=False)
    tuned = TokenEmbedding(vocabulary, size=4, vectors=vectors, tuned=True, characters=False, affixes=False)
    assert frozen.out_features == tuned.out_features == 6
    assert not frozen.vector.weight.requires_grad
    assert tuned.vector.weight.requires_grad
