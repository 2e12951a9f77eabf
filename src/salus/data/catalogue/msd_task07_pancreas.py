"""Medical Segmentation Decathlon, task 7: pancreas and its tumours in CT."""

from salus.data.decathlon import Facts, entry

ENTRY = entry(
    Facts(
        name="msd_task07_pancreas",
        folder="Task07_Pancreas",
        title="Pancreas and its tumours in CT",
        structures=("pancreas", "tumour"),
        modality="CT",
        volumes=282,
        md5="4f7080cfca169fa8066d17ce6eb061e4",
        source="Memorial Sloan Kettering Cancer Center",
        traps=(
            "every person has a tumour or cyst: nothing is learned about healthy ones",
            "cysts and cancers are one class",
        ),
    )
)
