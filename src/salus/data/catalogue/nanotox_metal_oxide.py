"""NanoTox: what a dose of metal-oxide nanoparticles does to a line of cells.

Option `target`: `class` asks whether the dose is toxic, `viability` how many percent of the cells live, `scrambled`
the latter dealt out anew (what chance would score). Option `group`: what may not stand on both sides of
a split, one dose `curve` (particle, core size, line of cells), a `cell_line` or an `oxide`. Option `dose`: as
`measured`, or its base-10 logarithm (`log10`, in a column `log10_dosage`).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from salus.data.entry import Entry, Loaded, Remote
from salus.data.readers.table import Columns, read_columns
from salus.data.rows import TableDataset
from salus.schema.errors import DataError
from salus.schema.question import Question

CLASSES = ("nonToxic", "Toxic")
OUTCOMES = ("viability", "class")
CURVE = ("NPs", "coresize", "Cellline")
GROUPS = {"curve": CURVE, "cell_line": ("Cellline",), "oxide": ("NPs",)}
UNITS = {"curve": "dose curve", "cell_line": "cell line", "oxide": "oxide"}
DOSE, LOG_DOSE = "dosage", "log10_dosage"
VIABILITY = (-20.0, 200.0)
"""Percent of untreated cells: assays read a little below none and well above all."""
SCRAMBLE = 36


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 483 rows; the measured viability, which the class was cut from, is no input.

    Raises:
        DataError: The table is missing or not as documented.
    """
    table = read_columns(folder / "nanotox.tsv")
    table.need((*OUTCOMES, *CURVE))
    target, group = options.get("target", "class"), options.get("group", "curve")
    count = len(table)
    inputs = [name for name in table.words if name not in OUTCOMES]
    if options.get("dose") == "log10":
        table = _with_log(table)
        inputs = [LOG_DOSE if name == DOSE else name for name in inputs]
    dataset = TableDataset(
        table,
        inputs,
        ids=[f"row_{line:03d}" for line in range(count)],
        patients=[" ".join(table.words[name][line] for name in GROUPS[group]) for line in range(count)],
        targets=_targets(table, target),
        metas=[{"group_cell_line": word} for word in table.words["Cellline"]],
    )
    asked = Question(kind="classification", classes=CLASSES, positive="Toxic")
    if target != "class":
        asked = Question(kind="regression", unit="%", value_range=VIABILITY)
    return Loaded(
        dataset=dataset,
        question=asked,
        defining=("viability",),
        notes=_notes(target, group),
        unit=UNITS[group],
    )


def _targets(table: Columns, target: str) -> list[int] | list[float]:
    if target == "class":
        unknown = sorted(set(table.words["class"]) - set(CLASSES))
        if unknown:
            raise DataError(f"{table.path}: class {unknown[0]!r}; expected {' or '.join(CLASSES)}")
        return [CLASSES.index(word) for word in table.words["class"]]
    values = table.numbers.get("viability")
    if values is None or not np.isfinite(values).all() or values.min() < VIABILITY[0] or values.max() > VIABILITY[1]:
        raise DataError(
            f"{table.path}: a viability outside {VIABILITY[0]:g} to {VIABILITY[1]:g} %; fetch the set again"
        )
    if target == "scrambled":
        values = np.random.default_rng(SCRAMBLE).permutation(values)
    return [float(value) for value in values]


def _with_log(table: Columns) -> Columns:
    doses = table.numbers.get(DOSE)
    if doses is None or not (doses > 0).all():
        raise DataError(f"{table.path}: a dosage that is not above zero; fetch the set again")
    logs = np.log10(doses)
    return Columns(
        table.path,
        {**table.words, LOG_DOSE: [f"{value:g}" for value in logs]},
        {**table.numbers, LOG_DOSE: logs},
        table.comments,
    )


def _notes(target: str, group: str) -> tuple[str, ...]:
    found = [
        f"Cells in a dish, no patients: one {UNITS[group]} stands where a patient stands; there are 25 dose curves "
        "(particle, core size, cell line) in all."
    ]
    if target == "class":
        found.append("Toxic means a viability below 50 %, which is not an input.")
    if target == "scrambled":
        found.append("The viabilities were dealt out anew on purpose: a score above chance would be a leak.")
    if group == "oxide":
        found.append("Five oxides only; ZnO and TiO2 are 429 of the 483 rows.")
    return tuple(found)


ENTRY = Entry(
    name="nanotox_metal_oxide",
    title="NanoTox: toxicity of five metal-oxide nanoparticles to eleven lines of cells",
    modality="table",
    tasks=("classification", "regression"),
    licence="MIT",
    citation="Anantha Subramanian N, Palaniappan A. NanoTox: Development of a Parsimonious In Silico Model for "
    "Toxicity Assessment of Metal-Oxide Nanoparticles. ACS Omega 6(17):11729-11739, 2021. doi:10.5281/zenodo.4055281",
    homepage="https://doi.org/10.5281/zenodo.4055281",
    patient="one dose curve: particle, core size and cell line (or the cell line, or the oxide: option group)",
    split="by dose curve; rows of one curve differ in dose and time alone",
    traps=(
        "viability defines the class (below 50 % is toxic) and must not be an input",
        "a random split puts neighbouring doses of one curve on both sides",
        "12 of 25 curves hold a toxic row, so folds differ much",
        "descriptors of the oxide are constant for each of five oxides: they are names, not measurements",
    ),
    options={
        "target": ("class", "viability", "scrambled"),
        "group": ("curve", "cell_line", "oxide"),
        "dose": ("measured", "log10"),
    },
    files=(
        Remote(
            url="https://raw.githubusercontent.com/NanoTox/ToxicityModel/"
            "d608f9ac1f623c6dc0e8aba75f2cc92614907d8f/dataset.txt",
            path="nanotox.tsv",
        ),
    ),
    load=load,
)
