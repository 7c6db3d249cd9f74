"""What a database is like: what is missing or dangerous, and what was left as it was found.

Reads the catalogs alone, so that it works before the first migration too.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, func, select

from domo_insights.database import catalogs, fences
from domo_insights.database.findings import Finding, Level
from domo_insights.database.login_role import DOORS, LOGIN_ROLE
from domo_insights.database.tables import metadata

OLDEST_SERVER: Final = 150_000
_OUR_SQL: Final = "Run the SQL that `domo-insights migrate` prints."


def inspect(conn: Connection) -> list[Finding]:
    """Everything there is to say of the database behind `conn`, an owner's connection."""
    # Conditions are compared as text: with an empty path every name in them is written out.
    conn.execute(select(func.set_config("search_path", "", True)))
    return [_server(conn), *_login_role(conn), *fences.inspect(conn), *left_as_found(conn)]


def left_as_found(conn: Connection, replaced: Collection[str] = ()) -> list[Finding]:
    """What was there before us and stays: policies, grants, indexes, columns, constraints.

    `replaced`: names of policies that a migration which is still to come makes anew.
    """
    return [
        *_foreign_policies(conn, replaced),
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


def _foreign_policies(conn: Connection, replaced: Collection[str]) -> list[Finding]:
    return [
        Finding(
            Level.LEFT,
            p.relation,
            f"Policy {p.policyname!r} ({p.cmd.lower()}) lets {p.roles} in.",
            "Not ours, so it stays. Our roles are fenced against it.",
        )
        for p in conn.execute(catalogs.policies())
        if {"public", "anon"} & set(p.roles.split(", "))
        and p.permissive == "PERMISSIVE"
        and p.policyname not in replaced
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
        if relation in fences.TABLES
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
