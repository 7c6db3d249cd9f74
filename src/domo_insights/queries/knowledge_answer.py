"""From a question in words to chunks, with what the model of the demo's chunks makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection

from domo_insights.embedding import embedder_for, is_known
from domo_insights.errors import DomoInsightsError
from domo_insights.queries import knowledge
from domo_insights.queries.knowledge import Mode, Vector

FALLBACK: Final = 0.7
"""The threshold of a model that has none of its own."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a demo's knowledge is like. `model` embedded most of its chunks; only they can be found
    by meaning. None: there is none that this application knows."""

    chunks: int
    model: str | None
    searchable: int
    threshold: float
    without: int
    others: dict[str, int]

    @property
    def obstacle(self) -> str:
        """Why nothing, or not everything, can be found by meaning; empty when all can."""
        if not self.chunks:
            return "This demo has no knowledge yet."
        if self.model is None and self.others:
            names = ", ".join(sorted(self.others))
            return f"The chunks were embedded by {names}, which is not known here."
        if self.model is None:
            return "No chunk has an embedding yet, so that only words can be searched."
        left = self.without + sum(self.others.values())
        if left:
            return f"{left:,} of {self.chunks:,} chunks have no embedding by {self.model}."
        return ""


def knowledge_of(overview: pd.DataFrame) -> Knowledge:
    """`knowledge.overview` of one demo in one value."""
    named = overview[overview["model"].notna()]
    counts = {str(name): int(n) for name, n in zip(named["model"], named["chunks"], strict=True)}
    total = int(overview["chunks"].sum())
    model = next((name for name in counts if is_known(name)), None)
    limits = dict(zip(named["model"], named["threshold"], strict=True))
    limit = limits.get(model)
    return Knowledge(
        chunks=total,
        model=model,
        searchable=counts.get(model, 0) if model else 0,
        threshold=float(limit) if limit is not None and limit == limit else FALLBACK,
        without=total - sum(counts.values()),
        others={name: count for name, count in counts.items() if name != model},
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """Results, and how they came about. `note` says why there are fewer than asked for, `problem`
    why the model could not be asked; times are seconds."""

    results: pd.DataFrame
    knowledge: Knowledge
    mode: Mode
    k: int
    threshold: float
    note: str
    problem: str
    vector: Vector | None
    embedding_seconds: float
    database_seconds: float

    @property
    def searched(self) -> int:
        """Chunks that were looked at."""
        if self.mode is Mode.VECTOR:
            return self.knowledge.searchable
        return self.knowledge.chunks


def embedded(text: str, model: str | None) -> Vector | None:
    """The question's vector. Raises: EmbeddingError, ConfigError."""
    return embedder_for(model).embed([text])[0] if model else None


Embed = Callable[[str, str | None], Vector | None]


def answer(
    conn: Connection,
    demo_id: UUID,
    text: str,
    mode: Mode | str = Mode.HYBRID,
    k: int = 5,
    threshold: float | None = None,
    embed: Embed = embedded,
) -> Answer:
    """Search the demo's knowledge; the threshold is the model's unless another is given.

    When the model cannot be asked, words alone are searched and `problem` says so.
    Raises: DatabaseError; NotAllowedError for the product team.
    """
    mode, begun = Mode(mode), perf_counter()
    known = knowledge_of(knowledge.overview(conn, demo_id))
    limit = known.threshold if threshold is None else threshold
    counted = perf_counter()
    vector, problem = _vector_or_problem(embed, text, known.model)
    made = perf_counter()
    asked = (conn, demo_id, vector, text, mode, k)
    found, note = knowledge.search(*asked, limit, known.model), ""
    if len(found) < k:
        within = knowledge.search(*asked, None, known.model)
        note = _shortfall(k, len(found), within, mode, limit, known)
    done = perf_counter()
    return Answer(
        found,
        known,
        mode,
        k,
        limit,
        note,
        problem,
        vector,
        made - counted,
        done - made + counted - begun,
    )


def _vector_or_problem(embed: Embed, text: str, model: str | None) -> tuple[Vector | None, str]:
    try:
        return embed(text, model), ""
    except DomoInsightsError as failure:
        return None, f"{failure} {failure.hint} Only words were searched.".strip()


def _shortfall(
    k: int, got: int, within: pd.DataFrame, mode: Mode, limit: float, known: Knowledge
) -> str:
    """Why fewer than `k` came; `within` is what would have come without a threshold."""
    why = []
    below = within["similarity"].dropna()
    below = below[below < limit]
    if mode is not Mode.TEXT and len(below):
        why.append(
            f"{len(below)} more {'is' if len(below) == 1 else 'are'} below the threshold of"
            f" {limit:g}, the nearest at {below.max():.2f}"
        )
    if len(within) < k:
        if not known.chunks:
            why.append("this demo has no knowledge yet")
        elif mode is Mode.TEXT:
            why.append("no other chunk has a word of the question")
        elif known.obstacle:
            why.append(known.obstacle[0].lower() + known.obstacle[1:].rstrip("."))
        else:
            why.append(f"there are only {known.chunks:,} chunks")
    return f"Asked for {k}, got {got}: {'; '.join(why)}."
