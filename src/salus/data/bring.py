"""A user's own data without a manifest: a table of rows, or a folder whose sub-folders are the classes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from salus.contract.dataset import ListDataset
from salus.data.entry import Loaded
from salus.data.labels import is_number, question_of_some, question_of_words, refuse_repeated_ids
from salus.data.limits import inside
from salus.data.manifest import FileDataset, Listed, metas_of, read_manifest
from salus.data.readers import dicom, image, metaimage, nifti, nrrd
from salus.data.readers.table import Columns, read_columns
from salus.data.records.own import open_records, record_form
from salus.data.tagged import is_tagged, read_tagged
from salus.schema.errors import DataError, UsageError
from salus.schema.sample import Sample

OWN_PATIENT = (
    "No patient is named in this data: every sample counts as a patient of its own. If a patient is in it twice, "
    "the split leaks and the intervals are too narrow."
)
_VOLUMES = (*nifti.SUFFIXES, *nrrd.SUFFIXES, *metaimage.SUFFIXES)
_READ = (*image.PICTURES, *image.ARRAYS, *_VOLUMES, *dicom.SUFFIXES, ".hea", ".edf", ".bdf")
_TABLE_OPTIONS = ("target", "patient", "id", "site", "split", "weight", "drop", "positive", "unlabelled", "dictionary")


def open_path(path: Path, options: Mapping[str, str]) -> Loaded:
    """Open a manifest, a table, a tagged text, health records or a folder.

    Args:
        path: What it is.
        options: For a table `target`, `patient`, `id`, `site`, `split`, `weight` (column names), `drop` (columns
            joined by `+`), `positive` (a class), `unlabelled=keep` (rows without target train systems that can use
            them) and `dictionary` (a file that describes the columns); for a manifest see `read_manifest`; for
            records `open_records`; for a folder `positive`; for tagged text `block` (sentences that stay together).

    Raises:
        DataError: As the readers, or nothing that makes a dataset.
        UsageError: An unknown option.
    """
    if path.is_dir():
        for name in ("manifest.csv", "manifest.parquet"):
            if (path / name).is_file():
                return read_manifest(path / name, options)
    if record_form(path):
        return open_records(path, options)
    if is_tagged(path):
        return read_tagged(path, options)
    if path.is_dir():
        return read_folder(path, options)
    table = read_columns(path)
    if options.get("path", "path") in table.words:
        return read_manifest(path, options)
    if "dictionary" not in options:
        return rows_of(table, options)
    from salus.data.records.dictionary import apply_dictionary, read_dictionary

    checked = apply_dictionary(table, read_dictionary(Path(options["dictionary"]).expanduser()))
    loaded = rows_of(checked.table, options)
    return replace(loaded, notes=(*loaded.notes, *checked.notes()))


def rows_of(table: Columns, options: Mapping[str, str]) -> Loaded:
    """Make each line of a table a sample with one `Row` named `row`.

    Raises:
        DataError: A missing column, repeated ids, or targets that make no question.
        UsageError: No target named, or an unknown option.
    """
    for key in options:
        if key not in _TABLE_OPTIONS:
            raise UsageError(f"{table.path}: no option {key!r}; a table takes {', '.join(_TABLE_OPTIONS)}")
    if "target" not in options:
        raise UsageError(
            f"{table.path}: which column is the target? Write {table.path}:target=COLUMN,patient=COLUMN; "
            f"the columns are {', '.join(table.words)}"
        )
    dropped = [name for name in options.get("drop", "").split("+") if name]
    column = {key: options[key] for key in ("target", "patient", "id", "site", "split", "weight") if key in options}
    table.need([*column.values(), *dropped])
    source = f"{table.path}, column {column['target']!r}"
    words, keep = list(table.words[column["target"]]), options.get("unlabelled", "refuse")
    question, targets = question_of_some(words, source, options.get("positive", ""), keep)
    aside = {*column.values(), *dropped, *(name for name in ("site", "split") if name in table.words)}
    inputs = [name for name in table.words if name not in aside and not name.startswith("group_")]
    if not inputs:
        raise DataError(f"{table.path}: no column is left as input; name fewer in drop")
    ids = table.words[column["id"]] if "id" in column else [f"row{line + 2}" for line in range(len(table))]
    refuse_repeated_ids(ids, table.path)
    patients = table.words[column["patient"]] if "patient" in column else ids
    metas = metas_of(table, column)
    samples = [
        Sample(id=ids[i], patient=patients[i], inputs={"row": table.row(i, inputs)}, target=targets[i], meta=metas[i])
        for i in range(len(table))
    ]
    for line, patient in enumerate(patients):
        if not patient:
            raise DataError(f"{table.path}: line {line + 2} names no patient; fill it in")
    notes = [] if "patient" in column else [OWN_PATIENT]
    return Loaded(dataset=ListDataset(samples), question=question, notes=(*notes, *_nearly_numbers(table, inputs)))


def _nearly_numbers(table: Columns, names: Sequence[str]) -> list[str]:
    """Say which columns of words hold numbers nearly throughout: one `<5` makes every value of a column a category."""
    notes = []
    for name in names:
        filled = [(line, word) for line, word in enumerate(table.words[name], start=2) if word]
        odd = [(line, word) for line, word in filled if not is_number(word)]
        if name not in table.numbers and odd and len(odd) < 0.1 * len(filled):
            line, word = odd[0]
            notes.append(
                f"Column {name!r} is read as words, because {len(odd)} of {len(filled)} cells are no number "
                f"(line {line}: {word!r}); if it measures something, correct or empty them."
            )
    return notes


def read_folder(folder: Path, options: Mapping[str, str] | None = None) -> Loaded:
    """Make a dataset of a folder: each sub-folder is a class and holds files, DICOM series or folders of patients.

    `<class>/<file>` gives every file a patient of its own (and says so in the notes); in `<class>/<patient>/...` the
    folder is the patient. A DICOM series is one sample, and its PatientID the patient.

    Raises:
        DataError: Not two or more sub-folders with files that can be read, or a link that leads out of the folder.
        UsageError: An unknown option.
    """
    unknown = set(options or {}) - {"positive"}
    if unknown:
        raise UsageError(f"{folder}: no option {sorted(unknown)[0]!r}; a folder takes positive")
    classes = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
    found: list[tuple[str, str, Path]] = []
    words: list[str] = []
    for place in classes:
        here = [*_files(folder, place), *_series(folder, place)]
        found += here
        words += [place.name] * len(here)
        if not here:
            raise DataError(f"{folder}: class folder {place.name!r} holds no file that can be read; remove or fill it")
    if len(classes) < 2:
        raise DataError(
            f"{folder}: no labels; put the files of each class into a sub-folder of its own, or write a manifest.csv "
            "with the columns path, patient, target"
        )
    question, targets = question_of_words(words, folder, (options or {}).get("positive", ""))
    listed = [
        Listed(id=name, patient=patient, path=path, target=target, meta={"path": str(path)})
        for (name, patient, path), target in zip(found, targets, strict=True)
    ]
    refuse_repeated_ids([line.id for line in listed], folder)
    named = all(line.patient != line.id for line in listed)
    return Loaded(dataset=FileDataset(listed), question=question, notes=() if named else (OWN_PATIENT,))


def _files(folder: Path, place: Path) -> list[tuple[str, str, Path]]:
    """Return (id, patient, path) of each picture, volume or record below a class folder."""
    rows = []
    for path in sorted(place.rglob("*")):
        name = path.name.lower()
        if not path.is_file() or name.startswith(".") or not name.endswith(_READ) or name.endswith(dicom.SUFFIXES):
            continue
        below = path.relative_to(place)
        sample = path.relative_to(folder).as_posix()
        rows.append(
            (sample, below.parts[0] if len(below.parts) > 1 else sample, inside(folder, path.relative_to(folder)))
        )
    return rows


def _series(folder: Path, place: Path) -> list[tuple[str, str, Path]]:
    """Return (id, patient, path) of each DICOM series below a class folder; a series fills a folder, or is one file."""
    rows = []
    for files in dicom.series_in(place).values():
        header = dicom.read_header(files[0], pixels=False)
        homes = {file.parent for file in files}
        siblings = sum(1 for file in files[0].parent.iterdir() if file.is_file() and dicom.is_dicom(file))
        if len(files) > 1 and (len(homes) > 1 or siblings != len(files)):
            raise DataError(f"{files[0].parent}: several DICOM series in one folder; give each series its own")
        path = files[0] if len(files) == 1 else files[0].parent
        name = path.relative_to(folder).as_posix()
        rows.append((name, str(getattr(header, "PatientID", "") or name), inside(folder, path.relative_to(folder))))
    return rows
