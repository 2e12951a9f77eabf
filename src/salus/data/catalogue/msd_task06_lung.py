"""Medical Segmentation Decathlon, task 6: tumours of the lung in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task06_lung",
        folder="Task06_Lung",
        title="Lung tumours in CT",
        structures=("tumour",),
        modality="CT",
        volumes=64,
        md5="8afd997733c7fc0432f71255ba4e52dc",
        source="The Cancer Imaging Archive",
        traps=(
            "a small tumour in a large scan: one voxel in thousands; score by person, not by voxel",
            "some scans may be in other public sets of the archive: check before calling one an external test",
        ),
    )
)
