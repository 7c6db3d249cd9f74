"""What a webhook carried: pretty, searchable, long texts folded, and only ever text."""

import json
from collections.abc import Iterator
from typing import Any, Final

import streamlit as st

from domo_insights.metrics import THIN
from domo_insights.ui.plain import plain

FOLDED: Final = 160
"""Characters of a text that are shown before it is unfolded."""
MOST_LINES: Final = 400


def viewer(payload: object, *, key: str) -> None:
    """Show `payload`, with a search over its names and values."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_tools"):
        wanted = st.text_input(
            "Search in the payload", key=f"{key}_search", icon=":material/search:"
        )
        whole = st.toggle("Long texts in full", key=f"{key}_whole")
    lines = found(payload, wanted) if wanted else pretty(payload, None if whole else FOLDED)
    if wanted and not whole:
        lines = [fold(line, FOLDED * 2) for line in lines]
    if not lines:
        st.write("Nothing in it matches.")
        return
    st.code(
        "\n".join(lines[:MOST_LINES]), language="json", wrap_lines=True, line_numbers=not wanted
    )
    if len(lines) > MOST_LINES:
        st.caption(f"{len(lines) - MOST_LINES} more lines. Search to find them.")
    elif wanted:
        st.caption(f"{len(lines)} of its values match.")


def pretty(payload: object, longest: int | None = FOLDED) -> list[str]:
    """The lines of `payload` as JSON, each text cut after `longest` characters."""
    text = json.dumps(_folded(payload, longest), indent=2, ensure_ascii=False, default=str)
    return [plain(line) for line in text.split("\n")]


def found(payload: object, wanted: str) -> list[str]:
    """`name.of[0].it: value` of every value whose name or text holds `wanted`, in any case."""
    sought = wanted.casefold()
    lines = (f"{path}: {json.dumps(value, ensure_ascii=False, default=str)}"
             for path, value in _leaves(payload, ""))  # fmt: skip
    return [plain(line) for line in lines if sought in line.casefold()]


def fold(text: str, longest: int) -> str:
    """`text`, cut, with the number of characters that are left out."""
    left_out = len(text) - longest
    return text if left_out <= 0 else f"{text[:longest]} … {left_out:,} more".replace(",", THIN)


def _folded(value: Any, longest: int | None) -> Any:
    match value:
        case str() if longest is not None:
            return fold(value, longest)
        case dict():
            return {fold(str(k), FOLDED): _folded(v, longest) for k, v in value.items()}
        case list():
            return [_folded(v, longest) for v in value]
    return value


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    match value:
        case dict() if value:
            for name, part in value.items():
                yield from _leaves(part, f"{path}.{name}" if path else str(name))
        case list() if value:
            for number, part in enumerate(value):
                yield from _leaves(part, f"{path}[{number}]")
        case _:
            yield path, value
