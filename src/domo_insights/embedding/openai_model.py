"""OpenAI's embeddings over HTTP. The key goes into the request's header and nowhere else."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx
import numpy as np
from pydantic import SecretStr

from domo_insights.embedding.protocol import DIMENSIONS, Vectors, readable, unit
from domo_insights.errors import EmbeddingError

NAMES: Final = ("text-embedding-3-small", "text-embedding-ada-002")
_BYTES: Final = 8_191
"""The longest input has so many tokens, and no token is shorter than a byte."""
_TOGETHER: Final = 32
"""Inputs per request: even the longest stay below what one request may hold."""
_TRIES: Final = 5
_LONGEST_WAIT: Final = 20.0
_TIMEOUT: Final = httpx.Timeout(30, connect=10)


class OpenAIModel:
    """One of NAMES. `pause` waits some seconds, and is there for tests."""

    dimensions = DIMENSIONS

    def __init__(
        self, name: str, key: SecretStr, base: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.name = name
        self._key, self._base, self._pause = key, base.rstrip("/"), pause

    def embed(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), DIMENSIONS), np.float32)
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        with httpx.Client(headers=headers, timeout=_TIMEOUT) as client:
            for first in range(0, len(texts), _TOGETHER):
                part = [_shortened(text) for text in texts[first : first + _TOGETHER]]
                found[first : first + len(part)] = self._asked(client, part)
        return unit(found)

    def _asked(self, client: httpx.Client, texts: list[str]) -> Vectors:
        body = {"model": self.name, "input": texts, "encoding_format": "float"}
        problem = EmbeddingError()
        for turn in range(_TRIES):
            try:
                answer = client.post(f"{self._base}/embeddings", json=body)
            except httpx.HTTPError as error:
                problem = EmbeddingError(
                    f"OpenAI cannot be reached ({type(error).__name__}).",
                    hint="Check the network and OPENAI_BASE_URL, then try again.",
                )
                wait = None
            else:
                if answer.status_code == httpx.codes.OK:
                    return _vectors(answer, len(texts))
                problem = _refusal(answer)
                if not _may_pass(answer):
                    raise problem
                wait = answer.headers.get("retry-after")
            if turn + 1 < _TRIES:
                self._pause(_seconds(turn, wait))
        raise problem


def _shortened(text: str) -> str:
    cut = readable(text).encode()[:_BYTES].decode("utf-8", "ignore")
    return cut if cut.strip() else "."  # an empty input is refused


def _seconds(turn: int, asked: str | None) -> float:
    """Twice as long each time, and not all at once: many may have been refused together."""
    try:
        wished = float(asked) if asked else 0.0
    except ValueError:
        wished = 0.0
    grown: float = 0.5 * 2.0**turn * random.uniform(0.8, 1.2)  # noqa: S311
    return min(max(wished, grown), _LONGEST_WAIT)


def _may_pass(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return _code(answer) != "insufficient_quota"
    return answer.status_code >= 500 or answer.status_code in (408, 409)


def _refusal(answer: httpx.Response) -> EmbeddingError:
    match answer.status_code:
        case 401 | 403:
            return EmbeddingError(
                f"OpenAI refuses the key ({answer.status_code}).",
                hint="Check OPENAI_API_KEY and what it may do.",
            )
        case 429 if _code(answer) == "insufficient_quota":
            return EmbeddingError(
                "The OpenAI account has no quota left (429).", hint="Check its plan and billing."
            )
        case 429:
            return EmbeddingError(
                "OpenAI asks to slow down (429).", hint="Wait a minute and try again."
            )
        case status if status >= 500:
            return EmbeddingError(
                f"OpenAI is in trouble ({status}).", hint="Try again in a few minutes."
            )
        case status:
            return EmbeddingError(
                f"OpenAI refuses the request ({status}).",
                hint="Check OPENAI_BASE_URL and the name of the model.",
            )


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _vectors(answer: httpx.Response, count: int) -> Vectors:
    """The vectors of an answer in the order they were asked for, or not at all."""
    try:
        data: Any = answer.json()["data"]
        ordered = {int(row["index"]): row["embedding"] for row in data}
        vectors = np.array([ordered[number] for number in range(count)], np.float32)
        sound = vectors.shape == (count, DIMENSIONS) and bool(np.isfinite(vectors).all())
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        sound = False
    if not sound or not np.linalg.norm(vectors, axis=1).all():
        raise EmbeddingError(
            "OpenAI answered with something that is no embedding.",
            hint="Check OPENAI_BASE_URL: another service may be answering there.",
        )
    return vectors
