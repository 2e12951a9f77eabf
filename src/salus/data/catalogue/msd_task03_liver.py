"""Medical Segmentation Decathlon, task 3: liver and its tumours in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task03_liver",
        folder="Task03_Liver",
        title="Liver and its tumours in CT",
        structures=("liver", "tumour"),
        modality="CT",
        volumes=131,
        md5="a90ec6c4aa7f6a3d087205e23d4e6397",
        source="the Liver Tumor Segmentation challenge (LiTS)",
        traps=(
            "the scans are those of LiTS, from which OrganMNIST was made too: they are no external test of one another",
            "slices are from under 1 to about 5 mm thick: measure distances in mm",
            "livers without a tumour are in it: a structure that is absent must not be invented",
            "27 GB: unpacking needs as much again",
        ),
    )
)
