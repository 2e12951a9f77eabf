"""How much the standard asks of an attribute: must it have a value, may it be empty, may it be absent?"""

from collections.abc import Mapping
from functools import cache

_ORDER = {"1": 1, "1C": 1, "2": 2, "2C": 2, "3": 3}


def requirement(sop_class: str, parent: str, keyword: str) -> int:
    """Return 1 (a value is needed), 2 (may be empty) or 3 (may be absent) for an attribute of a SOP class.

    A conditional attribute counts as needed: that its condition holds cannot be told from outside, and it was there.

    Args:
        sop_class: UID of the object's class; one that is not known asks for the strictest of all objects.
        parent: Keyword of the sequence that holds the attribute, empty at the top.
        keyword: The attribute.

    Source:
        DICOM PS3.3, as tabulated by highdicom.
    """
    known = _of_class(sop_class)
    if (parent, keyword) in known:
        return known[parent, keyword]
    if parent or not known:
        # Functional groups and shared macros stand in tables of their own, which no object's list names.
        return _anywhere().get((parent, keyword), 3)
    return 3


@cache
def _of_class(sop_class: str) -> Mapping[tuple[str, str], int]:
    from highdicom._standard_utils import get_iod_module_map, get_module_attribute_map, get_sop_class_iod_map

    iod = get_sop_class_iod_map().get(sop_class)
    modules = get_iod_module_map().get(iod, []) if iod else []
    attributes = get_module_attribute_map()
    return _strictest([attributes.get(module["key"], []) for module in modules])


@cache
def _anywhere() -> Mapping[tuple[str, str], int]:
    from highdicom._standard_utils import get_module_attribute_map

    return _strictest(list(get_module_attribute_map().values()))


def _strictest(modules: list[list[dict[str, object]]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for attributes in modules:
        for attribute in attributes:
            path = attribute["path"]
            key = (path[-1] if isinstance(path, list) and path else "", str(attribute["keyword"]))
            found[key] = min(found.get(key, 3), _ORDER.get(str(attribute["type"]), 3))
    return found
