"""BreastMNIST: ultrasound of the breast, malignant or not."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="breastmnist",
        title="Breast ultrasound, malignant against normal or benign",
        classes=(
            "malignant",
            "normal or benign",
        ),
        modality="US",
        counts=(546, 78, 156),
        md5={
            "28": "750601b1f35ba3300ea97c75c52ff8f6",
            "64": "742edef2a1fd1524b2efff4bd7ba9364",
            "128": "363e4b3f8d712e9b5de15470a2aaadf1",
            "224": "b56378a6eefa9fed602bb16d192d4c8b",
        },
        source=(
            "Al-Dhabyani W, Gomaa M, Khaled H, Fahmy A. Dataset of breast ultrasound images. Data in "
            "Brief 28:104863, 2020. doi:10.1016/j.dib.2019.104863"
        ),
        split="Drawn at random from the images, 7:1:2.",
        traps=(
            "780 images of 600 women, drawn by image: some women stand on both sides.",
            "Class 0 is the malignant one, and it is the positive class here.",
            "156 test images, 42 of them malignant: intervals are wide.",
            "Normal and benign are one class; a picture without any lesion is easily told from a tumour.",
        ),
        positive="malignant",
    )
)
