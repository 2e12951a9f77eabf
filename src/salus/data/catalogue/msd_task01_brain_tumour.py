"""Medical Segmentation Decathlon, task 1: gliomas in four MRI contrasts, three parts outlined."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task01_brain_tumour",
        folder="Task01_BrainTumour",
        title="Gliomas in four MRI contrasts",
        structures=("edema", "non-enhancing tumour", "enhancing tumour"),
        modality="MR",
        volumes=484,
        md5="240a19d752f0d9e9101544901065d872",
        source="BraTS 2016 and 2017",
        traps=(
            "the same people are in BraTS under other names: never train on one and test on the other",
            "contrasts are resampled and stripped of the skull: a raw study must be brought to that form first",
            "values have no unit and differ between scanners: scale each volume by itself",
        ),
        channels=("FLAIR", "T1w", "T1gd", "T2w"),
    )
)
