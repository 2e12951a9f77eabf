"""De-identification of text beside libraries for it: recall by kind with Wilson intervals, precision, speed.

`python -m benchmarks deid_text` first leaves out each author in turn: the tagger is trained on the banks of all others,
and those of the one left out are met by rules alone and by rules and tagger together. Then it measures the finder as
it is shipped on the parts of the synthetic corpus that measure, and
scrubadub and philter-lite beside it where they can be imported. They are no dependencies; in an environment of their
own: `pip install scrubadub philter-lite numpy`, then `PYTHONPATH=src:. python -m benchmarks deid_text`.
With `SALUS_DATA` set it also counts what is masked in real texts that hold no patient's identifiers.
"""

import csv
import json
import math
import os
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from salus.data.deidentify.corpus import (
    AUTHORS,
    Half,
    SyntheticNote,
    generate,
    read_bank,
    write_note,
)
from salus.data.deidentify.tagger_fit import fit
from salus.data.deidentify.text import KINDS, find_by_rule, find_identifiers
from salus.data.deidentify.text_rules import Span

NOTES = 60
REAL = 200_000
"""Letters of each real set that are searched, for time."""
LEFT_OUT = 60
"""Notes of a left-out bank."""
MOST_BANKS = 2
"""Banks of a left-out author that are met, for time; all of them are left out."""
SMALLER = {"notes": 12, "rounds": 35}
"""Training for the leaving out: half of the shipped model's notes, for time."""
Finder = Callable[[str], list[tuple[int, int]]]


def ours() -> Finder:
    """Return this project's finder."""
    return lambda text: [(start, end) for start, end, _ in find_identifiers(text)]


def scrubadub() -> Finder:
    """Return scrubadub's default detectors; its names need a model from a hub and stay out."""
    import scrubadub

    scrubber = scrubadub.Scrubber()
    return lambda text: [(filth.beg, filth.end) for filth in scrubber.iter_filth(text)]


def philter() -> Finder:
    """Return philter-lite with its own default filters; its part-of-speech tagger needs NLTK's data."""
    from importlib.resources import files

    import philter_lite

    filters = philter_lite.load_filters(str(files("philter_lite").joinpath("configs", "philter_delta.toml")))

    def find(text: str) -> list[tuple[int, int]]:
        _, _, tracker = philter_lite.detect_phi(text, filters)
        return [(entry.start, entry.stop) for entry in tracker.phi]

    find("Dr. Jane Roe saw John on 1/2/2019.")
    return find


def interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    if total == 0:
        return 0.0, 1.0
    z, p = 1.959964, hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return middle - half, min(1.0, middle + half)


def measure(find: Finder, notes: list[SyntheticNote]) -> tuple[Counter[str], Counter[str], float, float]:
    """Return hits and totals by kind, precision of spans, and letters a second.

    A planted identifier counts as found when each of its letters and digits is covered.
    """
    hits, totals, good, made = Counter[str](), Counter[str](), 0, 0
    started, letters = time.perf_counter(), 0
    for note in notes:
        letters += len(note.text)
        covered, planted = [False] * len(note.text), [False] * len(note.text)
        for start, end, _ in note.spans:
            planted[start:end] = [True] * (end - start)
        for start, end in find(note.text):
            covered[start:end] = [True] * (end - start)
            made += 1
            good += any(planted[start:end])
        for start, end, kind in note.spans:
            totals[kind] += 1
            hits[kind] += all(covered[at] for at in range(start, end) if note.text[at].isalnum())
    return hits, totals, good / max(made, 1), letters / (time.perf_counter() - started)


