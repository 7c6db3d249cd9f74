"""Whether what keeps owners apart still stands as the migrations put it up."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, column, func, literal, select, table

from domo_insights.database import (
    catalogs,
    tables,
    tables_changes,
    tables_counts,
    tables_detail,
    tables_evaluation,
    tables_kept,
    tables_sessions,
)
from domo_insights.database.findings import Finding, Level
from domo_insights.database.login_role import DOORS

_VIEWS: Final = (
    "insights.conversations",
    "insights.conversations_counted",
    "insights.judged_messages",
)
_OPEN: Final = frozenset({"insights.embedding_models"})
# Named one by one: a module that nobody has loaded yet has declared none of its tables.
_DECLARED_IN: Final = (
    tables, tables_changes, tables_counts, tables_detail, tables_evaluation, tables_kept,
    tables_sessions,
)  # fmt: skip
TABLES: Final = frozenset(
    declared.fullname
    for module in _DECLARED_IN
    for declared in vars(module).values()
    if isinstance(declared, Table)
) - set(_VIEWS)
"""Every table that the migrations make."""
_WORDS: Final = {
    "public.demos": ("description", "metadata"),
    "public.demo_videos": ("title", "transcript"),
    "public.knowledge_chunks": ("content", "question", "answer", "vector_embedding"),
    "public.conversation_details": ("conversation_name", "transcript", "perception_analysis"),
    "public.custom_objectives": ("name", "description", "objectives"),
    "public.processed_webhook_events": ("event_data",),
    "public.conversation_messages": ("content",),
    "public.audit_logs": ("old_values", "new_values"),
    "insights.question_sets": ("name",),
    "insights.set_questions": ("question",),
    "insights.replayed_questions": ("question", "wordings"),
}
_MEND: Final = "Somebody changed it: ask who, then put it back as supabase/migrations/ has it."
_recorded = table(
    "fences", column("relation"), column("role_name"), column("predicate"), schema="insights"
)
_relations = table(
    "pg_class",
    *map(column, ("oid", "relname", "relnamespace", "relkind", "relowner", "reloptions")),
    schema="pg_catalog",
)
_spaces = table("pg_namespace", column("oid"), column("nspname"), schema="pg_catalog")
_triggers = table(
    "pg_trigger",
    *map(column, ("tgname", "tgrelid", "tgenabled", "tgisinternal")),
    schema="pg_catalog",
)
_NAME: Final = _spaces.c.nspname + "." + _relations.c.relname


def inspect(conn: Connection) -> list[Finding]:
    """What is wrong with row security, fences, the doors' roles, grants, views and triggers.

    `conn`: an owner's connection with an empty search_path.
    """
    checks = {
        "row level security": (_row_security, "on for every table"),
        "fences": (_fences, "as they were put up"),
        "roles behind the doors": (_door_roles, "allowed to do no more than their door"),
        "grants": (_grants, "owners read their rows, the product team no words"),
        "views and triggers": (_views_and_triggers, "with the asker's rights, switched on"),
    }
    found: list[Finding] = []
    for subject, (check, fine) in checks.items():
        found += list(check(conn)) or [Finding(Level.FINE, subject, fine)]
    return found


def _row_security(conn: Connection) -> Iterator[Finding]:
    switched = dict(map(tuple, conn.execute(catalogs.row_security())))
    ours = {name for name in switched if name.startswith(("insights.", "insights_private."))}
    for relation in sorted(TABLES | ours):
        if relation not in switched:
            yield Finding(
                Level.WRONG, relation, "The table does not exist.", "Run `domo-insights migrate`."
            )
        elif not switched[relation]:
            mend = f"alter table {relation} enable row level security;"
            yield Finding(Level.WRONG, relation, "Row level security is off.", mend)


def _fences(conn: Connection) -> Iterator[Finding]:
    if not conn.scalar(select(func.to_regclass("insights.fences").is_not(None))):
        yield Finding(Level.WRONG, "fences", "There are none.", "Run `domo-insights migrate`.")
        return
    there = {(p.relation, p.policyname): p for p in conn.execute(catalogs.policies())}
    fenced = conn.execute(select(_recorded)).all()
    for relation, role, predicate in fenced:
        for suffix, kind in (("_rows", "PERMISSIVE"), ("_fence", "RESTRICTIVE")):
            policy = there.get((relation, f"{role}{suffix}"))
            says = _difference(policy, (kind, role, "ALL", predicate, predicate))
            if says:
                yield Finding(Level.WRONG, relation, f"Policy {role}{suffix} {says}.", _MEND)
    unfenced = TABLES - _OPEN - {relation for relation, _, _ in fenced}
    for relation in sorted(unfenced):
        yield Finding(Level.WRONG, relation, "No fence was put up.", "Run `domo-insights migrate`.")


def _difference(policy: Any, expected: tuple[str, ...]) -> str:
    if policy is None:
        return "is missing"
    names = ("kind", "role", "command", "condition", "check")
    found = (policy.permissive, policy.roles, policy.cmd, policy.qual, policy.with_check)
    changed = [n for n, a, b in zip(names, found, expected, strict=True) if a != b]
    return f"is not as it was put up: another {', '.join(changed)}" if changed else ""


def _door_roles(conn: Connection) -> Iterator[Finding]:
    for role in DOORS:
        attributes = conn.execute(catalogs.role(role)).mappings().first()
        if attributes is None:
            yield Finding(Level.WRONG, role, "The role does not exist.", _MEND)
            continue
        for name in ("super", "bypassrls", "createrole", "canlogin"):
            if attributes[f"rol{name}"]:
                word = "login" if name == "canlogin" else name
                mend = f"alter role {role} no{word};"
                yield Finding(Level.WRONG, role, f"It is allowed to {word}.", mend)
        for more in conn.scalars(catalogs.memberships(role)):
            mend = f"revoke {more} from {role};"
            yield Finding(Level.WRONG, role, f"It is a member of {more}.", mend)
        for relation in conn.scalars(_owned_by(role)):
            says = f"It owns {relation}: no policy holds it there."
            yield Finding(Level.WRONG, role, says, f"alter table {relation} owner to postgres;")


def _grants(conn: Connection) -> Iterator[Finding]:
    for relation, names in _WORDS.items():
        for name in names:
            if conn.scalar(_may("insights_product", relation, name)):
                mend = f"revoke all on {relation} from insights_product, then migrate again;"
                says = f"The product team may read {name}."
                yield Finding(Level.WRONG, relation, says, mend)
        if not conn.scalar(_may("insights_reader", relation, names[0])):
            mend = f"grant select on {relation} to insights_reader;"
            yield Finding(Level.WRONG, relation, "Its owner may not read it.", mend)


def _views_and_triggers(conn: Connection) -> Iterator[Finding]:
    for view in _VIEWS:
        options = conn.scalar(
            select(func.array_to_string(_relations.c.reloptions, ","))
            .join(_spaces, _spaces.c.oid == _relations.c.relnamespace)
            .where(literal(view) == _NAME)
        )
        if "security_invoker=true" not in (options or ""):
            mend = f"alter view {view} set (security_invoker = true);"
            yield Finding(Level.WRONG, view, "It reads with its owner's rights.", mend)
    off = (
        select(_NAME, _triggers.c.tgname)
        .join_from(_triggers, _relations, _relations.c.oid == _triggers.c.tgrelid)
        .join(_spaces, _spaces.c.oid == _relations.c.relnamespace)
        .where(
            ~_triggers.c.tgisinternal,
            _triggers.c.tgenabled == "D",
            _spaces.c.nspname.in_(catalogs.SCHEMAS),
        )
    )
    for relation, name in conn.execute(off):
        mend = f"alter table {relation} enable trigger {name};"
        yield Finding(Level.WRONG, relation, f"Trigger {name} is switched off.", mend)


def _owned_by(role: str) -> Select[Any]:
    return (
        select(_NAME)
        .join_from(_relations, _spaces, _spaces.c.oid == _relations.c.relnamespace)
        .where(func.pg_get_userbyid(_relations.c.relowner) == role, _relations.c.relkind != "i")
    )


def _may(role: str, relation: str, name: str) -> Select[Any]:
    may = func.has_column_privilege(
        literal(role), func.to_regclass(relation), literal(name), "select"
    )
    return select(func.coalesce(may, False))
