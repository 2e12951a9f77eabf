"""Reading a CT series of 300 slices against SimpleITK's series reader: same files, equal voxels, ratio of the times.

The series is made here from one shipped slice, 512 x 512, 12 bits, file names in another order than places, in four
encodings. Rounds alternate (A B B A ...) so that a machine that slows down slows both; the figure is the median of the
pairs' ratios. Both sides sort the files by place: SimpleITK with GetGDCMSeriesFileNames, Salus with its own headers.
"read alone" leaves that out on SimpleITK's side only. Peak memory is measured in a process of its own.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from salus.data.readers.dicom import read_dicom_series

SLICES, SIZE, ROUNDS = 300, 512, 4
SYNTAXES: dict[str, UID] = {
    "uncompressed": ExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG-LS": JPEGLSLossless,
    "JPEG lossless": JPEGLosslessSV1,
}
_SOURCE = "CT_small.dcm"


def phantom() -> np.ndarray:
    """Return a slice `(512, 512)` int16: the shipped one enlarged, with the noise of a scanner."""
    from pydicom.data import get_testdata_file

    small = pydicom.dcmread(str(get_testdata_file(_SOURCE, download=False))).pixel_array
    large = np.kron(small, np.ones((SIZE // small.shape[0], SIZE // small.shape[1]), np.int16))
    return (large + np.random.default_rng(0).normal(0, 6, large.shape)).clip(0, 4095).astype(np.int16)


def write_series(folder: Path, syntax: UID) -> None:
    """Write the slices; names follow no order."""
    from pydicom.data import get_testdata_file

    base = pydicom.dcmread(str(get_testdata_file(_SOURCE, download=False)))
    base.Rows = base.Columns = SIZE
    base.BitsStored, base.HighBit, base.PixelRepresentation = 16, 15, 1
    for name in ("DataSetTrailingPadding", "SliceLocation"):
        if name in base:
            del base[name]
    plane = phantom()
    names = np.random.default_rng(1).permutation(SLICES)
    for k in range(SLICES):
        pixels = np.roll(plane, k, axis=0)
        base.ImagePositionPatient = [-150.0, -150.0, -200.0 + 1.25 * k]
        base.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        base.InstanceNumber = SLICES - k
        base.SOPInstanceUID = base.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.{k + 1}")
        base.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        base.PixelData = pixels.tobytes()
        base["PixelData"].VR = "OW"
        base["PixelData"].is_undefined_length = False
        if syntax == JPEGLosslessSV1:
            _lossless_jpeg(base, pixels)
        elif syntax != ExplicitVRLittleEndian:
            base.compress(syntax, pixels, generate_instance_uid=False)
        base.save_as(folder / f"{names[k]:04d}.dcm")


def _lossless_jpeg(data: pydicom.Dataset, pixels: np.ndarray) -> None:
    """Compress with imagecodecs: pydicom has no encoder of it."""
    import imagecodecs
    from pydicom.encaps import encapsulate

    frame = imagecodecs.jpeg8_encode(pixels.view(np.uint16), lossless=True, predictor=1, bitspersample=16)
    data.PixelData = encapsulate([frame])
    data["PixelData"].is_undefined_length = True
    data["PixelData"].VR = "OB"
    data.file_meta.TransferSyntaxUID = JPEGLosslessSV1


def by_itk(folder: Path) -> tuple[np.ndarray, dict[str, float]]:
    """Return the voxels, and the seconds: on the clock, of the processor, and without the sorting."""
    start, used = time.perf_counter(), time.process_time()
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(folder))
    sorted_at = time.perf_counter()
    reader.SetFileNames(names)
    image = reader.Execute()
    end = time.perf_counter()
    seconds = {"clock": end - start, "processor": time.process_time() - used, "read": end - sorted_at}
    return SimpleITK.GetArrayViewFromImage(image).copy(), seconds


def by_salus(folder: Path) -> tuple[np.ndarray, dict[str, float]]:
    """Return the voxels and the seconds."""
    start, used = time.perf_counter(), time.process_time()
    image = read_dicom_series(folder)
    clock = time.perf_counter() - start
    return image.array[0], {"clock": clock, "processor": time.process_time() - used, "read": clock}


def peak_over_array(folder: Path) -> float:
    """Return the growth of a fresh process's peak memory over the array that it reads."""
    code = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from salus.data.readers.dicom import read_dicom_series\n"
        "files = sorted(Path(sys.argv[1]).iterdir())\n"
        "read_dicom_series(files[:1])\n"
        # of this process alone: ru_maxrss would begin with what the parent had
        "peak = lambda: 1024 * int(re.search('VmHWM:\\\\s+(\\\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = peak()\n"
        "image = read_dicom_series(Path(sys.argv[1]))\n"
        "print((peak() - before) / image.array.nbytes)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    return float(said.stdout)


def lock_released(folder: Path) -> float:
    """Return how far another thread counts while one decodes, as a share of what it counts alone (processor time)."""
    from salus.data.readers.dicom_file import open_dicom
    from salus.data.readers.dicom_pixels import one_frame

    file = open_dicom(next(folder.iterdir()))
    one_frame(file, 0)

    def count(seconds: float) -> int:
        number, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            number += 1
        return number

    alone = count(0.5)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            one_frame(file, 0)

    worker = threading.Thread(target=work)
    worker.start()
    beside = count(0.5)
    stop.set()
    worker.join()
    return beside / alone


def main() -> None:
    """Print the ratios."""
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(os.cpu_count() or 1)
    print(f"{SLICES} slices of {SIZE} x {SIZE}, {os.cpu_count()} cores; above 1 Salus is faster")
    with contextlib.ExitStack() as stack:
        for name, syntax in SYNTAXES.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="salus-bench-")))
            write_series(folder, syntax)
            ratios: dict[str, list[float]] = {"clock": [], "processor": [], "read": []}
            seconds = {"ours": float("inf"), "theirs": float("inf")}
            for number in range(ROUNDS + 1):
                if number % 2:
                    (ours, mine), (theirs, other) = by_salus(folder), by_itk(folder)
                else:
                    (theirs, other), (ours, mine) = by_itk(folder), by_salus(folder)
                if not np.array_equal(ours, theirs):
                    raise SystemExit(f"{name}: the voxels differ, the comparison means nothing")
                del ours, theirs
                if number:
                    seconds["ours"] = min(seconds["ours"], mine["processor"])
                    seconds["theirs"] = min(seconds["theirs"], other["processor"])
                for kind in ratios if number else ():  # the first round warms caches and imports
                    ratios[kind].append(other[kind] / mine[kind])
            best = seconds["theirs"] / seconds["ours"]
            median = {kind: statistics.median(values) for kind, values in ratios.items()}
            print(
                f"{name}: median {median['clock']:.2f} (min {min(ratios['clock']):.2f}, "
                f"max {max(ratios['clock']):.2f}); in processor time {median['processor']:.2f}, "
                f"best against best {best:.2f}; "
                f"against SimpleITK's read without its sorting {median['read']:.2f}; equal voxels; "
                f"peak memory {peak_over_array(folder):.2f} x the array; "
                f"another thread keeps {lock_released(folder):.0%} of its pace",
                flush=True,
            )


if __name__ == "__main__":
    main()
