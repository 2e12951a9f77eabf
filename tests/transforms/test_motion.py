import numpy as np
import pytest

from salus.schema.errors import DataError, ShapeError, UnitError
from salus.schema.sample import Sample, Waveform
from salus.transforms import motion

LEADS = ("ax", "ay", "az", "gx", "gy", "gz")


def _stream(leads=LEADS, length=80, rate_hz=20.0):
    array = np.zeros((len(leads), length), dtype=np.float32)
    array[1] = 1.0
    return Waveform(array=array, rate_hz=rate_hz, leads=leads)


def test_accepts_a_body_at_rest():
    motion.check_motion(_stream(), LEADS, 20.0, 3.0, "t")


@pytest.mark.parametrize(
    ("stream", "error", "words"),
    [
        (_stream(LEADS[:3]), ShapeError, "also needs rotation"),
        (_stream(("ax", "ay")), ShapeError, "axes az"),
        (_stream(("ay", "ax", "az", "gx", "gy", "gz")), ShapeError, "in this order"),
        (_stream(length=59), ShapeError, "59 samples, a window of 3 s needs 60"),
        (_stream(rate_hz=50.0), ShapeError, "resample"),
    ],
)
def test_refuses_other_sensors(stream, error, words):
    with pytest.raises(error, match=words):
        motion.check_motion(stream, LEADS, 20.0, 3.0, "trial 1")


@pytest.mark.parametrize(
    ("factor", "words"), [(9.80665, r"m/s\^2: divide by 9.80665"), (0.0, "gravity included"), (100.0, "near 1 g")]
)
def test_refuses_other_units(factor, words):
    with pytest.raises(UnitError, match=words):
        motion.check_gravity(np.tile([[0.0], [factor], [0.0]], 9), "trial 1")


def test_refuses_nothing_and_infinity():
    with pytest.raises(DataError, match="battery"):
        motion.check_gravity(np.full((3, 9), np.nan), "trial 1")
    stream = _stream()
    stream.array[0, 0] = np.inf
    with pytest.raises(UnitError, match="infinite"):
        motion.check_motion(stream, LEADS, 20.0, 3.0, "trial 1")


def test_window_states_by_hand():
    # Windows of 3 s every 0.5 s from 0 to 9; impact at 5.1.
    states = motion.window_states(5.1, np.arange(0, 9.5, 0.5), 3.0, 0.3)
    # Ends 3 to 4 are daily (more than 1 s before), 4.5 ambiguous, 5 pre-impact, then falls while 0.3 s inside.
    assert states.tolist() == [0, 0, 0, -1, 1, 2, 2, 2, 2, 2, -1, -1, -1, 0, 0, 0, 0, 0, 0]
    assert motion.window_states(float("nan"), np.arange(3.0), 3.0, 0.3).tolist() == [0, 0, 0]


def test_labels_and_impact():
    stream = _stream()
    stream.array[2, 40] = 3.0
    fall = Sample(id="a", patient="p", inputs={"signal": stream}, target=1)
    assert motion.impact_s(fall) == 2.0
    assert np.isnan(motion.impact_s(Sample(id="a", patient="p", inputs={"signal": stream}, target={"label": 0})))
    with pytest.raises(DataError, match="label 2"):
        motion.is_fall(Sample(id="a", patient="p", inputs={}, target=2))
    with pytest.raises(ShapeError, match="name the stream"):
        motion.motion_stream(Sample(id="a", patient="p", inputs={}))


def test_saturation_for_a_fifth_of_a_second():
    stream = _stream()
    stream.array[0, 10:13] = 8.0
    assert not motion.saturated(stream, 8.0)
    stream.array[0, 13] = 8.0
    assert motion.saturated(stream, 8.0)


def test_message_is_twelve_bytes_and_returns():
    alarm = motion.Alarm(
        device=7, counter=70_000, time_s=1_700_000_000, state=2, probability=0.8, peak_g=3.1416, saturated=True
    )
    data = alarm.pack()
    back = motion.Alarm.unpack(data)
    assert len(data) == 12
    assert (back.device, back.counter, back.time_s, back.state) == (7, 70_000 - 65_536, 1_700_000_000, 2)
    assert (back.saturated, back.dropped) == (True, False)
    assert abs(back.probability - 0.8) <= 0.5 / 255
    assert back.peak_g == pytest.approx(3.142)


def test_message_refuses_what_does_not_fit():
    good = {"device": 1, "counter": 0, "time_s": 0, "state": 2, "probability": 0.5, "peak_g": 1.0}
    for name, value in (("device", 70_000), ("time_s", -1), ("state", 16), ("probability", 1.5)):
        with pytest.raises(UnitError, match="alarm"):
            motion.Alarm(**{**good, name: value}).pack()
    with pytest.raises(DataError, match="11 bytes"):
        motion.Alarm.unpack(bytes(11))
