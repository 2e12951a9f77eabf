"""VesselMNIST3D: segments of brain vessels, healthy or with an aneurysm."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="vesselmnist3d",
        title="Shapes of brain vessel segments, healthy or aneurysm",
        classes=(
            "vessel",
            "aneurysm",
        ),
        modality="MR",
        counts=(1335, 191, 382),
        md5={
            "28": "b41fd4f7e7e2feedddb201585ecafa1b",
            "64": "6bb274a8846e1097066dcd64e2c4520f",
        },
        source=(
            "Yang X, Xia D, Kin T, Igarashi T. IntrA: 3D intracranial aneurysm dataset for deep learning."
            " CVPR 2020, 2656-2666"
        ),
        split="Drawn at random from the segments, 7:1:2.",
        traps=(
            "1,908 segments were cut from the vessels of 103 people: segments of one person stand on both sides.",
            "One in nine is an aneurysm: report average precision, not accuracy.",
            "Shape only: meshes turned into voxels, no tissue is seen.",
        ),
        patient=(
            "Each segment counts as a patient of its own, because the file does not say which vessel tree"
            " it was cut from."
        ),
        volume=True,
    )
)
