"""Which parts of an input an answer rests on, with the figures that say whether to believe the map."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.contract.batch import Batch
from salus.contract.system import System
from salus.nets.tabular import RowEncoder
from salus.schema.errors import UsageError
from salus.schema.sample import Note, Sample

METHODS = ("integrated_gradients", "grad_cam", "saliency", "perturbation")
STEPS = 64
PATCH = 16
PARTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A map shaped like the input (or one number per token), with its exam.

    Attributes:
        values: Contribution of each input value to the explained number; positive speaks for it.
        input: The tensor that was explained, same shape.
        names: Of the values, where each has one: a table's features (`age`, `sex=female`, `glucose?` for a missing
            value) or a text's tokens; else empty.
        method: How it was made.
        subject: Which number was explained, in words.
        figures: `completeness_gap` (|sum of the map - change of the answer| / |change|, integrated gradients only),
            `sanity_correlation` (Spearman of |map| with the map of the same network with random weights; near 0 is
            good, near 1 means the map shows the input and not what was learnt), `deletion_ratio` (drop of the answer
            when the tenth with the largest attributions is replaced, over the drop for random tenths; above 1 is good).
    """

    values: NDArray[np.float64]
    input: NDArray[np.float64]
    method: str
    subject: str
    names: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)


def attribute(system: System, sample: Sample, method: str = "auto", *, exam: bool = True) -> Attribution:
    """Explain one answer.

    `auto` takes integrated gradients where the system is differentiable and perturbation otherwise. Discrete inputs
    are explained at the embedding that the card names.

    Args:
        system: Fitted, on the processor.
        sample: One sample the system can answer.
        method: `auto` or one of `METHODS`.
        exam: Compute the figures too.

    Raises:
        UsageError: Unknown method, or one that this system does not allow.
        DataError: The system cannot take the sample.

    Source:
        Integrated gradients: Sundararajan et al. 2017, arXiv 1703.01365. Grad-CAM: Selvaraju et al. 2017, doi
        10.1109/ICCV.2017.74. Sanity check: Adebayo et al. 2018, arXiv 1810.03292. Deletion: Samek et al. 2017, doi
        10.1109/TNNLS.2016.2599820.
    """
    card = type(system).card
    if method == "auto":
        method = "integrated_gradients" if card.differentiable else "perturbation"
    if method not in METHODS:
        raise UsageError(f"no method {method!r}; use auto, {', '.join(METHODS)}")
    if method != "perturbation" and not card.differentiable:
        raise UsageError(f"{type(system).__name__} is not differentiable; use --method perturbation")
    if method == "grad_cam" and not card.explain_layer:
        raise UsageError(f"{type(system).__name__} names no convolution for Grad-CAM; use integrated_gradients")
    batch = system.collate([sample])
    subject = Subject(system, batch, _typical(system, sample, batch))
    values = _METHODS[method](subject)
    figures = {"answer": subject.value(subject.tensor)}
    if exam:
        from salus.explain.sanity import examine

        figures.update(examine(subject, values, method, _METHODS[method]))
    return Attribution(
        values=_collapse(subject, values).double().numpy()[0],
        input=_collapse(subject, subject.tensor).detach().double().numpy()[0],
        method=method,
        subject=subject.words,
        names=_names(system, sample, subject),
        figures=figures,
    )


def _typical(system: System, sample: Sample, batch: Batch) -> Tensor | None:
    """Return what stands for "nothing known" in a table that is not standardised: medians, and gaps for words.

    Zero says that only where the encoding centred each column; in a raw table it may be an impossible value.
    """
    encoder, name = getattr(system, "encoder", None), type(system).card.explain_input
    if not isinstance(encoder, RowEncoder) or name not in batch.inputs:
        return None
    tensor = batch.inputs[name]
    centred = encoder.encode([sample])
    if tensor.shape == centred.shape and torch.equal(tensor.float(), centred):
        return None
    typical = torch.as_tensor(encoder.typical()).to(tensor.dtype)[None]
    return typical if typical.shape == tensor.shape else None


def _names(system: System, sample: Sample, subject: "Subject") -> tuple[str, ...]:
    shape = subject.tensor.shape[1:-1] if subject.embedded else subject.tensor.shape[1:]
    encoder = getattr(system, "encoder", None)
    named: list[tuple[str, ...]] = []
    if isinstance(encoder, RowEncoder):
        named = [encoder.columns, encoder.features] if subject.baseline.any() else [encoder.features, encoder.columns]
    named += [item.tokens for item in sample.inputs.values() if isinstance(item, Note)]
    return next((names for names in named if shape == (len(names),)), ())


class Subject:
    """The scalar that is explained, as a function of one input tensor `(1, ...)`.

    Classes: the logit of the answered class. Tags: the sum of the logits of the answered tags. Images: the mean answer
    in the 16 x 16 patch that the system changed most.

    Attributes:
        tensor: The input `(1, ...)`.
        baseline: What stands for an absent value, same shape; zeros unless another one was given.
    """

    def __init__(self, system: System, batch: Batch, baseline: Tensor | None = None) -> None:
        self.system, self.batch = system, batch
        self.name = type(system).card.explain_input
        embed: Callable[[Batch], Tensor] | None = getattr(system, "embed", None)
        self.embedded = self.name not in batch.inputs and embed is not None
        if self.name not in batch.inputs and embed is None:
            floats = [name for name, tensor in batch.inputs.items() if tensor.is_floating_point()]
            self.name = floats[0] if floats else next(iter(batch.inputs))
        with torch.no_grad():
            output = system(batch)
            self.tensor = embed(batch) if self.embedded and embed else batch.inputs[self.name].clone()
        self.baseline = torch.zeros_like(self.tensor) if baseline is None else baseline
        self.reduce, self.words = _reducer(system, output, batch)

    def __call__(self, tensor: Tensor) -> Tensor:
        """Return the scalar `(B,)` for inputs `(B, ...)`."""
        count = len(tensor)
        inputs = {name: _repeat(value, count) for name, value in self.batch.inputs.items()}
        inputs[self.name] = tensor
        return self.reduce(self.system(Batch(self.batch.ids * count, inputs)))

    def value(self, tensor: Tensor) -> float:
        """Return the scalar for one input `(1, ...)`."""
        with torch.no_grad():
            return float(self(tensor)[0])


