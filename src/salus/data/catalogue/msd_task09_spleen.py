"""Medical Segmentation Decathlon, task 9: spleen in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task09_spleen",
        folder="Task09_Spleen",
        title="Spleen in CT",
        structures=("spleen",),
        modality="CT",
        volumes=41,
        md5="410d4a301da4e5b2f6f86ec3ddba524e",
        source="Memorial Sloan Kettering Cancer Center",
        traps=(
            "people under treatment for metastases of the liver: spleens may be enlarged",
            "a large smooth organ: nearly every method is good at it, so differences are small",
        ),
    )
)
