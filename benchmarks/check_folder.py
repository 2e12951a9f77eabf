"""`salus data check` on many files: files a second, peak memory of all its processes, and what going on costs.

`python -m benchmarks check_folder` takes 5,000 files; `SALUS_BENCH_FILES=100000` takes as many as it says.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

FILES = 5_000
KILLED_AT = 0.3
_CODE = (
    "import sys; from pathlib import Path; from salus.data.survey.survey import survey\n"
    "report = survey(Path(sys.argv[1]), workers=2)\n"
    "print(len(report.holds), report.broken_count, len(report.concerns))"
)


def write(folder: Path, count: int) -> None:
    """Write pictures, tables, volumes and DICOM files in folders of a thousand; one of a hundred is a copy or cut."""
    import nibabel as nib
    from PIL import Image
    from pydicom import examples

    rng = np.random.default_rng(0)
    template = Path(examples.get_path("mr")).read_bytes()
    last: Path | None = None
    for number in range(count):
        home = folder / f"{number // 1000:03}"
        home.mkdir(exist_ok=True)
        kind = number % 100
        if kind == 7 and last is not None:
            shutil.copy(last, home / f"{number}{last.suffix}")
        elif kind == 8:
            (home / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        elif kind < 70:
            low = rng.integers(0, 255, (6, 6), dtype=np.uint8)
            last = home / f"{number}.png"
            Image.fromarray(low).resize((64, 64), Image.Resampling.BICUBIC).save(last)
        elif kind < 80:
            (home / f"{number}.csv").write_text("a,b\n" + "".join(f"{v},{v * 2}\n" for v in rng.integers(0, 99, 20)))
        elif kind < 90:
            volume = nib.Nifti1Image(rng.integers(0, 99, (12, 12, 6), dtype=np.int16), np.diag([1.0, 1, 3, 1]))
            nib.save(volume, home / f"{number}.nii.gz")
        else:
            (home / f"{number}.dcm").write_bytes(template)


class Peak(threading.Thread):
    """Watches the memory of a process and its children, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.parent, self.children, self.busy_s = pid, 0, 0, 0.0

    def run(self) -> None:
        """Watch until the process is gone."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                self.parent = max(self.parent, process.memory_info().rss)
                sizes = [child.memory_info().rss for child in process.children(recursive=True)]
                self.children = max(self.children, sum(sizes))
                time.sleep(0.1)
        except psutil.Error:
            pass


def survey(folder: Path, cache: Path, *, kill_after: float = 0.0) -> tuple[float, Peak]:
    """Run a survey in a process of its own; return its seconds and its memory."""
    environment = {**os.environ, "SALUS_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen([sys.executable, "-c", _CODE, str(folder)], env=environment, stdout=subprocess.DEVNULL)
    peak = Peak(child.pid)
    peak.start()
    try:
        child.wait(timeout=kill_after or None)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if not kill_after and child.returncode:
        raise SystemExit(f"the survey ended with {child.returncode}")
    peak.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak.busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, peak


def main() -> None:
    """Print the figures."""
    count = int(os.environ.get("SALUS_BENCH_FILES", FILES))
    with tempfile.TemporaryDirectory(prefix="salus-check-") as place:
        folder, cache = Path(place) / "files", Path(place) / "cache"
        folder.mkdir()
        write(folder, count)
        whole, peak = survey(folder, cache)
        print(
            f"{count:,} files in {whole:.1f} s: {count / whole:.0f} files/s, {count / peak.busy_s:.0f} a "
            f"second of processor time; peak memory "
            f"{peak.parent / 2**20:.0f} MB and {peak.children / 2**20:.0f} MB in its children"
        )
        kept = sum(file.stat().st_size for file in (cache / "check").iterdir())
        again, second = survey(folder, cache)
        print(
            f"again, nothing changed: {again:.1f} s, {second.busy_s / peak.busy_s:.2f} of the first processor time; "
            f"{kept / count:.0f} bytes a file kept"
        )
        shutil.rmtree(cache)
        killed, first = survey(folder, cache, kill_after=KILLED_AT * whole)
        rest, last = survey(folder, cache)
        print(
            f"killed after {killed:.1f} s and started again: {rest:.1f} s, "
            f"together {(first.busy_s + last.busy_s) / peak.busy_s:.2f} of one run's processor time"
        )


if __name__ == "__main__":
    main()
