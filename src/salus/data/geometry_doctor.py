"""What is doubtful about an image's place in the patient: orientation, spacing, anisotropy, the order of four axes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salus.data.frame import Floats, obliquity_deg, orientation_of, spacing_of, to_world, usable
from salus.schema.sample import Image

ANISOTROPIC = 3.0
OBLIQUE_DEG = 30.0
SHEAR_DEG = 0.5
FEW_VOLUMES = 6

_USUAL_MM = {"CT": (0.1, 2.0, 0.2, 12.0), "MR": (0.1, 6.0, 0.2, 20.0), "PT": (0.5, 8.0, 0.5, 12.0)}
_USUAL_ANY = (0.001, 15.0, 0.001, 30.0)
"""In-plane and between slices, lowest and highest spacing that scanners write, in mm."""
_FIELD_MM = (5.0, 2500.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One doubt about the geometry of an image.

    Attributes:
        kind: `no_spacing`, `impossible_spacing`, `unusual_spacing`, `default_spacing`, `field_of_view`,
            `anisotropic`, `no_orientation`, `default_orientation`, `left_handed`, `oblique`, `not_orthogonal`,
            `singular`, `spacing_disagrees`, `axis_order`, `channels_as_time`, `forms_disagree`, `no_unit`.
        severity: `error` makes positions meaningless, `warning` may, `note` is worth knowing.
        what: One sentence.
        remedy: What to do.
    """

    kind: str
    severity: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.what}; {self.remedy}"


def examine(image: Image, path: Path | str | None = None) -> list[Remark]:
    """Return what is doubtful about an image's geometry, errors first; nothing is changed.

    Args:
        image: A picture or volume.
        path: The file it came from; the header of a NIfTI file is then looked at too.
    """
    found = [*_spacing(image), *_orientation(image), *_time(image)]
    if path is not None and Path(path).name.lower().endswith((".nii", ".nii.gz", ".hdr")):
        found += _nifti(Path(path))
    order = ("error", "warning", "note")
    return sorted(found, key=lambda remark: order.index(remark.severity))


def _spacing(image: Image) -> Iterator[Remark]:
    spacing = image.spacing_mm
    volume = image.array.ndim > 3
    if spacing is None:
        severity = "warning" if volume else "note"
        yield _remark("no_spacing", severity, "states no voxel size", "find it in the source, lengths mean nothing now")
        return
    told = " x ".join(f"{step:.4g}" for step in spacing) + " mm"
    if not np.isfinite(spacing).all() or min(spacing) <= 0:
        yield _remark("impossible_spacing", "error", f"voxel size {told}", "correct the header")
        return
    if len(set(spacing)) == 1 and spacing[0] == 1.0 and volume:
        yield _remark(
            "default_spacing",
            "note",
            "voxels of exactly 1 x 1 x 1 mm: resampled, or the default of a program that did not know",
            "compare the organ's size with a ruler in a viewer",
        )
    low, high, thin, thick = _USUAL_MM.get(image.modality, _USUAL_ANY)
    odd = [step for step in spacing[-2:] if not low <= step <= high]
    odd += [step for step in spacing[:-2] if not thin <= step <= thick]
    if odd and image.modality != "SM":
        what = f"voxel size {told} is outside what {image.modality or 'scanners'} write"
        yield _remark("unusual_spacing", "warning", what, "check the unit (m, mm or micrometres) and the order of axes")
    sizes = [n * step for n, step in zip(image.array.shape[-len(spacing) :], spacing, strict=True)]
    if volume and image.modality != "SM" and not _FIELD_MM[0] <= max(sizes) <= _FIELD_MM[1]:
        what = f"the volume spans {max(sizes):.4g} mm"
        yield _remark("field_of_view", "warning", what, "no body part is that size: check the unit of the spacing")
    if max(spacing) > ANISOTROPIC * min(spacing):
        what = f"anisotropic: {told}, a ratio of {max(spacing) / min(spacing):.1f}"
        yield _remark("anisotropic", "note", what, "resample, or take a method that works slice by slice")


