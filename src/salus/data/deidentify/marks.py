"""What the standard asks to be written into a de-identified object."""

from typing import Any

from salus.data.deidentify.elements import texts
from salus.data.deidentify.plan import EDITION, Plan


def mark(dataset: Any, plan: Plan) -> None:
    """Write into a data set that and how it was de-identified; marks of an earlier de-identification stay.

    Source:
        DICOM PS3.15, E.1.1; PS3.3, C.7.1.1 and C.12.1; PS3.16, CID 7050.
    """
    import salus

    dataset.PatientIdentityRemoved = "YES"
    method = f"Salus {salus.__version__}, {EDITION}"
    before = texts(dataset.get("DeidentificationMethod", None))
    dataset.DeidentificationMethod = before if method in before else [*before, method]
    items = list(dataset.get("DeidentificationMethodCodeSequence", None) or ())
    present = {(str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", ""))) for item in items}
    items += [_code(*code) for code in plan.codes if (code[0], "DCM") not in present]
    dataset.DeidentificationMethodCodeSequence = items
    dataset.LongitudinalTemporalInformationModified = plan.dates


def _code(value: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
