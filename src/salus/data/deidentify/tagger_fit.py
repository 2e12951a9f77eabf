"""Training of the tagger: `python -m salus.data.deidentify.tagger_fit` writes the model that this package carries.

Text, names and numbers are invented (`corpora/*.toml`, `tagger_notes`). In half of the notes a part of the words around
a word is hidden, so that the tagger does not rest on the wordings of the banks alone.
"""

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from salus.data.deidentify.corpus import Bank, SyntheticNote, training_banks
from salus.data.deidentify.tagger import MODEL, NONE, rows
from salus.data.deidentify.tagger_features import features, tokens
from salus.data.deidentify.tagger_notes import training_notes

LABEL: Final = {
    "name": "name", "place": "place", "date": "date", "age": "age", "phone": "phone", "fax": "phone",
}  # fmt: skip
"""What a kind is called by the tagger; every other kind is `other`."""
NOTES: Final = 30
"""Notes of each bank."""
ROUNDS: Final = 50
HIDDEN: Final = 0.35
_NEIGHBOURS: Final = ("w-", "w+", "b=", "bs=", "a=", "cw", "dw", "cs=", "ds=", "lab")


def labelled(note: SyntheticNote) -> list[tuple[list[list[str]], list[str]]]:
    """Return the rows of a note as features and labels; a word that a planted identifier touches has its label."""
    kinds = [NONE] * len(note.text)
    for start, end, kind in note.spans:
        kinds[start:end] = [LABEL.get(kind, "other")] * (end - start)
    found = []
    for row in rows(tokens(note.text)):
        labels = [next((kind for kind in kinds[t.start : t.end] if kind != NONE), NONE) for t in row]
        found.append((features(row), labels))
    return found


def hidden(items: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """Return the features of a row without a third of those that name a neighbouring word."""
    kept = iter(rng.random(sum(map(len, items))) >= HIDDEN)
    return [[each for each in item if next(kept) or not each.startswith(_NEIGHBOURS)] for item in items]


def fit(chosen: Sequence[Bank], path: Path, *, notes: int = NOTES, rounds: int = ROUNDS, seed: int = 0) -> Any:
    """Train on notes of the banks, write the model and return it opened.

    Args:
        chosen: Banks whose sentences are learned.
        path: Where the model is written.
        notes: Notes of each bank.
        rounds: Steps of L-BFGS at most.
        seed: Same seed and banks, same model.
    """
    import pycrfsuite

    rng = np.random.default_rng([seed, 77])
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    for note in training_notes(chosen, notes, seed):
        part = rng.random() < 0.5
        for items, labels in labelled(note):
            trainer.append(pycrfsuite.ItemSequence(hidden(items, rng) if part else items), labels)
    trainer.set_params({"c1": 0.3, "c2": 0.02, "max_iterations": rounds, "feature.minfreq": 3})
    trainer.train(str(path))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    return tagger


def main() -> None:
    """Train on all banks and put the model and its SHA-256 in the place of the package's own."""
    folder = Path(__file__).parent / "models"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as home:
        made = Path(home) / MODEL
        fit(training_banks(), made)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        made.replace(folder / MODEL)
    (folder / f"{MODEL}.sha256").write_text(f"{digest}  {MODEL}\n", encoding="ascii")
    sys.stdout.write(f"{digest}  {(folder / MODEL).stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
