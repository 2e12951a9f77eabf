"""What stands at the door of a network that reads words: vocabulary, letters, affixes, shapes, in-domain vectors.

A vocabulary is learned from training texts and kept as JSON. Index 0 is padding and 1 is "unknown" everywhere.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from salus.schema.errors import DataError

LETTERS = 20
AFFIXES = (2, 3, 4)
COLUMNS = 2 + 2 * len(AFFIXES)  # word, prefixes, suffixes, shape; letters follow
_CACHE_LIMIT = 200_000


def normalize_word(word: str) -> str:
    """Fold case and write every digit as 0, so that "12 mg" and "25 mg" are one word.

    >>> normalize_word("IL-12")
    'il-00'
    """
    return re.sub(r"\d", "0", word.casefold())


def word_shape(word: str) -> str:
    """Return the word's outline: capitals X, letters x, digits 0, runs shortened to two.

    >>> word_shape("UKPDRG"), word_shape("5-HT2a"), word_shape("Selegiline")
    ('XX', '0-XX0x', 'Xxx')
    """
    outline = "".join("X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in word)
    return re.sub(r"(.)\1{2,}", r"\1\1", outline)[:12]


@dataclass(frozen=True)
class Vocabulary:
    """What a training part is written with; names from index 2 on.

    Attributes:
        words: Normalized, most frequent first.
        letters: Single characters.
        prefixes: First two, three and four letters, normalized.
        suffixes: Last two, three and four letters, normalized.
        shapes: Outlines.
    """

    words: tuple[str, ...]
    letters: tuple[str, ...]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    shapes: tuple[str, ...]

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], *, word_count: int = 2, part_count: int = 3) -> "Vocabulary":
        """Learn from training texts.

        Args:
            texts: Tokens of each text.
            word_count: Rarer words are unknown; their letters still speak.
            part_count: The same for letters, affixes and shapes.
        """
        tokens = Counter(token for text in texts for token in text)
        counts: list[Counter[str]] = [Counter() for _ in range(5)]
        for token, count in tokens.items():
            plain = normalize_word(token)
            keys_of = ((plain,), token, _ends(plain, 1), _ends(plain, -1), (word_shape(token),))
            for table, keys in zip(counts, keys_of, strict=True):
                for key in keys:
                    table[key] += count
        least = (word_count, part_count, part_count, part_count, part_count)
        kept = [
            tuple(key for key, n in sorted(table.items(), key=lambda pair: (-pair[1], pair[0])) if n >= low)
            for table, low in zip(counts, least, strict=True)
        ]
        return cls(*kept)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `from_dict` reads back."""
        return {name: list(getattr(self, name)) for name in ("words", "letters", "prefixes", "suffixes", "shapes")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Vocabulary":
        """Rebuild from `to_dict`'s values."""
        return cls(*(tuple(data[name]) for name in ("words", "letters", "prefixes", "suffixes", "shapes")))

    @cached_property
    def indices(self) -> tuple[dict[str, int], ...]:
        """Index of each name, for words, letters, prefixes, suffixes and shapes."""
        tables = (self.words, self.letters, self.prefixes, self.suffixes, self.shapes)
        return tuple({name: number + 2 for number, name in enumerate(table)} for table in tables)


def _ends(word: str, side: int) -> list[str]:
    """Return the first (side 1) or last (side -1) two, three and four letters; marked where the word is no longer."""
    return [("=" if len(word) <= n else "") + (word[:n] if side > 0 else word[-n:]) for n in AFFIXES]


class TokenEncoder:
    """Turns tokens into index rows `word, 3 prefixes, 3 suffixes, shape, 20 letters`; remembers words it has met."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._known: dict[str, int] = {}
        self._rows: NDArray[np.int64] = np.zeros((1024, COLUMNS + LETTERS), np.int64)

    def rows(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """Return `(T, 28)` indices of T tokens."""
        known = self._known
        if len(known) + len(tokens) > _CACHE_LIMIT:
            known.clear()
        for token in tokens:
            if token not in known:
                if len(known) == len(self._rows):
                    self._rows = np.concatenate((self._rows, np.zeros_like(self._rows)))
                self._rows[len(known)] = self._row(token)
                known[token] = len(known)
        return self._rows[[known[token] for token in tokens]]

    def batch(self, texts: Sequence[Sequence[str]]) -> dict[str, Tensor]:
        """Return `words (B, T)`, `affixes (B, T, 7)`, `characters (B, T, 20)`, zero padded, and `lengths (B,)`."""
        lengths = [len(text) for text in texts]
        table = np.zeros((len(texts), max(lengths), COLUMNS + LETTERS), np.int64)
        for number, text in enumerate(texts):
            table[number, : len(text)] = self.rows(text)
        whole = torch.from_numpy(table)
        return {
            "words": whole[:, :, 0].clone(),
            "affixes": whole[:, :, 1:COLUMNS].clone(),
            "characters": whole[:, :, COLUMNS:].clone(),
            "lengths": torch.tensor(lengths),
        }

    def _row(self, token: str) -> list[int]:
        words, letters, prefixes, suffixes, shapes = self.vocabulary.indices
        plain = normalize_word(token)
        # Both ends of a long word are kept: chemical names differ at either.
        shown = token if len(token) <= LETTERS else token[: LETTERS // 2] + token[-LETTERS // 2 :]
        spelled = [letters.get(letter, 1) for letter in shown]
        return [
            words.get(plain, 1),
            *(prefixes.get(end, 1) for end in _ends(plain, 1)),
            *(suffixes.get(end, 1) for end in _ends(plain, -1)),
            shapes.get(word_shape(token), 1),
            *spelled,
            *([0] * (LETTERS - len(spelled))),
        ]


class CharacterCNN(nn.Module):
    """Embeds letters, convolves over them and keeps each filter's largest answer, or zero.

    Source:
        Ma and Hovy 2016, arXiv 1603.01354, section 2.1, with a rectifier before the maximum.
    """

    def __init__(self, letters: int, size: int = 25, filters: int = 50, width: int = 3) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters + 2, size, padding_idx=0)
        self.convolution = nn.Conv1d(size, filters, width, padding=width // 2)
        self.out_features = filters

    def forward(self, characters: Tensor) -> Tensor:
        """Map letter indices `(N, L)` to `(N, filters)`."""
        return torch.relu(self.convolution(self.letter(characters).transpose(1, 2)).amax(dim=2))


class TokenEmbedding(nn.Module):
    """One vector a token: trained word embedding, in-domain vector, letters, affixes and shape side by side.

    Attributes:
        out_features: Width D of what it returns.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        size: int = 100,
        vectors: NDArray[np.float32] | None = None,
        tuned: bool = False,
        characters: bool = True,
        affixes: bool = True,
    ) -> None:
        super().__init__()
        self.word = nn.Embedding(len(vocabulary.words) + 2, size, padding_idx=0)
        nn.init.uniform_(self.word.weight, -0.25, 0.25)
        self.vector = None
        self.out_features = size
        if vectors is not None:
            start = torch.from_numpy(np.concatenate((np.zeros((2, vectors.shape[1]), np.float32), vectors)))
            self.vector = nn.Embedding.from_pretrained(start, freeze=not tuned, padding_idx=0)
            self.out_features += vectors.shape[1]
        self.spelling = CharacterCNN(len(vocabulary.letters)) if characters else None
        reach = len(AFFIXES)
        tables = ((vocabulary.prefixes, reach), (vocabulary.suffixes, reach), (vocabulary.shapes, 1)) if affixes else ()
        self.parts = nn.ModuleList(nn.Embedding(len(table) + 2, 25, padding_idx=0) for table, _ in tables)
        self.spread = [reach for _, reach in tables]
        self.out_features += 25 * sum(self.spread) + (self.spelling.out_features if self.spelling is not None else 0)

    def forward(self, words: Tensor, affixes: Tensor, characters: Tensor) -> Tensor:
        """Map `TokenEncoder.batch`'s `(B, T)`, `(B, T, 7)` and `(B, T, 20)` to `(B, T, D)`."""
        found = [self.word(words)]
        if self.vector is not None:
            found.append(self.vector(words))
        if self.spread:
            for table, columns in zip(self.parts, affixes.split(self.spread, dim=2), strict=True):
                found.append(table(columns).flatten(2))
        if self.spelling is not None:
            flat = characters.flatten(0, 1)
            chosen, inverse = _distinct(flat)
            found.append(self.spelling(flat[chosen])[inverse].unflatten(0, words.shape))
        return torch.cat(found, dim=2)


