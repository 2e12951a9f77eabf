"""OCTMNIST: optical coherence tomography of the retina, four diagnoses."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="octmnist",
        title="Retinal OCT slices, four diagnoses",
        classes=(
            "choroidal neovascularization",
            "diabetic macular edema",
            "drusen",
            "normal",
        ),
        modality="OPT",
        counts=(97477, 10832, 1000),
        md5={
            "28": "c68d92d5b585d8d81f7112f81e2d0842",
            "64": "e229e9440236b774d9f0dfef9d07bdaf",
            "128": "0a97e76651ace45c5d943ee3f65b63ae",
            "224": "abc493b6d529d5de7569faaef2773ba3",
        },
        source=(
            "Kermany DS, Goldbaum M, Cai W, et al. Identifying medical diagnoses and treatable diseases "
            "by image-based deep learning. Cell 172:1122-1131, 2018. doi:10.1016/j.cell.2018.02.010"
        ),
        split=(
            "Training and validation are the source's training images 9:1, the test part is the source's "
            "validation part."
        ),
        traps=(
            "Several slices of one eye are in the set, and training and validation were drawn by image.",
            (
                "The test part has 250 images of each class, the training part has not: probabilities are"
                " calibrated for other shares."
            ),
            "1,000 test images: differences below about two points mean nothing.",
        ),
    )
)
