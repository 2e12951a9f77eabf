"""Look at one DICOM series as a whole: is it a volume, and how does it lie."""

from pathlib import Path
from typing import Any

from salus.data.readers.dicom import inspect_series
from salus.data.survey.look import in_two
from salus.schema.errors import SalusError


def look_series(item: dict[str, Any]) -> dict[str, Any]:
    """Examine the files of a series by their headers.

    Args:
        item: `root` and `paths` relative to it.

    Returns:
        The values of `salus.data.survey.report.Series`, `findings` as `(kind, severity, what, remedy)`.
    """
    root = Path(item["root"])
    paths = [str(path) for path in item["paths"]]
    folders = {path.rpartition("/")[0] for path in paths}
    name = next(iter(folders)) or paths[0] if len(folders) == 1 else paths[0]
    found: dict[str, Any] = {"name": name, "modality": "", "files": len(paths)}
    try:
        report = inspect_series([root / path for path in paths])
    except SalusError as error:
        what, remedy = in_two(str(error), root)
        return found | {"findings": [["unreadable", "error", what, remedy]]}
    found["modality"] = report.modality
    found["shape"] = "" if report.shape is None else " x ".join(map(str, report.shape[report.shape[0] == 1 :]))
    if report.spacing_mm is not None:
        found["spacing"] = " x ".join(f"{step:.3g}" for step in report.spacing_mm) + " mm"
    found["tilt_degrees"] = round(float(report.tilt_degrees), 2)
    found["findings"] = [_told(one) for one in report.findings if not _expected(one.kind, report.modality)]
    return found


_PLANAR = ("CR", "DX", "MG", "US", "XA", "RF", "OT", "XC", "SC", "ES", "IO", "PX", "OP", "SM", "GM", "ECG")
"""Modalities whose series are pictures, which need not lie beside each other."""
_BLOCKING = ("duplicate_slice", "missing_slice", "unreadable", "several_patients")


def _expected(kind: str, modality: str) -> bool:
    return modality in _PLANAR and kind in ("no_geometry", "several_sizes", "several_spacings", "several_series")


def _told(one: Any) -> list[str]:
    """Return a finding as words; what is usual in an export, such as a localizer among slices, is a warning."""
    severity = "warning" if one.severity == "error" and one.kind not in _BLOCKING else one.severity
    what = one.what
    if what.startswith(("is ", "has ", "differs ")) and one.which:
        more = f" (and {len(one.which) - 1} more)" if len(one.which) > 1 else ""
        what = f"{one.which[0]}{more} {what}"
    return [one.kind, severity, what, one.remedy]
