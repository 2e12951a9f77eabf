"""Short lists of rules read off a shallow tree, and how each fares on data it was not learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.metrics.weights import Floats

DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One path from the root of a tree to a leaf.

    Attributes:
        conditions: `(feature, is at most, threshold)`, all of which hold.
        answer: Class index that the leaf answers.
    """

    conditions: tuple[tuple[int, bool, float], ...]
    answer: int

    def holds(self, rows: Floats) -> NDArray[np.bool_]:
        """Tell for each row `(N, F)` whether every condition holds, `(N,)`."""
        found = np.ones(len(rows), dtype=bool)
        for feature, below, threshold in self.conditions:
            # trees split 32-bit features against 64-bit thresholds
            found &= (rows[:, feature].astype(np.float32) <= threshold) == below
        return found

    def fares(self, rows: Floats, labels: NDArray[np.int64]) -> tuple[float, float]:
        """Return the share of rows it covers, and the share of those it answers wrongly (NaN where it covers none)."""
        held = self.holds(rows)
        return float(held.mean()), float((labels[held] != self.answer).mean()) if held.any() else float("nan")

    def words(self, features: Sequence[str], classes: Sequence[str]) -> str:
        """Write the rule for people: the narrowest bounds of each feature and the answer.

        A feature named `column = word` or `column is missing` holds 0 or 1 and is written as a statement.
        """
        bounds: dict[int, list[float]] = {}
        for feature, below, threshold in self.conditions:
            low, high = bounds.setdefault(feature, [-np.inf, np.inf])
            bounds[feature] = [low, min(high, threshold)] if below else [max(low, threshold), high]
        said = [_bounds(features[feature], *pair) for feature, pair in bounds.items()]
        return f"{' and '.join(said) or 'always'}: {classes[self.answer]}"


def learn_rules(rows: Floats, labels: NDArray[np.int64], depth: int = DEPTH) -> list[Rule]:
    """Learn a tree of few questions and return its leaves as rules, the widest first.

    Args:
        rows: `(N, F)`, no missing values.
        labels: `(N,)`.
        depth: Questions on a path.

    Source:
        Breiman et al. 1984, Classification and Regression Trees; leaves of at least one row in fifty.
    """
    from sklearn.tree import DecisionTreeClassifier

    least = max(5, len(rows) // 50)
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=least, random_state=0).fit(rows, labels)
    found: list[tuple[int, Rule]] = []
    _collect(tree.tree_, 0, (), tree.classes_, found)
    return [rule for _, rule in sorted(found, key=lambda pair: -pair[0])]


def _collect(tree: Any, node: int, path: tuple[Any, ...], classes: Any, found: list[tuple[int, Rule]]) -> None:
    """Walk the tree; its depth bounds the recursion."""
    if tree.children_left[node] < 0:
        answer = int(classes[int(tree.value[node, 0].argmax())])
        found.append((int(tree.n_node_samples[node]), Rule(conditions=path, answer=answer)))
        return
    feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
    _collect(tree, tree.children_left[node], (*path, (feature, True, threshold)), classes, found)
    _collect(tree, tree.children_right[node], (*path, (feature, False, threshold)), classes, found)


def _bounds(name: str, low: float, high: float) -> str:
    column, sign, word = name.partition(" = ")
    if sign:  # one word of a column, 0 or 1
        return f"{column} is {'not ' if np.isinf(low) else ''}{word}"
    if name.endswith(" is missing"):
        return name.replace(" is missing", " is known") if np.isinf(low) else name
    if np.isinf(low):
        return f"{name} <= {high:.4g}"
    return f"{name} > {low:.4g}" if np.isinf(high) else f"{low:.4g} < {name} <= {high:.4g}"
