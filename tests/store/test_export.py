import numpy as np
import pytest
import torch
from torch import nn

from salus.schema.errors import MissingDependencyError, StoreError
from salus.store import export

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(3, 6, 5, stride=4), nn.BatchNorm1d(6), nn.ReLU6())
        self.lstm = nn.LSTM(6, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, rows):
        steps, _ = self.lstm(self.features(rows).transpose(1, 2))
        return self.head(steps[:, -1])


@pytest.mark.slow
def test_float_is_equal_and_int8_is_close(tmp_path):
    torch.manual_seed(0)
    network, rows = Small(), torch.randn(64, 3, 40)
    plain = export.export_onnx(network, rows, tmp_path / "plain.onnx")
    assert plain.largest_difference < 1e-5
    assert plain.agreement == 1.0
    small = export.export_int8(network, rows, tmp_path / "small.onnx")
    with torch.no_grad():
        spread = float(network(rows).std(dim=0).mean())
    assert small.largest_difference < spread
    assert small.size == (tmp_path / "small.onnx").stat().st_size
    one = export.OnnxNetwork(small.path)(rows[:1].numpy())
    assert np.allclose(one, export.OnnxNetwork(small.path)(rows[:4].numpy())[:1], atol=0.2 * spread)


def test_a_network_that_cannot_be_written_says_so(tmp_path):
    class Odd(nn.Module):
        def forward(self, rows):
            return rows if bool((rows.sum() > 0).item()) else torch.nonzero(rows).float()

    with pytest.raises(StoreError, match="Odd cannot be written as ONNX"):
        export.export_onnx(Odd(), torch.randn(4, 3), tmp_path / "odd.onnx")


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"salus-workbench\[export\]"):
        export.OnnxNetwork("x.onnx")
