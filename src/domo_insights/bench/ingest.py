"""How fast rows come in: inserts with and without what is maintained, a file, webhooks."""

import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import Connection, Engine, func, select

from domo_insights.bench.fill import Progress, tidy
from domo_insights.bench.served import served
from domo_insights.database.queue import drain, working
from domo_insights.database.tables_changes import change_queue
from domo_insights.errors import DomoInsightsError
from domo_insights.ingest.files import ingest_files
from domo_insights.ingest.webhook import webhook_url

ROUNDS: Final = 3
SECONDS: Final = 2.0
"""How long one round of inserts goes on."""
FILE_EVENTS: Final = 6_000
HTTP_EVENTS: Final = 1_200
SENDERS: Final = 8


def measure(superuser: Engine, engine: Engine, folder: Path, progress: Progress) -> dict[str, Any]:
    """All ingest figures. What was put in is taken out again."""
    with superuser.begin() as conn:
        _prepare(conn)
        conn.execute(select(func.bench.prepare_inserts()))
        where = UUID(str(conn.scalar(select(func.bench.uuid_of("demo 1 1")))))
    try:
        found: dict[str, Any] = {}
        for number, each in enumerate((25, 5_000)):
            progress(f"inserts of {each:,}", number / 5)
            found |= _inserts(superuser, engine, each)
        progress("refresh of a busy day", 0.4)
        found["refresh_busy_day_s"] = _refresh(superuser, engine, progress)
        progress("events from a file", 0.6)
        found["file_events_per_second"] = _file(engine, where)
        progress("events over HTTP", 0.8)
        found["http_events_per_second"] = _http(folder, where)
    finally:
        forget(superuser, engine, progress)
    progress("ingest", 1.0)
    return found


def forget(superuser: Engine, engine: Engine, progress: Progress) -> None:
    """Take out what a measure has put in."""
    with superuser.begin() as conn:
        _prepare(conn)
        conn.execute(select(func.bench.maintain(True)))
        conn.execute(select(func.bench.forget_inserts()))
    drain(engine)
    with superuser.connect() as plain:
        tidy(plain.execution_options(isolation_level="AUTOCOMMIT"), progress)


def _prepare(conn: Connection) -> None:
    driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
    driver.execute(files(__package__).joinpath("inserts.sql").read_bytes())


def _inserts(superuser: Engine, engine: Engine, each: int) -> dict[str, Any]:
    """Rates in rows a second, both ways in turn; maintained while the worker works it off."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(ROUNDS * 2):
        maintained = turn % 2 == 1
        with superuser.begin() as conn:
            conn.execute(select(func.bench.maintain(maintained)))
        with _kept_up(engine) if maintained else nullcontext():
            rates[maintained].append(_rate(superuser, each, turn))
    return {
        f"ingest_ratio_{each}": median(rates[True]) / median(rates[False]),
        f"ingest_rows_per_second_{each}": {
            "bare": round(median(rates[False])),
            "maintained": round(median(rates[True])),
        },
    }


@contextmanager
def _kept_up(engine: Engine) -> Iterator[None]:
    """The worker works beside the block, and not beside the next one."""
    with working(engine) as worker:
        yield
    worker.ended()


def _rate(superuser: Engine, each: int, turn: int) -> float:
    rows, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        with superuser.begin() as conn:
            batch = each * 100_000 + turn * 10_000_000 + rows
            conn.execute(select(func.bench.insert_messages(each, batch, timedelta(minutes=50))))
        rows += each
    return rows / spent


def _refresh(superuser: Engine, engine: Engine, progress: Progress) -> float:
    # What the rates put in is no busy day, but months of one in the same conversations; taken out,
    # it would be read over and over until it is vacuumed, as a database does by itself.
    forget(superuser, engine, progress)
    with superuser.begin() as conn:
        conn.execute(select(func.bench.prepare_inserts()))
    _drained(superuser, engine)
    with superuser.begin() as conn:
        day = timedelta(hours=23)
        conn.execute(select(func.bench.insert_messages(10_000, 900_000_000, day)))
    began = time.perf_counter()
    _drained(superuser, engine)
    return time.perf_counter() - began


def _drained(superuser: Engine, engine: Engine) -> None:
    """Work off all that is queued; a worker that is just ending may be at it as well."""
    with superuser.connect() as conn:
        while conn.scalar(select(func.count()).select_from(change_queue)):
            if not drain(engine):
                time.sleep(0.01)
            conn.rollback()


def _file(engine: Engine, where: UUID) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for event in events(FILE_EVENTS, "file", where):
            file.write(json.dumps(event) + "\n")
        file.flush()
        with _kept_up(engine):
            began = time.perf_counter()
            outcome = ingest_files(engine, [file.name])
            spent = time.perf_counter() - began
    if outcome.stored.stored != FILE_EVENTS:
        raise DomoInsightsError(f"{outcome.stored.stored} of {FILE_EVENTS} events were stored.")
    return FILE_EVENTS / spent


def _http(folder: Path, where: UUID) -> float:
    with served(folder) as site:
        address = urlsplit(webhook_url(where, site.url))
        bodies = [json.dumps(event) for event in events(HTTP_EVENTS, "http", where)]
        began = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            sent = pool.map(lambda n: send(address, bodies[n::SENDERS]), range(SENDERS))
            stored = sum(sent)
        spent = time.perf_counter() - began
    if stored != HTTP_EVENTS:
        raise DomoInsightsError(f"{stored} of {HTTP_EVENTS} events were acknowledged.")
    return HTTP_EVENTS / spent


def send(address: Any, bodies: list[str]) -> int:
    """How many were acknowledged; one connection, as a sender keeps it."""
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    path, acknowledged = f"{address.path}?{address.query}", 0
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        acknowledged += answer.status == http.client.OK and b"stored" in answer.read()
    connection.close()
    return acknowledged


def events(count: int, how: str, where: UUID) -> Iterator[dict[str, Any]]:
    """Whole conversations of ten events, those of ten of them at a time mixed."""
    run, now = uuid4().hex[:8], datetime.now(UTC) - timedelta(minutes=30)
    for n in range(count):
        talk, step = (n // 100) * 10 + n % 10, n % 100 // 10
        kind = {0: "system.replica_joined", 9: "system.shutdown"}.get(step)
        said = {"role": ("user", "replica")[step % 2], "speech": f"What does plan {step} cost?"}
        yield {
            "conversation_id": f"bench-insert-{how}-{run}-{talk}",
            "event_type": kind or "conversation.utterance",
            "message_type": "system" if kind else "conversation",
            "timestamp": (now + timedelta(seconds=10 * step)).isoformat(),
            "inference_id": f"i{step}",
            "demo_id": str(where),
            "properties": {"shutdown_reason": "participant_left"} if step == 9 else said,
        }
