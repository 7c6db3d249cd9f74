"""Callbacks, readers and edits at once for a long time: nothing is lost, nothing keeps growing."""

import json
import statistics
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from domo_insights.sample.load import load
from tests.conftest import create_database, drop_database
from tests.factories import ANA, BEN
from tests.faults.people import Editor, Outcome, Reader, Sender, Watcher
from tests.security.live import memory_of, serving
from tests.soaking import LONG, times

pytestmark = pytest.mark.soak
SECONDS = times(12, 2100)
"""Thirty minutes after five of warming up."""
WARM_UP = 300
POOLS = 2 * 15 + 2
"""Connections that the process may hold: two pools' worth, the listener and one to spare."""


@pytest.fixture(scope="module")
def busy(server, template, tmp_path_factory):
    """The dashboard over the sample data, in a process of its own."""
    made = create_database(server, "soak_template", template)
    load(made.admin_url, [ANA.user_id, BEN.user_id], datetime.now(UTC))
    for engine in (made.admin, made.engine):
        engine.dispose()
    folder = tmp_path_factory.mktemp("soak")
    with serving(server, made.name, None, folder, "soak") as live:
        yield live
    drop_database(made)


def sample(live, outcome):
    """What the process holds now."""
    with live.database.admin.connect() as conn:
        asked = text("""select count(*), count(*) filter (where state <> 'idle')
                        from pg_stat_activity
                        where datname = current_database() and usename = 'domo_insights'""")
        connections, active = conn.execute(asked).one()
        queued = conn.scalar(text("select count(*) from insights.change_queue"))
    return {
        "memory": memory_of(live),
        "connections": connections,
        "active": active,
        "queued": queued,
        **outcome.counts,
    }


def watched(live, outcome, stopping):
    """Samples of the process every few seconds until the time is over, also as lines of a file."""
    samples, begun = [], time.monotonic()
    with Path(live.log.parent / "samples.jsonl").open("w") as lines:
        while (spent := time.monotonic() - begun) < SECONDS and not outcome.problems:
            samples.append({"at": round(spent), **sample(live, outcome)})
            lines.write(json.dumps(samples[-1]) + "\n")
            lines.flush()
            stopping.wait(times(1, 10))
    return samples


def test_ingest_readers_and_edits_at_once_lose_nothing_and_leave_nothing_behind(busy):
    with busy.database.admin.connect() as conn:
        before = conn.scalar(text("select count(*) from processed_webhook_events"))
    stopping, outcome = threading.Event(), Outcome()
    people = [
        *(Sender(busy, viewer, outcome, stopping) for viewer in (ANA, BEN)),
        *(Reader(busy, number, outcome, stopping) for number in range(3)),
        Watcher(busy, ANA, outcome, stopping),
        Editor(busy, ANA, outcome, stopping),
    ]
    for person in people:
        person.start()
    try:
        samples = watched(busy, outcome, stopping)
    finally:
        stopping.set()
        for person in people:
            person.join(120)
    told(samples, outcome)
    assert outcome.problems == []
    assert not [person for person in people if person.is_alive()]
    with busy.database.admin.connect() as conn:
        there = conn.scalar(text("select count(*) from processed_webhook_events"))
    assert there - before == outcome.counts["stored"] > 0
    assert outcome.counts["pages"] > 0
    assert outcome.counts["edits"] > 0
    assert max(one["connections"] for one in samples) <= POOLS
    if LONG:
        warm = [one["memory"] for one in samples if WARM_UP <= one["at"] < WARM_UP + 180]
        late = [one["memory"] for one in samples if one["at"] >= SECONDS - 180]
        assert statistics.median(late) < 1.05 * statistics.median(warm)


def told(samples, outcome):
    """The figures; pytest shows them with -s or where the test fails."""
    first, last = samples[len(samples) // 7], samples[-1]
    print(json.dumps({"warm": first, "end": last, "problems": outcome.problems[:5]}))  # noqa: T201
