"""What a survey's child processes do."""

from typing import Any

from salus.data.survey.draw import draw
from salus.data.survey.look import look
from salus.data.survey.look_series import look_series

_JOBS = {"look": look, "series": look_series, "draw": draw}


def work(item: dict[str, Any]) -> dict[str, Any]:
    """Do the job that `item["do"]` names: `look`, `series` or `draw`."""
    return _JOBS[item["do"]](item)
