"""Medical Segmentation Decathlon, task 8: vessels and tumours of the liver in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task08_hepatic_vessel",
        folder="Task08_HepaticVessel",
        title="Vessels and tumours of the liver in CT",
        structures=("vessel", "tumour"),
        modality="CT",
        volumes=303,
        md5="641d79e80ec66453921d997fbf12a29c",
        source="Memorial Sloan Kettering Cancer Center",
        traps=(
            "vessels are a few voxels wide: an overlap says little, look at distances",
            "the liver itself is not outlined",
        ),
    )
)
