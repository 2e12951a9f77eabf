"""Read as a user's command would, and touch what came out."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from salus.schema.sample import Events, Image, Note, Waveform


def anything(path: Path) -> None:
    """Read by content and ending."""
    from salus.data.open import read_any

    touch(read_any(path))


def touch(content: Any) -> None:
    """Use what a reader returned: sums, shapes, geometry, doctors' findings."""
    if isinstance(content, Image):
        assert content.array.ndim in (3, 4, 5)
        float(np.nan_to_num(np.asarray(content.array).reshape(-1)[:1000].astype(np.float64)).sum())
        if content.spacing_mm is not None:
            assert all(np.isfinite(step) for step in content.spacing_mm)
        if content.affine is not None:
            assert np.isfinite(content.affine).all()
    elif isinstance(content, Waveform):
        assert np.isfinite(content.rate_hz)
        assert content.rate_hz > 0
        assert len(content.leads) == len(content.array)
    elif isinstance(content, Note):
        assert all(0 <= start <= stop <= len(content.text) for start, stop in content.offsets)
    elif isinstance(content, Events):
        assert len(content.codes) == len(content.values)
        assert not (np.diff(content.times_h) < 0).any()
    elif isinstance(content, list):
        for one in content[:50]:
            touch(one)


def dicom(path: Path) -> None:
    """Read the header, the display picture and the values of one file."""
    from salus.data.readers.dicom import read_dicom, read_header

    read_header(path, pixels=False)
    touch(read_dicom(path))


def dicom_series(path: Path) -> None:
    """Inspect a folder as a series, then read it."""
    from salus.data.readers.dicom import inspect_series, read_dicom_series

    str(inspect_series(path))
    touch(read_dicom_series(path))


def dicom_objects(path: Path) -> None:
    """Read segmentations, reports, structure sets, overlays and displays by the name of the file."""
    from salus.data.readers.dicom_display import to_display
    from salus.data.readers.dicom_overlay import read_overlays
    from salus.data.readers.dicom_rtstruct import read_rtstruct
    from salus.data.readers.dicom_seg import read_seg
    from salus.data.readers.dicom_sr import read_sr

    kinds = {"seg": read_seg, "sr": read_sr, "rtstruct": read_rtstruct, "overlay": read_overlays}
    kinds.get(path.stem.partition("_")[2], to_display)(path)


def dicomdir(path: Path) -> None:
    """Read a directory of a medium."""
    from salus.data.readers.dicomdir import read_dicomdir

    read_dicomdir(path)


def slide(path: Path) -> None:
    """Open a slide and read one region of each level."""
    from salus.data.readers.slide import open_slide

    with open_slide(path) as one:
        for level in range(len(one.levels)):
            one.read_region(level, 0, 0, 40, 40)
    anything(path)


def wfdb(path: Path) -> None:
    """Read a record and its annotations."""
    from salus.data.readers.wfdb import read_annotations, read_wfdb, record_comments

    record_comments(path)
    if path.with_suffix(".atr").exists():
        read_annotations(path)
    touch(read_wfdb(path))


def table(path: Path) -> None:
    """Read a table as columns, and as rows or a waveform."""
    from salus.data.readers.table import read_columns

    read_columns(path)
    anything(path)


def fhir(path: Path) -> None:
    """Read a bundle or export lines to timelines."""
    from salus.data.records.fhir import read_fhir

    timelines = read_fhir(path)
    for patient in list(timelines)[:20]:
        str(patient)


def omop(path: Path) -> None:
    """Read a folder of OMOP tables to timelines."""
    from salus.data.records.omop import read_omop

    str(list(read_omop(path))[:20])


def dictionary(path: Path) -> None:
    """Read a data dictionary and hold a table against it."""
    from salus.data.readers.table import read_columns
    from salus.data.records.dictionary import apply_dictionary, read_dictionary

    str(apply_dictionary(read_columns(path.with_name("table.csv")), read_dictionary(path)))


def archive(path: Path) -> None:
    """Unpack; nothing may appear beside the folder."""
    from salus.data.unpack import unpack

    with tempfile.TemporaryDirectory() as place:
        inside = Path(place) / "in"
        inside.mkdir()
        try:
            unpack(path, inside, max_bytes=2**24)
        finally:
            assert [one.name for one in Path(place).iterdir()] == ["in"]


def manifest(path: Path) -> None:
    """Open a manifest and read its first sample."""
    from salus.data.library import open_data

    loaded = open_data(str(path))
    loaded.dataset[0]


def study(path: Path) -> None:
    """Read a study file."""
    from salus.study.plan import read_plan

    read_plan(path)


def run(path: Path) -> None:
    """Load an artifact."""
    from salus.store.artifact import load

    load(path)


def run_signed(path: Path) -> None:
    """Load an artifact whose checksums were written anew after the damage, as someone would who means harm."""
    from salus.store.artifact import load
    from salus.store.checksums import write_checksums

    write_checksums(path)
    load(path)


def look(path: Path) -> None:
    """Look at a file as a check does: it never raises, whatever the file holds."""
    import json

    from salus.data.survey.look import look as look_at

    said = look_at({"root": str(path.parent), "path": path.name, "deep": True})
    json.dumps(said, allow_nan=False)
    if said["problem"]:
        assert said["remedy"]
