"""Rules read off a tree say what the tree says."""

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from salus.metrics.rules import Rule, learn_rules


def test_every_row_meets_exactly_one_rule_with_the_tree_s_answer() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 4))
    labels = ((rows[:, 0] > 0.3) ^ (rows[:, 2] < -0.2)).astype(int) + 3
    rules = learn_rules(rows, labels)
    fresh = rng.normal(size=(300, 4))
    held = np.stack([rule.holds(fresh) for rule in rules])
    assert (held.sum(axis=0) == 1).all()
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=8, random_state=0).fit(rows, labels)
    assert np.array_equal(np.array([rules[k].answer for k in held.argmax(0)]), tree.predict(fresh))
    shares = [rule.fares(fresh, labels[:300])[0] for rule in rules]
    assert abs(sum(shares) - 1) < 1e-9


def test_a_rule_in_words_and_its_error() -> None:
    rule = Rule(conditions=((0, True, 5.0), (0, False, 1.0), (1, True, 2.5)), answer=1)
    assert rule.words(["age", "dose"], ["well", "ill"]) == "1 < age <= 5 and dose <= 2.5: ill"
    rows = np.array([[3.0, 2.0], [3.0, 2.0], [9.0, 2.0], [3.0, 7.0]])
    assert rule.fares(rows, np.array([1, 0, 1, 1])) == (0.5, 0.5)
    assert np.isnan(rule.fares(rows[2:], np.array([1, 1]))[1])


def test_words_and_gaps_are_written_as_statements() -> None:
    rule = Rule(conditions=((0, True, 0.5), (1, False, 0.5), (2, True, 0.5)), answer=0)
    names = ["ward = west", "sex = f", "dose is missing"]
    assert rule.words(names, ["well"]) == "ward is not west and sex is f and dose is known: well"
    assert Rule(conditions=((2, False, 0.5),), answer=0).words(names, ["well"]) == "dose is missing: well"
