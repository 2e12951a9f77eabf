"""The results page holds every figure and breaks no table."""

import dataclasses

from salus.study.report.page import write_page


def test_page_holds_scores_seeds_comparisons_costs_and_versions(study, tmp_path):
    folder, result, _ = study
    path = write_page(folder, result, tmp_path / "docs" / "fake.md")
    text = path.read_text(encoding="utf-8")
    part = result.parts[0]
    best = part.arms[0].metrics["auroc"]
    assert f"| 1 | Pattern network | system | {best.value:.3f} [{best.low:.3f}, {best.high:.3f}] |" in text
    assert f"| Pattern network | {best.seeds[0]:.3f} | {best.seeds[1]:.3f} |" in text
    for word in ("**not met**", "Firewall rule patient overridden", "3f3f", "2.13.0", "salus study studies/fake.toml"):
        assert word in text
    assert "| Pattern network | 412 k | 340 M | 6.2 | 1 min 35 s | 1 min 1 s | 14 | 612 |" in text


def test_tables_have_equal_rows_whatever_the_labels_hold(study, tmp_path):
    folder, result, _ = study
    part = result.parts[0]
    evil = [dataclasses.replace(part.arms[0], label="a|b\nc <i>`x`</i> [l](http://x)"), *part.arms[1:]]
    bad = dataclasses.replace(result, parts=[dataclasses.replace(part, arms=evil)])
    text = write_page(folder, bad, tmp_path / "p.md").read_text(encoding="utf-8")
    assert "<i>" not in text
    assert "](http" not in text
    width = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = line.replace("\\|", "").count("|")
        assert width in (0, cells), line
        width = cells
