"""BloodMNIST: single blood cells under the microscope, eight types."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="bloodmnist",
        title="Single blood cells, eight types",
        classes=(
            "basophil",
            "eosinophil",
            "erythroblast",
            "immature granulocytes",
            "lymphocyte",
            "monocyte",
            "neutrophil",
            "platelet",
        ),
        modality="GM",
        counts=(11959, 1712, 3421),
        md5={
            "28": "7053d0359d879ad8a5505303e11de1dc",
            "64": "2b94928a2ae4916078ca51e05b6b800b",
            "128": "adace1e0ed228fccda1f39692059dd4c",
            "224": "b718ff6835fcbdb22ba9eacccd7b2601",
        },
        source=(
            "Acevedo A, Merino A, Alferez S, Molina A, Boldu L, Rodellar J. A dataset of microscopic "
            "peripheral blood cell images for development of automatic recognition systems. Data in Brief"
            " 30:105474, 2020. doi:10.1016/j.dib.2020.105474"
        ),
        split="Drawn at random from the images, 7:1:2.",
        traps=(
            "One laboratory, one stain, one analyser: other laboratories look different.",
            "Cells of one person stand on both sides of the split.",
            "Healthy people only: no blasts, no disease.",
        ),
    )
)
