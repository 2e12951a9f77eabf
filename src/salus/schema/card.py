"""What a published system says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The label on the bottle: source, use, limits.

    Attributes:
        title: The paper's title or the method's plain name.
        authors: First author and year, as cited.
        doi: DOI or empty; never guessed.
        family: `cnn`, `gan`, `rnn`, `lstm`, `hybrid` or `baseline`.
        tasks: Names of the tasks it answers (`salus.tasks`).
        inputs: Input name to kind and shape, e.g. `{"image": "Image (1, H, W) HU"}`, as pairs.
        modalities: Kinds of data: `table`, `image`, `volume`, `signal`, `text`, `record`.
        review: What the systematic review says of it, in our words.
        reported: Published figures with their split, as `(what, figure)` pairs; never a bar.
        deviations: Where this code departs from the paper or the paper from the review.
        advantages: What it is good for, as measured.
        limits: Where it must not be trusted.
        differentiable: False sends `explain` to perturbation methods.
        explain_input: Name of the input tensor that attributions belong to. Where inputs are discrete it names a float
            input that takes the embedding's place: the system has `embed(batch) -> Tensor (B, T, D)`, and `forward`
            takes that tensor if the batch carries it.
        explain_layer: Dotted name of the convolution that Grad-CAM reads, empty where there is none.
        pretrained: Dotted name of the sub-module that receives standard weights, empty where none does.
        stochastic: True where a prediction draws random numbers.
    """

    title: str
    family: str
    tasks: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    modalities: tuple[str, ...]
    authors: str = ""
    doi: str = ""
    review: str = ""
    reported: tuple[tuple[str, str], ...] = ()
    deviations: tuple[str, ...] = ()
    advantages: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    differentiable: bool = True
    explain_input: str = ""
    explain_layer: str = ""
    pretrained: str = ""
    stochastic: bool = False
