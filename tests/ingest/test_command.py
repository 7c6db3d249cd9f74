"""The command itself, as a process of its own: what it prints, and what a kill leaves."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from domo_insights.database.tables import (
    conversation_messages,
    demos,
    processed_webhook_events,
)
from domo_insights.ingest.webhook import webhook_url
from tests.factories import ANA, demo
from tests.ingest.conversations import joined, said, shutdown, transcript

COMMAND = Path(sys.executable).with_name("domo-insights")
SECONDS = 60


@pytest.fixture
def environment(database):
    found = database.settings
    return os.environ | {
        "DATABASE_URL": found.database_url.get_secret_value(),
        "DATABASE_ADMIN_URL": found.database_admin_url.get_secret_value(),
        "TAVUS_WEBHOOK_SECRET": found.tavus_webhook_secret.get_secret_value(),
        "INSIGHTS_PUBLIC_URL": found.insights_public_url,
    }


@pytest.fixture
def run(environment):
    def of(*arguments, **more):
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            **more,
        )

    return of


def talks(number):
    """Callbacks of so many conversations of ten, as bytes of a file."""
    lines = []
    for n in range(number):
        name = f"talk-{n}"
        spoken = [(f"Question {k} of {n}", f"Answer {k} of {n}") for k in range(3)]
        lines.append(joined(0, conversation=name))
        written = []
        for k, (question, answer) in enumerate(spoken):
            lines.append(said(10 * k + 1, question, conversation=name))
            lines.append(said(10 * k + 5, answer, "replica", conversation=name))
            written += [("user", question), ("assistant", answer)]
        lines.append(shutdown(50, conversation=name))
        lines.append(transcript(*written, conversation=name))
        lines.append(joined(60, conversation=name))
    return [json.dumps(line).encode() + b"\n" for line in lines]


def count(rows, table=processed_webhook_events):
    return rows.scalar(select(func.count()).select_from(table))


def wait_for(rows, events):
    until = time.monotonic() + SECONDS
    while count(rows) < events:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_ingest_prints_its_counts_as_json_and_words_on_stderr(run, rows, tmp_path):
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b"".join(talks(3))))
    done = run("ingest", tmp_path / "x.jsonl.gz", "--owner", ANA.email, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "read": 30,
        "stored": 30,
        "duplicates": 0,
        "rejected": 0,
        "conversations": 3,
        "messages": 18,
    }
    assert rows.scalars(select(demos.c.name)).all() == ["X"]

    again = run("ingest", "-", "--format", "json", input=b"".join([*talks(3), b"nonsense\n"]))
    assert again.returncode == 1
    counts = json.loads(again.stdout)
    assert (counts["duplicates"], counts["rejected"], counts["read"]) == (30, 1, 31)
    assert counts["rejections"][0]["line"] == 31
    assert b"line 31: Not JSON" in again.stderr

    words = run("ingest", tmp_path / "x.jsonl.gz")
    assert words.returncode == 0
    assert b"duplicates" in words.stdout


def test_wrong_use_is_2(run, tmp_path):
    assert run("ingest", tmp_path / "nothing").returncode == 2
    assert run("webhook-url", "--demo", "x").returncode == 2


def test_a_name_that_nobody_has_is_1_as_in_every_command(run):
    told = run("ingest", "-", "--owner", "nobody@x.example", input=b"")
    assert told.returncode == 1
    assert b"Nobody has the address nobody@x.example." in told.stderr


def test_label_and_webhook_url(run, rows, tmp_path):
    run("ingest", "-", input=b"".join(talks(1)))
    line = {"conversation_id": "talk-0", "message_id": "user-1", "intent": "ask"}
    done = run("label", "-", "--format", "json", input=json.dumps(line).encode())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labelled"] == 1
    labelled = conversation_messages.c.intent == "ask"
    assert rows.scalars(select(conversation_messages.c.content).where(labelled)).all() == [
        "Question 0 of 0"
    ]

    mine = demo(rows)
    told = run("webhook-url", "--demo", mine)
    assert told.stdout.decode().strip() == webhook_url(mine)


@pytest.fixture
def half_way(environment, rows):
    """A process that has stored 500 of 900 lines and waits for more."""
    lines = talks(90)
    with subprocess.Popen(
        [COMMAND, "ingest", "-", "--format", "json"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            process.stdin.write(b"".join(lines[:700]))
            process.stdin.flush()
            wait_for(rows, 500)
            yield process, lines
        finally:
            process.kill()


def test_after_a_kill_the_same_file_brings_the_rest(half_way, run, rows):
    process, lines = half_way
    os.kill(process.pid, signal.SIGKILL)
    process.wait(SECONDS)
    assert count(rows) == 500

    done = run("ingest", "-", "--format", "json", input=b"".join(lines))
    counts = json.loads(done.stdout)
    assert (counts["stored"], counts["duplicates"], counts["conversations"]) == (400, 500, 40)
    assert count(rows) == 900
    assert count(rows, conversation_messages) == 90 * 6


def test_ctrl_c_ends_between_batches_and_says_how_far_it_came(half_way, run, rows):
    process, lines = half_way
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(b"".join(lines[700:800]), timeout=SECONDS)
    assert process.returncode == 1
    assert json.loads(out)["stored"] == count(rows) == 500
    assert b"Stopped after 500 lines" in err
