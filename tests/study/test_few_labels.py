"""A part whose labels are hidden: who sees what."""

import pytest

from salus.contract.dataset import Subset
from salus.schema.errors import ConfigError
from salus.study.plan import build_plan
from salus.study.prepare import prepare


def plan(**part: object) -> object:
    arms = [{"system": "logistic", "labelled_only": True}]
    return build_plan(
        {"name": "t", "part": [{"name": "a", "data": "wdbc", "seeds": 2, "folds": 3, "arm": arms, **part}]}
    )


def test_training_shows_a_share_of_labels_and_validation_is_as_small() -> None:
    (part,) = plan(label_share=0.1).parts  # type: ignore[attr-defined]
    prepared = prepare(part)
    data, split = prepared.loaded.dataset, prepared.splits[1][2]
    train = prepared.training(data, 1, 2)
    targets = [train[i].target for i in range(len(train))]
    labelled = [target for target in targets if target is not None]
    assert len(train) == len(split.train)
    assert len(labelled) == pytest.approx(0.1 * len(train), abs=2)
    assert abs(len(split.valid) - len(labelled)) <= 2
    alone = prepared.training(data, 1, 2, labelled_only=True)
    assert [alone[i].target for i in range(len(alone))] == labelled
    assert all(Subset(data, split.valid)[i].target is not None for i in range(len(split.valid)))


def test_without_a_share_everything_is_shown() -> None:
    (part,) = plan().parts  # type: ignore[attr-defined]
    prepared = prepare(part)
    assert prepared.shown == []
    train = prepared.training(prepared.loaded.dataset, 0, 0)
    assert all(train[i].target is not None for i in range(len(train)))


@pytest.mark.parametrize(("key", "value"), [("label_share", 0.0), ("label_share", 1.5), ("imbalance", 1.0)])
def test_impossible_shares_are_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=key):
        plan(**{key: value})