def _orientation(image: Image) -> Iterator[Remark]:
    if image.affine is None:
        if image.array.ndim > 3:
            what = "states no orientation: left and right cannot be told apart"
            yield _remark("no_orientation", "warning", what, "take the affine from the source, never guess it")
        return
    affine = np.asarray(image.affine, dtype=np.float64)
    if not usable(affine):
        what = "an affine that is singular or not finite"
        yield _remark("singular", "error", what, "correct the header; nothing can be placed with it")
        return
    if np.array_equal(affine, np.eye(4)):
        what = "an identity affine: what programs write that know no place in the patient"
        yield _remark("default_orientation", "warning", what, "take the affine from the source")
    code = orientation_of(affine)
    if np.linalg.det(affine[:3, :3]) < 0:
        what = f"left-handed voxel axes ({code})"
        yield _remark("left_handed", "note", what, "right as it is; programs that ignore the affine mirror it")
    angle = obliquity_deg(affine)
    if angle > OBLIQUE_DEG:
        what = f"axes {angle:.0f} degrees off the patient's, so {code} is a rough name"
        yield _remark("oblique", "note", what, "resample before a method that expects axial slices")
    yield from _angles(affine)
    spacing = image.spacing_mm
    if spacing is not None:
        held = spacing_of(affine)[-len(spacing) :]
        if not np.allclose(held, spacing, rtol=0.01):
            told = " x ".join(f"{step:.4g}" for step in held)
            what = f"the affine steps by {told} mm, the stated voxel size is {_times(spacing)} mm"
            yield _remark("spacing_disagrees", "warning", what, "trust the affine only after a look in a viewer")


def _angles(affine: Floats) -> Iterator[Remark]:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    cosines = [abs(float(axes[:, a] @ axes[:, b])) for a, b in ((0, 1), (0, 2), (1, 2))]
    off = float(np.rad2deg(np.arcsin(min(max(cosines), 1.0))))
    if off > SHEAR_DEG:
        what = f"voxel axes {off:.1f} degrees off a right angle (a tilted gantry, or a sheared transform)"
        yield _remark("not_orthogonal", "warning", what, "resample before a program that takes voxels for boxes")


def _time(image: Image) -> Iterator[Remark]:
    """Judge a fourth axis by how much neighbours along it differ: moments of one place are more alike than places."""
    array = image.array
    if array.ndim != 5 or array.shape[1] < 2:
        return
    moments, places = array.shape[1], array.shape[2:]
    part = array[0].astype(np.float32)
    scale = float(part.std()) or 1.0
    along_time = _roughness(part, 0) / scale
    along = [_roughness(part, axis) / scale if part.shape[axis] > 1 else np.inf for axis in (1, 2, 3)]
    calmest = int(np.argmin(along))
    if moments > FEW_VOLUMES and along[calmest] < 0.5 * along_time and moments > 2 * places[calmest]:
        what = (
            f"{moments} volumes that differ more from one to the next than neighbouring voxels along {'DHW'[calmest]} "
            f"({places[calmest]} voxels) do: the axes may be in another order"
        )
        yield _remark("axis_order", "warning", what, "look at one volume; transpose the file if it shows no anatomy")
    elif moments <= FEW_VOLUMES and _correlation(part[0], part[1]) < 0.8:
        what = f"{moments} volumes that are little alike along the fourth axis: contrasts rather than moments"
        yield _remark("channels_as_time", "warning", what, "read NIfTI with fourth='channel' if they are channels")


def _roughness(part: NDArray[Any], axis: int) -> float:
    return float(np.abs(np.diff(part, axis=axis)).mean())


def _correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    first, second = one.ravel() - one.mean(), other.ravel() - other.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale > 0 else 1.0


def _nifti(path: Path) -> Iterator[Remark]:
    from salus.data.readers.nifti import open_nifti, unit_of

    volume = open_nifti(path)
    header, shape = volume.header, volume.shape
    if volume.ndim >= 3 and unit_of(volume) == "unknown":
        yield _remark("no_unit", "note", "states no unit of length; millimetres are assumed", "set xyzt_units")
    both = int(header["sform_code"]) > 0 and int(header["qform_code"]) > 0
    if not both:
        return
    forms = [np.asarray(form, dtype=np.float64) for form in (header.get_sform(), header.get_qform())]
    if not all(usable(form) for form in forms):
        return
    extent = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (
        np.array(shape[:3] + (1,) * 3)[:3] - 1
    )
    apart = float(np.linalg.norm(to_world(forms[0], extent) - to_world(forms[1], extent), axis=1).max())
    steps = min(spacing_of(forms[0]))
    codes = [orientation_of(form) for form in forms]
    if apart > 0.5 * steps:
        named = f", {codes[0]} against {codes[1]}" if codes[0] != codes[1] else ""
        what = f"sform and qform place corners up to {apart:.3g} mm apart{named}; the sform was taken"
        severity = "warning" if codes[0] == codes[1] else "error"
        yield _remark("forms_disagree", severity, what, "find out which one is right and write both the same")


def _times(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)


def _remark(kind: str, severity: str, what: str, remedy: str) -> Remark:
    return Remark(kind=kind, severity=severity, what=what, remedy=remedy)
