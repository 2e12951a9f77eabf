"""`python -m fuzz [TARGET ...] [-n CASES] [--seed SEED] [--out FOLDER]`: feed damaged files to every reader."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from fuzz.run import run
from fuzz.targets import TARGETS


def main() -> int:
    """Print one line a target, then each kind of fault; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help=f"of: {', '.join(TARGETS)}; all without one")
    parser.add_argument("-n", type=int, default=1000, help="cases for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case; 100 leaves the cuts out")
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"), help="folder for the files of faults")
    asked = parser.parse_args()
    unknown = set(asked.target) - set(TARGETS)
    if unknown:
        parser.error(f"no target {sorted(unknown)[0]!r}; there are {', '.join(TARGETS)}")
    total, cases = 0, 0
    for name in asked.target or TARGETS:
        found = run([name], asked.n, seed=asked.seed, first=asked.first, out=asked.out)
        total += len(found.faults)
        cases += found.cases
        print(
            f"{name:14} {found.cases:6} cases in {found.seconds:6.1f} s: {found.verdicts['read']:5} read, "
            f"{found.verdicts['refused']:5} refused, {len(found.faults):3} faults; slowest {found.slowest_s:.2f} s, "
            f"largest child {found.peak_mb} MB",
            flush=True,
        )
        kinds = Counter(fault["fault"].split("\n")[0][:150] for fault in found.faults)
        for kind, count in kinds.most_common(12):
            example = next(one for one in found.faults if one["fault"].startswith(kind[:100]))
            print(f"    {count:4} x {kind}   [{example['good']} number {example['number']}]", flush=True)
    print(f"{cases} cases, {total} faults" + (f"; the files are in {asked.out}" if total else ""))
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
