"""Speed as ratios within one run: `python -m benchmarks [NAME ...]`. Absolute times of a shared machine mean little."""

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run the named benchmarks, or all."""
    folder = Path(__file__).parent
    names = sys.argv[1:] or sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))
    for name in names:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
