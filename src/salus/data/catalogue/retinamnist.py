"""RetinaMNIST: fundus photographs, five grades of diabetic retinopathy."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="retinamnist",
        title="Fundus photographs, diabetic retinopathy grades 0 to 4",
        classes=(
            "0",
            "1",
            "2",
            "3",
            "4",
        ),
        modality="OP",
        counts=(1080, 120, 400),
        md5={
            "28": "bd4c0672f1bba3e3a89f0e4e876791e4",
            "64": "afda852cc34dcda56f86ad2b2457dbcc",
            "128": "e48e916a24454daf90583d4e6efb1a18",
            "224": "eae7e3b6f3fcbda4ae613ebdcbe35348",
        },
        sha256={
            "28": "254915f5f0a2074665c4676356824cf4ef4a3bcab233894b4bafcaf48962bd69",
        },
        sizes_bytes={"28": 3291041},
        source=(
            "Liu R, Wang X, Wu Q, et al. DeepDRiD: diabetic retinopathy grading and image quality "
            "estimation challenge. Patterns 3:100512, 2022. doi:10.1016/j.patter.2022.100512"
        ),
        split=(
            "Training and validation are the source's training photographs 9:1, the test part is the "
            "source's validation part."
        ),
        traps=(
            "Training and validation may share patients.",
            "Grade 4 has 66 training and 6 validation images.",
            "At 28 pixels microaneurysms are gone; the grade is partly in colour and brightness.",
            "Grades are ordered: ask `question=ordinal`, or report quadratic kappa beside accuracy.",
        ),
        notes=(
            "Grades are ordered: a miss by one grade weighs less than a miss by four, and accuracy does not see it.",
            (
                "The validation part was drawn from the source's training photographs, several of one "
                "person among them, so training and validation may share patients."
            ),
        ),
        kinds=("classification", "ordinal"),
        positive="2",
    )
)
