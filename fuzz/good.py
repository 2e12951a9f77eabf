"""Small good signals, tables, texts, records and archives; each lies in a folder of its own."""

import csv
import gzip
import io
import json
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fuzz.good_images import array, dicom, dicom_ecg, home, metaimage, nifti, nrrd, picture, ramp

Array = NDArray[np.generic]


def wfdb(place: Path) -> None:
    """Write records in several formats, one with annotations, one of two segments."""
    import warnings

    from salus.data.readers.wfdb_header import library

    time = np.arange(600) / 100
    values = np.stack([np.sin(6 * time), np.cos(5 * time)], axis=1)
    with library() as wfdb_library, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for form in ("16", "80", "24", "516"):
            folder = home(place, f"format{form}").parent
            wfdb_library.wrsamp(
                "main", fs=100, units=["mV", "mV"], sig_name=["II", "V1"], p_signal=values, fmt=[form, form],
                comments=["age: 61 sex: F"], write_dir=str(folder),
            )  # fmt: skip
        marks = np.array([50, 150, 250])
        wfdb_library.wrann("main", "atr", marks, symbol=["N", "V", "+"], aux_note=["", "", "(AFIB"],
                           write_dir=str(place / "format16"))  # fmt: skip
        _packed(home(place, "format212", "main.hea"), np.rint(values * 500).astype(int))
        folder = home(place, "segments").parent
        for part in ("s1", "s2"):
            wfdb_library.wrsamp(part, fs=100, units=["mV", "mV"], sig_name=["II", "V1"], p_signal=values[:300],
                                fmt=["16", "16"], write_dir=str(folder))  # fmt: skip
        (folder / "main.hea").write_text("main/2 2 100 600\ns1 300\ns2 300\n")


def _packed(head: Path, values: Array) -> None:
    """Write format 212: two samples of twelve bits in three bytes."""
    head.write_text("main 2 100 600\nmain.dat 212 200 12 0 0 0 0 II\nmain.dat 212 200 12 0 0 0 0 V1\n# age: 61\n")
    first, second = values.reshape(-1)[::2] & 0xFFF, values.reshape(-1)[1::2] & 0xFFF
    rows = np.stack([first & 0xFF, (first >> 8) | ((second >> 8) << 4), second & 0xFF], axis=1)
    head.with_suffix(".dat").write_bytes(rows.astype(np.uint8).tobytes())


def edf(place: Path) -> None:
    """Write EDF and EDF+ with annotations."""
    import edfio

    rate = 64
    signals = [
        edfio.EdfSignal(np.sin(np.arange(rate * 10) / (5 + k)), rate, label=name, physical_dimension="uV")
        for k, name in enumerate(("EEG Fpz-Cz", "ECG II"))
    ]
    edfio.Edf(signals).write(home(place, "edf", "main.edf"))
    notes = [edfio.EdfAnnotation(1.0, 2.0, "Sleep stage W"), edfio.EdfAnnotation(4.0, None, "lights off")]
    edfio.Edf(signals, annotations=notes).write(home(place, "edfplus", "main.edf"))


