import numpy as np
import pytest
import torch

from salus.contract.dataset import ListDataset
from salus.schema.errors import DataError, ShapeError
from salus.schema.question import Question
from salus.schema.sample import Sample, Waveform
from salus.systems.baseline.peak_threshold import PeakThreshold
from salus.systems.baseline.window_forest import WindowForest, window_features
from salus.systems.registry import create
from salus.tasks.registry import make

TASK = make(Question(kind="classification", classes=("ADL", "Fall")))
LEADS = ("ax", "ay", "az")


def _data(count=20):
    rng = np.random.default_rng(0)
    samples = []
    for number in range(count):
        array = rng.normal(0, 0.05, (3, 300))
        array[2] += 1
        peak = int(rng.integers(80, 200))
        array[:, peak] += 3 * (number % 2)
        stream = Waveform(array=array, rate_hz=20.0, leads=LEADS)
        target = {"label": number % 2, "peak_s": peak / 20 if number % 2 else None}
        samples.append(Sample(id=str(number), patient=str(number), inputs={"signal": stream}, target=target))
    return ListDataset(samples)


@pytest.mark.parametrize(("name", "config"), [("window_forest", WindowForest.tiny), ("peak_threshold", None)])
def test_finds_what_is_plain(name, config):
    data = _data()
    torch.manual_seed(0)
    system = create(name, TASK, data, config)
    system.settle(data)
    with torch.no_grad():
        answer = system(system.collate(data.samples))
    called = (answer[:, 1] > 0).tolist()
    # The threshold keeps 95 % of the training falls, so the weakest may be missed.
    assert sum(a != bool(i % 2) for i, a in enumerate(called)) <= 1


def test_features_by_hand():
    window = np.zeros((1, 3, 10))
    window[0, 2] = 1.0
    window[0, 0, 5:] = 1.0
    window[0, 2, 5:] = 0.0
    features = window_features(window)[0]
    rows = 4  # three axes and the length
    assert features[:rows].tolist() == [0.5, 0.0, 0.5, 1.0]
    assert features[5 * rows : 6 * rows].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert features[-1] == pytest.approx(np.pi / 2)
    assert len(features) == 7 * rows + 5


def test_refuses_lost_and_short_streams():
    data = _data()
    system = create("window_forest", TASK, data, WindowForest.tiny)
    stream = Waveform(array=np.full((3, 100), np.nan), rate_hz=20.0, leads=LEADS)
    stream.array[:, ::2] = 1.0
    with pytest.raises(DataError, match="lost too many packets"):
        system.collate([Sample(id="a", patient="a", inputs={"signal": stream})])
    short = Waveform(array=np.ones((3, 10)), rate_hz=20.0, leads=LEADS)
    with pytest.raises(ShapeError, match="record longer"):
        system.collate([Sample(id="a", patient="a", inputs={"signal": short})])


def test_threshold_is_a_quantile_of_the_training_falls():
    data = _data()
    system = create("peak_threshold", TASK, data, PeakThreshold.small)
    system.settle(data)
    peaks = [np.linalg.norm(s.inputs["signal"].array, axis=0).max() for s in data.samples if s.target["label"]]
    assert float(system.threshold_g) == pytest.approx(np.quantile(peaks, 0.05), rel=1e-5)
