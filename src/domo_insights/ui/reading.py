"""Where somebody reads on the page of conversations: which half of it is open, which conversation,
and behind which mark. It is in the URL, so that the way back leads to the same place."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from domo_insights.errors import WrongUseError
from domo_insights.queries.conversations_behind import EVERY, ConversationMark
from domo_insights.ui import filters
from domo_insights.ui.plain import plain

NUMBERS: Final = "How they talk"
READING: Final = "Search and read"
CONVERSATION: Final = "conversation"
BEHIND: Final = "behind"
PAGE: Final = "page"
WORDS: Final = "said"
_AT: Final = "at"
_PART: Final = "part"
_TURNED: Final = "_turned"


def tabs() -> Any:
    """The two halves of the page; what is in the URL decides which is open when it changes."""
    reads()
    return st.tabs([NUMBERS, READING], key=_PART, on_change="rerun")


def reads() -> bool:
    """Whether the half with the rows is open."""
    named, arrived = _named(), filters.arrived()
    if arrived or st.session_state.get(_TURNED) != named:
        st.session_state[_TURNED] = named
        listed = arrived and (PAGE in st.query_params or WORDS in st.query_params)
        st.session_state[_PART] = READING if any(named) or listed else NUMBERS
    return bool(st.session_state.get(_PART) == READING)


def chosen() -> str:
    """The conversation that the URL names; empty when it names none."""
    return plain(st.query_params.get(CONVERSATION, ""))


def mark() -> ConversationMark:
    """The mark that the URL names; one that narrows nothing if it names none."""
    try:
        return ConversationMark.parse(str(st.query_params.get(BEHIND, "")))
    except WrongUseError:
        return EVERY


def choose(conversation_id: str, at: str = "") -> None:
    """Open this one, below the rows `at`, or beside them; for a callback."""
    st.query_params.update({CONVERSATION: conversation_id} | ({_AT: at} if at else {}))


def chosen_at(key: str) -> str:
    """The conversation that was opened from the rows `key`; empty if none was."""
    return chosen() if st.query_params.get(_AT) == key else ""


def pick(marks: list[ConversationMark]) -> Callable[[int, int | None], None]:
    """What a chart with these marks in its order does when one is selected: show its rows."""

    def picked(number: int, _curve: int | None) -> None:
        st.query_params.pop(CONVERSATION, None)
        st.query_params[BEHIND] = str(marks[number])

    return picked


def show(rows: Mapping[str, str]) -> None:
    """Open the rows that a link to this page would name, the numbers if it names none; for a
    callback."""
    if PAGE in rows or not rows:
        st.session_state[_PART] = READING if rows else NUMBERS
    else:
        st.query_params.update(rows)


def close() -> None:
    """Open no conversation and stay with the rows; for a callback."""
    _without(_AT)
    _without(CONVERSATION)


def forget() -> None:
    """Show all rows again; for a callback."""
    _without(BEHIND)


def _without(parameter: str) -> None:
    st.query_params.pop(parameter, None)
    st.session_state[_TURNED] = _named()


def _named() -> tuple[str, ...]:
    return tuple(str(st.query_params.get(name, "")) for name in (CONVERSATION, BEHIND))
