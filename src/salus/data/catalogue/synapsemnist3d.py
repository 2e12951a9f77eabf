"""SynapseMNIST3D: synapses in electron microscopy, inhibitory or excitatory."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="synapsemnist3d",
        title="Synapses in electron microscopy, inhibitory or excitatory",
        classes=(
            "inhibitory synapse",
            "excitatory synapse",
        ),
        modality="",
        counts=(1230, 177, 352),
        md5={
            "28": "1235b78a3cd6280881dd7850a78eadb6",
            "64": "43bd14ebf3af9d3dd072446fedc14d5e",
        },
        source=(
            "Wei D, Lin Z, Franco-Barranco D, et al. MitoEM dataset: large-scale 3D mitochondria instance"
            " segmentation from EM images. MICCAI 2020. doi:10.1007/978-3-030-59722-1_7"
        ),
        split="Drawn at random from the synapses, 7:1:2.",
        traps=(
            "One neuron of one rat: nothing is measured about another animal.",
            "Voxels of the source are 8 x 8 x 30 nm, so the axes differ in sharpness.",
            "Three in four synapses are excitatory.",
        ),
        patient="Each synapse counts as a patient of its own; all are of one animal.",
        volume=True,
    )
)
