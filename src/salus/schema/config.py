"""Hyper-parameters of a system: a frozen dataclass whose defaults are the paper's numbers."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from salus.schema.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Base of every system's settings; fields are JSON values or tuples of them."""

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        data: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build settings from JSON values.

        Raises:
            ConfigError: An unknown name or a value of the wrong type.
        """
        kinds = get_type_hints(cls)
        known = {f.name for f in dataclasses.fields(cls)}
        for name in data:
            if name not in known:
                raise ConfigError(
                    f"{cls.__name__} has no setting {name!r}; it has {', '.join(sorted(known)) or 'none'}"
                )
        return cls(**{name: convert(value, kinds[name], name) for name, value in data.items()})

    def replace(self, settings: Mapping[str, Any]) -> Self:
        """Return a copy with some settings changed, checked as `from_dict` checks them."""
        return type(self).from_dict({**self.to_dict(), **settings})


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `key=value` words; a value is JSON where it parses as JSON and text otherwise.

    Raises:
        ConfigError: A word without `=`.

    >>> parse_settings(["epochs=3", "order=shuffled", "widths=[8, 16]"])
    {'epochs': 3, 'order': 'shuffled', 'widths': [8, 16]}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise ConfigError(f"setting {pair!r} has no '='; write --set name=value")
        try:
            settings[name.strip()] = json.loads(text)
        except json.JSONDecodeError:
            settings[name.strip()] = text
    return settings


def convert(value: Any, kind: Any, name: str) -> Any:
    """Return a value as a field of a type annotation takes it: a list as a tuple, a whole number as a float.

    Raises:
        ConfigError: It is of another type, or none of a `Literal`'s.
    """
    origin, options = get_origin(kind), get_args(kind)
    if origin is Literal:
        if value not in options:
            raise ConfigError(f"setting {name}={value!r}: expected one of {', '.join(map(repr, options))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"setting {name}={value!r}: expected a list")
        inner = options[0] if options else Any
        return tuple(convert(item, inner, name) for item in value)
    if origin is Union or type(None) in options:
        if value is None and type(None) in options:
            return None
        kind = next(option for option in options if option is not type(None))
        return convert(value, kind, name)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    if (origin or kind) is dict and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: convert(item, options[1] if options else Any, f"{name}.{key}") for key, item in value.items()}
    if kind is Any:
        return value
    raise ConfigError(f"setting {name}={value!r}: expected {getattr(kind, '__name__', kind)}")
