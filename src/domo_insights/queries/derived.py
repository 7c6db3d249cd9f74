"""Questions that are answered from the frame of another one, which is then asked once for all."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection

from domo_insights.period import Period

Question = Callable[..., pd.DataFrame]
Making = Callable[[pd.DataFrame, Period], pd.DataFrame]


class Derivation(NamedTuple):
    """The question whose frame is needed, and what makes the answer of it and of the period."""

    base: Question
    make: Making


_derivations: Final[dict[Question, Derivation]] = {}


def derived(base: Question) -> Callable[[Making], Question]:
    """The decorated function takes the frame of `base` and the period it was asked for; what comes
    out is a question that is asked like any other."""

    def decorate(make: Making) -> Question:
        @wraps(make)
        def question(
            conn: Connection,
            period: Period,
            demo_id: UUID | None = None,
            include_test: bool = False,
        ) -> pd.DataFrame:
            return make(base(conn, period, demo_id, include_test), period)

        del question.__wrapped__  # its signature is not this one's
        question.__annotations__ = inspect.get_annotations(base)
        _derivations[question] = Derivation(base, make)
        return question

    return decorate


def derivation_of(question: Question) -> Derivation | None:
    """What `question` is derived from; nothing if it asks the database itself."""
    return _derivations.get(question)
