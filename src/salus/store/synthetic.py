"""A synthetic dataset as a folder: samples, honesty card, privacy statement and checksums; whole or not at all."""

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salus.data.export.synthetic import write_samples
from salus.evaluate.honesty.card import HonestyCard
from salus.schema.errors import StoreError, UsageError
from salus.schema.files import write_text
from salus.schema.question import Question
from salus.schema.sample import Sample
from salus.store.artifact import write_json
from salus.store.checksums import write_checksums


def write_synthetic(
    folder: Path, samples: Sequence[Sample], question: Question, card: HonestyCard, facts: Mapping[str, Any]
) -> str:
    """Write the dataset to a temporary folder beside the wanted one, then give it its name.

    The folder holds no real sample: not in the card, and not in the pictures.

    Args:
        folder: New or empty.
        samples: Synthetic.
        question: What their targets mean.
        card: Of the generator, released (with its written reason where the audit was overruled).
        facts: How the samples were made, for `dataset.json`.

    Returns:
        What `salus` is to be given to read the dataset again.

    Raises:
        UsageError: The folder holds something.
        StoreError: It cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} holds something already; choose another -o, or remove it")
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.mkdir(parents=True)
        spec = write_samples(part, samples, question)
        write_text(part / "honesty.json", card.to_json())
        write_text(part / "PRIVACY.md", privacy_statement(card, facts))
        asked = question.to_dict()
        write_json(part / "dataset.json", {**facts, "read_with": spec, "question": asked, "origin": "synthetic"})
        write_checksums(part)
        if folder.is_dir():
            folder.rmdir()
        part.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written ({error.strerror or error}); choose another folder") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return f"{folder / spec}" if ":" in spec else f"{folder}"


def privacy_statement(card: HonestyCard, facts: Mapping[str, Any]) -> str:
    """Return what was measured and what was not, in words that promise nothing."""
    lines = [
        "# Privacy statement",
        "",
        f"These {facts.get('written', '')} samples are synthetic: {card.subject}. No line is a record of a person.",
        "",
        "They are **not declared anonymous**. A generator learns from real people and may repeat what it saw. What",
        "follows was measured against people whom the generator never saw; the law and the owner of the training",
        "data decide what may be done with the samples.",
        "",
        f"**Verdict of the audit:** {card.verdict}.",
    ]
    lines += [f"- {reason}" for reason in card.reasons]
    if card.override:
        lines += ["", f"Released against the audit, for this written reason: {card.override}"]
    lines += ["", "## Measured", "", "| what | figure, 95 % interval | limit |", "|---|---|---|"]
    lines += [f"| {f.text} | {f.words()} | {f.goal} |" for f in card.figures if f.group == "privacy"]
    if facts.get("left_out"):
        lines += ["", f"{facts['left_out']} samples that counted as copies were left out before writing."]
    lines += ["", "## Not measured", "", *(f"- {what}" for what in card.unmeasured)]
    lines += [
        "",
        "## Use",
        "",
        "Every line is marked `synthetic` (column `group_origin`). Keep the mark. Do not mix these samples into real",
        "data without it, do not use them for decisions about patients, and do not try to find out whom they resemble.",
    ]
    return "\n".join(lines) + "\n"
