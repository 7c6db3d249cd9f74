"""Why something is shown, in words: the same on the pages, in the summary and in the digest."""

from typing import Any, Final

from domo_insights import metrics
from domo_insights.intervals import newcombe
from domo_insights.metrics import THIN

TITLES: Final = {
    "went_quiet": "Went quiet",
    "negative_share_rose": "Negative share rose",
    "handler_slow": "Webhook handler is slow",
    "videos_failed": "Video failed",
    "coverage_fell": "Coverage fell",
    "chunks_unembedded": "Not embedded",
}


def need(row: Any) -> str:
    """A row of `attention.needs`, with its numbers."""
    match row.rule:
        case "went_quiet":
            said = "No conversation in the last 7 days,"
            return f"{said} {row.before:,.0f} in the 28 days before."
        case "negative_share_rose":
            share = metrics.NEGATIVE_SHARE
            low, high = _interval(row)
            return (
                f"Negative share {share.text(row.now)}, was {share.text(row.before)}:"
                f" up by {low:.1f} to {high:.1f}{THIN}pp (95{THIN}% interval)."
            )
        case "handler_slow":
            return (
                f"Handler time p95 {row.now:,.0f}{THIN}ms over {row.now_cases:,} events,"
                f" the limit is {row.before:,.0f}{THIN}ms."
            )
        case "coverage_fell":
            text = metrics.NEGATIVE_SHARE.text
            return (
                f"Knowledge coverage {text(row.now)} of {row.now_cases:,} replayed questions,"
                f" was {text(row.before)} of {row.before_cases:,}."
            )
        case "videos_failed":
            return f"{_number(row.now, 'video')} failed to process."
        case _:
            return f"{_number(row.now, 'chunk')} without embedding: no search finds them."


def to_read(row: Any) -> str:
    """A row of `read_next.ranked`: the reasons to read it."""
    found = []
    if row.missed_moments:
        found.append(_number(row.missed_moments, "missed moment"))
    if row.confident_misses:
        found.append(_number(row.confident_misses, "confident miss", "confident misses"))
    if row.unhappy_end:
        found.append("unhappy end")
    if row.unusually_long:
        found.append(f"{row.messages} messages, more than in 95{THIN}% of them")
    words = ", ".join(found)
    return words[:1].upper() + words[1:]


def _interval(row: Any) -> tuple[float, float]:
    now, before = int(row.now_cases), int(row.before_cases)
    low, high = newcombe(round(row.now * now), now, round(row.before * before), before)
    return low * 100, high * 100


def _number(count: float, one: str, many: str = "") -> str:
    return f"{count:,.0f} {one if count == 1 else many or one + 's'}"
