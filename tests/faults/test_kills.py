"""Work that is killed at any point and run again ends as if it had never been killed."""

import json
import random
import signal
import time
import zipfile

import pytest
from sqlalchemy import select, text

from domo_insights.database.engine import engine_for
from domo_insights.database.migrations import migrations
from domo_insights.database.tables import conversation_messages, knowledge_chunks
from domo_insights.database.tables import processed_webhook_events as events
from tests.conftest import create_database, drop_database
from tests.factories import chunk, demo
from tests.faults.conftest import utterance
from tests.local.processes import python
from tests.soaking import times

pytestmark = pytest.mark.soak
SEED = 20260302
LINES = 1500
_ENGINE = """
import sys
from domo_insights import settings
from domo_insights.database.engine import engine_for
settings.activate(settings.Settings(database_url=sys.argv[1]))
engine = engine_for(sys.argv[1])
def told(*_):
    print("step", flush=True)
"""
INGEST = (
    _ENGINE
    + """
from domo_insights.ingest import files
files.BATCH = 25
print("ready", flush=True)
files.ingest_files(engine, [sys.argv[2]], progress=told)
print("done", flush=True)
"""
)
DRAIN = (
    _ENGINE
    + """
from domo_insights.database import queue
queue.BATCH = 20
print("ready", flush=True)
queue.drain(engine)
print("done", flush=True)
"""
)
EMBED = (
    _ENGINE
    + """
from domo_insights.actions import knowledge_embedding as work
class Quick:
    name = "quick"
    def embed(self, texts):
        return [[float(len(text))] + [0.0] * 1535 for text in texts]
work.BATCH = 10
print("ready", flush=True)
work.embed_missing(engine.begin, Quick(), None, told)
print("done", flush=True)
"""
)
MIGRATE = """
import sys
from domo_insights.database.migrations import migrate
print("ready", flush=True)
migrate(sys.argv[1], lambda line: print("step", flush=True))
print("done", flush=True)
"""
EXPORT = (
    _ENGINE
    + """
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from domo_insights.exports import archive
from domo_insights.exports.whole_file import written_whole
from domo_insights.viewer import Viewer
archive.BATCH = 20
print("ready", flush=True)
with written_whole(Path(sys.argv[3])) as file:
    archive.write(file, Viewer(UUID(sys.argv[2])), datetime.now(UTC), progress=told)
print("done", flush=True)
"""
)


def killed(code, *arguments, after, longer):
    """Run `code`, kill it `longer` seconds after it has told of `after` steps; whether it was done
    before that."""
    with python(code, *arguments) as process:
        steps = -1  # the first line says that it is ready
        for line in process.stdout:
            if line == "done\n":
                process.wait(60)
                return True
            steps += 1
            if steps >= after:
                break
        time.sleep(longer)
        process.send_signal(signal.SIGKILL)
        rest, problem = process.communicate(timeout=60)
        assert "Error" not in problem, problem
        return "done\n" in rest


def run_until_done(code, *arguments, kills, most_steps):
    """Kill it again and again, each time somewhere else, then let it end."""
    chance = random.Random(SEED)
    for _ in range(kills):
        after, longer = chance.randrange(most_steps), chance.random() * 0.05
        if killed(code, *arguments, after=after, longer=longer):
            return
    with python(code, *arguments) as process:
        _, problem = process.communicate(timeout=300)
        assert process.returncode == 0, problem


