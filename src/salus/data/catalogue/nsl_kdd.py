"""NSL-KDD: network connections, normal or an attack. General traffic, not medical; for the watch over a network.

Option `target`: `attack` asks normal or attack, `family` for the family of the attack. Papers differ on the family of
`worm` and `httptunnel`; here a worm denies service and a tunnel comes from outside (remote to local).
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from salus.data.entry import Entry, Loaded
from salus.data.readers.table import Columns, read_columns
from salus.data.rows import TableDataset
from salus.schema.errors import DataError
from salus.schema.question import Question

_FAMILIES = {
    "normal": "normal",
    "dos": "apache2 back land mailbomb neptune pod processtable smurf teardrop udpstorm worm",
    "probe": "ipsweep mscan nmap portsweep saint satan",
    "remote_to_local": "ftp_write guess_passwd httptunnel imap multihop named phf sendmail snmpgetattack snmpguess spy "
    "warezclient warezmaster xlock xsnoop",
    "user_to_root": "buffer_overflow loadmodule perl ps rootkit sqlattack xterm",
}
FAMILY_OF = {attack: family for family, attacks in _FAMILIES.items() for attack in attacks.split()}
OUTCOMES = ("label", "difficulty")
_PARTS = (
    ("train", "kddtrain_20percent.csv.gz", "KDDTrain+_20Percent.txt"),
    ("test", "kddtest.csv.gz", "KDDTest+.txt"),
)
COLUMNS = (
    *("duration", "protocol_type", "service", "flag", "src_bytes"),
    *("dst_bytes", "land", "wrong_fragment", "urgent", "hot"),
    *("num_failed_logins", "logged_in", "num_compromised", "root_shell", "su_attempted"),
    *("num_root", "num_file_creations", "num_shells", "num_access_files", "num_outbound_cmds"),
    *("is_host_login", "is_guest_login", "count", "srv_count", "serror_rate"),
    *("srv_serror_rate", "rerror_rate", "srv_rerror_rate", "same_srv_rate", "diff_srv_rate"),
    *("srv_diff_host_rate", "dst_host_count", "dst_host_srv_count", "dst_host_same_srv_rate", "dst_host_diff_srv_rate"),
    *(
        "dst_host_same_src_port_rate",
        "dst_host_srv_diff_host_rate",
        "dst_host_serror_rate",
        "dst_host_srv_serror_rate",
        "dst_host_rerror_rate",
    ),
    *("dst_host_srv_rerror_rate", "label", "difficulty"),
)


def load(folder: Path, options: Mapping[str, str]) -> Loaded:
    """Return 25,192 training and 22,544 test connections; `label` and `difficulty` are no inputs.

    Reads the tables with a header, or the publisher's text files as they come.

    Raises:
        DataError: A file is missing or not as documented.
    """
    family = options.get("target", "attack") == "family"
    tables = [(part, _table(folder, named, plain)) for part, named, plain in _PARTS]
    joined = _join(tables)
    words = joined.words["label"]
    unknown = sorted(set(words) - set(FAMILY_OF))
    if unknown:
        raise DataError(f"{folder}: label {unknown[0]!r} is no attack of this set; fetch it again")
    classes = tuple(_FAMILIES) if family else ("normal", "attack")
    parts = [part for part, table in tables for _ in range(len(table))]
    numbers = [f"{part}_{line:05d}" for part, table in tables for line in range(len(table))]
    dataset = TableDataset(
        joined,
        [name for name in COLUMNS if name not in OUTCOMES],
        ids=numbers,
        patients=numbers,
        targets=[classes.index(FAMILY_OF[word]) if family else int(word != "normal") for word in words],
        metas=[{"split": part, "group_attack": word} for part, word in zip(parts, words, strict=True)],
    )
    new = set(words[len(tables[0][1]) :]) - set(words[: len(tables[0][1])])
    return Loaded(
        dataset=dataset,
        question=Question(kind="classification", classes=classes, positive="" if family else "attack"),
        defining=OUTCOMES,
        notes=(
            "Simulated network traffic of 1998, not of a hospital: figures say how methods compare, not how a network "
            "is protected.",
            f"{len(new)} kinds of attack of the test part are in no training row, as the publisher means it.",
        ),
        unit="connection",
    )


def _table(folder: Path, named: str, plain: str) -> Columns:
    if (folder / plain).is_file() and not (folder / named).is_file():
        return _headless(folder / plain)
    table = read_columns(folder / named)
    table.need(COLUMNS)
    return table


def _headless(path: Path) -> Columns:
    """Read the publisher's file, which has no line of names."""
    from salus.data.readers.table import decode_utf8, read_text_bytes

    rows = [row for row in csv.reader(decode_utf8(read_text_bytes(path), path).splitlines()) if row]
    if not rows or any(len(row) != len(COLUMNS) for row in rows):
        raise DataError(f"{path}: expected {len(COLUMNS)} cells in every line; fetch the set again")
    words = {
        name: [cell.strip() for cell in cells] for name, cells in zip(COLUMNS, zip(*rows, strict=True), strict=True)
    }
    return Columns(path, words, {})


def _join(tables: list[tuple[str, Columns]]) -> Columns:
    """Put the parts below one another; a column is numeric where it is in the whole."""
    import numpy as np

    words = {name: [cell for _, table in tables for cell in table.words[name]] for name in COLUMNS}
    numbers = {}
    for name in COLUMNS:
        if name not in ("protocol_type", "service", "flag", "label"):
            try:
                numbers[name] = np.array([float(cell) for cell in words[name]])
            except ValueError as error:
                raise DataError(
                    f"{tables[0][1].path}: column {name!r} holds a word ({error}); fetch it again"
                ) from error
    return Columns(tables[0][1].path, words, numbers)


ENTRY = Entry(
    name="nsl_kdd",
    title="NSL-KDD: network connections, normal or attack (20 % training part and test set; not medical)",
    modality="table",
    tasks=("classification",),
    licence="Redistribution and mirroring allowed in any form with citation (publisher's terms)",
    citation="Tavallaee M, Bagheri E, Lu W, Ghorbani A. A detailed analysis of the KDD CUP 99 data set. "
    "IEEE CISDA 2009. doi:10.1109/CISDA.2009.5356528",
    homepage="https://www.unb.ca/cic/datasets/nsl.html",
    patient="each connection counts alone; there are no patients",
    split="given: the training part and a test part with other attacks",
    traps=(
        "18 attacks of the test part are in no training row: a random split hides that",
        "`difficulty` says how many of 21 models were right about a row: it is an outcome, never an input",
        "general traffic of 1998, not a hospital's devices",
        "a validation part cut from the training part holds none of the new attacks, so it promises too much",
    ),
    options={"target": ("attack", "family")},
    load=load,
)
