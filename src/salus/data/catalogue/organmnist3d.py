"""OrganMNIST3D: boxes around organs of abdominal CT, eleven organs."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="organmnist3d",
        title="Organs in CT volumes, eleven organs",
        classes=(
            "liver",
            "kidney-right",
            "kidney-left",
            "femur-right",
            "femur-left",
            "bladder",
            "heart",
            "lung-right",
            "lung-left",
            "spleen",
            "pancreas",
        ),
        modality="CT",
        counts=(971, 161, 610),
        md5={
            "28": "a0c5a1ff56af4f155c46d46fbb45a2fe",
            "64": "58a2205adf14a9d0a189cb06dc78bf10",
        },
        source=(
            "Bilic P, Christ P, Li HB, et al. The Liver Tumor Segmentation Benchmark (LiTS). Medical "
            "Image Analysis 84:102680, 2023. doi:10.1016/j.media.2022.102680; Xu X, Zhou F, Liu B, Fu D, "
            "Bai G. Efficient multiple organ localization in CT image using 3D region proposal network. "
            "IEEE Transactions on Medical Imaging 38:1885-1898, 2019. doi:10.1109/TMI.2019.2894854"
        ),
        split="By scan, according to the publisher: 115 / 16 / 70 of LiTS.",
        traps=(
            (
                "One scan gives a sample for each of its organs, so samples of one scan are not "
                "independent: intervals are too narrow."
            ),
            (
                "The same 201 scans make organamnist, organcmnist, organsmnist and organmnist3d: never "
                "train on one and test on another."
            ),
            "Left and right are mirror images, and flipping as augmentation turns one class into the other.",
            "Its labels count in another order than those of the three sets of slices.",
        ),
        patient="Each image counts as a patient of its own; the official parts do not share a scan.",
        volume=True,
    )
)
