"""What a database is like: what is missing or dangerous, and what was left as it was found.

Reads the catalogs alone, so that it works before the first migration too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from domo_insights.database import catalogs
from domo_insights.database.login_role import DOORS, LOGIN_ROLE
from domo_insights.database.tables import metadata

OLDEST_SERVER: Final = 150_000
_TABLES: Final = {t.fullname for t in metadata.tables.values()} - {"insights.conversations"}
_UNFENCED: Final = {
    "insights.change_queue",
    "insights.demo_versions",
    "insights.data_version",
    "insights.embedding_models",
    "insights_private.web_sessions",
    "insights_private.sign_in_attempts",
}
FENCED: Final = tuple(sorted(_TABLES - _UNFENCED))
"""Tables with rows that belong to somebody."""
FENCED_ROLES: Final = ("insights_reader", "insights_editor", "insights_product")
_MEND: Final = "Run `domo-insights migrate`; if it stays, somebody dropped it: ask who."
_OUR_SQL: Final = "Run the SQL that `domo-insights migrate` prints."


class Level(StrEnum):
    """How much a finding matters."""

    FINE = "fine"
    LEFT = "left as found"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do where something is wrong."""

    level: Level
    subject: str
    says: str
    hint: str = ""


def inspect(conn: Connection) -> list[Finding]:
    """Everything there is to say of the database behind `conn`, an owner's connection."""
    found = [_server(conn), *_login_role(conn), *_row_security(conn), *_fences(conn)]
    return [*found, *left_as_found(conn)]


def left_as_found(conn: Connection) -> list[Finding]:
    """What was there before us and stays: policies, grants, indexes, columns, constraints."""
    return [
        *_foreign_policies(conn),
        *_foreign_grants(conn),
        *_redundant_indexes(conn),
        *_required_columns(conn),
        *_constraints(conn),
    ]


def _server(conn: Connection) -> Finding:
    number, shown = conn.execute(catalogs.server_version()).one()
    if int(number) < OLDEST_SERVER:
        return Finding(Level.WRONG, "server", f"Postgres {shown} is too old.", "Use 15 or newer.")
    return Finding(Level.FINE, "server", f"Postgres {shown}")


def _login_role(conn: Connection) -> list[Finding]:
    role = conn.execute(catalogs.role(LOGIN_ROLE)).mappings().first()
    if role is None:
        return [Finding(Level.WRONG, LOGIN_ROLE, "The login role does not exist.", _OUR_SQL)]
    answer = []
    for name in ("rolsuper", "rolbypassrls", "rolinherit", "rolcreaterole"):
        if role[name]:
            word = name.removeprefix("rol")
            mend = f"alter role {LOGIN_ROLE} no{word};"
            answer.append(Finding(Level.WRONG, LOGIN_ROLE, f"It is allowed to {word}.", mend))
    granted = set(conn.scalars(catalogs.memberships(LOGIN_ROLE)).all())
    for missing in sorted(set(DOORS) - granted):
        says = f"It may not become {missing}."
        answer.append(Finding(Level.WRONG, LOGIN_ROLE, says, _OUR_SQL))
    for extra in sorted(granted - set(DOORS)):
        says = f"It may also become {extra}."
        mend = f"revoke {extra} from {LOGIN_ROLE};"
        answer.append(Finding(Level.WRONG, LOGIN_ROLE, says, mend))
    for relation, privileges in conn.execute(catalogs.direct_grants(LOGIN_ROLE)):
        says = f"It holds {privileges} on {relation} by itself."
        mend = f"revoke all on {relation} from {LOGIN_ROLE};"
        answer.append(Finding(Level.WRONG, LOGIN_ROLE, says, mend))
    return answer or [Finding(Level.FINE, LOGIN_ROLE, "no rights of its own, six doors")]


def _row_security(conn: Connection) -> list[Finding]:
    switched = dict(map(tuple, conn.execute(catalogs.row_security())))
    answer = []
    for relation in sorted(_TABLES):
        if relation not in switched:
            answer.append(Finding(Level.WRONG, relation, "The table does not exist.", _MEND))
        elif not switched[relation]:
            mend = f"alter table {relation} enable row level security;"
            answer.append(Finding(Level.WRONG, relation, "Row level security is off.", mend))
    return answer or [Finding(Level.FINE, "row level security", f"on for {len(_TABLES)} tables")]


def _fences(conn: Connection) -> list[Finding]:
    there = {(p.relation, p.policyname, p.permissive) for p in conn.execute(catalogs.policies())}
    missing = [
        Finding(Level.WRONG, relation, f"Policy {role}{suffix} is missing.", _MEND)
        for relation in FENCED
        for role in FENCED_ROLES
        for suffix, kind in (("_rows", "PERMISSIVE"), ("_fence", "RESTRICTIVE"))
        if (relation, f"{role}{suffix}", kind) not in there
    ]
    return missing or [
        Finding(Level.FINE, "fences", f"up on {len(FENCED)} tables for {len(FENCED_ROLES)} roles")
    ]


def _foreign_policies(conn: Connection) -> list[Finding]:
    return [
        Finding(
            Level.LEFT,
            p.relation,
            f"Policy {p.policyname!r} ({p.cmd.lower()}) lets {p.roles} in.",
            "Not ours, so it stays. Our roles are fenced against it.",
        )
        for p in conn.execute(catalogs.policies())
        if {"public", "anon"} & set(p.roles.split(", ")) and p.permissive == "PERMISSIVE"
    ]


def _foreign_grants(conn: Connection) -> list[Finding]:
    return [
        Finding(
            Level.LEFT,
            relation,
            f"{grantee} holds {privileges}.",
            "Granted before us, so it stays; row level security limits rows, not TRUNCATE.",
        )
        for grantee in ("anon", "PUBLIC")
        for relation, privileges in conn.execute(catalogs.direct_grants(grantee))
        if relation in _TABLES
    ]


def _redundant_indexes(conn: Connection) -> list[Finding]:
    return [
        Finding(
            Level.LEFT, name, f"{other} serves as well.", f"drop index concurrently public.{name};"
        )
        for name, other in conn.execute(catalogs.redundant_indexes())
    ]


def _required_columns(conn: Connection) -> list[Finding]:
    known = {
        (t.name, c.name) for t in metadata.tables.values() if t.schema == "public" for c in t.c
    }
    ours = {t.name for t in metadata.tables.values() if t.schema == "public"}
    return [
        Finding(
            Level.WRONG,
            f"public.{relation}.{name}",
            "The column needs a value, has no default, and is not known here: inserts will fail.",
            f"alter table public.{relation} alter column {name} set default …;",
        )
        for relation, name in conn.execute(catalogs.required_columns())
        if relation in ours and (relation, name) not in known
    ]


def _constraints(conn: Connection) -> list[Finding]:
    answer = [
        Finding(
            Level.LEFT,
            f"{relation}, constraint {name}",
            "It holds for new rows; old rows were not looked at.",
            f"alter table {relation} validate constraint {name};",
        )
        for relation, name in conn.execute(catalogs.unvalidated())
    ]
    if conn.scalar(catalogs.notes_exist()):
        answer += [
            Finding(Level.LEFT, subject, f"Not made: {note}.", "Mend the rows, then add it.")
            for subject, note in conn.execute(catalogs.notes())
        ]
    return answer