def _distinct(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positions of U distinct rows and which of them each row is: a batch repeats most of its words."""
    # A polynomial in an odd multiplier, modulo 2^64; two words of a batch meet with a chance below 1e-12.
    powers = [pow(6364136223846793005, n, 1 << 64) for n in range(rows.shape[1])]
    weights = torch.tensor([p - (1 << 64) if p >= 1 << 63 else p for p in powers], device=rows.device)
    keys, inverse = torch.unique((rows * weights).sum(1), return_inverse=True)
    chosen = torch.empty_like(keys).scatter_(0, inverse, torch.arange(len(rows), device=rows.device))
    return chosen, inverse


def cooccurrence_vectors(
    texts: Iterable[Sequence[str]], vocabulary: Vocabulary, *, size: int = 100, window: int = 5
) -> NDArray[np.float32]:
    """Compute word vectors from the texts themselves, no download: positive PMI, then a truncated SVD.

    Args:
        texts: Training texts as tokens.
        vocabulary: Which words get a vector.
        size: Numbers a word, at most one below the number of words.
        window: Reach to either side; a neighbour at distance d counts 1/d.

    Returns:
        `(words, size)`, rows in the vocabulary's order, scaled to unit variance; zero where a word stood alone.

    Raises:
        DataError: Fewer than three words.

    Source:
        Levy, Goldberg and Dagan 2015, doi 10.1162/tacl_a_00134, section 3: context distribution smoothing 0.75,
        eigenvalue weighting 0.5.
    """
    from scipy.sparse import coo_matrix, diags
    from scipy.sparse.linalg import svds

    count = len(vocabulary.words)
    if count < 3:
        raise DataError(f"{count} words that stand at least twice: too few for word vectors; give more texts")
    index = vocabulary.indices[0]
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], float]] = []
    stream = np.concatenate([[index.get(normalize_word(t), 1) - 2 for t in text] + [-1] * window for text in texts])
    for distance in range(1, window + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left >= 0) & (right >= 0)
        parts.append((left[both], right[both], 1.0 / distance))
    rows = np.concatenate([side for left, right, _ in parts for side in (left, right)])
    columns = np.concatenate([side for left, right, _ in parts for side in (right, left)])
    weight = np.concatenate([np.full(2 * len(left), w) for left, _, w in parts])
    table = coo_matrix((weight, (rows, columns)), shape=(count, count)).tocsr()
    seen = np.asarray(table.sum(1)).ravel()
    smoothed = seen**0.75 / max((seen**0.75).sum(), 1e-12)
    table = table.tocoo()
    table.data = np.maximum(np.log(table.data / (seen[table.row] * smoothed[table.col])), 0.0)
    size_found = min(size, count - 1)
    u, s, _ = svds(table.tocsr(), k=size_found, v0=np.ones(count), solver="arpack")
    found = np.zeros((count, size), np.float32)
    found[:, :size_found] = (u @ diags(np.sqrt(s)))[:, ::-1]
    return found / max(float(found.std()), 1e-6)


def pack_vectors(vectors: NDArray[np.float32]) -> dict[str, Any]:
    """Write vectors as JSON values, half precision in base64."""
    data = base64.b64encode(vectors.astype("<f2").tobytes()).decode("ascii")
    return {"shape": list(vectors.shape), "float16": data}


def unpack_vectors(packed: Mapping[str, Any]) -> NDArray[np.float32]:
    """Read what `pack_vectors` wrote."""
    flat = np.frombuffer(base64.b64decode(packed["float16"]), "<f2")
    return flat.reshape(packed["shape"]).astype(np.float32)
