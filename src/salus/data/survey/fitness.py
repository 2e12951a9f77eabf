"""What kinds of question a folder's files could answer, and what stands against it."""

import re
from collections import Counter

from salus.data.survey.gather import SAMPLES
from salus.data.survey.labels import FEW
from salus.data.survey.report import Fit, Report
from salus.data.survey.store import Store

_MODALITY = {
    "dicom": "image", "picture": "image", "array": "image", "volume": "volume", "signal": "signal", "text": "text",
    "record": "record", "table": "table",
}  # fmt: skip
_MASKS = re.compile(
    r"(?i)(?:^|[/_.-])(?:mask|masks|seg|segmentation|label|labels|labelsTr|gt|annotations?)(?:[/_.-]|$)"
)
ENOUGH = 50
"""Samples from which on a study is more than an exercise."""


def fitness(store: Store, report: Report) -> list[Fit]:
    """Return what the readable files could be used for."""
    kinds: Counter[str] = Counter()
    masks = tagged = 0
    for path, kind, ending in store.rows(
        "SELECT path, kind, json_extract(form, '$.ending') FROM file WHERE problem=''"
    ):
        kinds[kind] += 1
        masks += kind in ("picture", "volume", "array") and bool(_MASKS.search(path))
        tagged += ending in (".iob", ".conll", ".ann", ".bio")
    found = [_labelled(kinds, report)] if report.labels else []
    if masks:
        images = sum(kinds[kind] for kind in ("picture", "volume", "array")) - masks
        verdict = "yes" if min(masks, images) >= ENOUGH else "with limits"
        why = f"{masks:,} files are named like masks, beside {images:,} images"
        found.append(
            Fit(task="segmentation", modality="volume" if kinds["volume"] else "image", verdict=verdict, why=why)
        )
    if tagged:
        verdict = "yes" if tagged >= ENOUGH else "with limits"
        found.append(Fit(task="tagging", modality="text", verdict=verdict, why=f"{tagged:,} annotated texts"))
    found += _unlabelled(kinds)
    if not found and kinds:
        found.append(Fit(task="any", modality="", verdict="no", why="no file that Salus reads holds a sample"))
    return found


def _labelled(kinds: Counter[str], report: Report) -> Fit:
    least = min(report.labels, key=lambda label: report.labels[label])
    count = report.labels[least]
    blocked = any(one.severity == "error" and one.area in ("labels", "copies") for one in report.concerns)
    given_away = any("told apart without" in one.what for one in report.concerns)
    if count < FEW:
        verdict, why = "no", f"class {least!r} has {count:,} samples; it takes {FEW} to judge one"
    elif blocked or given_away or count < ENOUGH:
        why = f"{len(report.labels)} classes, the smallest {least!r} with {count:,}"
        why += "; the looks of the files give classes away" if given_away else ""
        why += "; mend the errors first" if blocked else ""
        verdict = "with limits"
    else:
        verdict, why = "yes", f"{len(report.labels)} classes, the smallest {least!r} with {count:,} samples"
    kind = max((k for k in kinds if k in SAMPLES), key=lambda k: kinds[k], default="picture")
    return Fit(task="classification", modality=_MODALITY[kind], verdict=verdict, why=why)


def _unlabelled(kinds: Counter[str]) -> list[Fit]:
    found = []
    pictures = kinds["picture"] + kinds["dicom"] + kinds["array"]
    if pictures >= FEW or kinds["volume"] >= FEW:
        kind, count = ("image", pictures) if pictures >= kinds["volume"] else ("volume", kinds["volume"])
        verdict = "yes" if count >= ENOUGH else "with limits"
        why = f"{count:,} {kind}s; noise or under-sampling is added, the original is the truth"
        found.append(Fit(task="restoration", modality=kind, verdict=verdict, why=why))
    if kinds["table"]:
        why = f"{kinds['table']:,} tables; name a target: salus data check TABLE:target=COLUMN,patient=COLUMN"
        found.append(Fit(task="classification", modality="table", verdict="with limits", why=why))
    if kinds["record"]:
        why = f"{kinds['record']:,} files of health records; say which event is asked for"
        found.append(Fit(task="classification", modality="record", verdict="with limits", why=why))
    return found
