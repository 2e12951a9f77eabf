"""DermaMNIST: dermatoscopic photographs of pigmented skin lesions, seven diagnoses."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="dermamnist",
        title="Dermatoscopic photographs of skin lesions, seven diagnoses",
        classes=(
            "actinic keratoses and intraepithelial carcinoma",
            "basal cell carcinoma",
            "benign keratosis-like lesions",
            "dermatofibroma",
            "melanoma",
            "melanocytic nevi",
            "vascular lesions",
        ),
        modality="DMS",
        counts=(7007, 1003, 2005),
        md5={
            "28": "0744692d530f8e62ec473284d019b0c7",
            "64": "b70a2f5635c6199aeaa28c31d7202e1f",
            "128": "2defd784463fa5243564e855ed717de1",
            "224": "8974907d8e169bef5f5b96bc506ae45d",
        },
        source=(
            "Tschandl P, Rosendahl C, Kittler H. The HAM10000 dataset, a large collection of multi-source"
            " dermatoscopic images of common pigmented skin lesions. Scientific Data 5:180161, 2018. "
            "doi:10.1038/sdata.2018.161; Codella N, Rotemberg V, Tschandl P, et al. Skin lesion analysis "
            "toward melanoma detection 2018. arXiv:1902.03368"
        ),
        split="Drawn at random from the images, 7:1:2.",
        traps=(
            "Not for commercial use (CC BY-NC).",
            (
                "The source has several photographs of one lesion and the parts were drawn by image: "
                "lesions stand on both sides, so scores are too good."
            ),
            "Two of three images are melanocytic nevi: report balanced accuracy and each class.",
            "Mostly light skin: nothing is known of how a model does on dark skin.",
        ),
        patient=(
            "Each image counts as a patient of its own, because the file holds neither patient nor lesion numbers."
        ),
        licence="CC BY-NC 4.0",
    )
)
