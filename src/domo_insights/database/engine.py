"""One pool per database address."""

import threading

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from domo_insights.errors import ConfigError

POOL_SIZE = 5
OVERFLOW = 10


# A server that vanished without a word, as in a failover, is given up after about 20 seconds and
# not after the kernel's two hours.
_GONE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}


def address(url: str) -> URL:
    """`url` for the psycopg driver. Raises: ConfigError, without repeating the address."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "The database address cannot be read.",
            hint="It looks like postgresql://user:password@host:5432/postgres.",
        ) from None
    if parsed.get_backend_name() not in {"postgres", "postgresql"}:
        raise ConfigError("The database address is not one of Postgres.")
    return parsed.set(drivername="postgresql+psycopg")


_engines: dict[str, Engine] = {}
_guard = threading.Lock()


def engine_for(url: str) -> Engine:
    """The pool of `url`. Nothing is prepared, so that a transaction-mode pooler can serve it."""
    with _guard:
        if url not in _engines:
            _engines[url] = _made(url)
        return _engines[url]


def close_engine(url: str) -> None:
    """Close the connections of `url` and forget its pool, where there is one."""
    with _guard:
        engine = _engines.pop(url, None)
    if engine is not None:
        engine.dispose()


def _made(url: str) -> Engine:
    return create_engine(
        address(url),
        pool_size=POOL_SIZE,
        max_overflow=OVERFLOW,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "prepare_threshold": None,
            "connect_timeout": 10,
            "application_name": "domo-insights",
            **_GONE,
        },
    )
