"""How figures and names are written for people."""

import math
from collections.abc import Mapping
from typing import Any

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"

METRICS = {
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "balanced_accuracy": "Balanced accuracy",
    "accuracy": "Accuracy",
    "f1_macro": "F1 (macro)",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "specificity_at_95_sensitivity": "Specificity at 95 % sensitivity",
    "brier": "Brier score",
    "ece": "Calibration error",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "f1_relaxed": "F1 (relaxed)",
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
    "rmse": "RMSE",
    "gradient_error": "Gradient error",
    "noise_power_distance": "Noise-power distance",
    "kappa_quadratic": "Quadratic kappa",
    "auroc_from": "AUROC from the named class on",
    "exact_match": "All findings right",
    "dice": "Dice",
    "iou": "Intersection over union",
    "hd95_mm": "HD95 (mm)",
    "surface_dice": "Surface Dice at 1 mm",
    "dice_pooled": "Dice, voxels pooled",
    "false_structures": "Invented structures",
    "eer": "Equal-error rate",
    "identification": "Right person first",
    "false_accept_rate": "False accepts",
    "false_reject_rate": "False rejects",
}

COSTS = {
    "parameters": "Parameters",
    "flops": "FLOPs per answer",
    "latency_ms": "Latency (ms)",
    "fit_s": "Training time",
    "best_s": "Time to best epoch",
    "best_epoch": "Best epoch",
    "peak_mb": "Peak memory (MB)",
}

GLOSSARY = {
    "95 % interval": "The range that holds the figure in 95 of 100 repetitions with other patients drawn from the same "
    "population; it comes from resampling patients and leaves out changes of hospital, device or time.",
    "Ablation": "The same system with one part taken away, to see what that part is worth.",
    "Arm": "One recipe of a study: a system with its settings.",
    "Baseline": "A simple, well-known method that any new system has to beat.",
    "Calibration": "Whether a probability of 80 % comes true in 80 of 100 patients.",
    "Firewall": "Checks before any score is computed that no answer can reach the training part.",
    "Fold": "One of several ways to divide the same patients into training, validation and test parts.",
    "Holm correction": "Makes p-values stricter because several comparisons were made at once.",
    "Leak": "Information about the test answers that reaches training and makes a score look better than it is.",
    "Patient-disjoint": "No patient stands in more than one of the training, validation and test parts.",
    "Seed": "The starting number of all random choices; other seeds show how much of a score is luck.",
    "Tie": "The data do not show which of two arms is better: the interval of their difference holds zero or the "
    "corrected p-value is 0.05 or more.",
}

METRIC_GLOSSARY = {
    "auroc": "The chance that a random positive patient gets a higher score than a random negative one; 0.5 is "
    "guessing, 1 is perfect order.",
    "average_precision": "Precision averaged over all levels of recall; guessing gives the share of positives.",
    "balanced_accuracy": "The share of right answers, each class counting the same.",
    "accuracy": "The share of right answers.",
    "f1_macro": "The balance of precision and recall, averaged over classes.",
    "sensitivity": "The share of positive patients that are found.",
    "specificity": "The share of negative patients that are left alone.",
    "specificity_at_95_sensitivity": "The share of negatives left alone when 95 % of the positives must be found.",
    "brier": "The mean squared error of the probabilities; 0 is perfect.",
    "ece": "The mean distance between stated probabilities and what came true; 0 is perfect.",
    "f1": "The balance of precision and recall over found spans.",
    "precision": "The share of found spans that are right.",
    "recall": "The share of true spans that are found.",
    "psnr": "Closeness to the true image in decibel; 3 dB more means half the squared error.",
    "ssim": "Similarity of local structure to the true image; 1 is equal.",
    "rmse": "The typical error of a pixel, in the image's unit.",
    "gradient_error": "The error of the image's edges.",
    "noise_power_distance": "How far the texture of what remains differs from that of the true image.",
    "kappa_quadratic": "Agreement beyond chance where far misses cost more; 1 is perfect.",
    "auroc_from": "As AUROC, for the question whether an ordered class is the one named in the data set or higher.",
    "exact_match": "The share of samples with every finding answered rightly.",
    "dice": "Twice the shared voxels over the voxels of both masks, averaged over images and structures; 1 is equal.",
    "iou": "The shared voxels over the voxels of either mask; 1 is equal.",
    "hd95_mm": "How far the outlines are apart where they are far apart (95th percentile); 0 is equal.",
    "surface_dice": "The share of both outlines within 1 mm of the other.",
    "dice_pooled": "Dice of the voxels of all images together, so that large structures count more.",
    "eer": "The rate at which strangers are taken for a person as often as the person is turned away; 0 is perfect.",
    "identification": "The share of samples whose own person has the highest score.",
    "false_accept_rate": "The share of claims to be somebody else that are believed, at the threshold of validation.",
    "false_reject_rate": "The share of true claims that are not believed, at the threshold of validation.",
    "false_structures": "How often a structure is drawn in an image that does not hold it.",
}


def metric_label(name: str) -> str:
    """Return a metric's name for people."""
    return METRICS.get(name, name.replace("_", " "))


def score(value: float, metric: str = "", *, signed: bool = False) -> str:
    """Write a metric's value: three decimals, two for decibel and for values from 10 on; a dash where there is none.

    >>> score(0.91234), score(0.0123, signed=True), score(31.234, "psnr")
    ('0.912', '+0.012', '31.23')
    """
    if not math.isfinite(value):
        return DASH
    digits = 2 if metric == "psnr" or abs(value) >= 10 else 3
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.replace("-", "" if not signed else "+")
    return text.replace("-", MINUS)


def interval(low: float, high: float, metric: str = "", *, signed: bool = False) -> str:
    """Write an interval: `0.881 to 0.932`."""
    return f"{score(low, metric, signed=signed)} to {score(high, metric, signed=signed)}"


def p_value(value: float) -> str:
    """Write a p-value; below one in a thousand only that.

    >>> p_value(0.0004), p_value(0.0312)
    ('< 0.001', '0.031')
    """
    if not math.isfinite(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def amount(value: float) -> str:
    """Write a large number shortly.

    >>> amount(532), amount(12_340), amount(4_560_000)
    ('532', '12.3 k', '4.56 M')
    """
    if not math.isfinite(value):
        return DASH
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Write a time span.

    >>> duration(0.42), duration(12.34), duration(200), duration(7300)
    ('0.42 s', '12 s', '3 min 20 s', '2 h 2 min')
    """
    if not math.isfinite(seconds):
        return DASH
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def cost(name: str, value: float) -> str:
    """Write one figure of `Cost`."""
    if name in ("fit_s", "best_s"):
        return duration(value)
    if name in ("parameters", "flops"):
        return amount(value)
    if not math.isfinite(value):
        return DASH
    return f"{value:,.0f}" if name in ("best_epoch", "peak_mb") or value >= 100 else f"{value:.3g}"


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "patient"), plural(1200, "seed")
    ('1 patient', '1,200 seeds')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def settings(values: Mapping[str, Any]) -> str:
    """Write an arm's settings on one line."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())
