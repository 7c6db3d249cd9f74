"""Tables of how well knowledge answers: question sets and their runs, replays of what was asked."""

from sqlalchemy import Boolean, Column, DateTime, Double, FetchedValue, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from domo_insights.database.tables import metadata

question_sets = Table(
    "question_sets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("made_by", Uuid, server_default=FetchedValue()),
    Column("created_at", DateTime(timezone=True), server_default=FetchedValue()),
    schema="insights",
)

set_questions = Table(
    "set_questions",
    metadata,
    Column("set_id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("number", Integer, primary_key=True),
    Column("question", Text, nullable=False),
    Column("expected", ARRAY(Uuid), nullable=False),
    schema="insights",
)

evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("set_id", Uuid, nullable=False),
    Column("demo_id", Uuid, nullable=False),
    Column("mode", Text, nullable=False),
    Column("k", Integer, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("model", Text),
    Column("chunks", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("off_topic", ARRAY(Double), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("ran_by", Uuid, server_default=FetchedValue()),
    Column("ran_at", DateTime(timezone=True), server_default=FetchedValue()),
    schema="insights",
)

evaluation_answers = Table(
    "evaluation_answers",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("number", Integer, primary_key=True),
    Column("found", ARRAY(Uuid), nullable=False),
    Column("best_similarity", Double),
    Column("expected_similarity", Double),
    schema="insights",
)

replay_runs = Table(
    "replay_runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("period_start", DateTime(timezone=True), nullable=False),
    Column("period_end", DateTime(timezone=True), nullable=False),
    Column("include_test", Boolean, nullable=False),
    Column("model", Text),
    Column("threshold", Double, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    *(
        Column(name, Integer, nullable=False)
        for name in (
            "messages", "small_talk", "fragments", "remarks", "questions", "answered_well",
            "answered_weakly", "not_answered",
        )
    ),
    Column("seconds", Double, nullable=False),
    Column("ran_by", Uuid, server_default=FetchedValue()),
    Column("ran_at", DateTime(timezone=True), server_default=FetchedValue()),
    schema="insights",
)  # fmt: skip

replayed_questions = Table(
    "replayed_questions",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("demo_id", Uuid, nullable=False),
    Column("number", Integer, primary_key=True),
    Column("question", Text, nullable=False),
    Column("wordings", ARRAY(Text), nullable=False),
    Column("asked", Integer, nullable=False),
    Column("unhappy", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("found", ARRAY(Uuid), nullable=False),
    Column("similarities", ARRAY(Double), nullable=False),
    Column("conversations", ARRAY(Text), nullable=False),
    Column("last_asked_at", DateTime(timezone=True), nullable=False),
    schema="insights",
)
