"""Tox21: twelve assays of toxicity for 7,831 compounds, most of them not measured in all.

Option `assay`: `all` asks for the twelve at once, where a compound that an assay did not measure is not known there;
the name of an assay asks for it alone, over the compounds it measured. Option `features`: `descriptors` (thirteen
properties of the molecule), `fingerprint` (these and 256 bits of its neighbourhoods) or `smiles` (the formula as text).
Option `group`: what may not stand on both sides of a split, the Murcko `scaffold` or the `molecule` alone. Option
`split`: `none` leaves it to the study, `scaffold` gives the compounds of the most frequent scaffolds to the training
part until it holds 80 %, `random` gives it a random 80 % of the compounds, which divides scaffolds (to show that leak).

Source: Bemis and Murcko 1996, doi 10.1021/jm9602928 (scaffolds); Rogers and Hahn 2010, doi 10.1021/ci100050t
(circular fingerprints); RDKit computes both.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from salus.data.entry import Entry, Loaded, Remote
from salus.data.readers.table import Columns, read_columns
from salus.data.rows import TableDataset
from salus.schema.errors import DataError, MissingDependencyError
from salus.schema.question import Question
from salus.schema.sample import Note, Row
from salus.transforms.molecule import scaffold_split

ASSAYS = (
    *("NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma"),
    *("SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53"),
)
BITS = 256
DRAW = 21


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return the compounds.

    Raises:
        DataError: The table is missing or not as documented.
        MissingDependencyError: RDKit is not installed and the options need it.
    """
    table = read_columns(folder / "tox21.csv.gz")
    table.need((*ASSAYS, "mol_id", "smiles"))
    assay, features = options.get("assay", "all"), options.get("features", "descriptors")
    truth = _truth(table)
    if assay == "all":
        lines, targets = list(range(len(table))), list(truth)
        question = Question(kind="multilabel", classes=ASSAYS)
    else:
        column = truth[:, ASSAYS.index(assay)]
        lines = np.flatnonzero(np.isfinite(column)).tolist()
        targets = [int(column[line]) for line in lines]
        question = Question(kind="classification", classes=("inactive", "active"))
    needs_parts = options.get("group", "scaffold") == "scaffold" or features != "smiles"
    molecules = _molecules(table.words["smiles"]) if needs_parts else [None] * len(table)
    ids = table.words["mol_id"]
    groups = _scaffolds(molecules, ids) if options.get("group", "scaffold") == "scaffold" else ids
    sides: list[str] = []
    if options.get("split", "none") != "none":
        read = {line for line, molecule in enumerate(_molecules(table.words["smiles"])) if molecule is not None}
        kept = [place for place, line in enumerate(lines) if line in read]
        lines, targets = [lines[place] for place in kept], [targets[place] for place in kept]
        sides = _sides(options["split"], [groups[line] for line in lines])
    bits = BITS if features == "fingerprint" else 0
    make: Callable[[int], Row | Note] = (
        partial(_written, table.words["smiles"]) if features == "smiles" else partial(_described, molecules, bits)
    )
    unread = sum(molecule is None for molecule in molecules) if needs_parts else 0
    dataset = TableDataset(
        table,
        (),
        ids=[ids[i] for i in lines],
        patients=[groups[i] for i in lines],
        targets=targets,
        metas=[{"split": side} for side in sides],
        lines=lines,
        make=make,
    )
    return Loaded(
        dataset=dataset, question=question, notes=_notes(options, unread), unit=options.get("group", "scaffold")
    )


def _notes(options: Mapping[str, str], unread: int) -> tuple[str, ...]:
    notes = ["Compounds in assays, no patients: what may not be divided (see `group`) stands where a patient stands."]
    if unread and options.get("split", "none") != "none":
        notes.append(f"{unread} formulas have valences that RDKit refuses; they are left out.")
    elif unread:
        notes.append(f"{unread} formulas have valences that RDKit refuses; their features are missing (NaN).")
    if options.get("group", "scaffold") == "scaffold":
        notes.append("Compounds without a ring have no scaffold; each counts alone.")
    return tuple(notes)


def _sides(split: str, groups: Sequence[str]) -> list[str]:
    if split == "scaffold":
        return scaffold_split(groups)
    drawn = np.random.default_rng(DRAW).permutation(len(groups)) < 0.8 * len(groups)
    return ["train" if inside else "test" for inside in drawn.tolist()]


