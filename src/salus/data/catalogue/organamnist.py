"""OrganAMNIST: organs in axial slices of abdominal CT, eleven organs."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="organamnist",
        title="Organs in axial CT slices, eleven organs",
        classes=(
            "bladder",
            "femur-left",
            "femur-right",
            "heart",
            "kidney-left",
            "kidney-right",
            "liver",
            "lung-left",
            "lung-right",
            "pancreas",
            "spleen",
        ),
        modality="CT",
        counts=(34561, 6491, 17778),
        md5={
            "28": "68e3f8846a6bd62f0c9bf841c0d9eacc",
            "64": "2dcccc29b88e6da5a01161ef20cda288",
            "128": "eeae80d0a227a8d099027e1b3cfd3b60",
            "224": "50747347e05c87dd3aaf92c49f9f3170",
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
        ),
        patient="Each image counts as a patient of its own; the official parts do not share a scan.",
    )
)
