"""What an embedding model is to everybody else."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 1536
"""The width of the database's column; narrower models are padded with zeros, which leaves every
cosine as it was."""

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """A model that turns text into vectors. Vectors of two models do not compare."""

    @property
    def name(self) -> str:
        """What is stored with each vector."""
        ...

    @property
    def dimensions(self) -> int:
        """How many of the columns of `embed` can be other than zero."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of DIMENSIONS per text, of length 1, in their order. May be used by several
        threads at once. Raises: EmbeddingError."""
        ...


def chunk_text(content: str, question: str | None, answer: str | None) -> str:
    """What of a chunk is embedded: question and answer where both are there, else the content."""
    if question and question.strip() and answer and answer.strip():
        return f"{question.strip()}\n{answer.strip()}"
    return content


def readable(text: str) -> str:
    """`text` without what no model reads: NUL and halves of surrogate pairs."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def unit(vectors: Vectors) -> Vectors:
    """Rows brought to length 1 and padded to DIMENSIONS; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    padded = np.zeros((len(vectors), DIMENSIONS), np.float32)
    padded[:, : vectors.shape[1]] = vectors / np.maximum(lengths, 1e-12)
    return padded
