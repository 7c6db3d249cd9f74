"""What `doctor` says of a read replica: that it is one, of this database, and how far behind."""

from collections.abc import Iterator

from sqlalchemy import column, func, select

from domo_insights.database.doors import maintaining
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.findings import Finding, Level
from domo_insights.database.login_role import LOGIN_ROLE
from domo_insights.database.migrations import migrations
from domo_insights.errors import DomoInsightsError
from domo_insights.settings import Settings

NAME = "DATABASE_READ_URL"


def replica(settings: Settings) -> Iterator[Finding]:
    """Findings about DATABASE_READ_URL; none where it is not set. Nothing is changed."""
    if not settings.database_read_url:
        return
    engine = engine_for(settings.database_read_url.get_secret_value())
    try:
        with translated(), engine.connect() as conn:
            user, follows, replayed = conn.execute(
                select(
                    func.session_user(),
                    func.pg_is_in_recovery(),
                    func.extract("epoch", func.now() - func.pg_last_xact_replay_timestamp()),
                )
            ).one()
        if user != LOGIN_ROLE:
            says = f"It signs in as {user}, not {LOGIN_ROLE}."
            hint = "Any other role may do more than the dashboard should."
            yield Finding(Level.WRONG, NAME, says, hint)
            return
        if not follows:
            hint = "Leave it unset, or name a streaming replica of DATABASE_URL's database."
            yield Finding(Level.WRONG, NAME, "It is no replica.", hint)
            return
        with maintaining(engine) as conn:
            named = func.insights.applied_migrations().table_valued(column("version"))
            applied = set(conn.scalars(select(named.render_derived(name="m").c.version)))
    except DomoInsightsError as problem:
        hint = "Pages read from the primary until it is back."
        yield Finding(Level.WRONG, NAME, str(problem), problem.hint or hint)
        return
    missing = [m.version for m in migrations() if m.version not in applied]
    if missing:
        says = f"{len(missing)} migrations have not arrived there."
        yield Finding(Level.WRONG, NAME, says, "It is far behind, or replicates another database.")
    else:
        last = "nothing replayed yet" if replayed is None else f"last change {replayed:.0f} s ago"
        yield Finding(Level.FINE, NAME, f"a replica, migrated, {last}")
