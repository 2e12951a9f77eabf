"""A study file: what is asked, of which data, by which protocol, of which systems, against which bars."""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from salus.schema.config import convert
from salus.schema.errors import ConfigError, UsageError

LARGEST = 2**22
SPLITS = ("kfold", "official", "random", "left_out")
ROLES = ("system", "baseline", "ablation")
SIZES = ("small", "paper", "tiny")
Made = TypeVar("Made")
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One recipe: a system at a size, with settings on top."""

    name: str
    system: str
    label: str = ""
    role: str = "system"
    size: str = "small"
    set: dict[str, Any] = field(default_factory=dict)
    seeds: int | None = None
    labelled_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question: a dataset, a split and the arms that answer it.

    Attributes:
        name: Short name, used for folders.
        title: For people.
        data: Catalogue name, manifest or folder.
        options: Options of the catalogue entry.
        split: `kfold` (patient-grouped), `official` (as published), `random` (the wrong one, for leak pairs) or
            `left_out` (each patient, or what stands for one, is the test part once).
        folds: Number of folds of `kfold` and `random`; of `left_out`, how many patients there are.
        seeds: How often everything is repeated.
        allow: Firewall rules that are overridden, with `reason`.
        reason: Why; printed in the report.
        drop_duplicates: Leave out byte-equal copies across sides.
        train_share: Share of training patients that is used.
        label_share: Share of training patients whose labels are shown; the others' targets are None, and validation
            is cut to as many samples as are labelled. An arm with `labelled_only` is not given the others at all.
        imbalance: How many times as common the commonest class of training is as the rarest, which is thinned to
            that; 0 leaves the classes as they are.
        valid_share: Share of training patients held back for validation where the data has no official one.
        compare: Which arm each other arm is compared with; empty for all pairs with the first `system` arm.
        arms: What is trained.
    """

    name: str
    title: str
    data: str
    options: dict[str, str] = field(default_factory=dict)
    split: str = "kfold"
    folds: int = 5
    seeds: int = 3
    allow: tuple[str, ...] = ()
    reason: str = ""
    drop_duplicates: bool = False
    train_share: float = 1.0
    label_share: float = 1.0
    imbalance: float = 0.0
    valid_share: float = 0.2
    compare: str = ""
    arms: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarPlan:
    """A condition to check on the results."""

    kind: str
    text: str
    arm: str = ""
    metric: str = ""
    parts: tuple[str, ...] = ()
    versus: str = ""
    versus_parts: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    margin: float | None = None
    ratio_at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """A function of `salus.study.checks` and what it is asked.

    Attributes:
        name: `module.function`.
        options: Further keys of the `[[check]]`, read by the function.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole study file."""

    name: str
    title: str
    asked: str
    parts: tuple[Part, ...]
    bars: tuple[BarPlan, ...] = ()
    checks: tuple[CheckPlan, ...] = ()
    resamples: int = 1000
    source: str = ""


def read_plan(path: Path) -> Plan:
    """Read and check a study file.

    Raises:
        UsageError: The file is not there.
        ConfigError: It is not TOML, or a key, name or value in it is unknown; says which and what is allowed.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such study file; the ones that come with Salus are in studies/")
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST >> 20} MB; this is no study file")
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:  # no text, no TOML, or a number of endless digits
        raise ConfigError(f"{path}: not a TOML file ({error})") from error
    return build_plan(data, source=text, where=str(path))


def build_plan(data: Mapping[str, Any], source: str = "", where: str = "study") -> Plan:
    """Build a plan from a study file's values; errors as in `read_plan`."""
    allowed = {"name", "title", "asked", "protocol", "part", "bar", "check"}
    _known(data, allowed, where)
    protocol = _table(data, "protocol", where)
    _known(protocol, {"split", "folds", "seeds", "resamples", "valid_share"}, f"{where}, [protocol]")
    resamples = convert(protocol.pop("resamples", 1000), int, "resamples")
    if resamples < 100:
        raise ConfigError(f"{where}: resamples = {resamples}; an interval needs at least 100")
    parts = tuple(
        _part({**protocol, **row}, f"{where}, part {n}") for n, row in enumerate(_tables(data, "part", where), 1)
    )
    if not parts:
        raise ConfigError(f"{where}: no [[part]]; a study asks at least one question")
    if len({part.name for part in parts}) < len(parts):
        raise ConfigError(f"{where}: two parts have one name; names are folder names and must differ")
    bars = tuple(_bar(row, parts, f"{where}, bar {n}") for n, row in enumerate(_tables(data, "bar", where), 1))
    checks = tuple(
        CheckPlan(name=str(row.get("name", "")), options={key: row[key] for key in row if key != "name"})
        for row in _tables(data, "check", where)
    )
    name = str(data.get("name", ""))
    if not NAME.match(name):
        raise ConfigError(f"{where}: name = {name!r}; use letters, digits, '_', '-' and '.'")
    return Plan(
        name=name,
        title=str(data.get("title", name)),
        asked=str(data.get("asked", "")).strip(),
        parts=parts,
        bars=bars,
        checks=checks,
        resamples=resamples,
        source=source,
    )


