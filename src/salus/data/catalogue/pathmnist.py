"""PathMNIST: patches of colorectal tissue in H&E stain, nine types."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="pathmnist",
        title="Colorectal histology patches (H&E), nine types of tissue",
        classes=(
            "adipose",
            "background",
            "debris",
            "lymphocytes",
            "mucus",
            "smooth muscle",
            "normal colon mucosa",
            "cancer-associated stroma",
            "colorectal adenocarcinoma epithelium",
        ),
        modality="SM",
        counts=(89996, 10004, 7180),
        md5={
            "28": "a8b06965200029087d5bd730944a56c1",
            "64": "55aa9c1e0525abe5a6b9d8343a507616",
            "128": "ac42d08fb904d92c244187169d1fd1d9",
            "224": "2c51a510bcdc9cf8ddb2af93af1eadec",
        },
        source=(
            "Kather JN, Krisam J, Charoentong P, et al. Predicting survival from colorectal cancer "
            "histology slides using deep learning. PLoS Medicine 16:e1002730, 2019. "
            "doi:10.1371/journal.pmed.1002730"
        ),
        split=(
            "Training and validation are one patch in ten of the same slides (NCT-CRC-HE-100K); the test "
            "part is another centre (CRC-VAL-HE-7K)."
        ),
        traps=(
            "Training and validation patches come from the same slides, so the validation score is too good.",
            "The test part is another centre: a fall from validation to test is the point of it, not an accident.",
        ),
    )
)
