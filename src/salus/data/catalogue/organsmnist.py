"""OrganSMNIST: organs in sagittal slices of abdominal CT, eleven organs."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="organsmnist",
        title="Organs in sagittal CT slices, eleven organs",
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
        counts=(13932, 2452, 8827),
        md5={
            "28": "9ab87b696fb54e2a387ebe992d6ed5f1",
            "64": "53a6d115339d874c25e309a994ff46d3",
            "128": "ded0c5fa01a95dc4978b956f613e9b8e",
            "224": "b354719e553fbbb2513d5533f52a4cb1",
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
