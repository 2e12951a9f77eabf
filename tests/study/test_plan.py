"""A study file with a slip in it is refused with the place and the remedy."""

from pathlib import Path
from typing import Any

import pytest

from salus.schema.errors import ConfigError, UsageError
from salus.study.plan import build_plan, read_plan


def plan(**changes: Any) -> dict[str, Any]:
    arm = {"system": "logistic", "role": "baseline", **changes.pop("arm", {})}
    part = {"name": "p", "data": "wdbc", "arm": [arm], **changes.pop("part", {})}
    return {"name": "s", "title": "S", "part": [part], **changes}


def test_a_plan_takes_protocol_defaults_into_its_parts() -> None:
    made = build_plan(plan(protocol={"folds": 4, "seeds": 2, "resamples": 500}))
    assert (made.parts[0].folds, made.parts[0].seeds, made.resamples) == (4, 2, 500)
    assert made.parts[0].arms[0].label == "logistic"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocoll": {}}, "unknown key 'protocoll'; known are asked, bar"),
        ({"part": {"fold": 3}}, "part 1: unknown key 'fold'"),
        ({"part": {"split": "loo"}}, "split = 'loo'; expected one of kfold, official, random"),
        ({"part": {"folds": 1}}, "folds = 1; expected 2 or more"),
        ({"part": {"allow": ["patient"]}}, "a `reason` beside it"),
        ({"part": {"name": "../up"}}, "name = '../up'; expected letters"),
        ({"part": {"train_share": 0}}, "train_share = 0.0; expected above 0"),
        ({"part": {"arm": []}}, "name at least one system"),
        ({"arm": {"role": "king"}}, "role = 'king'; expected one of system, baseline, ablation"),
        ({"arm": {"size": "huge"}}, "size = 'huge'"),
        ({"protocol": {"resamples": 5}}, "an interval needs at least 100"),
        ({"bar": [{"kind": "M", "text": "t", "arm": "logistic", "metric": "auroc"}]}, "an M bar needs at_least"),
        ({"bar": [{"kind": "M", "text": "t", "arm": "forest", "at_least": 1.0}]}, "an arm of part 'p': logistic"),
        ({"bar": [{"kind": "X", "text": "t"}]}, "kind = 'X'; expected M"),
        ({"bar": [{"kind": "R"}]}, "bar 1: missing 1 required keyword-only argument: 'text'"),
        ({"bar": {"kind": "R"}}, "expected tables, each begun by [[bar]]"),
        ({"part": {"folds": "five"}}, "part 1: setting folds='five': expected int"),
        ({"part": {"arm": "logistic"}}, "expected tables, each begun by [[arm]]"),
        ({"arm": {"set": 3}}, "setting set=3"),
        ({"protocol": 3}, "protocol = 3; expected a table"),
        ({"protocol": {"resamples": "many"}}, "resamples='many': expected int"),
        ({"check": 1}, "begun by [[check]]"),
    ],
)
def test_a_slip_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_plan(plan(**changes))
    assert message in str(caught.value)


def test_two_arms_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two arms have one name"):
        build_plan(plan(part={"arm": [{"system": "logistic"}, {"system": "logistic"}]}))


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such study file"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(ConfigError, match="not a TOML file"):
        read_plan(tmp_path / "bad.toml")
