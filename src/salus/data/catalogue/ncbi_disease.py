"""NCBI disease corpus: disease mentions in PubMed abstracts."""

from collections.abc import Mapping
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Entry, Loaded, Remote
from salus.data.iob import block_samples, iob_classes
from salus.data.readers.iob import read_iob
from salus.schema.question import Question

CLASSES = iob_classes(("Disease",))
_SOURCE = "https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/master/data/NCBI-disease-IOB"


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Read the three official files."""
    texts = {split: read_iob(folder / f"{split}.tsv") for split in ("train", "devel", "test")}
    joined = options.get("context", "sentence") == "block"
    samples = [
        sample
        for split, text in texts.items()
        for sample in block_samples(
            text, CLASSES, name="ncbi", split="valid" if split == "devel" else split, joined=joined
        )
    ]
    return Loaded(
        unit="sentence block",
        dataset=ListDataset(samples),
        question=Question(kind="tagging", classes=CLASSES),
        notes=(
            "Abstracts are not marked in these files: the unit of intervals is a block of 10 consecutive sentences.",
            f"{sum(text.repaired for text in texts.values())} I-tags that continued nothing were read as B-tags.",
        ),
    )


ENTRY = Entry(
    name="ncbi_disease",
    title="NCBI disease corpus: disease mentions in 793 PubMed abstracts",
    modality="text",
    tasks=("tagging",),
    licence="CC BY 4.0 (IOB edition of Crichton et al.; the original is a US Government work)",
    citation="Dogan RI, Leaman R, Lu Z. NCBI disease corpus. J Biomed Inform 47:1-10, 2014. "
    "Crichton G et al. BMC Bioinformatics 18:368, 2017.",
    homepage="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    patient="block of 10 consecutive sentences (abstracts are not marked)",
    split="official",
    traps=("vocabulary or word vectors from test text", "F1 of tokens instead of mentions"),
    options={"context": ("sentence", "block")},
    files=(
        Remote(
            url=f"{_SOURCE}/train.tsv",
            path="train.tsv",
            sha256="58379baf4614b8d757d93dd7a21b202849ca99f9b9d71b49185523ff5443300c",
            size=1_137_445,
        ),
        Remote(
            url=f"{_SOURCE}/devel.tsv",
            path="devel.tsv",
            sha256="b4e1e7efcc2a35047bf2f3d281648357470e674f555d4a26a0049ac37d59cc61",
            size=200_352,
        ),
        Remote(
            url=f"{_SOURCE}/test.tsv",
            path="test.tsv",
            sha256="8f088ce45dc4746592188f9e69de3d89d87f3bb8f0ed8c4a287d018123fa148d",
            size=205_664,
        ),
    ),
    load=load,
)