def table(place: Path) -> None:
    """Write tables and waveforms as CSV, TSV, packed CSV and Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [["patient", "age", "sex", "died"], *([f"p{i}", 40 + i % 50, "mf"[i % 2], i % 3] for i in range(40))]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    data = text.getvalue().encode()
    home(place, "csv", "main.csv").write_bytes(data)
    home(place, "packed", "main.csv.gz").write_bytes(gzip.compress(data, mtime=0))
    home(place, "tsv", "main.tsv").write_bytes(data.replace(b",", b"\t"))
    columns = {name: [row[k] for row in rows[1:]] for k, name in enumerate(rows[0])}
    pq.write_table(pa.table(columns), home(place, "parquet", "main.parquet"))
    wave = "time_s,II [mV],V1 [mV]\n" + "".join(f"{i / 100:.2f},{i % 7},{i % 11}\n" for i in range(200))
    home(place, "wave", "main.csv").write_text(wave)


def text(place: Path) -> None:
    """Write tagged and plain text."""
    lines = "Given\tO\naspirin\tB-Drug\n81\tI-Drug\nmg\tO\n\nNo\tO\nfever\tB-Finding\n"
    home(place, "iob", "main.iob").write_text(lines)
    home(place, "note", "main.txt").write_text("CHEST CT\nFindings: no nodule. Größe 3 mm.\n")


def documents(place: Path) -> None:
    """Write annotated texts: brat with relations and events, JSON lines in three spellings."""
    target = home(place, "brat", "main.ann")
    target.write_text(
        "T1\tDrug 6 13\taspirin\nT2\tEffect 23 29;30 36\tsevere nausea\nR1\tCauses Arg1:T1 Arg2:T2\n"
        "E1\tDrug:T1 Theme:T2\nA1\tNegated T2\n#1\tAnnotatorNotes T1\tlow dose\n"
    )
    target.with_suffix(".txt").write_text("Given aspirin, she had severe nausea.\n")
    text = "Given aspirin for pain."
    for name, row in (
        ("spans", {"text": text, "entities": [[6, 13, "Drug"]]}),
        ("doccano", {"id": 1, "text": text, "label": [[6, 13, "Drug"], [18, 22, "Sign"]]}),
        ("mentions", {"text": text, "spans": [{"start": 6, "end": 13, "label": "Drug"}]}),
    ):
        home(place, name, "main.jsonl").write_text("\n".join(json.dumps(row | {"id": k}) for k in range(4)))


def _ibm(value: float) -> bytes:
    """Return IBM's base-16 double of a number above 0."""
    exponent = 64
    while value >= 1:
        value, exponent = value / 16, exponent + 1
    return bytes([exponent]) + int(value * 2**56).to_bytes(7, "big")


