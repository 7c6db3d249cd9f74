"""Work that is killed at any point and run again ends as if it had never been killed."""

import json
import random
import threading
import zipfile
from collections import Counter
from datetime import timedelta

import httpx
import numpy as np
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, text

from domo_insights.database import rollups
from domo_insights.database.engine import engine_for
from domo_insights.database.migrations import migrations
from domo_insights.database.queue import drain
from domo_insights.database.tables import conversation_messages as messages
from domo_insights.database.tables import knowledge_chunks
from domo_insights.database.tables import processed_webhook_events as events
from domo_insights.database.tables_evaluation import replay_runs, replayed_questions
from domo_insights.embedding import default_model, embedder_for
from domo_insights.ingest.webhook import token_of
from domo_insights.local.stack import prepare_database
from domo_insights.period import Period
from domo_insights.settings import SecretStr
from tests.conftest import create_database, drop_database
from tests.database.counted import answers_are_right, kept_is_what_is_stored
from tests.database.writers import populate, speak
from tests.factories import NOON, chunk, conversation, demo, message
from tests.faults import work
from tests.faults.conftest import utterance
from tests.faults.killing import done, killed, points, started
from tests.local.processes import eventually
from tests.soaking import times

pytestmark = pytest.mark.soak
SEED = 20260302


@pytest.fixture
def where(mine, owner):
    with engine_for(mine.admin_url).begin() as conn:
        return demo(conn, user_id=owner.user_id)


def stored(database, where):
    """How often each event of the demo is there, and each message."""
    said = events.c.event_data["inference_id"].astext
    with database.admin.connect() as conn:
        there = conn.execute(
            select(events.c.conversation_id, said).where(events.c.demo_id == where)
        )
        talked = conn.execute(
            select(messages.c.conversation_id, messages.c.message_id).where(
                messages.c.demo_id == where
            )
        )
        return Counter(map(tuple, there)), Counter(map(tuple, talked))


def each_once(acknowledged, database, where, kills):
    """What was acknowledged is there, and nothing is there twice."""
    there, talked = stored(database, where)
    lost = acknowledged - set(there)
    twice = [one for counted in (there, talked) for one, n in counted.items() if n > 1]
    told = {
        "kills": kills,
        "acknowledged": len(acknowledged),
        "lost": len(lost),
        "twice": len(twice),
    }
    print(json.dumps(told))  # noqa: T201 - the figures; pytest shows them with -s
    assert (lost, twice) == (set(), [])
    assert set(talked) == set(there)
    return there


def test_ingest_of_files_loses_nothing_and_stores_nothing_twice(mine, where, tmp_path):
    """Each file is killed at twice: the second kill goes on where the first one was."""
    kills, acknowledged, expected = 0, set(), set()
    spots = points(SEED, times(4, 160), 125, 0.03)
    for number, (first, second) in enumerate(zip(spots, spots, strict=True)):
        names = [f"{where}-{number}-{n}" for n in range(3)]
        bodies = [{**utterance(n, names[n % 3]), "demo_id": str(where)} for n in range(300)]
        file = tmp_path / "callbacks.jsonl"
        file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
        lines = [(names[n % 3], f"i{n}") for n in range(len(bodies))]
        for spot in (first, second | {"after": second["after"] + 125}):
            hit, told = killed(work.ingest, mine.login_url, str(file), **spot)
            kills += hit
            acknowledged |= {lines[n - 1] for n in told}
        assert acknowledged <= set(stored(mine, where)[0])
        done(work.ingest, mine.login_url, str(file))
        expected |= set(lines)
    assert kills > 0
    assert set(each_once(acknowledged, mine, where, kills)) == expected


def test_callbacks_to_a_dashboard_that_is_killed_are_there_once(mine, where):
    """Senders send each callback until it is acknowledged, as Tavus does, whoever answers."""
    kills, acknowledged = 0, set()
    settings = mine.settings.model_copy(
        update={"insights_session_keys": SecretStr(Fernet.generate_key().decode())}
    )
    sending = _Senders(where)
    sending.start()
    try:
        for spot in points(SEED, times(2, 60), 40, 0.05):
            with started(work.serve, settings) as process:
                sending.address = next(process.told())
                sending.wait_for(spot["after"])
                threading.Event().wait(spot["longer"])
                process.kill()
                kills += 1
        with started(work.serve, settings) as process:
            sending.address = next(process.told())
            sending.finish()
            process.kill()
    finally:
        sending.stop()
    assert sending.problems == []
    acknowledged = sending.acknowledged
    assert set(each_once(acknowledged, mine, where, kills)) == acknowledged
    eventually(lambda: _worked_off(mine), "the queue is worked off")


def _worked_off(database):
    """What a killed process asked of Postgres may still be at it for a moment."""
    drain(database.engine)
    with database.admin.connect() as conn:
        return conn.scalar(text("select count(*) from insights.change_queue")) == 0


