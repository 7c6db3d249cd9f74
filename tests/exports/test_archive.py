"""An archive holds every row of its owner and none of anybody else's, and can be put back."""

import csv
import io
import json
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from domo_insights.actions import erasing
from domo_insights.database.doors import editing
from domo_insights.database.queue import drain
from domo_insights.database.tables import conversation_details, demos, knowledge_chunks
from domo_insights.errors import ConflictingDataError, DomoInsightsError, NotAllowedError
from domo_insights.exports import archive, archive_import
from domo_insights.exports.archive_import import ArchiveError
from domo_insights.exports.archive_tables import PARTS
from domo_insights.exports.whole_file import FileError, written_whole
from domo_insights.period import Period
from domo_insights.queries import PRODUCT_ONLY
from tests.conftest import create_database, drop_database
from tests.database.test_lasting import NUMBERS, answers
from tests.factories import ANA, BEN, PIA, conversation, event, message
from tests.security.inventory import OWNED
from tests.security.world import make_world

OLD = datetime(2025, 11, 3, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
DERIVED = {
    "insights.conversations", "insights.conversations_counted", "insights.judged_messages",
    "insights.messages_counted", "insights.conversation_days", "insights.conversation_spreads",
}  # fmt: skip
"""Counted from what is archived, and counted again where it is put in."""


@pytest.fixture
def world(rows):
    made = make_world(rows)
    vector = [0.1, -0.25, 1e-7] + [0.0] * 1533
    rows.execute(
        update(knowledge_chunks)
        .where(knowledge_chunks.c.demo_id == made.ana.demo_id)
        .values(vector_embedding=vector, embedding_model="a model")
    )
    # What a second telling of the triggers would change.
    rows.execute(
        update(conversation_details)
        .where(conversation_details.c.tavus_conversation_id == "ANAMARK-talk-1")
        .values(conversation_name="test of Ada", is_test=True)
    )
    rows.execute(
        update(conversation_details)
        .where(conversation_details.c.tavus_conversation_id == "ANAMARK-talk-1")
        .values(is_test=False, transcript=[{"role": "user", "content": "=1+1 \u2028 ü"}])
    )
    rows.execute(text("update processed_webhook_events set event_data = event_data "
                      """|| '{"huge": 123456789012345678901234567890.10, "e": 1e400}' """
                      "where conversation_id = 'ANAMARK-talk-2'"))  # fmt: skip
    grow_old(rows, made.ana.demo_id)
    return made


def grow_old(rows, demo_id):
    """A conversation of long ago of which retention has left nothing but counts."""
    talk, at = conversation(rows, demo_id, started_at=OLD), OLD + timedelta(seconds=5)
    message(rows, talk, at=at, sentiment="negative", intent="price", confidence=0.9)
    event(rows, talk, at=at, processed_at=at, received_via="http", processing_duration_ms=40)
    rows.execute(text("select insights.drain_changes()"))
    before = OLD + timedelta(days=30)
    rows.execute(text("select insights.keep_detail_since(:d, :b, false)"),
                 {"d": demo_id, "b": before})  # fmt: skip
    rows.execute(text("select insights.erase_conversations(:c, 'retention', :b)"),
                 {"c": [talk], "b": before})  # fmt: skip
    rows.execute(text("select insights.drain_changes()"))


@pytest.fixture
def other(server, template):
    """Another database, with the same users and nothing else."""
    made = create_database(server, "other_database", template)
    yield made
    drop_database(made)


def exported(path, viewer=ANA, **asked: Any):
    with written_whole(path) as file:
        return archive.write(file, viewer, NOW, **asked)


def everything(database, vectors=True):
    """All rows of the tables of an archive, as text, by table."""
    found = {}
    with database.admin.connect() as conn:
        for part in PARTS:
            asked = select(*part.columns(vectors=vectors)).where(part.rows_of(None))
            found[part.name] = sorted(str(tuple(row)) for row in conn.execute(asked))
    return found


def test_every_table_with_an_owner_is_in_an_archive():
    assert {str(part.table) for part in PARTS} == OWNED - DERIVED


def test_every_stored_column_is_in_an_archive(rows):
    there = rows.execute(
        text("""select attrelid::regclass::text, array_agg(attname::text) from pg_attribute
                where attnum > 0 and not attisdropped and attgenerated = ''
                  and attrelid = any (cast(:tables as regclass[])) group by 1"""),
        {"tables": [str(part.table) for part in PARTS]},
    ).all()  # fmt: skip
    stored = {table.rpartition(".")[2]: set(columns) for table, columns in there}
    assert {part.name: {c.name for c in part.columns(vectors=True)} for part in PARTS} == stored


@pytest.mark.parametrize("vectors", [True, False])
def test_what_is_put_into_another_database_is_what_was_there(
    database, rows, world, other, tmp_path, vectors
):
    rows.execute(delete(demos).where(demos.c.id == world.ben.demo_id))
    others = "demo_id is distinct from :demo and user_id is distinct from :ana"
    ours = {"demo": world.ana.demo_id, "ana": ANA.user_id}
    rows.execute(text(f"delete from audit_logs where {others}"), ours)
    rows.execute(text("delete from insights.saved_views where user_id <> :u"), {"u": ANA.user_id})
    rows.execute(text("delete from conversation_messages where demo_id is null"))
    rows.execute(text("delete from processed_webhook_events where demo_id is null"))
    before = everything(database, vectors)
    counts = exported(tmp_path / "ana.zip", vectors=vectors)
    before_other = everything(other, vectors)
    assert counts == {name: len(kept) for name, kept in before.items()}
    assert all(counts.values())

    assert archive_import.put_in(other.admin, tmp_path / "ana.zip", ANA.user_id) == counts

    after = everything(other, vectors)
    noted = [row for row in after["audit_logs"] if "'import'" in row]
    assert len(noted) == 1
    after["audit_logs"].remove(noted[0])
    exports = [row for row in before["audit_logs"] if "'archive'" in row]
    assert exports == []  # the trace of this export is younger than what it exported
    assert after == before
    assert before_other["audit_logs"] == []
    with other.admin.connect() as conn:
        queued = conn.scalar(text("select count(*) from insights.change_queue"))
        asleep = conn.scalar(text("select count(*) from pg_trigger where tgenabled = 'D'"))
    assert queued
    assert asleep == 0
    long = Period.parse("2025-10-01..2026-04-01", NOW, "UTC")
    # Without vectors, pages count chunks that wait for theirs.
    names = sorted(set(NUMBERS) - PRODUCT_ONLY - {"attention.needs", "demos_now.kpis"})
    wanted = answers(database, names, period=long)
    for _ in range(2):
        assert answers(other, names, period=long) == wanted
        drain(other.engine)


def test_it_holds_nothing_of_anybody_else(database, world, tmp_path):
    exported(tmp_path / "ana.zip")
    with zipfile.ZipFile(tmp_path / "ana.zip") as made:
        texts = {name: made.read(name).decode() for name in made.namelist()}
    assert not [name for name, said in texts.items() if "BENMARK" in said or "nobodys" in said]
    assert not [name for name, said in texts.items() if str(BEN.user_id) in said]
    assert "vector_embedding" not in texts["tables/knowledge_chunks.json"]
    sheet = list(csv.DictReader(io.StringIO(texts["csv/conversation_messages.csv"])))
    lines = json.loads(texts["tables/conversation_messages.json"])
    assert [row["content"] for row in sheet] == [row["content"] for row in lines]
    assert stat.S_IMODE((tmp_path / "ana.zip").stat().st_mode) == 0o600


def test_words_are_no_formulas_in_a_sheet(database, rows, world, tmp_path):
    rows.execute(
        insert(knowledge_chunks).values(demo_id=world.ana.demo_id, content="=HYPERLINK(1)")
    )
    exported(tmp_path / "ana.zip")
    with zipfile.ZipFile(tmp_path / "ana.zip") as made:
        assert "\n" in made.read("csv/knowledge_chunks.csv").decode()
        assert ",'=HYPERLINK(1)," in made.read("csv/knowledge_chunks.csv").decode()
        assert '"=HYPERLINK(1)"' in made.read("tables/knowledge_chunks.json").decode()


def test_one_demo_alone_and_none_of_another(database, rows, world, tmp_path):
    counts = exported(tmp_path / "one.zip", demo_id=world.ana.demo_id)
    assert counts["demos"] == 1
    assert counts["saved_views"] == 0
    with pytest.raises(DomoInsightsError, match="no such demo"):
        exported(tmp_path / "other.zip", demo_id=world.ben.demo_id)
    with pytest.raises(NotAllowedError):
        exported(tmp_path / "other.zip", PIA)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.zip"]
    said = rows.execute(text("select user_id, new_values ->> 'demo' from audit_logs "
                             "where table_name = 'archive'")).all()  # fmt: skip
    assert said == [(ANA.user_id, str(world.ana.demo_id))]


def test_what_was_erased_there_stays_away(database, world, other, tmp_path):
    exported(tmp_path / "ana.zip")
    with editing(database.engine, ANA) as conn:
        erasing.erase(conn, "ANAMARK-talk-0")
    with database.admin.begin() as conn:
        conn.execute(delete(demos).where(demos.c.id == world.ana.demo_id))
    put = archive_import.put_in(database.admin, tmp_path / "ana.zip", BEN.user_id)
    assert (put["conversation_map"], put["conversation_messages"]) == (2, 8)
    with database.admin.connect() as conn:
        owner = conn.scalar(select(demos.c.user_id).where(demos.c.id == world.ana.demo_id))
        left = conn.scalar(text("select count(*) from conversation_messages m "
                                "where conversation_id = 'ANAMARK-talk-0'"))  # fmt: skip
    assert (owner, left) == (BEN.user_id, 0)


def changed(source, target, **members):
    """`source` with other contents of some members, and digests that fit."""
    import hashlib

    with zipfile.ZipFile(source) as old:
        texts = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(texts["manifest.json"])
    for name, content in members.items():
        texts[f"tables/{name}.json"] = content
        manifest["tables"][name]["sha256"] = hashlib.sha256(content).hexdigest()
    texts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w") as new:
        for name, content in texts.items():
            new.writestr(name, content)


def test_a_refused_archive_leaves_nothing_behind(database, world, other, tmp_path):
    exported(tmp_path / "ana.zip")
    before = everything(other)
    with zipfile.ZipFile(tmp_path / "ana.zip") as made:
        videos = made.read("tables/demo_videos.json")
    foreign = videos.replace(str(world.ana.demo_id).encode(), str(world.ben.demo_id).encode())
    changed(tmp_path / "ana.zip", tmp_path / "foreign.zip", demo_videos=foreign)
    with pytest.raises(ArchiveError, match="not in the archive"):
        archive_import.put_in(other.admin, tmp_path / "foreign.zip", ANA.user_id)
    changed(tmp_path / "ana.zip", tmp_path / "short.zip", demo_videos=b"[]\n")
    with pytest.raises(ArchiveError, match="0 rows and says 1"):
        archive_import.put_in(other.admin, tmp_path / "short.zip", ANA.user_id)
    whole = (tmp_path / "ana.zip").read_bytes()
    (tmp_path / "torn.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError):
        archive_import.put_in(other.admin, tmp_path / "torn.zip", ANA.user_id)
    assert everything(other) == before
    with pytest.raises(ConflictingDataError, match="already"):
        archive_import.put_in(database.admin, tmp_path / "ana.zip", ANA.user_id)


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path):
    def fill():
        with written_whole(tmp_path / "x.zip") as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(FileError, match="No space left"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_the_page_gives_the_same_file_to_its_owner(ask, rows, world):
    answer = ask(ANA, "/export/everything.zip")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
        assert made.testzip() is None
        manifest = archive_import.read_manifest(made)
    assert manifest.demos == [world.ana.demo_id]
    assert ask(ANA, "/export/everything.zip", demo=str(world.ben.demo_id)).status_code == 404
    assert ask(PIA, "/export/everything.zip").status_code == 403
