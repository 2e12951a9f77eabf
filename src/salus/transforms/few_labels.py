"""Choose whose labels are used when the question is how few of them suffice."""

import zlib
from collections.abc import Mapping


def choose_patients(labels: Mapping[str, int], owner: Mapping[str, str], share: float, draw: int = 0) -> list[str]:
    """Return the patients of a share of each class, by a hash of their names: equal for every arm of a study.

    Args:
        labels: Class by sample id.
        owner: Patient by sample id.
        share: In (0, 1]; at least one patient of each class is taken.
        draw: Another number chooses other patients.
    """
    classes: dict[int, dict[str, int]] = {}
    for name, label in labels.items():
        classes.setdefault(label, {})[owner[name]] = zlib.crc32(f"{draw}:{owner[name]}".encode())
    chosen: set[str] = set()
    for marks in classes.values():
        chosen.update(sorted(marks, key=lambda name: (marks[name], name))[: max(1, round(share * len(marks)))])
    return sorted(chosen)