def _part(row: Mapping[str, Any], where: str) -> Part:
    known = {f.name for f in dataclasses.fields(Part)} - {"arms"} | {"arm"}
    _known(row, known, where)
    for key in ("name", "data"):
        if key not in row:
            raise ConfigError(f"{where}: {key!r} is missing")
    arms = tuple(_arm(item, f"{where}, arm {n}") for n, item in enumerate(_tables(row, "arm", where), 1))
    if not arms:
        raise ConfigError(f"{where}: no [[part.arm]]; name at least one system")
    if len({arm.name for arm in arms}) < len(arms):
        raise ConfigError(f"{where}: two arms have one name; give each its own")
    values = {k: v for k, v in row.items() if k != "arm"}
    values["options"] = {str(k): str(v) for k, v in _table(row, "options", where).items()}
    part = dataclasses.replace(_made(Part, {"title": str(row["name"]), **values}, where), arms=arms)
    _checked(part.split in SPLITS, where, "split", part.split, f"one of {', '.join(SPLITS)}")
    _checked(bool(NAME.match(part.name)), where, "name", part.name, "letters, digits, '_', '-' and '.'")
    _checked(part.split == "official" or part.folds >= 2, where, "folds", part.folds, "2 or more")
    _checked(part.seeds >= 1, where, "seeds", part.seeds, "1 or more")
    _checked(0.0 < part.train_share <= 1.0, where, "train_share", part.train_share, "above 0 and at most 1")
    _checked(0.0 < part.label_share <= 1.0, where, "label_share", part.label_share, "above 0 and at most 1")
    _checked(part.imbalance == 0 or part.imbalance > 1, where, "imbalance", part.imbalance, "0 or above 1")
    _checked(0.0 < part.valid_share < 1.0, where, "valid_share", part.valid_share, "between 0 and 1")
    _checked(not part.allow or bool(part.reason), where, "allow", part.allow, "a `reason` beside it")
    return part


def _arm(row: Mapping[str, Any], where: str) -> Arm:
    _known(row, {f.name for f in dataclasses.fields(Arm)}, where)
    if "system" not in row:
        raise ConfigError(f"{where}: 'system' is missing")
    arm = _made(Arm, {"name": row["system"], **row}, where)
    _checked(arm.role in ROLES, where, "role", arm.role, f"one of {', '.join(ROLES)}")
    _checked(arm.size in SIZES, where, "size", arm.size, f"one of {', '.join(SIZES)}")
    _checked(bool(NAME.match(arm.name)), where, "name", arm.name, "letters, digits, '_', '-' and '.'")
    return arm if arm.label else dataclasses.replace(arm, label=arm.name)


def _bar(row: Mapping[str, Any], parts: tuple[Part, ...], where: str) -> BarPlan:
    _known(row, {f.name for f in dataclasses.fields(BarPlan)}, where)
    names = row.get("parts") or tuple(part.name for part in parts)
    bar = _made(BarPlan, {**row, "parts": names}, where)
    _checked(bar.kind in ("M", "R"), where, "kind", bar.kind, "M (must hold) or R (printed)")
    by_name = {part.name: part for part in parts}
    for part in (*bar.parts, *bar.versus_parts):
        _checked(part in by_name, where, "parts", part, f"some of {', '.join(by_name)}")
    for arm, where_from in ((bar.arm, bar.parts), (bar.versus, bar.versus_parts or bar.parts)):
        for part in where_from if arm else ():
            known = [a.name for a in by_name[part].arms]
            _checked(arm in known, where, "arm", arm, f"an arm of part {part!r}: {', '.join(known)}")
    goals = [bar.at_least, bar.at_most, bar.margin, bar.ratio_at_most]
    if bar.kind == "M" and all(goal is None for goal in goals):
        raise ConfigError(f"{where}: an M bar needs at_least, at_most, margin or ratio_at_most")
    return bar


def _made(kind: type[Made], values: Mapping[str, Any], where: str) -> Made:
    """Build a dataclass from TOML values, each of the type that its field asks for."""
    hints = get_type_hints(kind)
    try:
        fields = {key: convert(value, hints[key], key) for key, value in values.items()}
        return kind(**fields)
    except (ConfigError, TypeError) as error:  # a key that must be there is not
        words = str(error).removeprefix(f"{kind.__name__}.__init__() ")
        raise ConfigError(f"{where}: {words}") from error


def _table(row: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = row.get(key, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: {key} = {found!r}; expected a table")
    return dict(found)


def _tables(row: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = row.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ConfigError(f"{where}: {key} = {found!r:.80}; expected tables, each begun by [[{key}]]")
    return found


def _known(row: Mapping[str, Any], allowed: set[str], where: str) -> None:
    for key in row:
        if key not in allowed:
            raise ConfigError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(allowed))}")


def _checked(good: bool, where: str, key: str, value: object, wanted: str) -> None:
    if not good:
        raise ConfigError(f"{where}: {key} = {value!r}; expected {wanted}")
