import numpy as np
import pytest
import torch

from salus.schema.errors import DataError, ShapeError, UsageError
from salus.schema.question import Question
from salus.tasks.segmentation import Segmentation

QUESTION = Question(kind="segmentation", classes=("background", "front", "back"))
SPACING = (2.0, 1.0, 0.5)


def target(mask):
    return {"label": mask, "spacing_mm": SPACING}


def made():
    mask = np.zeros((4, 10, 10), np.int64)
    mask[1:3, 2:6, 2:6] = 1
    mask[1:3, 6:8, 2:6] = 2
    return mask


def test_a_perfect_mask_and_a_shifted_one():
    task, mask = Segmentation(QUESTION), made()
    assert task.score([mask], [target(mask)]) == {
        "dice": 1, "iou": 1, "hd95_mm": 0, "surface_dice": 1, "dice_pooled": 1,
        "false_structures": pytest.approx(np.nan, nan_ok=True), "dice_front": 1, "dice_back": 1,
    }  # fmt: skip
    score = task.score([np.roll(mask, 2, axis=2)], [target(mask)])
    assert score["dice"] == score["dice_front"] == score["dice_pooled"] == 0.5
    assert score["iou"] == pytest.approx(1 / 3)
    assert score["hd95_mm"] == 1.0  # two voxels of half a millimetre
    assert score["surface_dice"] == 1.0  # all within the tolerance
    with_leading_axes = task.score([np.roll(mask, 2, axis=2)], [target(mask[None])])
    assert with_leading_axes == pytest.approx(score, nan_ok=True)


def test_a_missing_structure_counts_as_nothing_and_an_invented_one_is_told():
    task, mask = Segmentation(QUESTION), made()
    only = np.where(mask == 1, 1, 0)
    score = task.score([only], [target(mask)])
    assert (score["dice_front"], score["dice_back"], score["dice"]) == (1, 0, 0.5)
    diagonal = float(np.linalg.norm([3 * 2.0, 9 * 1.0, 9 * 0.5]))
    assert score["hd95_mm"] == pytest.approx(diagonal / 2)
    # the truth has no back part: Dice speaks of the front alone, the invented back is counted apart
    invented = task.score([mask], [target(only)])
    assert (invented["dice_front"], invented["dice"], invented["false_structures"]) == (1, 1, 1)
    assert np.isnan(invented["dice_back"])
    assert task.score([only], [target(only)])["false_structures"] == 0
    pooled = task.score([mask, mask], [target(only), target(mask)])
    assert pooled["dice_pooled"] == pytest.approx((1 + 2 * 16 / (2 * 16 + 16)) / 2)


def test_no_answer_is_the_worst_mask():
    task, mask = Segmentation(QUESTION), made()
    none = task.score([None, mask], [target(mask)] * 2)
    assert (none["dice"], none["surface_dice"]) == (0.5, 0.5)
    worst = task.score([None], [target(mask)])
    rng = np.random.default_rng(0)
    for _ in range(20):
        some = task.score([rng.integers(0, 3, mask.shape)], [target(mask)])
        for name, direction in task.directions.items():
            assert np.isnan(worst[name]) or direction * worst[name] <= direction * some[name], name
    assert task.score([mask - 1], [target(mask)]) == pytest.approx(worst, nan_ok=True)  # -1 is no class
    assert task.score([np.full(mask.shape, 7)], [target(mask)]) == pytest.approx(worst, nan_ok=True)


def test_weights_count_images():
    task, mask = Segmentation(QUESTION), made()
    marks = task.judge([mask, None], [target(mask)] * 2)
    assert marks.shape == (2, len(task.columns))
    score = task.summarize(marks, np.array([[1, 1], [3, 1], [0, 1]]))
    assert score["dice"].tolist() == [0.5, 0.75, 0]


def test_logits_become_masks():
    task = Segmentation(QUESTION)
    logits = torch.zeros(2, 3, 4, 5, 6)
    logits[:, 2, 1] = 3
    masks = task.decode(logits)
    assert masks.shape == (2, 4, 5, 6)
    assert set(np.unique(masks[:, 1])) == {2}
    logits[1, 0, 0, 0, 0] = float("nan")
    assert task.decode(logits)[1, 0, 0, 0] == -1
    binary = Segmentation(Question(kind="segmentation", classes=("background", "vessel")))
    assert binary.decode(torch.tensor([[[[-1.0, 2.0]]]])).tolist() == [[[0, 1]]]
    assert binary.decode(torch.tensor([[[[-1.0, 2.0]], [[0.0, 1.0]]]])).tolist() == [[[1, 0]]]
    assert binary.decode(torch.tensor([[[[1, 0]]]])).tolist() == [[[1, 0]]]
    with pytest.raises(ShapeError, match="expected logits"):
        task.decode(torch.zeros(2, 2, 4, 4))


def test_strata_name_what_is_there():
    task, mask = Segmentation(QUESTION), made()
    assert task.stratum(target(mask)) == "front+back"
    assert task.stratum(np.where(mask == 2, 2, 0)) == "back"
    assert task.stratum(np.zeros((5, 5), int)) == "none"
    assert task.stratum(None) == "all"


@pytest.mark.parametrize(
    ("truth", "why"),
    [
        (np.zeros((2, 2)), "mask of class indices"),
        (np.full((2, 2), 3), "value 3 for 3 classes"),
        (np.zeros((2, 2, 2, 2), int), "mask of class indices"),
        ({"label": np.zeros((2, 2), int), "spacing_mm": (0.0, 1.0)}, "above 0"),
        ({"spacing_mm": (0.0, 1.0)}, "mask of class indices"),
    ],
)
def test_impossible_truths_are_refused(truth, why):
    with pytest.raises(DataError, match=why):
        Segmentation(QUESTION).judge([None], [truth])


def test_impossible_questions_and_answers_are_refused():
    with pytest.raises(UsageError, match="background"):
        Segmentation(Question(kind="segmentation", classes=("organ",)))
    with pytest.raises(ShapeError, match="same shape"):
        Segmentation(QUESTION).judge([np.zeros((4, 4), int)], [np.zeros((4, 5), int)])
