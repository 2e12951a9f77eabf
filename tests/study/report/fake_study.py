"""A study folder from a seeded simulation: three questions, written as a real study writes them."""

import csv
from pathlib import Path

import numpy as np

from salus.study.result import ArmResult, Bar, Comparison, Cost, Estimate, PartResult, StudyResult

SEEDS, FOLDS, RESAMPLES = 2, 3, 60
COSTS = {
    "net": (412_345, 3.4e8, 6.2, 95.0, 61.0, 14, 612.0),
    "net_plain": (390_120, 2.9e8, 5.1, 71.0, 55.0, 12, 598.0),
    "logistic": (61, 122.0, 0.08, 0.4, 0.4, 1, 310.0),
    "boosting": (18_400, float("nan"), 0.9, 2.2, 2.2, 1, 340.0),
    "bm3d": (float("nan"), float("nan"), 840.0, 0.0, 0.0, 1, 300.0),
    "crf": (96_000, 4.0e4, 0.6, 21.0, 21.0, 1, 402.0),
}


def build(folder: Path) -> StudyResult:
    """Write the folder and return its result."""
    rng = np.random.default_rng(7)
    parts = [_classification(folder, rng), _restoration(folder, rng), _tagging(folder, rng)]
    (folder / "checks").mkdir(parents=True)
    _picture(folder / "checks" / "planted_pattern.png", rng)
    (folder / "study.toml").write_text('name = "fake"\n')
    result = StudyResult(
        name="fake",
        title="Do local patterns help on chest films?",
        asked="Small networks with a pattern miner are said to read chest films better than plain ones. This study "
        "asks whether that holds on public data, by how much, and at what price.",
        parts=parts,
        bars=[
            Bar(kind="M", text="AUROC at least 0.80", figure="0.887 [0.861, 0.912]", met=True),
            Bar(kind="M", text="at least 1 dB above BM3D", figure="+0.42 dB [+0.21, +0.66]", met=False),
            Bar(kind="R", text="leak pair: random split", figure="0.951 against 0.887", met=None),
        ],
        environment={
            "salus": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0",
            "platform": "Linux x86_64",
            "processor": "Example CPU",
            "cores": 2,
            "date": "2026-01-31",
        },
        command="salus study studies/fake.toml -o runs/fake",
        seconds=4210.0,
        extras={"Export": [("ONNX file, MB", "1.7"), ("largest difference of a probability", "2e-7")]},
    )
    result.save(folder / "results.json")
    return result


def _picture(path, rng):
    from PIL import Image

    Image.fromarray(rng.integers(0, 255, (60, 120), dtype=np.uint8)).save(path)


def _cells(folder, part, arm, total, marks_of, columns, *, history=True):
    """Write the cells of an arm; `marks_of(rng, index)` gives marks of some samples."""
    patients = np.array([f"p{k // 2:03d}" for k in range(total)])
    ids = np.array([f"img{k:04d}" for k in range(total)])
    table = {}
    for seed in range(SEEDS):
        rng = np.random.default_rng(100 * seed + len(arm))
        folds = np.array_split(np.arange(total), FOLDS)
        for fold, index in enumerate(folds):
            place = folder / "cells" / part / arm / f"s{seed}_f{fold}"
            place.mkdir(parents=True)
            marks = marks_of(rng, index)
            table.setdefault(seed, []).append(marks)
            np.savez(
                place / "marks.npz", ids=ids[index], patients=patients[index], marks=marks, columns=np.array(columns)
            )
            if history:
                _history(place / "history.csv", rng)
    return patients, {seed: np.concatenate(rows) for seed, rows in table.items()}, table


def _history(path, rng):
    epochs = 24
    loss = 0.75 * np.exp(-np.arange(epochs) / 6) + 0.12 + rng.normal(0, 0.01, epochs)
    valid = 0.89 - 0.3 * np.exp(-np.arange(epochs) / 4) + rng.normal(0, 0.008, epochs)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["stage", "epoch", "seconds", "loss", "valid_auroc", "valid_psnr", "valid_f1", "train_auroc"])
        for k in range(epochs):
            row = [loss[k], valid[k], 20 + 12 * valid[k], valid[k] - 0.1, min(valid[k] + 0.04, 1)]
            writer.writerow(["fit", k + 1, 2.1 * (k + 1), *row])


