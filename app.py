"""The server: the dashboard and its routes. `streamlit run app.py` or `uvicorn app:app`."""

import gc
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domo_insights import access_log, settings, ui
from domo_insights.access_log import AccessLog
from domo_insights.auth.gate import Gate
from domo_insights.auth.prefix import Prefix
from domo_insights.auth.response_headers import ResponseHeaders
from domo_insights.auth.routes import routes as sign_in_routes
from domo_insights.compression import Compressed
from domo_insights.database.engine import engine_for
from domo_insights.database.listening import listen_address, listening
from domo_insights.database.queue import working
from domo_insights.database.readiness import readiness
from domo_insights.database.replica import following, replica_state
from domo_insights.errors import ConfigError
from domo_insights.exports.routes import routes as export_routes
from domo_insights.ingest.routes import routes as webhook_routes
from domo_insights.preload import Preload
from domo_insights.ui.back_messages import BackMessages
from domo_insights.ui.patches import Patches
from domo_insights.ui.tabs import waking

ROOT = Path(__file__).resolve().parent


async def health(_request: Request) -> JSONResponse:
    """Whether this process answers; it asks nobody else."""
    return JSONResponse({"status": "ok"})


def ready(_request: Request) -> JSONResponse:
    """Whether it can do its work; Starlette asks in a thread of its own."""
    try:
        found = readiness(engine_for(settings.current().secret("database_url")))
    except ConfigError:
        found = {"database": "not configured"}
    well = all(state == "ok" for state in found.values())
    replica = replica_state()
    if replica is not None:  # without it everything still works, so it is told and not asked for
        found = {**found, "replica": "ok" if replica.used else "not used"}
    return JSONResponse({"ready": well, **found}, status_code=200 if well else 503)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    access_log.write_to_stderr()
    async with AsyncExitStack() as leaving:
        found = settings.current()
        if not found.hosted:
            # Hosted processes never load what stands in for the host.
            from domo_insights.local import stack

            embedded = leaving.enter_context(stack.running(found.insights_data_dir))
            embedded.server.watch()
        _keep_up(leaving, await leaving.enter_async_context(waking()))
        for module in pkgutil.iter_modules(ui.__path__, f"{ui.__name__}."):
            if not module.name.endswith(".frame"):  # the script itself
                import_module(module.name)
        gc.collect()
        gc.freeze()  # what was imported stays, so collections need not walk it
        yield


def _keep_up(leaving: AsyncExitStack, moved: Callable[[], None]) -> None:
    """Start the threads behind live pages: one works off what changed, one hears of it."""
    found = settings.current()
    if not found.database_url:
        return
    engine = engine_for(found.secret("database_url"))
    if found.database_read_url:
        replica = engine_for(found.secret("database_read_url"))
        leaving.enter_context(following(engine, replica, found.insights_replica_lag_s))
    own = found.database_listen_url
    heard_at = listen_address(found.secret("database_url"), own.get_secret_value() if own else "")
    leaving.enter_context(listening(engine, heard_at, moved))
    leaving.enter_context(working(engine))


app = st.App(
    ROOT / "src/domo_insights/ui/frame.py",
    routes=[
        Route("/healthz", health),
        Route("/readyz", ready),
        *webhook_routes,
        *sign_in_routes,
        *export_routes,
    ],
    middleware=[
        Middleware(ResponseHeaders),
        Middleware(Prefix),
        Middleware(AccessLog),
        Middleware(Gate),
        Middleware(Preload),
        Middleware(BackMessages),
        Middleware(Patches),
        Middleware(Compressed),
    ],
    lifespan=lifespan,
)