def test_ingest_loses_nothing_and_stores_nothing_twice(mine, owner, tmp_path):
    """Each round has a file of its own, so that every kill hits work that is going on."""
    kills = times(4, 200)
    with engine_for(mine.admin_url).begin() as conn:
        where = demo(conn, user_id=owner.user_id)
    stored, chance, killed_so_far = set(), random.Random(SEED), 0
    while killed_so_far < kills:
        names = [f"{where}-{killed_so_far}-{n}" for n in range(3)]
        bodies = [{**utterance(n, names[n % 3]), "demo_id": str(where)} for n in range(LINES // 5)]
        file = tmp_path / f"{killed_so_far}.jsonl"
        file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
        for part in (0, 1):  # the second kill goes on where the first one was
            after = chance.randrange(125) + part * 125
            longer = chance.random() * 0.03
            killed_so_far += not killed(
                INGEST, mine.login_url, str(file), after=after, longer=longer
            )
        with python(INGEST, mine.login_url, str(file)) as process:
            assert process.communicate(timeout=120)[0].endswith("done\n")
        stored |= {(name, f"i{n}") for n, name in ((n, names[n % 3]) for n in range(len(bodies)))}
    with mine.admin.connect() as conn:
        there = conn.execute(
            select(events.c.conversation_id, events.c.event_data["inference_id"].astext).where(
                events.c.demo_id == where
            )
        ).all()
        said = conn.execute(
            select(
                conversation_messages.c.conversation_id, conversation_messages.c.message_id
            ).where(conversation_messages.c.demo_id == where)
        ).all()
    assert len(there) == len(stored)
    assert set(map(tuple, there)) == stored
    assert len(said) == len(stored)
    assert set(map(tuple, said)) == stored


def test_the_queue_is_worked_off_whoever_was_killed_at_it(mine, owner, post):
    for n in range(40):
        assert post(n, f"q{n}").status_code == 200
    with mine.admin.connect() as conn:
        assert conn.scalar(text("select count(*) from insights.change_queue")) > 40
    run_until_done(DRAIN, mine.login_url, kills=times(3, 30), most_steps=1)
    with mine.admin.connect() as conn:
        assert conn.scalar(text("select count(*) from insights.change_queue")) == 0
        version = text("select version from insights.demo_versions where demo_id = :d")
        assert conn.scalar(version, {"d": post.demo_id}) > 0


def test_embedding_goes_on_where_it_was(mine, owner):
    with engine_for(mine.admin_url).begin() as conn:
        where = demo(conn, user_id=owner.user_id)
        for n in range(120):
            chunk(conn, where, content="x" * (n + 1))
    run_until_done(EMBED, mine.admin_url, kills=times(3, 30), most_steps=4)
    chunks = knowledge_chunks.c
    with mine.admin.connect() as conn:
        done = conn.execute(
            select(chunks.content, chunks.vector_embedding, chunks.embedding_model).where(
                chunks.demo_id == where
            )
        ).all()
    assert len(done) == 120
    assert {(row.embedding_model, row.vector_embedding[0]) for row in done} == {
        ("quick", float(n + 1)) for n in range(120)
    }


def test_a_migration_is_applied_whole_or_not_at_all(mine):
    bare = create_database(mine.server, "killed_migrations")
    try:
        from domo_insights.local.stack import prepare_database

        prepare_database(mine.server, bare.name, migrated=False)
        run_until_done(MIGRATE, bare.admin_url, kills=times(3, 20), most_steps=12)
        with bare.admin.connect() as conn:
            applied = conn.scalars(
                text("select version from supabase_migrations.schema_migrations order by 1")
            ).all()
        assert applied == [m.version for m in migrations()]
    finally:
        drop_database(bare)


def test_an_export_is_there_whole_or_not_at_all(mine, owner, post, tmp_path):
    for n in range(60):
        post(n, f"e{n % 5}")
    made = tmp_path / "all.zip"
    chance = random.Random(SEED)
    for _ in range(times(3, 20)):
        arguments = (mine.login_url, str(owner.user_id), str(made))
        done = killed(EXPORT, *arguments, after=chance.randrange(6), longer=chance.random() * 0.02)
        if done:
            made.unlink()
        assert not made.exists()
    with python(EXPORT, mine.login_url, str(owner.user_id), str(made)) as process:
        assert process.communicate(timeout=120)[0].endswith("done\n")
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert len(json.loads(archive.read("tables/conversation_messages.json"))) == 60
    assert [file.name for file in tmp_path.iterdir()] == ["all.zip"]