def _truth(table: Columns) -> Any:
    """Return `(N, 12)`: 1, 0, NaN where not measured."""
    columns = []
    for name in ASSAYS:
        if (
            name not in table.numbers
            or not np.isin(table.numbers[name][np.isfinite(table.numbers[name])], (0, 1)).all()
        ):
            raise DataError(f"{table.path}: assay {name!r} holds more than 0, 1 and empty cells; fetch the set again")
        columns.append(table.numbers[name])
    return np.stack(columns, axis=1)


def _molecules(formulas: Sequence[str]) -> list[Any]:
    """Return RDKit molecules, None where a formula is refused."""
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise MissingDependencyError(
            "tox21 needs RDKit for scaffolds and descriptors; pip install 'salus-workbench[chemistry]', or take "
            "tox21:features=smiles,group=molecule"
        ) from error
    with rdBase.BlockLogs():
        return [Chem.MolFromSmiles(formula) for formula in formulas]


def _scaffolds(molecules: Sequence[Any], ids: Sequence[str]) -> list[str]:
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    found = ["" if molecule is None else MurckoScaffoldSmiles(mol=molecule) for molecule in molecules]
    return [scaffold or f"alone {name}" for scaffold, name in zip(found, ids, strict=True)]


def _described(molecules: Sequence[Any], bits: int, line: int) -> Row:
    """Return the descriptors of a molecule, and bits of its circular fingerprint of radius 2."""
    from rdkit.Chem import GetFormalCharge, rdMolDescriptors
    from rdkit.Chem.Crippen import MolLogP, MolMR  # type: ignore[attr-defined]
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    rules = {
        "mass_da": rdMolDescriptors.CalcExactMolWt,
        "log_p": MolLogP,
        "refractivity": MolMR,
        "polar_area_a2": rdMolDescriptors.CalcTPSA,
        "donors": rdMolDescriptors.CalcNumHBD,
        "acceptors": rdMolDescriptors.CalcNumHBA,
        "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
        "rings": rdMolDescriptors.CalcNumRings,
        "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
        "share_sp3": rdMolDescriptors.CalcFractionCSP3,
        "heteroatoms": rdMolDescriptors.CalcNumHeteroatoms,
        "heavy_atoms": rdMolDescriptors.CalcNumHeavyAtoms,
        "charge": GetFormalCharge,
    }
    molecule = molecules[line]
    values: dict[str, float | str] = {
        name: float("nan") if molecule is None else float(rule(molecule)) for name, rule in rules.items()
    }
    if bits:
        found = (
            np.full(bits, np.nan)
            if molecule is None
            else GetMorganGenerator(radius=2, fpSize=bits).GetFingerprintAsNumPy(molecule)
        )
        values.update({f"bit_{place:03d}": float(bit) for place, bit in enumerate(found)})
    return Row(values=values)


def _written(formulas: Sequence[str], line: int) -> Note:
    text = formulas[line]
    return Note(text=text, tokens=tuple(text), offsets=tuple((place, place + 1) for place in range(len(text))))


ENTRY = Entry(
    name="tox21",
    title="Tox21: twelve assays of nuclear receptors and stress response, 7,831 compounds",
    modality="table",
    tasks=("multilabel", "classification"),
    licence="US Government work, public domain",
    citation="Huang R, Xia M, Nguyen DT, et al. Tox21Challenge to build predictive models of nuclear receptor and "
    "stress response pathways as mediated by exposure to environmental chemicals and drugs. Front Environ Sci 3:85, "
    "2016. doi:10.3389/fenvs.2015.00085. Wu Z, Ramsundar B, Feinberg EN, et al. MoleculeNet. Chem Sci 9:513-530, 2018. "
    "doi:10.1039/c7sc02664a",
    homepage="https://tripod.nih.gov/tox21/challenge/",
    patient="Murcko scaffold (or the molecule, option group=molecule)",
    split="by scaffold; a random split of molecules asks an easier question",
    traps=(
        "an empty cell means not measured, never inactive: 17 % of all cells are empty",
        "three to sixteen in a hundred measured compounds are active: report average precision",
        "8 formulas have valences that RDKit refuses",
    ),
    options={
        "assay": ("all", *ASSAYS),
        "features": ("descriptors", "fingerprint", "smiles"),
        "group": ("scaffold", "molecule"),
        "split": ("none", "scaffold", "random"),
    },
    files=(Remote(url="https://deepchemdata.s3-us-west-1.amazonaws.com/datasets/tox21.csv.gz", path="tox21.csv.gz"),),
    load=load,
)
