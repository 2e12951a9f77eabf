"""A simulated study folder for the report's tests."""

import importlib.util
from pathlib import Path

import pytest

from salus.study.report.html import write_report


def _fake():
    spec = importlib.util.spec_from_file_location("fake_study", Path(__file__).with_name("fake_study.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Return `(folder, result, page)` of a simulated study with its report written."""
    folder = tmp_path_factory.mktemp("study")
    result = _fake().build(folder)
    path = write_report(folder, result)
    return folder, result, path.read_text(encoding="utf-8")
