"""OrganCMNIST: organs in coronal slices of abdominal CT, eleven organs."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="organcmnist",
        title="Organs in coronal CT slices, eleven organs",
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
        counts=(12975, 2392, 8216),
        md5={
            "28": "b9ceb9546e10131b32923c5bbeaea2b1",
            "64": "3ce34a8724ea6f548e6db4744d03b6a9",
            "128": "773c1f009daa3fe5d9a2a201b2a7ed94",
            "224": "050f5e875dc056f6768abf94ec9995d1",
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
