"""The table baselines: logistic regression, boosting, dense network and class shares."""

import json
import math

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, ShapeError, StoreError
from salus.schema.question import Question
from salus.schema.sample import Row, Sample
from salus.systems.registry import create, find
from salus.tasks.registry import make
from salus.train.fit import fit

NAMES = ("logistic", "boosting", "mlp", "majority")


def table(count=160, classes=2, seed=0):
    """Rows whose class follows from `x` and from the word, with gaps in `y`."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(count):
        label = int(rng.integers(classes))
        values = {
            "x": float(rng.normal(2.0 * label, 1.0)),
            "y": math.nan if rng.random() < 0.2 else float(rng.normal()),
            "word": str(rng.choice(["a", "b"], p=[0.8, 0.2] if label else [0.3, 0.7])),
        }
        samples.append(Sample(id=f"s{n}", patient=f"p{n}", inputs={"row": Row(values=values)}, target=label))
    return ListDataset(samples)


def fitted(name, classes=2, seed=0):
    task = make(Question(kind="classification", classes=tuple(f"c{k}" for k in range(classes))))
    data = table(classes=classes)
    torch.manual_seed(seed)
    settings = {"epochs": 8, "learning_rate": 0.003} if name == "mlp" else {}
    system = create(name, task, data, find(name).small.replace(settings))
    fit(system, data, None, score=lambda *_: {}, seed=seed)
    return system


def probabilities(system, data):
    with torch.no_grad():
        return system.decode(system(system.collate(data.samples)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [2, 3])
def test_learns_and_is_a_distribution(name, classes):
    test = table(200, classes, seed=1)
    answers = probabilities(fitted(name, classes), test)
    assert answers.shape == (200, classes)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
    right = (answers.argmax(axis=1) == [s.target for s in test.samples]).mean()
    assert right > 1 / classes + 0.2 or name == "majority"


@pytest.mark.parametrize("name", NAMES)
def test_rebuilt_from_fingerprint_and_weights(name):
    system, test = fitted(name), table(20, seed=1)
    weights = {key: value.clone() for key, value in system.state_dict().items()}
    assert all(isinstance(value, torch.Tensor) for value in weights.values())
    again = find(name)(system.task, system.config, json.loads(json.dumps(system.fingerprint)))
    again.load_state_dict(weights)
    again.eval()
    np.testing.assert_array_equal(probabilities(system, test), probabilities(again, test))


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_answers_and_order_free(name):
    test = table(20, seed=1)
    answers = probabilities(fitted(name, seed=4), test)
    np.testing.assert_array_equal(answers, probabilities(fitted(name, seed=4), test))
    turned = probabilities(fitted(name, seed=4), ListDataset(test.samples[::-1]))[::-1]
    np.testing.assert_allclose(answers, turned, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "boosting", "mlp"])
def test_refuses_other_columns(name):
    system = fitted(name)
    with pytest.raises(ShapeError, match="lacks"):
        system.collate([Sample(id="bad", patient="p", inputs={"row": Row(values={"x": 1.0})})])
    with pytest.raises(DataError, match="no row"):
        system.collate([Sample(id="bad", patient="p", inputs={})])


@pytest.mark.parametrize("name", NAMES)
def test_refuses_one_class_and_unknown_labels(name):
    data = ListDataset([s for s in table().samples if s.target == 1])
    with pytest.raises(DataError, match="two classes"):
        find(name).measure(data, find(name).tiny)
    odd = table(1).samples[0]
    with pytest.raises(DataError, match="label"):
        fitted(name).collate([Sample(id="odd", patient="p", inputs=odd.inputs, target=5)])


def test_logistic_meets_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    system, data = fitted("logistic", 3), table(classes=3)
    rows = system.collate(data.samples).inputs["row"].double().numpy()
    reference = LogisticRegression(max_iter=1000).fit(rows, [s.target for s in data.samples])
    np.testing.assert_allclose(probabilities(system, data), reference.predict_proba(rows), atol=1e-5)


def test_logistic_takes_a_class_that_training_lacks():
    task = make(Question(kind="classification", classes=("a", "b", "c")))
    system = create("logistic", task, table())
    system.settle(table())
    answers = probabilities(system, table(30, seed=2))
    assert (answers[:, 2] < 1e-6).all()
    assert answers[:, 0].std() > 0.1


def test_majority_answers_class_shares():
    system, data = fitted("majority"), table()
    share = np.mean([s.target for s in data.samples])
    assert probabilities(system, data)[0, 1] == pytest.approx((160 * share + 0.5) / 161, abs=1e-6)


def test_unfitted_boosting_says_so():
    task = make(Question(kind="classification", classes=("a", "b")))
    system = create("boosting", task, table())
    with pytest.raises(StoreError, match="no trees"):
        system(system.collate(table().samples))


def test_deployed_samples_have_no_target():
    bare = [Sample(id=s.id, patient=s.patient, inputs=s.inputs) for s in table(5).samples]
    for name in NAMES:
        assert not fitted(name).collate(bare).target
