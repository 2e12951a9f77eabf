"""Whole-resource validation by the library `fhir.resources` (its R4B models: R4 with the corrections of 2022).

Its latest models are R5 and refuse R4 resources (an Encounter's `class` became a list); R4B is the nearest to R4.
Measured on 1,165 resources of Synthea: 0.31 ms each, 0.5 s to import.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from salus.schema.errors import UsageError

MODES = ("each", "sample", "none")
FIRST, EVERY = 100, 50


class Validator:
    """Collects what the library says of resources.

    Args:
        mode: `each`, `sample` (the first hundred of a type, then one in fifty) or `none`.

    Attributes:
        complaints: By element and reason, the names of the resources, at most a thousand in all.

    Raises:
        UsageError: Another mode.
    """

    def __init__(self, mode: str) -> None:
        if mode not in MODES:
            raise UsageError(f"validate={mode!r}: expected one of {', '.join(MODES)}")
        self.mode = mode
        self.seen: Counter[str] = Counter()
        self.complaints: dict[str, list[str]] = defaultdict(list)

    def look(self, resource: Mapping[str, Any], name: str) -> None:
        """Validate a resource of R4 if it is its turn."""
        kind = str(resource["resourceType"])
        self.seen[kind] += 1
        number = self.seen[kind]
        if self.mode == "none" or (self.mode == "sample" and number > FIRST and number % EVERY):
            return
        from fhir.resources.R4B import get_fhir_model_class
        from pydantic import ValidationError

        try:
            get_fhir_model_class(kind).model_validate(resource)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            path = ".".join(str(part) for part in first["loc"])
            self.complaints[f"{kind}: {path}: {first['msg']}"[:160]].append(name)
        except (RecursionError, ValueError, TypeError, AttributeError, KeyError) as error:  # the library's own faults
            self.complaints[f"{kind}: {str(error)[:80]}"].append(name)
