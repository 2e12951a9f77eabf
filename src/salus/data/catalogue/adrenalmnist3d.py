"""AdrenalMNIST3D: shapes of adrenal glands, normal or hyperplasia."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="adrenalmnist3d",
        title="Shape masks of adrenal glands from CT, normal or hyperplasia",
        classes=(
            "normal",
            "hyperplasia",
        ),
        modality="CT",
        counts=(1188, 98, 298),
        md5={
            "28": "bbd3c5a5576322bc4cdfea780653b1ce",
            "64": "17721accfe9fb005146a47d33bc54b2f",
        },
        sha256={
            "28": "8ffd78c0f000265deb7cf4ee0b454136fb3170f9839ecaa7bb01adf9f88aa7d1",
            "64": "124a53ea2c66c8ac1985a4c98ea6f34d1ab35bdab1dc50947f80d4a87e54057d",
        },
        sizes_bytes={"28": 276833, "64": 1880591},
        source="the set is MedMNIST's own",
        split="By patient, according to the publisher.",
        traps=(
            "Left and right gland of one person count as two: 1,584 glands are of 792 people.",
            "Shape only: the volumes are masks, no tissue is seen.",
        ),
        volume=True,
    )
)
