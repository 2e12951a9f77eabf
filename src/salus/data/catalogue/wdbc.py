"""Wisconsin Diagnostic Breast Cancer: 30 measures of cell nuclei in a fine-needle aspirate; ships with scikit-learn."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded
from salus.schema.question import Question
from salus.schema.sample import Row, Sample


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 569 rows of 30 numbers; class 1 is malignant."""
    from sklearn.datasets import load_breast_cancer

    stored = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in stored.feature_names]
    samples = [
        Sample(
            id=f"wdbc{line:03d}",
            patient=f"wdbc{line:03d}",
            inputs={"row": Row(values=dict(zip(names, map(float, row), strict=True)))},
            target=1 - int(benign),  # scikit-learn counts malignant as 0
        )
        for line, (row, benign) in enumerate(zip(stored.data, stored.target, strict=True))
    ]
    return Loaded(
        dataset=ListDataset(samples),
        question=Question(kind="classification", classes=("benign", "malignant"), positive="malignant"),
        notes=("One aspirate a patient, from one hospital in the early 1990s, measured by hand-drawn outlines.",),
    )


ENTRY = Entry(
    name="wdbc",
    title="Breast masses, benign or malignant, from measures of cell nuclei",
    modality="table",
    tasks=("classification",),
    licence="CC BY 4.0",
    citation=(
        "Wolberg W, Mangasarian O, Street N, Street W. Breast Cancer Wisconsin (Diagnostic). UCI Machine Learning "
        "Repository, 1995. doi:10.24432/C5DW2B; Street WN, Wolberg WH, Mangasarian OL. Proc. SPIE 1905, 1993"
    ),
    homepage="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
    patient="The row: no patient repeats.",
    split="Stratified folds.",
    traps=(
        "A linear model already reaches an AUROC above 0.99: small differences mean little.",
        "Radius, perimeter and area measure nearly the same thing.",
    ),
    kind="embedded",
    load=load,
)
