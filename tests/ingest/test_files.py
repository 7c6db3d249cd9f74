import gzip
import json
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from domo_insights.database.tables import conversation_messages, demos, processed_webhook_events
from domo_insights.errors import UnknownNameError, WrongUseError
from domo_insights.ingest import files
from domo_insights.ingest.files import ingest_files
from domo_insights.ingest.lines import lines_of, size_of
from domo_insights.ingest.owners import adopt, name_of, owner_of
from tests.factories import ANA, BEN, demo
from tests.ingest.conversations import joined, said


def written(path, *lines):
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    return str(path)


def rejected(outcome):
    return [(r.line, r.reason) for r in outcome.rejections]


def test_broken_lines_are_told_and_all_others_stored(database, tmp_path):
    file = written(
        tmp_path / "x.jsonl",
        b"\xef\xbb\xbf" + json.dumps(said(1, "One")).encode(),
        b"",
        b"{broken",
        b"\xff\xfe",
        said(2, "Two"),
        b"   ",
        b"[]",
        b'{"x": "' + b"y" * 1_100_000 + b'"}',
        said(3, "\0"),
        said(4, "Three"),
    )
    outcome = ingest_files(database.engine, [file])
    assert outcome.counts() == {
        "read": 8,
        "stored": 3,
        "duplicates": 0,
        "rejected": 5,
        "conversations": 1,
        "messages": 3,
    }
    assert [line for line, _ in rejected(outcome)] == [3, 4, 7, 8, 9]
    assert [reason.split()[0] for _, reason in rejected(outcome)] == [
        "Not", "The", "The", "The", "The"
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [-1, -9, 0.5, 12])
def test_a_broken_compressed_file_gives_what_can_be_read(database, tmp_path, cut):
    lines = [json.dumps(said(n, f"Line {n} {uuid4()}")) for n in range(200)]
    whole = gzip.compress("\n".join(lines).encode())
    at = int(len(whole) * cut) if isinstance(cut, float) else cut
    (tmp_path / "x.jsonl.gz").write_bytes(whole[:at])
    outcome = ingest_files(database.engine, [str(tmp_path / "x.jsonl.gz")])
    assert "compressed" in rejected(outcome)[-1][1]
    assert outcome.stored.stored == outcome.read - len(outcome.rejections)
    if cut in {-1, -9}:
        assert outcome.stored.stored >= 199


@pytest.mark.parametrize("at", [0.4, 0.9, -6])
def test_a_compressed_file_that_was_changed_is_not_believed(database, tmp_path, at):
    lines = [json.dumps(said(n, f"Line {n} {uuid4()}")) for n in range(200)]
    packed = bytearray(gzip.compress("\n".join(lines).encode()))
    packed[int(len(packed) * at) if isinstance(at, float) else at] ^= 0xFF
    (tmp_path / "x.jsonl.gz").write_bytes(packed)
    good = written(tmp_path / "y.jsonl", said(500, "Whole"))
    outcome = ingest_files(database.engine, [str(tmp_path / "x.jsonl.gz"), good])
    ((line, reason),) = rejected(outcome)
    assert (line, outcome.stored.stored) == (1, 1)
    assert "damaged" in reason
    assert "Get it once more." in reason


def test_lines_before_what_does_not_belong_to_a_compressed_file_are_stored(database, tmp_path):
    two = gzip.compress(json.dumps(said(1, "One")).encode() + b"\n") * 2 + b"more"
    (tmp_path / "x.jsonl.gz").write_bytes(two)
    outcome = ingest_files(database.engine, [str(tmp_path / "x.jsonl.gz")])
    assert (outcome.stored.stored, outcome.stored.duplicates) == (1, 1)
    assert [line for line, _ in rejected(outcome)] == [3]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("x.jsonl.gz", b"\0\x8b\x08" + bytes(range(256)) * 20, "neither compressed with gzip"),
        ("x.jsonl", b"PK\x03\x04" + b"\n" * 90, "a zip archive"),
        ("x.jsonl", '{"a": 1}\n{"b": 2}\n'.encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_of_another_kind_gets_one_reason(tmp_path, name, head, kind):
    (tmp_path / name).write_bytes(head)
    (line,) = lines_of(str(tmp_path / name))
    assert kind in line.fault


def test_empty_files_and_several_files(database, tmp_path):
    empty = written(tmp_path / "empty.jsonl")
    one, two = (written(tmp_path / f"{n}.jsonl", said(n, "Hi")) for n in (1, 2))
    assert ingest_files(database.engine, [empty, one, two, one]).counts()["stored"] == 2
    assert [line.body for line in lines_of(empty)] == []
    assert size_of([empty, one]) > 0


def test_what_cannot_be_opened_is_wrong_use(tmp_path):
    with pytest.raises(WrongUseError, match=r"nothing\.jsonl is not there"):
        size_of([str(tmp_path / "nothing.jsonl")])
    with pytest.raises(WrongUseError, match="cannot be read"):
        size_of([str(tmp_path)])


def test_a_line_may_name_its_demo_but_not_one_that_is_not(database, rows, tmp_path):
    mine = demo(rows)
    file = written(
        tmp_path / "x.jsonl",
        said(1, "Hi", demo_id=str(mine)),
        said(2, "Hi", demo_id=str(uuid4())),
        said(3, "Hi", demo_id="nonsense"),
    )
    outcome = ingest_files(database.engine, [file])
    assert [line for line, _ in rejected(outcome)] == [2, 3]
    assert rows.scalars(select(conversation_messages.c.demo_id)).all() == [mine]


def test_stopping_keeps_what_is_done_and_the_rest_follows(database, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 10)
    file = written(tmp_path / "x.jsonl", *(said(n, "Hi") for n in range(35)))
    seen = []
    stopped = ingest_files(
        database.engine, [file], progress=seen.append, stopping=lambda: len(seen) >= 20
    )
    assert (stopped.stopped, stopped.read, stopped.stored.stored) == (True, 20, 20)
    rest = ingest_files(database.engine, [file])
    assert (rest.stored.stored, rest.stored.duplicates) == (15, 20)
    assert rows.scalar(select(func.count()).select_from(processed_webhook_events)) == 35


def test_a_persona_that_somebody_has_is_not_taken(database, rows, tmp_path):
    theirs = demo(rows, BEN, tavus_persona_id="p-taken")
    file = written(
        tmp_path / "x.jsonl",
        joined(1, "p-taken", conversation="c1"),
        said(2, "Before its persona is known", conversation="c2"),
        joined(3, "p-ride-sharing", conversation="c2"),
        joined(4, "p-ride-sharing", conversation="c3"),
    )
    owner = owner_of(database.admin, ANA.email.upper())
    ingest_files(database.engine, [file], meet=lambda p: adopt(database.admin, owner, p))
    mine = rows.execute(select(demos).where(demos.c.user_id == ANA.user_id)).all()
    assert [(d.name, d.tavus_persona_id, d.status) for d in mine] == [
        ("Ride sharing", "p-ride-sharing", "draft")
    ]
    m = conversation_messages
    assert rows.scalars(select(m.c.demo_id)).all() == [mine[0].id]
    assert theirs


def test_an_owner_must_exist(database):
    with pytest.raises(UnknownNameError, match=r"nobody@nowhere\.example"):
        owner_of(database.admin, "nobody@nowhere.example")


@pytest.mark.parametrize(
    ("persona", "name"),
    [("p-flights", "Flights"), ("Persona_two words", "Two words"), ("p-", "p-"), ("x", "X")],
)
def test_demos_are_named_after_their_persona(persona, name):
    assert name_of(persona) == name
