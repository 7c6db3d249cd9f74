"""Which models there are, and the one to use when nobody says."""

from functools import lru_cache
from threading import Thread
from typing import Final

from domo_insights import settings
from domo_insights.embedding.local_model import NAME as LOCAL
from domo_insights.embedding.local_model import LocalModel
from domo_insights.embedding.openai_model import NAMES as OPENAI
from domo_insights.embedding.openai_model import OpenAIModel
from domo_insights.embedding.protocol import DIMENSIONS, Embedder
from domo_insights.errors import ConfigError, EmbeddingError

MODELS: Final = (LOCAL, *OPENAI)
"""Names as they are stored with the vectors."""


def is_known(name: str | None) -> bool:
    """Whether questions can be embedded by the model of this name, settings allowing."""
    return name in MODELS


def dimensions_of(name: str) -> int:
    """How many of the columns of that model's vectors can be other than zero."""
    return LocalModel.dimensions if name == LOCAL else DIMENSIONS


def default_model() -> str:
    """The model of new chunks where a demo has none yet. Raises: ConfigError."""
    return _full_name(settings.current().insights_embedding_model)


def embedder_for(name: str | None = None) -> Embedder:
    """The model of that name, or the default; `local` is short for the one that needs no network.

    Raises: ConfigError when it needs a key that is not set, EmbeddingError when nobody knows it.
    """
    chosen = _full_name(name) if name else default_model()
    if chosen == LOCAL:
        return _local()
    if chosen not in OPENAI:
        raise EmbeddingError(
            "This application does not know the embedding model of that name.",
            hint=f"It knows {', '.join(MODELS)}.",
        )
    found = settings.current()
    if not found.openai_api_key:
        raise ConfigError(
            f"OPENAI_API_KEY is not set, and {chosen} needs it.",
            hint="Set it, or embed the chunks again with the local model.",
        )
    return OpenAIModel(chosen, found.openai_api_key, found.openai_base_url)


def warm() -> None:
    """Load the local model in the background, so that the first question does not wait for it."""
    Thread(target=_loaded, name="load embedding model", daemon=True).start()


def _loaded() -> None:
    try:
        _local().load()
    except EmbeddingError:
        return  # whoever asks it is told


@lru_cache(maxsize=1)
def _local() -> LocalModel:
    return LocalModel()


def _full_name(name: str) -> str:
    return LOCAL if name.strip().lower() == "local" else name.strip()
