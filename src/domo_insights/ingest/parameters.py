"""Many rows as one parameter of one statement."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    Table,
    TableValuedAlias,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.types import TypeEngine


def asked(**columns: tuple[TypeEngine[Any], Sequence[Any]]) -> TableValuedAlias:
    """A batch of values as a table: name=(type, values), all equally long."""
    arrays = [bindparam(None, list(v), type_=ARRAY(kind)) for kind, v in columns.values()]
    named = [column(name, kind) for name, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*named).render_derived(name="asked")


def sent(table: Table, columns: Iterable[str]) -> TableValuedAlias:
    """Rows of `table` as one parameter, `document`.

    As one JSON document, since arrays of texts would be quoted a letter at a time.
    """
    named = [column(name, table.c[name].type) for name in columns]
    source = func.json_to_recordset(cast(bindparam("document", type_=Text()), JSON))
    return source.table_valued(*named).render_derived(name="sent", with_types=True)


def document(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The parameter that `sent` reads."""
    return {"document": json.dumps([dict(r) for r in rows], default=str, ensure_ascii=False)}


@cache
def inserting(table: Table, columns: tuple[str, ...]) -> Insert:
    """The insert of rows that are `sent`; made once, since that takes as long as to send it."""
    return insert(table).from_select(columns, select(*sent(table, columns).c))


@cache
def updating(table: Table, columns: tuple[str, ...]) -> Update:
    """The update, by their id, of rows that are `sent`."""
    batch = sent(table, ("id", *columns))
    changes = {name: batch.c[name] for name in columns}
    return update(table).where(table.c.id == batch.c.id).values(changes)
