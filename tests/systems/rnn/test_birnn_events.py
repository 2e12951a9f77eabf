"""The event tagger: what its paper fixes, and what would break for a user."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from salus.contract.dataset import ListDataset
from salus.nets.tagging import PADDING
from salus.schema.errors import ConfigError, DataError
from salus.schema.question import Question
from salus.schema.sample import Note, Sample
from salus.systems.registry import create
from salus.systems.rnn.birnn_events import BiRNNEvents, BiRNNEventsConfig
from salus.tasks.registry import make

CLASSES = ("O", "B-Disease", "I-Disease", "B-Drug", "I-Drug")
DRUGS, DISEASES = ("aspirin", "codeine", "warfarin"), ("fever", "chest pain", "severe back pain")


def sentence(rng, number, length=1):
    tokens, tags = [], []
    for _ in range(length):
        disease = DISEASES[int(rng.integers(3))].split()
        tokens += ["the", DRUGS[int(rng.integers(3))], "helped", "against", *disease, "."]
        tags += [0, 3, 0, 0, 1, *([2] * (len(disease) - 1)), 0]
    text, offsets, place = " ".join(tokens), [], 0
    for token in tokens:
        offsets.append((place, place + len(token)))
        place += len(token) + 1
    return Sample(
        id=f"s{number}",
        patient=f"p{number // 4}",
        inputs={"note": Note(text=text, tokens=tuple(tokens), offsets=tuple(offsets))},
        target=np.array(tags),
    )


def dataset(count=24, length=1):
    rng = np.random.default_rng(0)
    return ListDataset([sentence(rng, n, length) for n in range(count)])


def build(train=None, **settings):
    torch.manual_seed(0)
    task = make(Question(kind="tagging", classes=CLASSES))
    system = create("birnn_events", task, train or dataset(), BiRNNEvents.tiny.replace(settings))
    return system.eval()


def learn(system, train, steps=40):
    rate = torch.optim.Adam(system.parameters(), 0.02)
    batch = system.collate(train.samples)
    system.train()
    for _ in range(steps):
        for objective in system.objectives(batch, "fit"):
            rate.zero_grad()
            objective.loss.backward()
            rate.step()
    return system.eval()


def test_the_defaults_are_those_of_the_paper():
    config = BiRNNEventsConfig()
    found = (config.hidden, config.combine, config.loss, config.optimizer, config.learning_rate, config.weight_decay)
    assert found == (50, "sum", "mse", "adagrad", 0.1, 0.005)
    assert (config.dropout, config.batch_size, config.patience, config.crf) == (0.5, 32, 10, False)


def test_parameter_count_and_forget_gates():
    system = build(crf=False, combine="sum", features="words", vectors="none", hidden=6, embedding=5)
    words = len(system.fingerprint["vocabulary"]["words"]) + 2
    # Two directions of four gates with two biases each, then a head on the sum of both.
    assert sum(p.numel() for p in system.parameters()) == words * 5 + 2 * 4 * 6 * (5 + 6 + 2) + 6 * 5 + 5
    cell = system.recurrent.cell
    for end in ("", "_reverse"):
        bias = getattr(cell, f"bias_ih_l0{end}") + getattr(cell, f"bias_hh_l0{end}")
        assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def test_squared_error_is_between_probabilities_and_truth():
    system = build(crf=False, loss="mse", dropout=0.0)
    batch = system.collate(dataset(3).samples)
    objective = next(iter(system.objectives(batch, "fit")))
    chances = system(batch).detach().softmax(2)
    total, count = 0.0, 0
    for row, length in enumerate(batch.inputs["lengths"].tolist()):
        wanted = functional.one_hot(batch.target["tags"][row, :length], 5)
        total += float(((chances[row, :length] - wanted) ** 2).sum())
        count += length * 5
    assert objective.loss.item() == pytest.approx(total / count, rel=1e-5)


@pytest.mark.parametrize("settings", [{}, {"cell": "gru"}, {"directions": "forward"}, {"crf": False, "combine": "sum"}])
def test_learns_and_padding_changes_no_answer(settings):
    train = dataset()
    system = learn(build(train, **settings), train)
    together = system.decode(system(system.collate(train.samples)))
    answers = []
    for row, sample in enumerate(train.samples):
        alone = system.decode(system(system.collate([sample])))[0]
        assert together[row, : len(alone)].tolist() == alone.tolist()
        assert (together[row, len(alone) :] == -1).all()
        answers.append(alone)
    score = system.task.score(answers, [s.target for s in train.samples])
    # From left to right alone, "severe" cannot know that pain follows, yet here each frame gives it away.
    assert score["f1"] > 0.95


def test_training_and_answering_read_the_same_states():
    system = build(dropout=0.0)
    batch = system.collate(dataset(5).samples)
    answered = system(batch)
    trained = system.train()(batch)
    torch.testing.assert_close(trained, answered)


def test_long_texts_are_read_in_overlapping_windows_not_cut():
    train = dataset(4, length=25)
    system = learn(build(train, window=512, overlap=64), train, steps=25)
    windowed = build(train, window=60, overlap=20)
    windowed.load_state_dict(system.state_dict())
    batch = system.collate([train.samples[0], dataset(2).samples[1]])
    assert batch.inputs["words"].shape[1] > 150
    whole, parts = system(batch), windowed(batch)
    assert parts.shape == whole.shape
    assert (parts[1, batch.inputs["lengths"][1] :] == PADDING).all()
    # With ten tokens of context at each seam the two readings agree.
    same = (system.decode(whole) == windowed.decode(parts)).mean()
    assert same > 0.99
    loss = next(iter(windowed.train().objectives(batch, "fit"))).loss
    assert torch.isfinite(loss)


def test_answers_are_legal_iob():
    system = build()
    with torch.no_grad():
        system.crf.transition.copy_(torch.randn(5, 5) * 5)
    tags = system.decode(system(system.collate(dataset().samples)))
    for row in tags:
        names = [CLASSES[tag] for tag in row if tag >= 0]
        for before, after in zip(["O", *names], names, strict=False):
            assert not after.startswith("I-") or before[2:] == after[2:]


@pytest.mark.parametrize("crf", [True, False])
def test_mentions_carry_offsets_and_probability(crf):
    train = dataset()
    system = learn(build(train, crf=crf), train)
    found = system.mentions(train.samples[0])
    note = train.samples[0].inputs["note"]
    kinds = {mention.kind: note.text[mention.start_letter : mention.stop_letter] for mention in found}
    assert kinds["Drug"] in DRUGS
    assert kinds["Disease"] in DISEASES
    assert all(0.5 < mention.probability <= 1.0 + 1e-6 for mention in found)


def test_gradients_reach_the_embedded_tokens():
    system = build()
    batch = system.collate(dataset(2).samples)
    embedded = system.embed(batch).detach().requires_grad_(True)
    given = type(batch)(batch.ids, {**batch.inputs, "embedded": embedded})
    output = system(given)
    torch.testing.assert_close(output, system(batch))
    output[:, 0].sum().backward()
    assert float(embedded.grad.abs().sum()) > 0


def test_fingerprint_is_small_json_and_rebuilds_the_system():
    train = dataset()
    system = build(train)
    again = BiRNNEvents(system.task, system.config, json.loads(json.dumps(system.fingerprint)))
    again.load_state_dict(system.state_dict())
    batch = system.collate(train.samples[:3])
    torch.testing.assert_close(again.eval()(again.collate(train.samples[:3])), system(batch))


def test_refuses_bad_input():
    system = build()
    good = dataset(1).samples[0]
    note = good.inputs["note"]

    def changed(**values):
        row = {"id": "s0", "patient": "p", "inputs": good.inputs, "target": good.target, **values}
        return Sample(**row)

    for bad, words in (
        (changed(target=good.target[:-1]), "tags of shape"),
        (changed(target=good.target + 9), "this tagger knows 0 to 4"),
        (changed(inputs={"note": Note(text="")}), "without tokens"),
        (changed(inputs={}), "no input 'note'"),
    ):
        with pytest.raises(DataError, match=words):
            system.collate([bad])
    assert system.collate([changed(target=None)]).target == {}
    with pytest.raises(DataError, match="stands twice"):
        build(ListDataset([good, good]))
    with pytest.raises(DataError, match="one tag in all"):
        build(ListDataset([changed(target=np.zeros(len(note.tokens), int))]))
    with pytest.raises(ConfigError, match="overlap below the window"):
        build(window=10, overlap=10)
