"""Medical Segmentation Decathlon, task 10: cancer of the colon in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task10_colon",
        folder="Task10_Colon",
        title="Cancer of the colon in CT",
        structures=("cancer",),
        modality="CT",
        volumes=126,
        md5="bad7a188931dc2f6acf72b08eb6202d0",
        source="Memorial Sloan Kettering Cancer Center",
        traps=(
            "one reader drew the truth, and readers differ much on it",
            "a small structure in a large scan: score by person, not by voxel",
        ),
    )
)
