"""Small questions about elements of a pydicom data set."""

from typing import Any


def vr_of(dataset: Any, tag: Any) -> str:
    """Return an element's representation without decoding its value; the dictionary's where the file names none."""
    from pydicom.datadict import dictionary_VR

    vr = dataset.get_item(tag).VR
    if vr and (vr != "UN" or tag.is_private):
        return str(vr)
    try:
        return str(dictionary_VR(tag))
    except KeyError:
        return "UN"


def readable(dataset: Any, tag: Any) -> Any | None:
    """Return an element with its value decoded; None where the value cannot be decoded."""
    try:
        return dataset[tag]
    except Exception:  # pydicom raises whatever its converters meet; the caller removes the element
        return None


def many(value: Any) -> list[Any]:
    """Return the values of an element as a list, one or several or none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]


def texts(value: Any) -> list[str]:
    """Return the non-empty values of an element as texts."""
    return [str(one) for one in many(value) if one is not None and str(one)]


def is_known(tag: Any) -> bool:
    """Tell whether this installation's dictionary has a public attribute, repeating groups included."""
    from pydicom.datadict import dictionary_has_tag, repeater_has_tag

    return bool(dictionary_has_tag(tag) or repeater_has_tag(int(tag)))


def name_of(tag: Any) -> str:
    """Return an attribute's keyword, or its tag where it has none."""
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})"


def creators_of(dataset: Any) -> dict[tuple[int, int], str]:
    """Return the private creators of a data set, by group and block number."""
    found = {}
    for tag in list(dataset.keys()):
        if tag.is_private_creator:
            element = readable(dataset, tag)
            found[tag.group, tag.element] = "" if element is None else str(element.value or "")
    return found


def concept_of(item: Any) -> str:
    """Return the code of a content item's name, empty where it has none or not one of the standard's own."""
    names = item.get("ConceptNameCodeSequence", None)
    if not names:
        return ""
    first = names[0]
    return str(first.get("CodeValue", "")) if str(first.get("CodingSchemeDesignator", "")) == "DCM" else ""
