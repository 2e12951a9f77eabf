"""Medical Segmentation Decathlon, task 5: zones of the prostate in MRI, T2 and ADC."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task05_prostate",
        folder="Task05_Prostate",
        title="Zones of the prostate in MRI (T2 and ADC)",
        structures=("peripheral zone", "transition zone"),
        modality="MR",
        volumes=32,
        md5="35138f08b1efaef89d7424d2bcc928db",
        source="Radboud University Medical Center, Nijmegen",
        traps=(
            "32 volumes: intervals are wide",
            "slices are 3 to 4 mm thick and pixels 0.6 mm: a cube of voxels is no cube",
            "the two contrasts are not always aligned",
        ),
        channels=("T2", "ADC"),
    )
)
