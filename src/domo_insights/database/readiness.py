"""Whether this process can work: the database answers, is migrated, and is kept up to date."""

from collections.abc import Mapping

from sqlalchemy import Engine, column, func, select

from domo_insights.database.doors import maintaining
from domo_insights.database.migrations import migrations
from domo_insights.database.queue import is_working
from domo_insights.errors import DomoInsightsError


def readiness(engine: Engine) -> Mapping[str, str]:
    """What was looked at, each "ok" or what is wrong in a few words; no address, no error text."""
    try:
        with maintaining(engine) as conn:
            named = func.insights.applied_migrations().table_valued(column("version"))
            applied = set(conn.scalars(select(named.render_derived(name="m").c.version)))
    except DomoInsightsError as problem:
        return {"database": type(problem).__name__, "migrations": "unknown", "worker": _worker()}
    missing = [m.version for m in migrations() if m.version not in applied]
    return {
        "database": "ok",
        "migrations": f"{len(missing)} missing" if missing else "ok",
        "worker": _worker(),
    }


def _worker() -> str:
    return "ok" if is_working() else "does not work"
