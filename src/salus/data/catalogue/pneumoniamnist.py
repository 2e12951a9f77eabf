"""PneumoniaMNIST: chest X-rays of children, normal or pneumonia."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="pneumoniamnist",
        title="Chest X-rays of children, normal or pneumonia",
        classes=(
            "normal",
            "pneumonia",
        ),
        modality="DX",
        kinds=("classification", "compression"),
        counts=(4708, 524, 624),
        md5={
            "28": "28209eda62fecd6e6a2d98b1501bb15f",
            "64": "8f4eceb4ccffa70c672198ea285246c6",
            "128": "05b46931834c231683c68f40c47b2971",
            "224": "d6a3c71de1b945ea11211b03746c1fe1",
        },
        source=(
            "Kermany DS, Goldbaum M, Cai W, et al. Identifying medical diagnoses and treatable diseases "
            "by image-based deep learning. Cell 172:1122-1131, 2018. doi:10.1016/j.cell.2018.02.010"
        ),
        split="Training and validation are the source's training images 9:1, the test part is the source's own.",
        traps=(
            (
                "A few images are byte-equal, some of them in training and validation: drop duplicates "
                "before a random split."
            ),
            (
                "Copies that were put together again hold the training images in another order and have "
                "another checksum."
            ),
            "Three in four training images show pneumonia, five in eight test images do.",
        ),
    )
)
