"""Asks, as the viewer, for rows that are not theirs. Every answer has to be nothing.

The ids that are asked for are those of others' demos filled up with ids made up on the spot, always
as many: neither the number nor the answer says whether one of them exists.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine, column, func, select, table

from domo_insights.database import catalogs
from domo_insights.database.doors import maintaining, reading
from domo_insights.database.tables import demos
from domo_insights.errors import NotAllowedError
from domo_insights.viewer import Viewer

IDS: Final = 20
_OTHERS_ROWS: Final = "rows of others"
_WORDS: Final = "columns with words"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that was tried. `held`: nothing came back, as it has to be."""

    what: str
    table: str
    held: bool


def self_test(engine: Engine, viewer: Viewer) -> list[Probe]:
    """Try every table the viewer may read: an owner for rows of other owners' demos, the product
    team for the columns that are withheld. Raises: DatabaseError."""
    if viewer.product_team:
        return _withheld(engine, viewer)
    with maintaining(engine) as conn:
        known = select(demos.c.id).where(demos.c.user_id != viewer.user_id)
        others = list(conn.scalars(known.order_by(func.random()).limit(IDS)))
    wanted = [*others, *(uuid4() for _ in range(IDS - len(others)))]
    with reading(engine, viewer) as conn:
        return [
            Probe(_OTHERS_ROWS, f"{schema}.{name}", not conn.scalar(_count(schema, name, wanted)))
            for schema, name, rule, _ in conn.execute(catalogs.fences()).all()
            if "demo_id" in rule or name == "demos"
        ]


def _count(schema: str, name: str, wanted: list[Any]) -> Any:
    key: Any = column("id" if name == "demos" else "demo_id")
    there = table(name, key, schema=schema)
    return select(func.count()).select_from(there).where(there.c[key.name].in_(wanted))


def _withheld(engine: Engine, viewer: Viewer) -> list[Probe]:
    with reading(engine, viewer) as conn:
        fenced = conn.execute(catalogs.fences()).all()
    probes = []
    for schema, name, _, columns in fenced:
        for wanted in filter(None, columns.split(", ")):
            try:
                with reading(engine, viewer) as conn:
                    key: Any = column(wanted)
                    conn.execute(select(table(name, key, schema=schema).c[wanted]).limit(1))
                held = False
            except NotAllowedError:
                held = True
            probes.append(Probe(f"{_WORDS}: {wanted}", f"{schema}.{name}", held))
    return probes
