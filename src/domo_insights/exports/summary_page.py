"""Summaries as pages: HTML that prints well, without scripts, and Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from domo_insights.exports.summary import Summary
from domo_insights.settings import current

LOOK: Final = Path(__file__).parent / "look"
_HEIGHT: Final = 120
_WIDTH: Final = 640
_templates = Environment(
    loader=FileSystemLoader(LOOK),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def as_html(summaries: Sequence[Summary], *, alone: bool = False) -> str:
    """A page per summary; `alone` carries its look inside, for a file."""
    inside = Markup(style()) if alone else ""  # noqa: S704 our own file
    return _templates.get_template("summary.html").render(
        summaries=summaries,
        inside=inside,
        prefix=current().prefix,
        bars=bars,
        width=_WIDTH,
        height=_HEIGHT,
    )


def as_markdown(summaries: Sequence[Summary]) -> str:
    """A chapter per summary."""
    return _templates.get_template("summary.md").render(summaries=summaries, cell=_cell)


def style() -> str:
    """The style sheet."""
    return (LOOK / "summary.css").read_text(encoding="utf-8")


def bars(summary: Summary) -> list[tuple[float, float, float, float, str]]:
    """The chart of conversations: x, y, width, height and the words of each bar."""
    most = max(summary.bars, default=0) or 1
    step = _WIDTH / max(len(summary.bars), 1)
    return [
        (
            round(number * step, 2),
            round(_HEIGHT * (1 - value / most), 2),
            round(step * 0.78, 2),
            round(_HEIGHT * value / most, 2),
            f"{label}: {value}",
        )
        for number, (label, value) in enumerate(zip(summary.buckets, summary.bars, strict=True))
    ]


def _cell(text: object) -> str:
    """`text` as a cell of a Markdown table, in which nothing acts as mark-up."""
    said = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#!|~$&" else c for c in said)
