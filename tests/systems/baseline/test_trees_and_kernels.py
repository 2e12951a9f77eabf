"""Plain methods on tables, against scikit-learn itself."""

import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.contract.system import System
from salus.evaluate.predict import answer, score
from salus.schema.errors import StoreError
from salus.schema.question import Question
from salus.schema.sample import Note, Row, Sample
from salus.systems import registry
from salus.tasks.registry import make
from salus.train.fit import fit

NUMBER = Question(kind="regression", value_range=(-50.0, 50.0))


def table(kinds: int) -> tuple[ListDataset, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(kinds)
    features = rng.normal(size=(90, 4))
    truth = 3 * features[:, 0] + np.abs(features[:, 1])
    labels = np.digitize(truth, np.quantile(truth, np.arange(1, kinds) / kinds)) if kinds else truth
    samples = [
        Sample(
            id=f"s{n}",
            patient=f"p{n}",
            inputs={"row": Row(values=dict(zip("abcd", row.tolist(), strict=True)))},
            target=int(label) if kinds else float(label),
        )
        for n, (row, label) in enumerate(zip(features, labels, strict=True))
    ]
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    return ListDataset(samples), scaled.astype(np.float32).astype(float), labels


def trained(name: str, data: ListDataset, question: Question) -> System:
    torch.manual_seed(0)
    system = registry.create(name, make(question), data, registry.find(name).tiny)
    fit(system, data, None, score=score)
    return system


def classes(count: int) -> Question:
    return Question(kind="classification", classes=tuple(f"c{k}" for k in range(count)))


def test_ridge_is_scikit_learn_s() -> None:
    from sklearn.linear_model import Ridge

    data, scaled, truth = table(0)
    found = np.array(answer(trained("ridge", data, NUMBER), data), dtype=float)
    assert found == pytest.approx(Ridge(alpha=1.0).fit(scaled, truth).predict(scaled), abs=1e-4)


@pytest.mark.parametrize("kinds", [0, 2, 3])
def test_support_vectors_are_scikit_learn_s(kinds: int) -> None:
    from sklearn.svm import SVC, SVR

    data, scaled, truth = table(kinds)
    system = trained("rbf_svm", data, classes(kinds) if kinds else NUMBER)
    with torch.inference_mode():
        found = system(system.collate(data.samples)).numpy()
    gamma = 1 / (4 * scaled.var())
    if not kinds:
        unit = (truth - truth.mean()) / truth.std()
        wanted = SVR(gamma=gamma).fit(scaled, unit).predict(scaled) * truth.std() + truth.mean()
    elif kinds == 2:
        wanted = SVC(gamma=gamma, class_weight="balanced").fit(scaled, truth).decision_function(scaled)
        found = found[:, 1] - found[:, 0]
    else:
        wanted = SVC(gamma=gamma, class_weight="balanced").fit(scaled, truth == 2).decision_function(scaled)
        found = found[:, 2]
    assert found == pytest.approx(wanted, abs=1e-3)


def test_a_tree_remembers_its_training_rows() -> None:
    data, _, truth = table(0)
    config = registry.find("decision_tree").config_type()
    system = registry.create("decision_tree", make(NUMBER), data, config)
    fit(system, data, None, score=score)
    assert np.array(answer(system, data), dtype=float) == pytest.approx(truth, abs=1e-5)


def test_support_vectors_of_another_table_are_refused() -> None:
    data, _, _ = table(2)
    with pytest.raises(StoreError, match="support vectors"):
        trained("rbf_svm", data, classes(2)).set_extra_state(torch.zeros(3, 9))


def test_an_assay_of_one_outcome_keeps_its_odds() -> None:
    texts = ["CCO", "CCN", "CCCO", "CCCN", "CCCCO", "CCCCN"]
    samples = [
        Sample(id=t, patient=t, inputs={"note": Note(text=t)}, target=np.array([float("N" in t), 1.0 if n else np.nan]))
        for n, t in enumerate(texts)
    ]
    data = ListDataset(samples)
    system = trained("compound_logistic", data, Question(kind="multilabel", classes=("base", "always")))
    found = np.stack([np.asarray(value) for value in answer(system, data)])
    assert (found[:, 1] > 0.98).all()
    assert found[1::2, 0].min() > found[::2, 0].max()
