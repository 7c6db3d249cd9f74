"""Values that come as counts, and the percentiles they make."""

from collections.abc import Mapping

from sqlalchemy import Subquery, TableValuedAlias, func, select

from domo_insights.queries.buckets import NUMBER


def percentiles(
    counted: TableValuedAlias | Subquery, parts: Mapping[str, float], by: str = NUMBER
) -> Subquery:
    """A row for each `by` of `counted`, which has a row (value, n) for each value of it.

    Columns: `by`; total, how many values there are; under the names of `parts` the smallest value
    such that at least that part of the values are not above it.
    """
    group, value, n = counted.c[by], counted.c.value, counted.c.n
    ranked = select(
        group,
        value,
        n,
        func.sum(n).over(partition_by=group, order_by=value).label("upto"),
        func.sum(n).over(partition_by=group).label("total"),
    ).subquery(f"{counted.name}_ranked")
    reached = {
        name: func.min(ranked.c.value).filter(
            ranked.c.upto >= part * ranked.c.total, ranked.c.n > 0
        )
        for name, part in parts.items()
    }
    return (
        select(
            ranked.c[by],
            func.sum(ranked.c.n).label("total"),
            *(found.label(name) for name, found in reached.items()),
        )
        .group_by(ranked.c[by])
        .subquery(f"{counted.name}_percentiles")
    )
