"""Functions that tests of the guard run in children."""

import os
import time
from typing import Any


def work(item: dict[str, Any]) -> Any:
    """Do as the item says."""
    what = item["do"]
    if what == "hang":
        time.sleep(60)
    elif what == "die":
        os.abort()
    elif what == "leave":
        os._exit(3)
    elif what == "raise":
        raise ValueError("no")
    elif what == "eat":
        kept = []
        while True:
            kept.append(bytearray(b"x") * 2**24)
            time.sleep(0.005)
    elif what == "claim":
        return len(bytearray(2**33))
    elif what == "print":
        print("{}\n" * 10)  # noqa: T201
    return item["n"]
