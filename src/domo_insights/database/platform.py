"""What a hosted project gives beside our tables, and what our migrations could not change of it."""

from typing import Any, Final

from sqlalchemy import Connection, Text, cast, column, func, select, table

from domo_insights.database.findings import Finding, Level

BUCKET: Final = "demo-videos"
_FUNCTIONS: Final = ("auth.uid()", "auth.role()", "auth.jwt()")
_PUBLISHED: Final = ("demos", "processed_webhook_events")
_POLICIES: Final = (
    "Users can view their own videos",
    "Users can upload their own videos",
    "Users can update their own videos",
    "Users can delete their own videos",
)
_MAKE_BUCKET: Final = (
    "insert into storage.buckets (id, name) values ('demo-videos', 'demo-videos');"
)
_CLOSE_BUCKET: Final = "update storage.buckets set public = false where id = 'demo-videos';"
_STORAGE: Final = "supabase/migrations/20260105011000_create_storage_bucket.sql"

_extensions = table("pg_extension", column("extname"), schema="pg_catalog")
_policies = table(
    "pg_policies",
    *map(column, ("schemaname", "tablename", "policyname")),
    schema="pg_catalog",
)
_published = table(
    "pg_publication_tables",
    *map(column, ("pubname", "schemaname", "tablename")),
    schema="pg_catalog",
)
_buckets = table("buckets", column("id"), column("public"), schema="storage")


def platform(conn: Connection) -> list[Finding]:
    """Extensions, functions, storage and publication, as the owner's connection sees them."""
    return [*_extension(conn), *_sign_in(conn), *_storage(conn), *_publication(conn)]


def _extension(conn: Connection) -> list[Finding]:
    found = set(conn.scalars(select(_extensions.c.extname)).all())
    answer = [
        Finding(
            Level.WRONG,
            f"extension {name}",
            "It is not there.",
            f"create extension {name} with schema extensions;",
        )
        for name in ("vector", "pg_trgm", "btree_gin")
        if name not in found
    ]
    if "pg_stat_statements" not in found:
        hint = "Switch it on in the project's list of extensions."
        says = "It is not there: slow queries are not listed."
        answer.append(Finding(Level.LEFT, "extension pg_stat_statements", says, hint))
    return answer or [Finding(Level.FINE, "extensions", "all are there")]


def _sign_in(conn: Connection) -> list[Finding]:
    missing = [name for name in _FUNCTIONS if not _there(conn, func.to_regprocedure(name))]
    if not _there(conn, func.to_regclass("auth.users")):
        missing.insert(0, "auth.users")
    if not missing:
        return [Finding(Level.FINE, "schema auth", "users and functions are there")]
    says = f"Missing: {', '.join(missing)}."
    hint = "Supabase Auth makes them when it starts: start it once against this database."
    return [Finding(Level.WRONG, "schema auth", says, hint)]


def _storage(conn: Connection) -> list[Finding]:
    if not _there(conn, func.to_regclass("storage.buckets")):
        hint = "The dashboard does without. With Supabase Storage: start it, then migrate again."
        return [Finding(Level.LEFT, "storage", "There is no storage.buckets.", hint)]
    public = conn.execute(select(_buckets.c.public).where(_buckets.c.id == BUCKET)).scalars().all()
    if not public:
        return [Finding(Level.LEFT, f"bucket {BUCKET}", "It is not there.", _MAKE_BUCKET)]
    if public[0]:
        says = "It is public: everybody may read every demo's videos."
        return [Finding(Level.WRONG, f"bucket {BUCKET}", says, _CLOSE_BUCKET)]
    objects = (_policies.c.schemaname == "storage") & (_policies.c.tablename == "objects")
    held = set(conn.scalars(select(_policies.c.policyname).where(objects)).all())
    missing = [name for name in _POLICIES if name not in held]
    if not missing:
        return [Finding(Level.FINE, f"bucket {BUCKET}", "private, with its owners' policies")]
    says = f"Missing on storage.objects: {', '.join(map(repr, missing))}."
    hint = f"As a role that may: psql -f {_STORAGE}, or Storage, Policies in the project."
    return [Finding(Level.LEFT, f"bucket {BUCKET}", says, hint)]


def _publication(conn: Connection) -> list[Finding]:
    ours = (_published.c.pubname == "supabase_realtime") & (_published.c.schemaname == "public")
    held = set(conn.scalars(select(_published.c.tablename).where(ours)).all())
    missing = [name for name in _PUBLISHED if name not in held]
    if not missing:
        return [Finding(Level.FINE, "supabase_realtime", "publishes the platform's two tables")]
    listed = ", ".join(f"public.{name}" for name in missing)
    mend = f"As its owner: alter publication supabase_realtime add table {listed};"
    return [Finding(Level.LEFT, "supabase_realtime", f"It does not publish {listed}.", mend)]


def _there(conn: Connection, oid: Any) -> bool:
    return conn.scalar(select(cast(oid, Text))) is not None
