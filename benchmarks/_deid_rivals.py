"""Run one other de-identifier over a folder, in an interpreter that has it: `python _deid_rivals.py TOOL IN OUT`.

Every tool is used as its documentation shows, with the newest table of the standard that it carries.
"""

import sys
from pathlib import Path


def dicom_anonymizer(source: Path, out: Path) -> None:
    """Kitware's dicom-anonymizer with its 2026c table."""
    import pydicom
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions

    for path in sorted(source.iterdir()):
        dataset = pydicom.dcmread(path)
        anonymize_dataset(dataset, base_rules_gen=lambda: initialize_actions("dicomfields_2026c"))
        dataset.save_as(out / path.name)


def dicognito(source: Path, out: Path) -> None:
    """Dicognito with its defaults."""
    import pydicom
    from dicognito.anonymizer import Anonymizer

    worker = Anonymizer(seed="salus")
    for path in sorted(source.iterdir()):
        dataset = pydicom.dcmread(path)
        worker.anonymize(dataset)
        dataset.save_as(out / path.name)


def deid(source: Path, out: Path) -> None:
    """Deid of the pydicom project with its default recipe and private attributes removed."""
    from deid.config import DeidRecipe
    from deid.dicom import replace_identifiers

    paths = [str(path) for path in sorted(source.iterdir())]
    replace_identifiers(
        paths, deid=DeidRecipe(), save=True, output_folder=str(out), overwrite=True, remove_private=True
    )


TOOLS = {"dicom-anonymizer": dicom_anonymizer, "dicognito": dicognito, "deid": deid}

if __name__ == "__main__":
    name, given, result = sys.argv[1:]
    TOOLS[name](Path(given), Path(result))