class _Senders:
    """Three that send their conversations, each callback again until it is answered with 200."""

    def __init__(self, where):
        self.path = f"/webhooks/tavus/{where}?token={token_of(where)}"
        self.where, self.address = where, ""
        self.acknowledged, self.problems = set(), []
        self._ending, self._stopping = threading.Event(), threading.Event()
        self._more = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(3)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers):
        """Until so many more are acknowledged."""
        for _ in range(answers):
            assert self._more.acquire(timeout=60), self.problems

    def finish(self):
        """Send what was begun to its end, and nothing more."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def stop(self):
        self._stopping.set()
        self.finish()

    def _send(self, sender):
        n = 0
        while not self._ending.is_set():
            talk = f"{self.where}-{sender}-{n // 10}"
            body = json.dumps(utterance(n, talk))
            while not self._stopping.is_set() and not self._acknowledged(body, sender):
                threading.Event().wait(0.02)
            if not self._stopping.is_set():
                self.acknowledged.add((talk, f"i{n}"))
                self._more.release()
            n += 1

    def _acknowledged(self, body, sender):
        try:
            answer = httpx.post(self.address + self.path, content=body, timeout=20, trust_env=False)
        except (httpx.TransportError, httpx.UnsupportedProtocol):
            return False
        if answer.status_code not in {200, 503}:
            self.problems.append(f"{sender}: {answer.status_code}")
        return answer.status_code == 200


def test_the_queue_is_worked_off_whoever_was_killed_at_it(database, rows):
    """What is kept is what is stored, whoever was killed while it was brought up to date."""
    die = random.Random(SEED)
    populate(rows, die)
    places = rows.scalars(text("select id from demos order by id")).all()
    for spot in points(SEED, times(3, 40), 2, 0.1):
        for _ in range(3):
            speak(rows, die, conversation(rows, die.choice(places)))
        killed(work.drain, database.login_url, **spot)
        answers_are_right(database, die)
    done(work.drain, database.login_url)
    kept_is_what_is_stored(database)


def test_the_first_filling_goes_on_where_it_was_killed(database, rows):
    die = random.Random(SEED)
    populate(rows, die)
    drain(database.engine)
    for round_ in range(times(1, 5)):
        rollups.start_over(database.engine)
        for spot in points(SEED + round_, times(3, 8), 6, 0.05):
            killed(work.refresh, database.login_url, **spot)
            answers_are_right(database, die)
    done(work.refresh, database.login_url)
    assert all(part.complete for part in rollups.progress(database.engine))
    kept_is_what_is_stored(database)


def test_embedding_goes_on_where_it_was(mine, where):
    with engine_for(mine.admin_url).begin() as conn:
        for n in range(120):
            chunk(conn, where, content="x" * (n + 1))
    for spot in points(SEED, times(3, 30), 4, 0.05):
        if not killed(work.embed, mine.admin_url, **spot)[0]:
            break
    done(work.embed, mine.admin_url)
    chunks = knowledge_chunks.c
    with mine.admin.connect() as conn:
        found = conn.execute(
            select(chunks.content, chunks.vector_embedding, chunks.embedding_model).where(
                chunks.demo_id == where
            )
        ).all()
    assert len(found) == 120
    assert {(row.embedding_model, row.vector_embedding[0]) for row in found} == {
        ("quick", float(n + 1)) for n in range(120)
    }


def test_a_migration_is_applied_whole_or_not_at_all(mine):
    bare = create_database(mine.server, "killed_migrations")
    try:
        prepare_database(mine.server, bare.name, migrated=False)
        for spot in points(SEED, times(3, 30), 3, 0.1):
            killed(work.migrate, bare.admin_url, **spot)
            assert applied(bare) == [m.version for m in migrations()][: len(applied(bare))]
        done(work.migrate, bare.admin_url)
        assert applied(bare) == [m.version for m in migrations()]
    finally:
        drop_database(bare)


def applied(database):
    with database.admin.connect() as conn:
        if conn.scalar(text("select to_regclass('supabase_migrations.schema_migrations')")) is None:
            return []
        asked = text("select version from supabase_migrations.schema_migrations order by 1")
        return conn.scalars(asked).all()


def test_a_replay_is_stored_whole_or_not_at_all(mine, owner, where):
    """The demo's own model reads the questions, so kills find the reading, the comparing and the
    storing."""
    with engine_for(mine.admin_url).begin() as conn:
        model = default_model()
        answers = [f"The plan number {n} costs {n} euros." for n in range(40)]
        vectors = embedder_for(model).embed(answers)
        for answer, vector in zip(answers, np.asarray(vectors), strict=True):
            chunk(conn, where, content=answer, vector_embedding=vector, embedding_model=model)
        talk = conversation(conn, where)
        for n in range(70):
            message(conn, talk, at=NOON + timedelta(seconds=n), content=f"What does plan {n} cost?")
    period = Period.parse("2026-03-01..2026-03-08", NOON + timedelta(days=9), "UTC")
    asked = (mine.login_url, owner.user_id, where, period)
    hits = Counter()
    for spot in points(SEED, times(3, 30), 6, 0.1):
        before = replays(mine, where)
        hit, _ = killed(work.replay, *asked, **spot)
        hits[hit] += 1
        assert set(replays(mine, where)) in ({70}, set())
        assert len(replays(mine, where)) - len(before) in {0, 1}
    assert hits[True] > 0
    before = len(replays(mine, where))
    done(work.replay, *asked)
    assert replays(mine, where) == [70] * (before + 1)


def replays(database, where):
    """How many questions each stored replay has, by its own count and by its rows."""
    lines = (
        select(func.sum(replayed_questions.c.asked))
        .where(replayed_questions.c.run_id == replay_runs.c.id)
        .scalar_subquery()
    )
    with database.admin.connect() as conn:
        found = conn.execute(
            select(replay_runs.c.questions, lines).where(replay_runs.c.demo_id == where)
        ).all()
    assert all(told == there for told, there in found)
    return [told for told, _ in found]


def test_an_export_is_there_whole_or_not_at_all(mine, owner, post, tmp_path):
    for n in range(60):
        post(n, f"e{n % 5}")
    made = tmp_path / "all.zip"
    asked = (mine.login_url, owner.user_id, str(made))
    for spot in points(SEED, times(3, 30), 6, 0.02):
        if not killed(work.export, *asked, **spot)[0]:
            made.unlink()
        assert not made.exists()
    done(work.export, *asked)
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert len(json.loads(archive.read("tables/conversation_messages.json"))) == 60
    assert [file.name for file in tmp_path.iterdir()] == ["all.zip"]
