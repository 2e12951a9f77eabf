"""Which folders a run may take: empty, new, or its own."""

import os
from pathlib import Path

from salus.schema.errors import StoreError, UsageError
from salus.train.run import CHECKPOINT


def refuse_foreign(folder: Path) -> None:
    """Refuse an output folder that holds files of another kind, or that cannot be written.

    Raises:
        UsageError: Other files are there; a run's checksums would claim them.
        StoreError: It is a file, or the nearest folder that exists may not be written.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; choose a folder with -o")
    own = {CHECKPOINT, "history.csv", "tensorboard", "weights.safetensors", "SHA256SUMS"}
    own |= {"card.json", "config.json", "fingerprint.json"}
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    other = [name for name in there if name not in own and not name.endswith(".part")]
    if other:
        raise UsageError(
            f"{folder} holds other files ({', '.join(other[:3])}{', ...' if len(other) > 3 else ''}); "
            "choose a folder that is empty or new"
        )
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(nearest, os.W_OK):
        raise StoreError(f"{folder}: not allowed to write in {nearest}; choose another output folder")
