"""TissueMNIST: single cells of the kidney cortex in fluorescence, eight types."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="tissuemnist",
        title="Kidney cortex cells, eight types",
        classes=(
            "collecting duct or connecting tubule",
            "distal convoluted tubule",
            "glomerular endothelial cells",
            "interstitial endothelial cells",
            "leukocytes",
            "podocytes",
            "proximal tubule segments",
            "thick ascending limb",
        ),
        modality="SM",
        counts=(165466, 23640, 47280),
        md5={
            "28": "ebe78ee8b05294063de985d821c1c34b",
            "64": "123ece2eba09d0aa5d698fda57103344",
            "128": "61b955355d7425a89687b06cca3ce0c2",
            "224": "b077128c4a949f0a4eb01517f9037b9c",
        },
        source=(
            "Ljosa V, Sokolnicki KL, Carpenter AE. Annotated high-throughput microscopy image sets for "
            "validation. Nature Methods 9:637, 2012. doi:10.1038/nmeth.2083 (BBBC051)"
        ),
        split="Drawn at random from the cells, 7:1:2.",
        traps=(
            (
                "All 236,386 cells are of three specimens, and each specimen is in every part: nothing is"
                " measured about a fourth."
            ),
            "An image is the maximum over seven slices of 32 x 32 pixels; the sizes above 28 are enlarged.",
            "Intervals over cells as if they were patients are far too narrow.",
        ),
        patient=(
            "Each cell counts as a patient of its own; there are three specimens in all, and the file "
            "does not say which."
        ),
    )
)