def real_texts(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield name and texts of the sets whose texts hold no patient's identifiers, but dates and hospitals."""
    file = root / "maccrobat2020" / "train.jsonl"
    if file.exists():
        yield "maccrobat2020", [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    file = root / "psytar" / "sentences.csv"
    if file.exists():
        posts = defaultdict(list)
        with file.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                posts[row.get("drug_id")].append(row.get("sentence") or row.get("sentences") or "")
        yield "psytar", ["\n".join(lines) for lines in posts.values()]

    for name in ("bc5cdr", "ncbi_disease"):
        if (file := root / name / "devel.tsv").exists():
            rows = [line.split("\t")[0] for line in file.read_text(encoding="utf-8").splitlines()]
            sentences = " ".join(word or "\n" for word in rows).split("\n")
            yield name, ["\n".join(sentences[at : at + 8]) for at in range(0, len(sentences), 8)]


def main() -> None:
    """Print the tables."""
    leave_out()
    for half in ("test", "fresh", "blind", "author_a", "author_b", "author_c", "blind2"):
        compare(half)
    count_real()


def leave_out() -> None:
    """Print what is found in each author's banks by rules alone, and with a tagger that never saw this author."""
    print(
        f"each author left out in turn, {LEFT_OUT} notes a bank, at most {MOST_BANKS}; recall (95 % Wilson), precision"
    )
    for out, held in AUTHORS.items():
        chosen = held[:: -(-len(held) // MOST_BANKS)]
        notes = [
            write_note(read_bank(name), f"{name}{index}", np.random.default_rng([5, index]))
            for name in chosen
            for index in range(LEFT_OUT)
        ]
        others = [read_bank(name) for author, names in AUTHORS.items() if author != out for name in names]
        with tempfile.TemporaryDirectory() as home:
            model = fit(others, Path(home) / "left.crfsuite", **SMALLER)
            for name, find in (("rules", find_by_rule), ("both", partial(find_identifiers, model=model))):
                hits, totals, precision, _ = measure(_places(find), notes)
                found, planted = sum(hits.values()), sum(totals.values())
                low, high = interval(found, planted)
                worst = {k: round(hits[k] / totals[k], 3) for k in KINDS if totals[k] and hits[k] < 0.97 * totals[k]}
                print(f"  {out:10} {name:6} {found:5} of {planted:5}  {found / planted:.4f} ({low:.4f} to {high:.4f})"
                      f"  {precision:.3f}  {worst}", flush=True)  # fmt: skip


def _places(find: Callable[[str], Sequence[Span]]) -> Finder:
    return lambda text: [(start, end) for start, end, _ in find(text)]


def compare(half: Half) -> None:
    """Print recall by kind for every library that is there."""
    notes = generate(half, NOTES)
    planted = sum(len(note.spans) for note in notes)
    print(f"\n{NOTES} synthetic notes of part {half!r}, {planted} planted identifiers")
    for name, make in (("salus", ours), ("scrubadub", scrubadub), ("philter-lite", philter)):
        try:
            find = make()
            hits, totals, precision, speed = measure(find, notes)
        except (ImportError, LookupError, OSError, AttributeError) as error:
            print(f"\n{name}: absent or without its data ({type(error).__name__}: {str(error).strip()[:80]!r})")
            continue
        found, planted = sum(hits.values()), sum(totals.values())
        print(f"\n{name}: recall {found / planted:.4f}, precision of spans {precision:.4f}, {speed / 1000:.0f} kB/s")
        for kind in KINDS:
            low, high = interval(hits[kind], totals[kind])
            share = hits[kind] / max(totals[kind], 1)
            print(f"  {kind:10} {hits[kind]:5} of {totals[kind]:5}  {share:.4f} ({low:.4f} to {high:.4f})")


def count_real() -> None:
    """Print how many words of real texts are masked."""
    if root := os.environ.get("SALUS_DATA"):
        for name, texts in real_texts(Path(root)):
            words = masked = 0
            kinds = Counter[str]()
            seen = 0
            for text in texts:
                if (seen := seen + len(text)) > REAL:
                    break
                places = [match.span() for match in re.finditer(r"\w+", text)]
                words += len(places)
                for start, end, kind in find_identifiers(text):
                    count = sum(a < end and b > start for a, b in places)
                    masked, kinds[kind] = masked + count, kinds[kind] + count
            print(f"\n{name}: {masked} of {words} words masked ({100 * masked / words:.3f} %): {dict(kinds)}")
