"""Attribute rules in text files, judged by the Cedar engine: what forbids wins, what nothing permits is denied.

Source:
    Cutler et al. 2024, Cedar: A New Language for Expressive, Fast, Safe, and Analyzable Authorization, OOPSLA,
    doi 10.1145/3649835; rules of combination in the Cedar policy language reference, "Authorization".
"""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from salus.schema.errors import ConfigError, DataError, MissingDependencyError
from salus.security.request import Request

LARGEST = 2**20
"""Bytes of all policy files together."""
SUFFIX = ".cedar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the policies say of one request.

    Attributes:
        allowed: True only where a rule permits, none forbids, and every rule could be judged.
        policies: Ids of the rules that decided, sorted; empty where nothing permits.
        errors: What could not be judged; any of these denies.
    """

    allowed: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...] = ()


class Policies:
    """A set of named rules.

    Args:
        text: Cedar policies, each with `@id("...")`.
        where: What messages call the text.

    Raises:
        ConfigError: Not Cedar, a rule without an id, two rules of one id, or an attribute that no request has.
    """

    def __init__(self, text: str, where: str = "policies") -> None:
        cedarpy = _engine()
        if len(text.encode()) > LARGEST:
            raise ConfigError(f"{where}: larger than {LARGEST >> 10} KB; this is no set of policies")
        try:
            plain = json.loads(cedarpy.policies_to_json_str(text))
        except ValueError as error:
            raise ConfigError(f"{where}: not Cedar policies ({_short(error)})") from error
        if plain.get("templates"):
            raise ConfigError(f"{where}: holds templates (?principal, ?resource); write each rule out")
        named = _named(plain["staticPolicies"], where)
        checked = cedarpy.validate_policies(text, _schema())
        if not checked.validation_passed:
            raise ConfigError(
                f"{where}: {_short(checked.errors[0].error)}; requests have what access.cedarschema names"
            )
        content = {"templates": {}, "staticPolicies": named, "templateLinks": []}
        self._engine = cedarpy
        self._set = cedarpy.PolicySet.from_json_str(json.dumps(content))
        self.ids = tuple(sorted(named))
        self.text = text

    @classmethod
    def read(cls, path: Path) -> "Policies":
        """Read a policy file, or every `*.cedar` file of a folder in order of name.

        Raises:
            ConfigError: Nothing there, not UTF-8, or as the class says.
        """
        files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise ConfigError(f"{path}: no policy file; give a {SUFFIX} file or a folder that holds some")
        if sum(file.stat().st_size for file in files) > LARGEST:
            raise ConfigError(f"{path}: larger than {LARGEST >> 10} KB; this is no set of policies")
        try:
            text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read as text ({error}); write policies in UTF-8") from error
        return cls(text, where=str(path))

    @classmethod
    def ward(cls) -> "Policies":
        """Return the rules for a ward that come with Salus, to be used as they are or copied and changed."""
        return cls(_file("ward.cedar"), where="ward.cedar")

    def judge(self, request: Request) -> Ruling:
        """Judge one request.

        A rule whose evaluation fails would be skipped by the engine, which turns a failing `forbid` into a hole:
        here any failure denies.
        """
        user, record = {"type": "User", "id": request.user.name}, {"type": "Record", "id": request.record.link}
        answer = self._engine.is_authorized(
            {
                "principal": user,
                "action": {"type": "Action", "id": request.action},
                "resource": record,
                "context": _context(request),
            },
            self._set,
            [
                {"uid": user, "attrs": _user(request), "parents": []},
                {"uid": record, "attrs": _record(request), "parents": []},
            ],
        )
        errors = tuple(_short(error) for error in answer.diagnostics.errors)
        return Ruling(
            allowed=bool(answer.allowed) and not errors,
            policies=tuple(sorted(str(name) for name in answer.diagnostics.reasons)),
            errors=errors,
        )


def _engine() -> Any:
    try:
        import cedarpy
    except ImportError as error:
        raise MissingDependencyError(
            "policies need the Cedar engine; install it with `pip install 'salus-workbench[policy]'`"
        ) from error
    return cedarpy


def _user(request: Request) -> dict[str, Any]:
    user = request.user
    return {"role": user.role, "ward": user.ward, "clearance": user.clearance, "active": user.active}


def _record(request: Request) -> dict[str, Any]:
    return {"ward": request.record.ward, "sensitivity": request.record.sensitivity}


def _context(request: Request) -> dict[str, Any]:
    names = ("purpose", "hour", "on_shift", "care_relation", "device_managed", "emergency", "reads_last_hour")
    return {name: getattr(request, name) for name in names}


def _named(rules: dict[str, Any], where: str) -> dict[str, Any]:
    """Put rules under their own ids, not under their place in the text."""
    named: dict[str, Any] = {}
    for number, rule in enumerate(rules.values(), 1):
        name = rule.get("annotations", {}).get("id")
        if not name:
            raise ConfigError(f'{where}: rule {number} has no id; write @id("...") before it')
        if name in named:
            raise ConfigError(f"{where}: two rules have the id {name!r}; give each its own, or remove one")
        named[name] = rule
    if not named:
        raise ConfigError(f"{where}: no rule at all, so everything would be denied; write at least one")
    return named


def _schema() -> str:
    return _file("access.cedarschema")


def _file(name: str) -> str:
    place = resources.files("salus.security") / "policies" / name
    try:
        return place.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{name} is missing from the installation ({error}); install Salus again") from error


def _short(error: object) -> str:
    return " ".join(str(error).split())[:300]
