"""Text to vector. One protocol, two makers: a local model that needs no network, and OpenAI."""

from domo_insights.embedding.models import (
    MODELS,
    default_model,
    dimensions_of,
    embedder_for,
    is_known,
    warm,
)
from domo_insights.embedding.protocol import DIMENSIONS, Embedder, Vectors, chunk_text

__all__ = [
    "DIMENSIONS",
    "MODELS",
    "Embedder",
    "Vectors",
    "chunk_text",
    "default_model",
    "dimensions_of",
    "embedder_for",
    "is_known",
    "warm",
]
