"""Words of others inside a figure. Plotly reads tags in every text, so they must not be any."""

from html import escape
from textwrap import wrap
from typing import Final

LONGEST: Final = 34


def word(text: object, longest: int = LONGEST) -> str:
    """`text` as a figure may hold it: one short line without tags."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    short = escape(line if len(line) <= longest else line[: longest - 1] + "…")
    return short.replace("%{", "%&#123;")  # nor a value that a hover text asks for


def two_lines(text: object, width: int) -> str:
    """`text` the same way on at most two lines of about `width` characters."""
    first, *rest = wrap(" ".join(str(text).split()), width) or [""]
    return "<br>".join(word(line, width) for line in (first, " ".join(rest)) if line)
