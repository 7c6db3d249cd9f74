"""The figures that speed is judged by: what each is, in which unit, and what is to be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the report. `most` or `least` is what it should reach, at scale 1."""

    key: str
    says: str
    unit: str
    most: float | None = None
    least: float | None = None

    def reached(self, value: float | None) -> bool | None:
        """None where it was not measured, or nothing is asked of it."""
        if value is None or (self.most is None and self.least is None):
            return None
        return not (
            (self.most is not None and value > self.most)
            or (self.least is not None and value < self.least)
        )

    @property
    def goal(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""


FIGURES: Final = (
    Figure("page_30d_ms", "slowest page, heaviest owner, 30 days, all queries", "ms", most=60),
    Figure("page_90d_ms", "slowest page, heaviest owner, 90 days, all queries", "ms", most=150),
    Figure("webhooks_30d_ms", "Webhooks, heaviest owner, 30 days", "ms", most=150),
    Figure("webhooks_90d_ms", "Webhooks, heaviest owner, 90 days", "ms", most=350),
    Figure("ratio_to_documented", "times faster than as documented, 90 days", "×", least=100),
    Figure("webhooks_ratio_to_documented", "Webhooks, the same", "×", least=20),
    Figure("ten_times_rows", "cost of ten times the rows, slowest page, 90 days", "×", most=2.5),
    Figure("ingest_ratio_25", "maintained against bare inserts, batches of 25", "", least=0.8),
    Figure("ingest_ratio_5000", "maintained against bare inserts, batches of 5,000", "", least=0.8),
    Figure("file_events_per_second", "events a second from a file", "/s", least=2000),
    Figure("http_events_per_second", "events a second over HTTP, one process", "/s", least=200),
    Figure("refresh_busy_day_s", "refresh after 10,000 new rows of one day", "s", most=1),
    Figure("search_ms", "knowledge search, largest knowledge base, median", "ms"),
    Figure("text_search_ms", "search in messages, heaviest owner, 90 days, median", "ms"),
    Figure("first_page_s", "`up` to the first page, warm disk", "s", most=3),
    Figure("page_cold_ms", "navigation to the last chart, first time in this process", "ms"),
    Figure("page_warm_ms", "navigation to the last chart, again", "ms", most=1000),
    Figure("filter_change_ms", "filter change to the last chart", "ms", most=500),
    Figure("fresh_on_page_s", "a new event counts on an open page after", "s", most=3),
    Figure("storm_last_tab_s", "10 events a second: the last of ten tabs is right", "s", most=3),
    Figure("sessions_25_p95_ms", "25 people, 10 s think time, p95", "ms"),
    Figure("sessions_50_p95_ms", "50 people, 10 s think time, p95", "ms", most=1000),
    Figure("sessions_50_errors", "errors among them", "", most=0),
    Figure("memory_per_session_mb", "memory per session", "MB"),
    Figure("idle_page_core_percent", "an idle open page", "% of a core", most=1),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Several measurements of one thing, in one unit."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def p95(self) -> float:
        """The smallest value that at least 95 % of them do not exceed."""
        ordered = sorted(self.values)
        return ordered[-(-len(ordered) * 95 // 100) - 1]

    def as_json(self) -> dict[str, Any]:
        return {"median": round(self.median, 3), "p95": round(self.p95, 3), "n": len(self.values)}
