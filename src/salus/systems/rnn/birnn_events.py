"""Medical events in clinical text: a bidirectional recurrent tagger.

Jagannatha and Yu 2016, Bidirectional RNN for medical event detection in electronic health records, NAACL-HLT 2016,
473-482, doi 10.18653/v1/N16-1056, section 4 (networks) and 5 (training). Letters, affixes, shapes, in-domain vectors
and the random field on top are options added here; `Config` defaults leave them out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from salus.contract.batch import Batch, Objective
from salus.contract.dataset import Dataset
from salus.contract.system import System
from salus.contract.task import Task
from salus.metrics.spans import spans
from salus.nets.crf import ChainCRF, iob_allowed
from salus.nets.packed_lstm import lstm_states
from salus.nets.recurrent import Recurrent, step_mask
from salus.nets.tagging import (
    PADDING,
    Mention,
    best_tags,
    check_training,
    locate,
    note_tokens,
    real_steps,
    span_masks,
    tag_matrix,
)
from salus.nets.text import TokenEmbedding, TokenEncoder, Vocabulary, cooccurrence_vectors, pack_vectors, unpack_vectors
from salus.schema.card import Card
from salus.schema.config import Config
from salus.schema.errors import ConfigError
from salus.schema.recipe import Optimizer, Recipe, Stage
from salus.schema.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class BiRNNEventsConfig(Config):
    """Settings; the defaults are those of the paper and its published code.

    Attributes:
        cell: Kind of recurrent unit.
        hidden: Units a direction.
        directions: Read both ways or from left to right alone.
        combine: Add the two directions' states or lay them side by side.
        loss: Between tag probabilities and the truth, where there is no random field.
        crf: Score whole tag sequences with a linear-chain random field.
        features: Words alone, or letters, affixes and shapes beside them.
        vectors: In-domain word vectors beside the trained embedding: none, fixed, or trained further.
        embedding: Width of the trained word embedding.
        vector_size: Width of the in-domain vectors.
        dropout: On the embedded tokens and on the recurrent states.
        unknown_share: Share of words whose embedding is hidden in training; letters and affixes stay.
        optimizer: Which rule moves the weights.
        learning_rate: Its step size.
        weight_decay: L2 penalty.
        schedule: Of the step size over the training.
        average: Decay of the averaged weights that answer; 0 answers with the last ones.
        batch_size: Sentences a step.
        epochs: Passes at most.
        patience: Epochs without a better validation F1.
        window: Tokens read at once; longer texts are read in overlapping windows.
        overlap: Tokens that two windows share.
    """

    cell: Literal["lstm", "gru"] = "lstm"
    hidden: int = 50
    directions: Literal["both", "forward"] = "both"
    combine: Literal["sum", "concat"] = "sum"
    loss: Literal["mse", "cross_entropy"] = "mse"
    crf: bool = False
    features: Literal["words", "all"] = "words"
    vectors: Literal["none", "frozen", "tuned"] = "frozen"
    embedding: int = 100
    vector_size: int = 100
    dropout: float = 0.5
    unknown_share: float = 0.0
    optimizer: Literal["adagrad", "adam"] = "adagrad"
    learning_rate: float = 0.1
    weight_decay: float = 0.005
    schedule: Literal["constant", "cosine"] = "constant"
    average: float = 0.0
    batch_size: int = 32
    epochs: int = 60
    patience: int = 10
    window: int = 512
    overlap: int = 64


_SMALL = BiRNNEventsConfig().replace(
    {"hidden": 128, "combine": "concat", "loss": "cross_entropy", "crf": True, "features": "all", "unknown_share": 0.2}
    | {"optimizer": "adam", "learning_rate": 3e-3, "weight_decay": 0.0, "schedule": "cosine", "average": 0.99}
    | {"epochs": 14, "patience": 14}
)
_TINY = _SMALL.replace(
    {"hidden": 8, "embedding": 8, "vector_size": 4, "dropout": 0.1, "unknown_share": 0.0, "average": 0.0}
    | {"learning_rate": 1e-2, "epochs": 2, "batch_size": 8}
)


class BiRNNEvents(System):
    """Embeds tokens, reads them in both directions and gives every token an IOB tag."""

    card: ClassVar[Card] = Card(
        title="Bidirectional RNN for medical event detection in electronic health records",
        authors="Jagannatha and Yu 2016",
        doi="10.18653/v1/N16-1056",
        family="rnn",
        tasks=("tagging",),
        inputs=(("note", "Note: T tokens"),),
        modalities=("text",),
        review="Bidirectional recurrent networks beat classical taggers on clinical notes; cells and added features "
        "are compared.",
        deviations=(
            "Word vectors come from the training part alone (PPMI and SVD); the paper's were learned on a large corpus "
            "of notes that is not public.",
            "Public abstracts and case reports stand in for the paper's restricted notes; types differ.",
            "`small` adds letters, affixes, shapes and a random field, with cross-entropy and Adam for squared error "
            "and AdaGrad.",
            "Texts above 512 tokens are read in windows that share 64 tokens.",
        ),
        advantages=("Needs no feature list; letters and affixes carry words it has never met.",),
        limits=(
            "Ties with a window random field where a few thousand sentences are all there is.",
            "One tag a token: nested and discontinuous mentions cannot be answered.",
        ),
        explain_input="embedded",
    )
    config_type: ClassVar[type[Config]] = BiRNNEventsConfig
    small: ClassVar[Config] = _SMALL
    tiny: ClassVar[Config] = _TINY
    config: BiRNNEventsConfig

    def __init__(self, task: Task, config: Config, fingerprint: Mapping[str, Any]) -> None:
        super().__init__(task, config, fingerprint)
        assert isinstance(config, BiRNNEventsConfig)  # noqa: S101
        if not 0 <= config.overlap < config.window:
            raise ConfigError(f"overlap={config.overlap} with window={config.window}: give an overlap below the window")
        self.classes = task.question.classes
        self.allowed = iob_allowed(self.classes)
        vocabulary = Vocabulary.from_dict(fingerprint["vocabulary"])
        self.encoder = TokenEncoder(vocabulary)
        rich = config.features == "all"
        self.embedding = TokenEmbedding(
            vocabulary,
            size=config.embedding,
            vectors=unpack_vectors(fingerprint["vectors"]) if config.vectors != "none" else None,
            tuned=config.vectors == "tuned",
            characters=rich,
            affixes=rich,
        )
        width, both = self.embedding.out_features, config.directions == "both"
        self.recurrent = Recurrent(width, config.hidden, kind=config.cell, bidirectional=both)
        _open_forget_gates(self.recurrent.cell)
        self.summed = both and config.combine == "sum"
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.hidden if self.summed else self.recurrent.out_features, len(self.classes))
        self.crf = ChainCRF(len(self.classes)) if config.crf else None

    @classmethod
    def recipe(cls, config: Config) -> Recipe:
        """Return one stage with early stopping on validation F1."""
        assert isinstance(config, BiRNNEventsConfig)  # noqa: S101
        rule = Optimizer(name=config.optimizer, learning_rate=config.learning_rate, weight_decay=config.weight_decay)
        stage = Stage(
            epochs=config.epochs,
            batch_size=config.batch_size,
            optimizers={"main": rule},
            patience=config.patience,
            schedule=config.schedule,
        )
        return Recipe(stages=(stage,), clip_norm=5.0, ema=config.average or None)

    @classmethod
    def measure(cls, train: Dataset, config: Config) -> dict[str, Any]:
        """Learn the vocabulary and the word vectors from the training texts."""
        assert isinstance(config, BiRNNEventsConfig)  # noqa: S101
        texts = [note_tokens(sample) for sample in check_training(train)]
        vocabulary = Vocabulary.build(texts)
        found: dict[str, Any] = {"vocabulary": vocabulary.to_dict()}
        if config.vectors != "none":
            found["vectors"] = pack_vectors(cooccurrence_vectors(texts, vocabulary, size=config.vector_size))
        return found

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Turn notes into index tensors, padded to the longest."""
        inputs = self.encoder.batch([note_tokens(sample) for sample in samples])
        tags = tag_matrix(samples, len(self.classes))
        return Batch(tuple(sample.id for sample in samples), inputs, {} if tags is None else {"tags": tags})

    def forward(self, batch: Batch) -> Tensor:
        """Return the score of each tag at each token `(B, T, K)`, `PADDING` behind each end.

        An input `embedded (B, T, D)` takes the place of the embedded tokens, so that attributions can reach it.
        """
        lengths = batch.inputs["lengths"]
        embedded = batch.inputs.get("embedded")
        scores = self._scores(self.embed(batch) if embedded is None else embedded, lengths)
        return scores.masked_fill(~step_mask(lengths, scores.shape[1]).unsqueeze(2), PADDING)

    def embed(self, batch: Batch) -> Tensor:
        """Return the embedded tokens `(B, T, D)`."""
        inputs = batch.inputs
        embedded: Tensor = self.embedding(inputs["words"], inputs["affixes"], inputs["characters"])
        return embedded

    def objectives(self, batch: Batch, stage: str) -> Iterator[Objective]:
        """Yield the sentence-wise negative log-likelihood, or the token-wise loss without a random field."""
        lengths, tags = batch.inputs["lengths"], batch.target["tags"]
        scores = self._scores(self.embed(self._hidden_words(batch)), lengths)
        if self.crf is not None:
            yield Objective("likelihood", self.crf.negative_log_likelihood(scores.float(), tags, lengths).mean())
            return
        real = step_mask(lengths, scores.shape[1])
        flat, truth = scores[real], tags[real]
        if self.config.loss == "mse":
            wanted = functional.one_hot(truth, len(self.classes)).to(flat.dtype)
            yield Objective("mse", functional.mse_loss(flat.softmax(1), wanted))
        else:
            yield Objective("cross_entropy", functional.cross_entropy(flat, truth))

    @torch.no_grad()
    def decode(self, output: Tensor) -> NDArray[Any]:
        """Return tags `(B, T)` int64, -1 behind each end: the best legal path, or each token's best tag."""
        if self.crf is None:
            return best_tags(output)
        allowed = (self.allowed[0].to(output.device), self.allowed[1].to(output.device))
        return self.crf.viterbi(output.float(), real_steps(output).sum(1), allowed).cpu().numpy()

    def _scores(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        window, overlap, steps = self.config.window, self.config.overlap, embedded.shape[1]
        if steps <= window:
            return self._read(embedded, lengths)
        pieces: list[Tensor] = []
        for start in range(0, steps - overlap, window - overlap):
            # Half of what two windows share is taken from each, so that every token is read with context around it.
            part = embedded[:, start : start + window]
            scores = self._read(part, (lengths - start).clamp(1, part.shape[1]))
            last = start + window >= steps
            pieces.append(scores[:, overlap // 2 if start else 0 : None if last else window - (overlap - overlap // 2)])
        return torch.cat(pieces, dim=1)

    def _read(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        steps, cell = self.dropout(embedded), self.recurrent.cell
        # The same states either way; the closed form trains in about half the time and does not export.
        fast = self.training and isinstance(cell, nn.LSTM)
        states = lstm_states(cell, steps, lengths) if fast else self.recurrent(steps, lengths)[0]
        if self.summed:
            ahead, back = states.chunk(2, dim=2)
            states = ahead + back
        scores: Tensor = self.head(self.dropout(states))
        return scores

    def _hidden_words(self, batch: Batch) -> Batch:
        # A word read as unknown must be told from its letters and its company: so will the test's new words.
        words = batch.inputs["words"]
        hidden = (torch.rand(words.shape, device=words.device) < self.config.unknown_share) & (words > 0)
        return Batch(batch.ids, {**batch.inputs, "words": words.masked_fill(hidden, 1)})

    @torch.no_grad()
    def mentions(self, sample: Sample) -> list[Mention]:
        """Return what the tagger finds in one note, with character offsets and probabilities."""
        scores = self(self.collate([sample]).to(self.head.weight.device)).float()
        found = spans([self.classes[tag] for tag in self.decode(scores)[0]])
        if not found:
            return []
        masks = span_masks(found, self.classes, scores.shape[1]).to(scores.device)
        if self.crf is not None:
            lengths = torch.full((len(found),), scores.shape[1], device=scores.device)
            chances = self.crf.probability(scores.expand(len(found), -1, -1), lengths, masks)
        else:
            chances = (scores.softmax(dim=2) * masks).sum(dim=2).prod(dim=1)
        return locate(sample.inputs["note"], found, chances.tolist())


def _open_forget_gates(cell: nn.Module) -> None:
    # torch adds two biases; the second quarter of one of them set to 1 gives the forget gate its bias.
    for name, bias in cell.named_parameters() if isinstance(cell, nn.LSTM) else ():
        if name.startswith("bias"):
            nn.init.zeros_(bias)
        if name.startswith("bias_ih"):
            nn.init.ones_(bias[len(bias) // 4 : len(bias) // 2])
