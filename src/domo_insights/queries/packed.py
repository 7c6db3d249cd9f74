"""What is kept packed: the elements of arrays, and percentiles of values that come as counts."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, TableValuedAlias, column, func, select

from domo_insights.queries.buckets import NUMBER


def elements(array: ColumnElement[Any], name: str) -> TableValuedAlias:
    """A row for each element of `array`, in the column `value`; to be joined to its table."""
    kind = array.type.item_type  # type: ignore[attr-defined]
    return func.unnest(array).table_valued(column("value", kind), name=name).render_derived()


def cumulated(counts: FromClause) -> CTE:
    """`counts`, a row (number, value, n) per value of each number, with how many of the values of
    that number are not above this one (`upto`) and how many there are at all (`total`)."""
    number, value, n = counts.c[NUMBER], counts.c.value, counts.c.n
    return select(
        *counts.c,
        func.sum(n).over(partition_by=number, order_by=value).label("upto"),
        func.sum(n).over(partition_by=number).label("total"),
    ).cte("cumulated")


def percentile(part: float, counted: CTE) -> ColumnElement[Any]:
    """The smallest value such that at least `part` of the values are not above it."""
    reached = counted.c.upto >= part * counted.c.total
    return func.min(counted.c.value).filter(reached, counted.c.n > 0)
