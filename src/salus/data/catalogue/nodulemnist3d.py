"""NoduleMNIST3D: lung nodules in CT, benign or malignant as radiologists rated them."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="nodulemnist3d",
        title="Lung nodules in CT, rated benign or malignant",
        classes=(
            "benign",
            "malignant",
        ),
        modality="CT",
        counts=(1158, 165, 310),
        md5={
            "28": "8755a7e9e05a4d9ce80a24c3e7a256f3",
            "64": "c47c5b7d457bf6332200d2ea6d64ecd8",
        },
        source=(
            "Armato SG, McLennan G, Bidaut L, et al. The Lung Image Database Consortium (LIDC) and Image "
            "Database Resource Initiative (IDRI). Medical Physics 38:915-931, 2011. doi:10.1118/1.3528204"
        ),
        split="Drawn at random from the nodules, 7:1:2.",
        traps=(
            "The label is what radiologists thought of the picture, not what pathology found.",
            "Nodules of the middle rating were left out, so the question is easier than in a clinic.",
            "One person may have several nodules, on both sides of the split.",
            "The same scans are in LIDC-IDRI: do not use one to validate the other.",
        ),
        patient="Each nodule counts as a patient of its own, because the file holds no patient numbers.",
        volume=True,
    )
)
