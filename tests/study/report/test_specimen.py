"""Samples as a reader sees them: the right way up, the mask where the structure is, nothing that could run."""

import numpy as np
import pytest

from salus.data.frame import ORIENTATIONS, reorient
from salus.schema.question import Question
from salus.schema.sample import Events, Image, Note, Sample, Waveform
from salus.study.report.specimen import legend, marked, mentions, middle_plane, overlaid, specimens, upright, window

SEGMENTS = Question(kind="segmentation", classes=("background", "a", "b"))
TAGS = ("O", "B-x", "I-x", "B-y", "I-y")


def head(spacing=(1.0, 1.0, 1.0)):
    """Return a volume whose front is bright, whose left is half bright, in RAS; and a mask of the front."""
    array = np.zeros((1, 4, 6, 8), np.float32)
    array[0, :, 5, :] = 100
    array[0, :, :5, 0] = 50
    mask = (array[0] == 100).astype(np.uint8)
    return Image(array=array, spacing_mm=spacing[::-1], affine=np.diag([*spacing, 1.0])), mask


@pytest.mark.parametrize("stored", ["RAS", "LPS", "SRA", "IPL", "ASL"])
def test_the_front_is_up_and_left_is_right_however_the_file_lies(stored):
    image, mask = head()
    assert stored in ORIENTATIONS
    turned = reorient(image, stored)
    flat = reorient(Image(array=mask[None], affine=image.affine), stored).array[0]
    seen, there = upright(turned, flat)
    picture, outline = middle_plane(seen, there)
    assert picture.shape == (6, 8)
    assert (picture[0] == 100).all()
    assert (picture[1:, -1] == 50).all()  # the patient's left is on the right of the picture
    assert np.array_equal(outline, picture == 100)


def test_thick_slices_are_seen_as_they_were_taken():
    image, _ = head(spacing=(6.0, 1.0, 1.0))
    seen, _ = upright(image)
    assert seen.array.shape == (1, 8, 4, 6)
    assert (seen.array[0, 4, :, 0] == 100).all()
    assert upright(Image(array=np.zeros((1, 3, 4, 5))))[0].array.shape == (1, 3, 4, 5)


def test_a_mask_is_drawn_in_the_colours_of_the_legend():
    picture = overlaid(np.full((2, 3), 100.0), np.array([[0, 1, 1], [0, 2, 0]]), (0.0, 100.0))
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert len({tuple(picture[0, 1]), tuple(picture[1, 1]), tuple(picture[0, 0])}) == 3
    assert legend(SEGMENTS) == [("a", "rgb(230, 159, 0)"), ("b", "rgb(86, 180, 233)")]
    assert legend(Question(kind="classification", classes=("a", "b"))) == []


def test_every_kind_of_input_has_its_picture():
    image, mask = head()
    series = Image(array=np.stack([image.array[0]] * 2)[None], affine=image.affine)
    inputs = {
        "scan": image,
        "series": series,
        "ecg": Waveform(array=np.array([[0.0, np.nan, 1.0]]), rate_hz=1.0, leads=("I",)),
        "note": Note(text="<b>No</b> fever"),
        "events": Events(times_h=np.array([1.5]), codes=("<i>x",), values=np.array([np.nan])),
    }
    target = {"label": mask, "spacing_mm": (1, 1, 1)}
    shown = specimens(Sample(id="s<", patient="p", inputs=inputs, target=target), "", SEGMENTS)
    assert [(kind, caption) for kind, caption, _ in shown] == [
        ("image", ""),
        ("image", "with its mask"),
        ("image", "first"),
        ("image", "last"),
        ("image", "last, with its mask"),
        ("trace", "I; 3 s at 1 Hz"),
        ("text", ""),
        ("text", "1 events"),
    ]
    page = "".join(body for _, _, body in shown)
    assert "<b>" not in page
    assert "<i>" not in page
    assert "s<" not in page


@pytest.mark.parametrize(
    ("tags", "cut"),
    [
        ([0, 1, 2, 0], [(0, 1, ""), (1, 3, "x"), (3, 4, "")]),
        ([1, 1, 2], [(0, 1, "x"), (1, 3, "x")]),
        ([2, 4, 0, 0], [(0, 1, "x"), (1, 2, "y"), (2, 4, "")]),
        ([0, 9], [(0, 2, "")]),
        ([1], [(0, 1, "x"), (1, 2, "")]),
    ],
)
def test_mentions_cover_every_token_once(tags, cut):
    count = cut[-1][1]
    found = mentions(np.array(tags), TAGS, count)
    assert found == cut
    note = Note(text="", tokens=tuple("<abcd"[:count]))
    assert marked(note, np.array(tags), TAGS).count("<mark") == sum(bool(kind) for _, _, kind in cut)


def test_a_window_leaves_the_outermost_values_out():
    values = np.concatenate([np.linspace(0.0, 1.0, 1000), [1e6, np.nan]])
    low, high = window(values)
    assert low < 0.02
    assert 0.9 < high < 1.1
    assert window(np.zeros((2, 2), np.uint8)) == (0.0, 255.0)
    assert window(np.full(3, np.nan)) == (0.0, 1.0)
    assert window(np.full(3, 7.0)) == (7.0, 7.0)