def xpt(place: Path) -> None:
    """Write a SAS transport file of two numbers and a word."""
    stamp = b"01JAN20:00:00:00"

    def head(name: bytes, tail: bytes = b"0" * 30) -> bytes:
        return (b"HEADER RECORD*******" + name.ljust(8) + b"HEADER RECORD!!!!!!!" + tail).ljust(80)

    def line(text: bytes) -> bytes:
        return (text.ljust(64) + stamp).ljust(80) + stamp.ljust(80)

    data = head(b"LIBRARY") + line(b"SAS     SAS     SASLIB  9.4     X64")
    data += head(b"MEMBER", b"000000000000000001600000000140  ")
    data += (
        head(b"DSCRPTR")
        + line(b"SAS     TINY    SASDATA 9.4     X64")
        + head(b"NAMESTR", b"0000000003".ljust(30, b"0"))
    )
    fields = b"".join(
        struct.pack(">hhhh8s40s8shhh2s8shhl52s", kind, 0, 8, k + 1, name.ljust(8), b" " * 40, b" " * 8, 0, 0, 0, b"  ",
                    b" " * 8, 0, 0, 8 * k, bytes(52))
        for k, (name, kind) in enumerate(((b"SEQN", 1), (b"BMXBMI", 1), (b"WORD", 2)))
    )  # fmt: skip
    data += fields.ljust(-(-len(fields) // 80) * 80) + head(b"OBS")
    body = b"".join(_ibm(k + 1.0) + _ibm(20 + k / 2) + f"w{k}".encode().ljust(8) for k in range(12))
    home(place, "xpt", "main.xpt").write_bytes(data + body.ljust(-(-len(body) // 80) * 80))


def omop(place: Path) -> None:
    """Write a folder of OMOP tables."""
    tables = {
        "person": "person_id,gender_concept_id,year_of_birth\n1,8532,1950\n2,8507,1960\n",
        "visit_occurrence": "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,"
        "visit_end_date,visit_end_datetime\n7,1,9201,2020-01-01,2020-01-01 08:00:00,2020-01-04,2020-01-04 10:00:00\n",
        "measurement": "person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number,"
        "unit_source_value\n"
        + "".join(f"1,3027018,2020-01-02,2020-01-02 0{k}:00:00,{70 + k},/min\n" for k in range(9)),
        "condition_occurrence": "person_id,condition_concept_id,condition_start_date,visit_occurrence_id\n"
        "1,201826,2020-01-02,7\n",
        "concept": "concept_id,concept_name,vocabulary_id,concept_code\n3027018,Heart rate,LOINC,8867-4\n",
        "death": "person_id,death_date\n1,2020-01-04\n",
    }
    for name, text in tables.items():
        folder = place / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.csv").write_text(text)


def dictionary(place: Path) -> None:
    """Write a table and the dictionary that describes it."""
    target = home(place, "described", "main.csv")
    target.write_text(
        "column,type,unit,allowed,missing,low,high,description\nage,number,a,,-9,0,120,years\n"
        "sex,category,,m|f,,,,\nvisit,date,,,,,,\n"
    )
    rows = "".join(f"{30 + k},{'mf'[k % 2]},2020-01-{k + 1:02}\n" for k in range(20))
    target.with_name("table.csv").write_text(f"age,sex,visit\n{rows}")


def fhir(place: Path) -> None:
    """Write a bundle and export lines."""
    person = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-02-03",
              "name": [{"family": "Doe", "given": ["Jane"]}]}  # fmt: skip
    stay = {
        "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2020-01-01T08:00:00Z", "end": "2020-01-04T09:30:00Z"},
    }  # fmt: skip
    found = [
        {
            "resourceType": "Observation", "id": f"o{k}", "status": "final", "subject": {"reference": "Patient/p1"},
            "encounter": {"reference": "Encounter/e1"}, "effectiveDateTime": f"2020-01-02T0{k}:00:00+01:00",
            "issued": f"2020-01-02T0{k}:30:00+01:00",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
            "valueQuantity": {"value": 70 + k, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        }
        for k in range(4)
    ]  # fmt: skip
    pill = {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p1"}, "authoredOn": "2020-01-02",
        "medicationCodeableConcept": {"text": "aspirin"},
    }  # fmt: skip
    condition = {
        "resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "onsetDateTime": "2020-01-02",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
    }  # fmt: skip
    every = [person, stay, *found, pill, condition]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in every
    ]}  # fmt: skip
    home(place, "bundle", "main.json").write_text(json.dumps(bundle))
    home(place, "lines", "main.ndjson").write_text("\n".join(json.dumps(one) for one in every))


def archive(place: Path) -> None:
    """Write a zip and packed tars."""
    names = {"a/one.txt": b"one" * 50, "two.bin": bytes(range(256))}
    with zipfile.ZipFile(home(place, "zip", "main.zip"), "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in names.items():
            packed.writestr(name, data)
    for ending in ("gz", "xz"):
        with tarfile.open(home(place, ending, f"main.tar.{ending}"), f"w:{ending}") as tar:  # type: ignore[call-overload]
            for name, data in names.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def manifest(place: Path) -> None:
    """Write a manifest of pictures."""
    from PIL import Image as Picture

    target = home(place, "manifest", "main.csv")
    lines = ["path,patient,target,split"]
    for k in range(6):
        Picture.fromarray((ramp(8, 8) + k).astype(np.uint8)).save(target.with_name(f"{k}.png"))
        lines.append(f"{k}.png,p{k},{'ab'[k % 2]},{('train', 'valid', 'test')[k % 3]}")
    target.write_text("\n".join(lines) + "\n")


def study(place: Path) -> None:
    """Copy the studies of the project."""
    for path in sorted(Path("studies").glob("*.toml"))[:3]:
        shutil.copy(path, home(place, path.stem, "main.toml"))


def run(place: Path) -> None:
    """Fit the simplest systems for a moment and keep their folders."""
    from salus import api

    for name in ("logistic", "majority"):
        folder = home(place, name).parent
        folder.rmdir()
        api.fit(name, "wdbc", folder, size="tiny")


def everything(place: Path) -> None:
    """Write good files of most kinds, for the look of a check."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        for make in (dicom, dicom_ecg, nifti, metaimage, picture, array, edf, table, text, fhir, nrrd):
            made = Path(scratch) / make.__name__
            make(made)
            for folder in sorted(made.iterdir())[:4]:
                shutil.copytree(folder, place / f"{make.__name__}-{folder.name}")
