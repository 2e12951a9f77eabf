"""FractureMNIST3D: rib fractures in CT, three types."""

from salus.data.medmnist import Facts, entry

ENTRY = entry(
    Facts(
        name="fracturemnist3d",
        title="Rib fractures in CT, three types",
        classes=(
            "buckle rib fracture",
            "nondisplaced rib fracture",
            "displaced rib fracture",
        ),
        modality="CT",
        counts=(1027, 103, 240),
        md5={
            "28": "6aa7b0143a6b42da40027a9dda61302f",
            "64": "f01d7e6316aedf4210da0da5b7437b42",
        },
        source=(
            "Jin L, Yang J, Kuang K, et al. Deep-learning-assisted detection and segmentation of rib "
            "fractures from CT scans: development and validation of FracNet. EBioMedicine 62:103106, "
            "2020. doi:10.1016/j.ebiom.2020.103106"
        ),
        split="The source's own.",
        traps=(
            "Segmental fractures were left out.",
            "One person has several fractures: intervals over fractures are too narrow.",
            "All samples are fractures: nothing is learned about ribs without one.",
        ),
        patient="Each fracture counts as a patient of its own, because the file holds no patient numbers.",
        volume=True,
    )
)
