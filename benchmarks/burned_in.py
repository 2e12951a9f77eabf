"""Burned-in text: fit the model that rates lines, and measure it on pictures it was not fitted on.

`SALUS_DATA=... python -m benchmarks burned_in` plants text in clean pictures (fonts that matplotlib ships, 8 to 40
pixels, three grey levels), fits on every second picture, prints the weights, and measures on the other half with other
words: planted text counts as found when boxes cover 97 % of the pixels that drawing changed.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from sklearn.linear_model import LogisticRegression

from salus.data.deidentify.burned_in import find_burned_in
from salus.data.deidentify.burned_in_lines import FEATURES, candidates, features
from salus.data.readers.dicom import read_dicom
from salus.schema.errors import DataError

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
FIT_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "cmss10", "DejaVuSansMono-Bold")
FIT_WORDS = (
    "ROE, RICHARD", "DOB 01.02.1948 F", "General Clinic 7", "ID 771-20-33", "A. B. KLINE", "2019/11/30 08:15:59",
    "Wt 71kg", "LAT 2",
)  # fmt: skip
TEST_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral")
TEST_WORDS = ("DOE^JANE 12/03/1957", "MRN 00482913", "St Mary Hospital", "ACC: A-20913 14:22:07", "SMITH, JOHN M 64Y")
SIZES = (8, 10, 12, 16, 24, 32, 40)
Picture = NDArray[np.uint8]


def pictures(root: Path) -> Iterator[tuple[str, str, Picture]]:
    """Yield modality, name and grey picture of images without burned-in text."""
    for pattern, most in (("dicom/**/*", 400), ("ct_lidc_idri_0314/**/*.dcm", 31)):
        for file in sorted(path for path in root.glob(pattern) if path.is_file())[: most : 1 if most > 31 else 6]:
            try:
                array = read_dicom(file).array
            except DataError:
                continue
            if array.shape[0] == 1 and array.ndim == 3 and min(array.shape[1:]) >= 200 and file.name not in SHOWN:
                yield "DICOM", file.name, grey(array[0])
    for name in ("cxr_covid19_hannover", "brain_tumor_mri_cheng"):
        for file in [path for path in sorted((root / name).rglob("*")) if path.suffix in (".png", ".jpg")][:6]:
            yield name, file.name, np.asarray(Image.open(file).convert("L"))


SHOWN = ("JPGLosslessP14SV1_1s_1f_8b.dcm",)
"""Grey pictures of the collection that carry text of their own."""


def grey(array: NDArray[Any]) -> Picture:
    """Return 0 to 255 between the 0.1st and 99.9th percentile."""
    low, high = np.percentile(array, (0.1, 99.9))
    return np.asarray(np.clip((array - low) / max(high - low, 1e-9), 0, 1) * 255, np.uint8)


def planted(
    picture: Picture, rng: np.random.Generator, fonts: tuple[str, ...], words: tuple[str, ...], size: int, level: int
) -> tuple[Picture, tuple[int, int, int, int]] | None:
    """Draw words where a reader could read them; None where they do not fit or would not show."""
    font = ImageFont.truetype(str(FONTS / f"{fonts[rng.integers(len(fonts))]}.ttf"), size)
    text = words[rng.integers(len(words))]
    box = font.getbbox(text)
    wide, high = int(box[2] - box[0]), int(box[3] - box[1])
    height, width = picture.shape
    if wide + 10 > width or high < 6:
        return None
    left, top = int(rng.integers(4, width - wide - 4)), int(rng.integers(4, height - high - 6))
    under = picture[top : top + high, left : left + wide].astype(float)
    if abs(level - under.mean()) - 2 * under.std() < 55:
        return None
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text((left - box[0], top - box[1]), text, fill=level, font=font)
    return np.asarray(image), (top, left, top + high, left + wide)


def examples(chosen: list[Picture], rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return features of lines on clean pictures (0) and of planted lines (1)."""
    rows, labels = [], []
    for picture in chosen:
        rows += [features(line) for line in candidates(picture)]
        labels += [0] * (len(rows) - len(labels))
        for _ in range(26):
            made = planted(
                picture, rng, FIT_FONTS, FIT_WORDS, int(rng.choice(SIZES)), int(rng.choice((255, 200, 150, 0)))
            )
            if made is None:
                continue
            drawn, (top, left, bottom, right) = made
            window = (slice(max(top - 60, 0), bottom + 60), slice(max(left - 60, 0), right + 60))
            changed = np.abs(drawn[window].astype(int) - picture[window]) > 30
            for line in candidates(drawn[window]):
                t, b = min(p.top for p in line), max(p.bottom for p in line)
                le, r = min(p.left for p in line), max(p.right for p in line)
                tight = (b - t) * (r - le) <= 2.2 * (bottom - top + 4) * (right - left + 4)
                if tight and changed[t:b, le:r].sum() >= 0.6 * changed.sum():
                    rows.append(features(line))
                    labels.append(1)
    return np.array(rows), np.array(labels)


def fit(chosen: list[Picture]) -> None:
    """Print weights and offset."""
    rows, labels = examples(chosen, np.random.default_rng(7))
    mean, spread = rows.mean(0), rows.std(0)
    model = LogisticRegression(C=3.0, max_iter=2000, class_weight="balanced").fit((rows - mean) / spread, labels)
    weights = model.coef_[0] / spread
    print(f"fitted on {len(chosen)} pictures, {int(labels.sum())} planted lines of {len(labels)}")
    print(dict(zip(FEATURES, weights.round(3).tolist(), strict=True)))
    print("offset", round(float(model.intercept_[0] - (weights * mean).sum()), 3))


def measure(chosen: list[tuple[str, str, Picture]]) -> None:
    """Print false alarms on clean pictures and recall on planted text, with the weights that the library holds."""
    rng, hits, totals = np.random.default_rng(0), Counter[str](), Counter[str]()
    for kind, name, picture in chosen:
        boxes = find_burned_in(picture, read=False)
        share = sum((b.bottom - b.top) * (b.right - b.left) for b in boxes) / picture.size
        print(f"  clean {kind:22} {name:26} {len(boxes):3} boxes, {100 * share:.2f} % of the picture")
        for size in SIZES:
            for level in (255, 160, 0):
                made = planted(picture, rng, TEST_FONTS, TEST_WORDS, size, level)
                if made is None:
                    continue
                changed = np.abs(made[0].astype(int) - picture) > 30
                inside = np.zeros(picture.shape, bool)
                for box in find_burned_in(made[0], read=False):
                    inside[box.top : box.bottom, box.left : box.right] = True
                for key in (f"size {size}", f"level {level}", "all"):
                    totals[key] += 1
                    hits[key] += bool((changed & inside).sum() >= 0.97 * changed.sum())
    for key in sorted(totals):
        print(f"  planted, {key:10} {hits[key]} of {totals[key]} found ({hits[key] / totals[key]:.3f})")


def main() -> None:
    """Fit and measure."""
    root = os.environ.get("SALUS_DATA")
    if not root:
        print("SALUS_DATA does not point to a folder with real pictures")
        return
    unique: dict[bytes, tuple[str, str, Picture]] = {}
    for one in pictures(Path(root)):
        unique.setdefault(one[2][::7, ::7].tobytes(), one)
    chosen = list(unique.values())
    fit([picture for _, _, picture in chosen[::2]])
    measure(chosen[1::2])
