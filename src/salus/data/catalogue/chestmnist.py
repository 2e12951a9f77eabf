"""ChestMNIST: frontal chest X-rays with fourteen findings, any number of them at once."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="chestmnist",
        title="Chest X-rays, fourteen findings that may occur together",
        classes=(
            "atelectasis",
            "cardiomegaly",
            "effusion",
            "infiltration",
            "mass",
            "nodule",
            "pneumonia",
            "pneumothorax",
            "consolidation",
            "edema",
            "emphysema",
            "fibrosis",
            "pleural thickening",
            "hernia",
        ),
        modality="DX",
        counts=(78468, 11219, 22433),
        md5={
            "28": "02c8a6516a18b556561a56cbdd36c4a8",
            "64": "9de6cd0b934ebb5b7426cfba5efbae16",
            "128": "db107e5590b27930b62dbaf558aebee3",
            "224": "45bd33e6f06c3e8cdb481c74a89152aa",
        },
        source=(
            "Wang X, Peng Y, Lu L, Lu Z, Bagheri M, Summers RM. ChestX-ray8: hospital-scale chest X-ray "
            "database and benchmarks. CVPR 2017, 2097-2106"
        ),
        split="The source's own, by patient.",
        traps=(
            (
                "Labels were mined from reports by a program: about one in ten is wrong, and a test part "
                "with wrong labels bounds every score."
            ),
            (
                "More than half of the images have no finding, and hernia is in about two of a thousand: "
                "look at the findings one by one, never at accuracy."
            ),
            "112,120 images belong to 30,805 people: intervals that take each image for a patient are too narrow.",
            "Drains and tubes in the picture give treated findings (pneumothorax) away.",
        ),
        kinds=("multilabel", "classification"),
    )
)