def _repeat(tensor: Tensor, count: int) -> Tensor:
    return tensor.expand(count, *tensor.shape[1:]) if tensor.shape[:1] == (1,) and count > 1 else tensor


def _reducer(system: System, output: Tensor, batch: Batch) -> tuple[Callable[[Tensor], Tensor], str]:
    classes = system.task.question.classes
    if system.task.kind == "tagging":
        tags = torch.as_tensor(np.asarray(system.decode(output))[0]).long().clamp(min=0)
        positions = torch.arange(min(output.shape[1], len(tags)))
        spans = [int(p) for p in positions if classes[int(tags[p])] != "O"]
        chosen = spans or positions.tolist()
        where, what = torch.tensor(chosen), tags[chosen]
        words = "tags in the answered spans" if spans else "answered tags (no span was found)"
        return lambda out: out[:, where, what].sum(1), f"sum of the logits of the {words}"
    if system.task.kind in ("regression", "forecasting"):
        return lambda out: out.reshape(len(out), -1).mean(1), "mean of the answered values"
    if output.ndim <= 2:
        if output.ndim == 1 or output.shape[1] == 1:
            return lambda out: out.reshape(len(out)), f"logit of {system.task.question.positive or classes[-1]}"
        best = int(output[0].argmax())
        return lambda out: out[:, best], f"logit of {classes[best]}"
    before = next((t for t in batch.inputs.values() if t.shape == output.shape), torch.zeros_like(output))
    change = (output - before).abs().mean(1, keepdim=True)
    size = min(PATCH, *change.shape[-2:])
    pooled = nn.functional.avg_pool2d(change.flatten(1, -3) if change.ndim > 4 else change, size, stride=1)
    row, column = divmod(int(pooled[0, 0].argmax()), pooled.shape[-1])
    area = (..., slice(row, row + size), slice(column, column + size))
    return (
        lambda out: out[area].flatten(1).mean(1),
        f"mean answer in rows {row}-{row + size}, columns {column}-{column + size}",
    )


def _integrated(subject: Subject) -> Tensor:
    from captum.attr import IntegratedGradients

    return (
        IntegratedGradients(subject)
        .attribute(subject.tensor, baselines=subject.baseline, n_steps=STEPS, internal_batch_size=8)
        .detach()
    )


def _saliency(subject: Subject) -> Tensor:
    from captum.attr import Saliency

    return Saliency(subject).attribute(subject.tensor.clone().requires_grad_(), abs=False).detach()


def _grad_cam(subject: Subject) -> Tensor:
    from captum.attr import LayerAttribution, LayerGradCam

    layer = subject.system.get_submodule(type(subject.system).card.explain_layer)
    maps = LayerGradCam(subject, layer).attribute(subject.tensor.clone().requires_grad_(), relu_attributions=True)
    shape = subject.tensor.shape
    spatial = shape[-(maps.ndim - 2) :]
    upsampled = LayerAttribution.interpolate(maps.detach().sum(1, keepdim=True), spatial, _mode(len(spatial)))
    if upsampled.shape[0] != shape[0]:  # slices of one series went through the layer as a batch
        upsampled = upsampled.reshape(shape)
    return upsampled.expand(shape).contiguous()


def _mode(axes: int) -> str:
    return {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]


def _perturbation(subject: Subject) -> Tensor:
    """Replace one part after another by the baseline; each of its values gets the fall of the answer.

    Cells are chosen, not multiplied by a mask: a gap (NaN) times zero would spoil its neighbours.
    """
    parts = _patches(subject.tensor)
    numbers = parts.unique()
    found = torch.zeros_like(subject.tensor)
    full = subject.value(subject.tensor)
    for some in numbers.split(PARTS_AT_ONCE):
        with torch.no_grad():
            answers = subject(
                torch.cat([torch.where(parts == number, subject.baseline, subject.tensor) for number in some])
            )
        for number, answer in zip(some, answers, strict=True):
            found[parts == number] = full - float(answer)
    return found


def _patches(tensor: Tensor) -> Tensor:
    """Number the parts that are replaced together: single values of short inputs, blocks of long ones."""
    shape = tensor.shape[1:]
    if tensor[0].numel() <= 256:
        return torch.arange(tensor[0].numel()).reshape(1, *shape)
    parts = [torch.arange(n) * min(n, 16 if len(shape) > 2 else 64) // n for n in shape[1:]]
    grid = torch.zeros(shape[1:], dtype=torch.long)
    for axis, part in enumerate(parts):
        grid = grid * int(part.max() + 1) + part.reshape([-1 if i == axis else 1 for i in range(len(parts))])
    return grid.expand(1, *shape).contiguous()


def _collapse(subject: Subject, tensor: Tensor) -> Tensor:
    """Sum an embedding's axis away, so that a token has one number."""
    return tensor.sum(-1) if subject.embedded else tensor


_METHODS: dict[str, Callable[[Subject], Tensor]] = {
    "integrated_gradients": _integrated,
    "grad_cam": _grad_cam,
    "saliency": _saliency,
    "perturbation": _perturbation,
}
