"""Overlap and surface distances: cases worked by hand, SimpleITK and a distance transform as second opinions."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own name for itself
from scipy import ndimage

from salus.metrics.overlap import (
    diagonal_mm,
    dice,
    hd95,
    iou,
    overlap_counts,
    surface_dice,
    surface_distances,
    surface_voxels,
)
from salus.schema.errors import ShapeError, UnitError


def blobs(seed: int, shape: tuple[int, ...] = (20, 24, 22)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 3)
    other = smooth + 0.5 * ndimage.gaussian_filter(rng.normal(size=shape), 3)
    return smooth > np.quantile(smooth, 0.8), other > np.quantile(other, 0.8)


def test_overlap_by_hand_and_against_simpleitk() -> None:
    one, other = np.array([[1, 1, 0], [0, 0, 0]]), np.array([[0, 1, 1], [0, 1, 0]])
    assert overlap_counts(one, other) == (1, 1, 2)
    assert (dice(one, other), iou(one, other)) == (pytest.approx(0.4), 0.25)
    assert np.isnan(dice(one * 0, one * 0))
    assert dice(one * 0, one) == iou(one, one * 0) == 0
    for seed in range(5):
        found, true = blobs(seed)
        judge = sitk.LabelOverlapMeasuresImageFilter()
        judge.Execute(*(sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, true)))
        assert dice(found, true) == pytest.approx(judge.GetDiceCoefficient())
        assert iou(found, true) == pytest.approx(judge.GetJaccardCoefficient())


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.9)])
def test_distances_are_those_of_a_distance_transform(spacing: tuple[float, ...]) -> None:
    for seed in range(4):
        found, true = blobs(seed)
        edges = [mask & ~ndimage.binary_erosion(mask) for mask in (found, true)]
        assert {tuple(point) for point in surface_voxels(found)} == {tuple(point) for point in np.argwhere(edges[0])}
        fields = [ndimage.distance_transform_edt(~edge, sampling=spacing) for edge in edges]
        there, back = surface_distances(found, true, spacing)
        assert np.sort(there) == pytest.approx(np.sort(fields[1][edges[0]]))
        assert np.sort(back) == pytest.approx(np.sort(fields[0][edges[1]]))
        assert hd95((there, back)) == pytest.approx(
            max(np.percentile(fields[1][edges[0]], 95), np.percentile(fields[0][edges[1]], 95))
        )
        within = (there <= 2).sum() + (back <= 2).sum()
        assert surface_dice((there, back), 2.0) == pytest.approx(within / (len(there) + len(back)))


def test_a_shifted_cube_by_hand() -> None:
    one, other = np.zeros((12, 12, 12), bool), np.zeros((12, 12, 12), bool)
    one[2:6, 2:6, 2:6] = True
    other[2:6, 2:6, 5:9] = True  # three voxels on along the last axis, 0.5 mm each
    distances = surface_distances(one, other, (2.0, 2.0, 0.5))
    assert max(side.max() for side in distances) == 1.5
    assert hd95(distances) == 1.5
    assert surface_dice(distances, 1.5) == 1
    assert surface_dice(distances, 0.0) == pytest.approx(16 * 2 / (56 * 2))
    assert surface_distances(one, one, (1, 1, 1))[0].max() == 0


def test_thin_single_and_touching_the_edge() -> None:
    whole = np.ones((3, 4), bool)
    assert len(surface_voxels(whole)) == 10  # all but the two inside
    point = np.zeros((9, 9), bool)
    point[4, 4] = True
    assert surface_voxels(point).tolist() == [[4, 4]]
    corner = np.zeros((9, 9), bool)
    corner[0, 0] = True
    assert surface_distances(point, corner, (1.0, 2.0))[0].tolist() == [pytest.approx(np.hypot(4, 8))]
    assert diagonal_mm((9, 9), (1.0, 2.0)) == pytest.approx(np.hypot(8, 16))
    assert surface_distances(point, np.zeros((9, 9)), (1.0, 1.0)) is None
    assert surface_voxels(np.zeros((3, 3))).shape == (0, 2)


def test_odd_shapes_and_spacings_are_refused() -> None:
    with pytest.raises(ShapeError, match="same shape"):
        dice(np.zeros((2, 2)), np.zeros((2, 3)))
    for spacing in ((1.0,), (1.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(UnitError, match="one distance above 0"):
            surface_distances(np.ones((2, 2)), np.ones((2, 2)), spacing)