def _estimate(patients, whole, cells, metric):
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(patients == p) for p in np.unique(patients)]
    draws = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([groups[k] for k in rng.integers(0, len(groups), len(groups))])
        draws.append(np.mean([metric(marks[rows]) for marks in whole.values()]))
    seeds = [metric(marks) for marks in whole.values()]
    low, high = np.quantile(draws, [0.025, 0.975])
    estimate = Estimate(
        value=float(np.mean(seeds)),
        low=float(low),
        high=float(high),
        seeds=tuple(map(float, seeds)),
        folds=tuple(float(metric(m)) for rows in cells.values() for m in rows),
    )
    return estimate, np.array(draws)


def _part(name, title, question, primary, directions, arms, draws, **extra):
    ranked = sorted(arms, key=lambda arm: -arm.metrics[primary].value)
    arms = [
        ArmResult(
            **{f: getattr(arm, f) for f in arm.__dataclass_fields__ if f != "rank"},
            rank=next(k for k, other in enumerate(ranked, 1) if other.name == arm.name),
        )
        for arm in arms
    ]
    first = arms[0]
    comparisons = []
    for arm in arms[1:]:
        gap = draws[first.name] - draws[arm.name]
        low, high = np.quantile(gap, [0.025, 0.975])
        p = float(min(1, 2 * min((gap <= 0).mean(), (gap >= 0).mean())))
        mean = first.metrics[primary].value - arm.metrics[primary].value
        verdict = "tie" if low <= 0 <= high else "a" if mean > 0 else "b"
        comparisons.append(
            Comparison(
                a=first.name,
                b=arm.name,
                metric=primary,
                difference=mean,
                low=float(low),
                high=float(high),
                p=p,
                p_holm=min(1.0, p * len(arms)),
                test="paired patient bootstrap",
                verdict=verdict,
            )
        )
    total = extra["data"]["samples"]
    test, valid = total // FOLDS, total // 8
    sizes = {"train": total - test - valid, "valid": valid, "test": test}
    rows = [
        {"fold": k, **sizes, **{f"{side}_patients": size // 2 for side, size in sizes.items()}} for k in range(FOLDS)
    ]
    passed = [
        {"rule": rule, "passed": True, "overridden": False, "reason": "", "evidence": [], "count": 0}
        for rule in ("patient", "duplicate", "near_duplicate", "window", "target")
    ]
    return PartResult(
        name=name,
        title=title,
        question=question,
        primary=primary,
        directions=directions,
        split={"kind": "kfold", "folds": FOLDS, "seeds": SEEDS, "unit": "patient", "train_share": 1.0, "parts": rows},
        arms=arms,
        comparisons=comparisons,
        **{"firewall": passed, **extra},
    )


def _auroc(marks):
    from scipy.stats import rankdata

    positive = marks[:, 0] == 1
    if positive.all() or not positive.any():
        return float("nan")
    ranks = rankdata(marks[:, 4])
    count = positive.sum()
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum())


def _balanced(marks):
    return np.mean([(marks[marks[:, 0] == k, 2] == k).mean() for k in (0, 1)])


def _brier(marks):
    return ((marks[:, 4] - marks[:, 0]) ** 2).mean()


def _classification(folder, rng):
    total = 480
    truth = (rng.uniform(size=total) < 0.35).astype(float)
    latent = truth * 1.6 + rng.normal(size=total)
    arms, draws = [], {}
    for name, label, role, quality, shift in (
        ("net", "Pattern network", "system", 1.0, 0.0),
        ("net_plain", "Pattern network without the miner", "ablation", 0.9, 0.15),
        ("boosting", "Gradient boosting", "baseline", 0.62, 0.5),
        ("logistic", "Logistic regression", "baseline", 0.5, 0.0),
    ):

        def marks_of(local, index, quality=quality, shift=shift):
            noise = local.normal(0, 1.2 * (1 - quality) + 0.25, len(index))
            logit = 1.7 * quality * (latent[index] - 0.9) + noise + shift
            p = 1 / (1 + np.exp(-logit))
            return np.stack([truth[index], np.ones(len(index)), p >= 0.5, 1 - p, p], axis=1).astype(float)

        columns = ("truth", "answered", "predicted", "p_normal", "p_pneumonia")
        fitted = role != "baseline"
        patients, whole, cells = _cells(folder, "films", name, total, marks_of, columns, history=fitted)
        metrics = {}
        for key, metric in (("auroc", _auroc), ("balanced_accuracy", _balanced), ("brier", _brier)):
            metrics[key], drawn = _estimate(patients, whole, cells, metric)
            if key == "auroc":
                draws[name] = drawn
        arms.append(
            ArmResult(
                name=name,
                label=label,
                system="x",
                role=role,
                metrics=metrics,
                cost=Cost(**dict(zip(Cost.__dataclass_fields__, COSTS[name], strict=True))),
                settings={"size": "small", "config": {}} | ({"miner": "off"} if role == "ablation" else {}),
                warnings=("training score exceeds the test score by 0.11 auroc: it overfits",) if fitted else (),
                missing=2 if name == "boosting" else 0,
            )
        )
    images = _blobs(rng, 12, 64)
    _thumbnails(folder, "films", {f"image_{k}": a for k, a in enumerate(images)}, ["normal", "pneumonia"] * 6)
    _pictures(folder, "films", "net", {f"input_{k}": a for k, a in enumerate(_blobs(rng, 6, 64))})
    data = {
        "name": "films",
        "title": "Chest films of children, 64 pixels",
        "samples": total,
        "patients": total // 2,
        "classes": {"normal": int((truth == 0).sum()), "pneumonia": int(truth.sum())},
        "licence": "CC BY 4.0",
        "citation": "An Author et al., A Journal 2021",
        "notes": ["One hospital; no adult patients."],
        "fingerprint": "3f" * 32,
        "options": {"size": "64"},
    }
    wall = [
        {
            "rule": "patient",
            "passed": False,
            "overridden": True,
            "reason": "leak pair, to show the wrong score",
            "evidence": [
                "patient 'p001' is in train (1 samples, first 'img0002') and test (1 samples, first 'img0003')"
            ],
            "count": 61,
        },
        {"rule": "duplicate", "passed": True, "overridden": False, "reason": "", "evidence": [], "count": 0},
        {
            "rule": "duplicate_inside",
            "passed": True,
            "overridden": False,
            "reason": "",
            "evidence": ["train/5 'img0005' repeats train/4 'img0004' (image, byte-equal)"],
            "count": 1,
        },
        {"rule": "near_duplicate", "passed": True, "overridden": False, "reason": "", "evidence": [], "count": 0},
        {"rule": "target", "passed": True, "overridden": False, "reason": "", "evidence": [], "count": 0},
    ]
    return _part(
        "films",
        "Pneumonia on chest films",
        {"kind": "classification", "classes": ["normal", "pneumonia"], "positive": "pneumonia"},
        "auroc",
        {"auroc": 1, "balanced_accuracy": 1, "brier": -1},
        arms,
        draws,
        data=data,
        firewall=wall,
        warnings=("only 24 test patients: the intervals are wide and rough",),
    )


def _blobs(rng, count, side):
    from scipy.ndimage import gaussian_filter

    raw = gaussian_filter(rng.normal(size=(count, side, side)), (0, 4, 4))
    raw = (raw - raw.min()) / np.ptp(raw)
    return (255 * raw).round().astype(np.float32)


def _thumbnails(folder, part, arrays, labels):
    (folder / "thumbnails").mkdir(exist_ok=True)
    np.savez(folder / "thumbnails" / f"{part}.npz", labels=np.array(labels), **arrays)


def _pictures(folder, part, arm, arrays, labels=True):
    extra = (
        {
            "truth_label": np.array(["normal", "pneumonia"] * 3),
            "answer_label": np.array(
                [
                    "normal (0.99)",
                    "pneumonia (0.98)",
                    "normal (0.97)",
                    "normal (0.97)",
                    "pneumonia (0.92)",
                    "normal (0.9)",
                ]
            ),
        }
        if labels
        else {}
    )
    np.savez(
        folder / "cells" / part / arm / "s0_f0" / "pictures.npz",
        ids=np.array([f"img{k:04d}" for k in range(6)]),
        badness=np.array([0.01, 0.02, 0.03, 0.97, 0.92, 0.9]),
        **extra,
        **arrays,
    )


def _restoration(folder, rng):
    total = 80
    hard = rng.normal(0, 1.4, total)
    arms, draws = [], {}
    for name, label, role, level in (
        ("net", "Residual denoiser", "system", 33.1),
        ("bm3d", "BM3D", "baseline", 32.7),
    ):

        def marks_of(local, index, level=level):
            psnr = level + hard[index] + local.normal(0, 0.3, len(index))
            return np.stack([psnr, 0.7 + 0.006 * psnr], axis=1)

        patients, whole, cells = _cells(folder, "ct", name, total, marks_of, ("psnr", "ssim"), history=role == "system")
        metrics = {}
        for place, key in enumerate(("psnr", "ssim")):
            metrics[key], drawn = _estimate(patients, whole, cells, lambda m, place=place: m[:, place].mean())
            if key == "psnr":
                draws[name] = drawn
        cost = Cost(**dict(zip(Cost.__dataclass_fields__, COSTS[name], strict=True)))
        arms.append(ArmResult(name=name, label=label, system="x", role=role, metrics=metrics, cost=cost))
    truth = _blobs(rng, 6, 96) * 4 - 500
    noisy = truth + rng.normal(0, 60, truth.shape)
    answer = truth + rng.normal(0, 14, truth.shape)
    arrays = {
        f"{key}_{k}": stack[k].astype(np.float32)
        for k in range(6)
        for key, stack in (("input", noisy), ("answer", answer), ("truth", truth))
    }
    _pictures(folder, "ct", "net", arrays, labels=False)
    _thumbnails(folder, "ct", {f"image_{k}": noisy[k].astype(np.float32) for k in range(6)}, ["all"] * 6)
    data = {"name": "ct", "title": "CT slices with drawn noise", "samples": total, "patients": 40, "simulated": True}
    return _part(
        "ct",
        "Noise in low-dose CT",
        {"kind": "restoration", "classes": [], "value_range": [-500.0, 500.0]},
        "psnr",
        {"psnr": 1, "ssim": 1},
        arms,
        draws,
        data=data,
    )


def _tagging(folder, rng):
    total = 200
    spans = rng.integers(0, 4, total)
    arms, draws = [], {}
    columns = ("answered", "tp", "fp", "fn")
    for name, label, role, hit in (("net", "Tagger", "system", 0.84), ("crf", "CRF", "baseline", 0.82)):

        def marks_of(local, index, hit=hit):
            tp = local.binomial(spans[index], hit)
            fp = local.binomial(2, 0.12, len(index))
            return np.stack([np.ones(len(index)), tp, fp, spans[index] - tp], axis=1).astype(float)

        def f1(marks):
            tp, fp, fn = marks[:, 1:].sum(axis=0)
            return 2 * tp / (2 * tp + fp + fn)

        patients, whole, cells = _cells(folder, "drugs", name, total, marks_of, columns)
        metrics = {}
        metrics["f1"], draws[name] = _estimate(patients, whole, cells, f1)
        cost = Cost(**dict(zip(Cost.__dataclass_fields__, COSTS[name], strict=True)))
        arms.append(ArmResult(name=name, label=label, system="x", role=role, metrics=metrics, cost=cost))
    sentence = "Naloxone reverses the antihypertensive effect of clonidine in rats with renal failure ."
    tokens = sentence.split()
    arrays = {}
    for k in range(6):
        truth = np.array([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 2, 0])
        answer = truth.copy()
        answer[[0, 3]] = [0, 2] if k > 2 else [1, 0]
        arrays |= {f"tokens_{k}": np.array(tokens), f"tags_true_{k}": truth, f"tags_answer_{k}": answer}
    _pictures(folder, "drugs", "net", arrays, labels=False)
    texts = {f"text_{k}": np.array(" ".join(tokens)) for k in range(4)}
    _thumbnails(
        folder, "drugs", texts | {f"trace_{k}": np.cumsum(rng.normal(size=(3, 400)), 1) for k in (4, 5)}, ["all"] * 6
    )
    data = {"name": "drugs", "title": "Drug and disease mentions", "samples": total, "patients": 100}
    return _part(
        "drugs",
        "Drugs and diseases in abstracts",
        {"kind": "tagging", "classes": ["O", "B-Chemical", "B-Disease"]},
        "f1",
        {"f1": 1},
        arms,
        draws,
        data=data,
    )
