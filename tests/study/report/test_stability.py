"""Balance curves: drawn where a system logs them, absent elsewhere, a partial log survives."""

import dataclasses

from salus.study.report.ink import looks
from salus.study.report.stability import stability_curves


def test_curves_are_drawn_for_arms_that_log_them(study, tmp_path):
    _, result, page = study
    assert "Did generator and critic stay in balance?" not in page
    part = result.parts[0]
    look = looks([arm.name for arm in part.arms])
    assert stability_curves(tmp_path, part, look) is None
    head = "stage,epoch,seconds,critic,diversity,critic_gap,gradient_critic,gradient_generator\n"
    for arm, rows in ((part.arms[0], "fit,1,1.0,0.2,0.9,1.5,0.3,0.1\nfit,2,2.0,0.1,0.05,2.5,,\n"), (part.arms[1], "")):
        place = tmp_path / "cells" / part.name / arm.name / "s0_f0"
        place.mkdir(parents=True)
        (place / "history.csv").write_text(head + rows)
    shown = stability_curves(tmp_path, part, look)
    assert shown is not None
    assert "Diversity, real = 1" in shown
    hostile = dataclasses.replace(part.arms[0], label="<script>")
    shown = stability_curves(tmp_path, dataclasses.replace(part, arms=[hostile]), look)
    assert shown is not None
    assert "<script>" not in shown
