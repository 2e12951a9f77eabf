"""NanoTox: is a dose of metal-oxide nanoparticles toxic to a line of cells?"""

from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded, Remote
from salus.data.readers.table import read_columns
from salus.data.rows import TableDataset
from salus.schema.errors import DataError
from salus.schema.question import Question

CLASSES = ("nonToxic", "Toxic")
OUTCOMES = ("viability", "class")
CURVE = ("NPs", "coresize", "Cellline")


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 483 rows; the measured viability, which the class was cut from, is no input.

    Raises:
        DataError: The table is missing or not as documented.
    """
    table = read_columns(folder / "nanotox.tsv")
    table.need((*OUTCOMES, *CURVE))
    unknown = sorted(set(table.words["class"]) - set(CLASSES))
    if unknown:
        raise DataError(f"{table.path}: class {unknown[0]!r}; expected {' or '.join(CLASSES)}")
    count = len(table)
    dataset = TableDataset(
        table,
        [name for name in table.words if name not in OUTCOMES],
        ids=[f"row_{line:03d}" for line in range(count)],
        patients=[" ".join(table.words[name][line] for name in CURVE) for line in range(count)],
        targets=[CLASSES.index(word) for word in table.words["class"]],
        metas=[{"group_cell_line": word} for word in table.words["Cellline"]],
    )
    return Loaded(
        dataset=dataset,
        question=Question(kind="classification", classes=CLASSES, positive="Toxic"),
        defining=("viability",),
        notes=(
            "Cells in a dish, no patients: one curve (particle, core size, cell line) stands where a patient stands, "
            "and there are 25 curves in all.",
            "Toxic means a viability below 50 %, which is not an input.",
        ),
        unit="dose curve",
    )


ENTRY = Entry(
    name="nanotox_metal_oxide",
    title="NanoTox: toxicity of five metal-oxide nanoparticles to eleven lines of cells",
    modality="table",
    tasks=("classification",),
    licence="MIT",
    citation="Anantha Subramanian N, Palaniappan A. NanoTox: Development of a Parsimonious In Silico Model for "
    "Toxicity Assessment of Metal-Oxide Nanoparticles. ACS Omega 6(17):11729-11739, 2021. doi:10.5281/zenodo.4055281",
    homepage="https://doi.org/10.5281/zenodo.4055281",
    patient="one dose curve: particle, core size and cell line",
    split="by dose curve; rows of one curve differ in dose and time alone",
    traps=(
        "viability defines the class (below 50 % is toxic) and must not be an input",
        "a random split puts neighbouring doses of one curve on both sides",
        "12 of 25 curves hold a toxic row, so folds differ much",
        "descriptors of the oxide are constant for each of five oxides: they are names, not measurements",
    ),
    files=(
        Remote(
            url="https://raw.githubusercontent.com/NanoTox/ToxicityModel/"
            "d608f9ac1f623c6dc0e8aba75f2cc92614907d8f/dataset.txt",
            path="nanotox.tsv",
        ),
    ),
    load=load,
)
