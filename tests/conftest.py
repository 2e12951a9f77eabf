"""What every test shares: one thread, the data folder, and the marks."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Return the folder of real data sets, or skip."""
    chosen = os.environ.get("SALUS_DATA", "")
    if not chosen or not Path(chosen).is_dir():
        pytest.skip("SALUS_DATA does not point to a folder with real data sets")
    return Path(chosen)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of real data where SALUS_DATA points nowhere."""
    chosen = os.environ.get("SALUS_DATA", "")
    if chosen and Path(chosen).is_dir():
        return
    skip = pytest.mark.skip(reason="SALUS_DATA does not point to a folder with real data sets")
    for item in items:
        if "realdata" in item.keywords:
            item.add_marker(skip)
