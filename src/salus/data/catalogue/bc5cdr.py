"""BioCreative V chemical-disease relation corpus: chemicals and diseases in PubMed abstracts."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded, Remote
from salus.data.iob import block_samples, iob_classes
from salus.data.readers.iob import TaggedText, read_iob
from salus.schema.question import Question

CLASSES = iob_classes(("Chemical", "Disease"))
GUARD = 20
_SOURCE = "https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/master/data/BC5CDR-IOB"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the training and development files; the last tenth of the former is validation, the latter is the test."""
    train, test = read_iob(folder / "train.tsv"), read_iob(folder / "devel.tsv")
    cut = len(train.sentences) * 9 // 10
    # Abstracts are not marked: two of them, at about nine sentences each, are left out around the cut.
    guard = GUARD if len(train.sentences) - cut > 2 * GUARD else 0
    parts = (
        ("train", TaggedText(train.sentences[:cut], train.tags[:cut], 0)),
        ("valid", TaggedText(train.sentences[cut + guard :], train.tags[cut + guard :], 0)),
        ("test", test),
    )
    joined = options.get("context", "sentence") == "block"
    samples = [
        sample
        for split, text in parts
        for sample in block_samples(text, CLASSES, name="bc5cdr", split=split, joined=joined)
    ]
    return Loaded(
        unit="sentence block",
        dataset=ListDataset(samples),
        question=Question(kind="tagging", classes=CLASSES),
        notes=(
            "Abstracts are not marked in these files: the unit of intervals is a block of 10 consecutive sentences.",
            f"{guard} sentences (about two abstracts) before validation are left out, so none is on both sides.",
            f"{train.repaired + test.repaired} I-tags that continued nothing were read as B-tags.",
        ),
    )


ENTRY = Entry(
    name="bc5cdr",
    title="BC5CDR: chemical and disease mentions in 1,000 PubMed abstracts",
    modality="text",
    tasks=("tagging",),
    licence="CC BY 4.0 (IOB edition of Crichton et al.; the original is a US Government work)",
    citation="Li J, Sun Y, Johnson RJ, et al. BioCreative V CDR task corpus. Database 2016:baw068. "
    "Crichton G et al. BMC Bioinformatics 18:368, 2017.",
    homepage="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    patient="block of 10 consecutive sentences (abstracts are not marked)",
    split="official: the last tenth of train.tsv is validation, devel.tsv is the test",
    traps=(
        "vocabulary or word vectors from test text",
        "sentences of one abstract on both sides of a split",
        "F1 of tokens instead of mentions",
    ),
    options={"context": ("sentence", "block")},
    files=(
        Remote(
            url=f"{_SOURCE}/train.tsv",
            path="train.tsv",
            sha256="b731361c0ed73afd04cc5fdad39afcdfd8f325d6e46c282339185a91d1af4c14",
            size=1_039_940,
        ),
        Remote(
            url=f"{_SOURCE}/devel.tsv",
            path="devel.tsv",
            sha256="b909de65c4f7e3c23bb09ad52d654cdc92e96db941abe1a5dcf6f6010c03cff5",
            size=1_031_781,
        ),
    ),
    load=load,
)
