"""Medical Segmentation Decathlon, task 2: left atrium in MRI."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task02_heart",
        folder="Task02_Heart",
        title="Left atrium in MRI",
        structures=("left atrium",),
        modality="MR",
        volumes=20,
        md5="06ee59366e1e5124267b774dbd654057",
        source="King's College London",
        traps=(
            "20 volumes: intervals are wide, and one volume more or less moves the mean",
            "values have no unit and differ between scanners: scale each volume by itself",
        ),
    )
)
