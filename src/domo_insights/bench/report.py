"""The result of a bench for people and for programs."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from domo_insights.bench.figures import FIGURES

_WIDE = 140


def as_json(found: dict[str, Any]) -> str:
    """Every figure has a key at the top, null where it was not measured."""
    figures = {figure.key: _rounded(found.get(figure.key)) for figure in FIGURES}
    goals = {figure.key: figure.reached(found.get(figure.key)) for figure in FIGURES}
    return json.dumps(found | figures | {"reached": goals}, indent=2, default=str)


def show(found: dict[str, Any]) -> None:
    """Print tables."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    run = found["run"]
    console.print(
        f"{run['messages']:,} messages, {run['events']:,} events (scale {run['scale']:g}),"
        f" Postgres {run['postgres']}, {run['cores']} cores"
    )
    if "pages" in found:
        console.print(_pages(found["pages"]))
        console.print(_documented(found))
    console.print(_figures(found))


def _figures(found: dict[str, Any]) -> Table:
    table = Table("figure", "what", title="Figures; the goals are those of scale 1")
    for heading in ("value", "goal", "reached"):
        table.add_column(heading, justify="right")
    for figure in FIGURES:
        if figure.key in found:
            value = found[figure.key]
            reached = {None: "", True: "yes", False: "no"}[figure.reached(value)]
            shown = "not measured" if value is None else f"{_rounded(value):,} {figure.unit}"
            table.add_row(figure.key, figure.says, shown, figure.goal, reached)
    return table


def _pages(cells: list[dict[str, Any]]) -> Table:
    table = Table("viewer", "zone", "page", title="Database time of all queries, ms (p95)")
    periods = list(dict.fromkeys(cell["period"] for cell in cells))
    for period in periods:
        table.add_column(period, justify="right")
    table.add_column("queries", justify="right")
    table.add_column("slowest at the longest")
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for cell in cells:
        rows.setdefault((cell["viewer"], cell["zone"], cell["page"]), {})[cell["period"]] = cell
    for names, own in rows.items():
        last = own[max(own, key=periods.index)]
        slowest = last["slowest"][0] if last["slowest"] else None
        table.add_row(
            *names,
            *(_cell(own.get(period)) for period in periods),
            str(last["queries"]),
            f"{slowest['query']} {slowest['ms']:.0f}" if slowest else "",
        )
    return table


def _cell(cell: dict[str, Any] | None) -> str:
    if cell is None:
        return ""
    took = cell["database_ms"]
    failed = f" {len(cell['failed'])} failed" if cell["failed"] else ""
    return f"{took['median']:.0f} ({took['p95']:.0f}){failed}"


def _documented(found: dict[str, Any]) -> Table:
    table = Table("page", "question", title="As documented, 90 days, heaviest owner")
    for heading in ("ms", "times asked"):
        table.add_column(heading, justify="right")
    for asked in found["documented"]:
        more = "> " if asked["at_least"] else ""
        table.add_row(
            asked["page"], asked["question"], f"{more}{asked['ms']['median']:,.0f}",
            str(asked["asked"]),
        )  # fmt: skip
    for page, ratio in found["ratios_to_documented"].items():
        table.add_row(page, "[b]all of them against the whole page[/b]", f"{ratio:,.1f} ×", "")
    return table


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
