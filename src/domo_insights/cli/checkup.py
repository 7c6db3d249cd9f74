"""What `doctor` looks at: the settings, both connections, the sign-in service, the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import httpx
from sqlalchemy import func, select

from domo_insights.cli.checkup_hosting import hosting, offers
from domo_insights.cli.checkup_replica import replica
from domo_insights.database.doors import sessions
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.findings import Finding, Level
from domo_insights.database.inspection import inspect
from domo_insights.database.login_role import LOGIN_ROLE
from domo_insights.database.migrations import pending
from domo_insights.database.platform import platform
from domo_insights.database.tables_changes import change_queue
from domo_insights.errors import DomoInsightsError
from domo_insights.secrets_file import PATH, is_open_to_others
from domo_insights.settings import Settings

LATE_SECONDS: Final = 60
_NEEDED = {
    "supabase_url": "Nobody can sign in without it.",
    "supabase_publishable_key": "Nobody can sign in without it.",
    "database_url": "The dashboard reads through it.",
    "insights_session_keys": "Browser sessions are encrypted with it.",
}
_WANTED = {
    "tavus_webhook_secret": "No webhook is accepted.",
    "insights_public_url": "Webhook addresses cannot be shown, Origin is checked against Host.",
}


def checkup(settings: Settings, *, embedded: bool) -> list[Finding]:
    """All findings, those about settings first. Nothing is changed."""
    if embedded:
        where = f"embedded, in {settings.insights_data_dir}"
        found = [Finding(Level.FINE, "settings", where)]
    else:
        found = [*_settings(settings), *_secrets_file(), *hosting(settings)]
    return [
        *found,
        *_sign_in(settings),
        *_login(settings),
        *replica(settings),
        *_owner(settings),
    ]


def _settings(settings: Settings) -> Iterator[Finding]:
    for name, why in _NEEDED.items():
        if not getattr(settings, name):
            yield Finding(Level.WRONG, name.upper(), f"Not set. {why}", "See docs/settings.md.")
    for name, why in _WANTED.items():
        if not getattr(settings, name):
            yield Finding(Level.LEFT, name.upper(), f"Not set. {why}", "See docs/settings.md.")
    if settings.insights_session_keys:
        try:
            _ = settings.session_cipher
            yield Finding(Level.FINE, "INSIGHTS_SESSION_KEYS", "readable")
        except DomoInsightsError as problem:
            yield Finding(Level.WRONG, "INSIGHTS_SESSION_KEYS", str(problem), problem.hint)


def _secrets_file() -> Iterator[Finding]:
    if is_open_to_others():
        yield Finding(
            Level.WRONG,
            "secrets.toml",
            f"Other accounts of this machine can read {PATH}.",
            f"chmod 600 {PATH}",
        )


def _sign_in(settings: Settings) -> Iterator[Finding]:
    if not settings.supabase_url:
        return
    address = f"{settings.supabase_url}/auth/v1/health"
    try:
        answer = httpx.get(
            address, headers={"apikey": settings.supabase_publishable_key}, timeout=10
        )
    except httpx.HTTPError:
        yield Finding(
            Level.WRONG,
            "sign-in service",
            f"{address} does not answer.",
            "Check SUPABASE_URL and the network.",
        )
        return
    if answer.status_code == httpx.codes.OK:
        yield Finding(Level.FINE, "sign-in service", "answers")
        yield from offers(settings)
    else:
        yield Finding(
            Level.WRONG,
            "sign-in service",
            f"{address} answers {answer.status_code}.",
            "Check SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY.",
        )


def _login(settings: Settings) -> Iterator[Finding]:
    if not settings.database_url:
        return
    engine = engine_for(settings.database_url.get_secret_value())
    try:
        with translated(), engine.connect() as conn:
            user = conn.scalar(select(func.session_user()))
        if user != LOGIN_ROLE:
            yield Finding(
                Level.WRONG,
                "DATABASE_URL",
                f"It signs in as {user}, not {LOGIN_ROLE}.",
                "Any other role may do more than the dashboard should.",
            )
            return
        with sessions(engine):
            yield Finding(Level.FINE, "DATABASE_URL", f"signs in as {user}, the doors open")
    except DomoInsightsError as problem:
        yield Finding(Level.WRONG, "DATABASE_URL", str(problem), problem.hint)


def _owner(settings: Settings) -> Iterator[Finding]:
    if not settings.database_admin_url:
        yield Finding(
            Level.WRONG,
            "DATABASE_ADMIN_URL",
            "Not set: the database was not looked at.",
            "Set it for the command line only.",
        )
        return
    url = settings.database_admin_url.get_secret_value()
    try:
        waiting = pending(url)
        with translated(), engine_for(url).connect() as conn:
            found = [*inspect(conn), *platform(conn)]
    except DomoInsightsError as problem:
        yield Finding(Level.WRONG, "DATABASE_ADMIN_URL", str(problem), problem.hint)
        return
    if waiting:
        names = ", ".join(migration.name for migration in waiting)
        yield Finding(
            Level.WRONG,
            "migrations",
            f"{len(waiting)} missing: {names}.",
            "Run `domo-insights migrate`.",
        )
    else:
        yield Finding(Level.FINE, "migrations", "all are applied")
    yield from found
    yield from _queue(url)


def _queue(url: str) -> Iterator[Finding]:
    """Whether changes are worked off; nothing to say while the database is not migrated."""
    try:
        with translated(), engine_for(url).connect() as conn:
            waiting = conn.execute(
                select(func.count(), func.min(change_queue.c.queued_at)).select_from(change_queue)
            ).one()
    except DomoInsightsError:
        return
    count, oldest = waiting
    late = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    says = f"{count:,} changes wait, the oldest for {late:.0f} s"
    if late > LATE_SECONDS:
        hint = "A running server works them off; start one, or look at its log."
        yield Finding(Level.LEFT, "queue of changes", f"{says}.", hint)
    else:
        yield Finding(Level.FINE, "queue of changes", says if count else "empty, no refresh lag")
