"""Question sets: pasted, from files, or made of what the demo's own chunks say they answer."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, delete, insert, select

from domo_insights.database.doors import editing, reading
from domo_insights.database.tables import knowledge_chunks as chunks
from domo_insights.database.tables_evaluation import question_sets, set_questions
from domo_insights.errors import DomoInsightsError, PayloadError
from domo_insights.evaluation import retrieval_files
from domo_insights.evaluation.replaying import mine
from domo_insights.evaluation.retrieval_files import Document
from domo_insights.viewer import Viewer

MOST: Final = 5_000
LONGEST: Final = 50_000
LONGEST_NAME: Final = 120
PASTED: Final = (
    "One question a line. After a tab or => what should answer it: a chunk's id, its question or"
    " its whole content; several with | between them. A question that expects nothing is only held"
    " against the threshold."
)
_QUESTION: Final = ("question", "text", "query")
_EXPECTED: Final = ("expected", "expected_chunk", "expected_chunks", "chunk_id", "chunk", "rel")
_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """A question as it was written, and the names of the chunks that should answer it."""

    number: int
    question: str
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """All that was written; `documents` give names of a file's own to chunks of their content."""

    lines: list[Line]
    documents: list[Document]
    origin: str


def pasted(text: str) -> Written:
    """One question a line, as PASTED says. Raises: PayloadError."""
    lines = []
    for number, row in enumerate(text.splitlines(), 1):
        asked, _, names = row.partition("\t") if "\t" in row else row.partition("=>")
        if asked.strip():
            lines.append(Line(number, asked.strip(), _names(names)))
    return checked(Written(lines, [], "pasted"))


def from_file(name: str, content: bytes) -> Written:
    """A CSV file with a column question and, if wanted, one expected (several with | between them);
    or JSONL as `domo-insights evaluate` reads it. Raises: PayloadError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError(f"{name} is no text in UTF-8.", hint="Save it as UTF-8.") from error
    if name.lower().endswith(".csv"):
        return checked(Written(_csv(name, text), [], "file"))
    read = retrieval_files.read_text(name, text)
    lines = [Line(one.line, one.text, one.relevant) for one in read.questions]
    return checked(Written(lines, read.documents, "file"))


def from_table(text: str) -> Written:
    """What a CSV or JSONL file holds, pasted. Raises: PayloadError."""
    name = "the text.jsonl" if text.lstrip().startswith("{") else "the text.csv"
    return from_file(name, text.strip().encode("utf-8", "replace"))


def from_knowledge(conn: Connection, demo_id: UUID) -> Written:
    """The questions of the demo's chunks. Raises: PayloadError, DatabaseError."""
    statement = (
        select(chunks.c.id, chunks.c.question)
        .where(chunks.c.demo_id == demo_id, chunks.c.question.is_not(None))
        .order_by(chunks.c.created_at, chunks.c.id)
        .limit(MOST)
    )
    rows = [row for row in conn.execute(statement) if row.question.strip()]
    if not rows:
        raise PayloadError("No chunk of this demo has a question.", hint="Paste questions instead.")
    lines = [Line(n, row.question.strip(), (str(row.id),)) for n, row in enumerate(rows, 1)]
    return checked(Written(lines, [], "knowledge"))


def keep(engine: Engine, viewer: Viewer, demo_id: UUID, name: str, written: Written) -> UUID:
    """Store a new set; its id. All of it or nothing.

    Raises: PayloadError for an expected chunk that the demo does not have, DomoInsightsError for a
    name that is missing, too long or taken, NotAllowedError, DatabaseError.
    """
    called = clean_name(name)
    with reading(engine, viewer) as conn:
        mine(conn, demo_id)
        ids = chunks_by_name(conn, demo_id, written.documents)
        taken = select(question_sets.c.id).where(
            question_sets.c.demo_id == demo_id, question_sets.c.name == called
        )
        if conn.execute(taken).first():
            raise DomoInsightsError(
                f"There is a question set called {called} already.", hint="Choose another name."
            )
    _all_known(written.lines, ids)
    set_id = uuid4()
    rows = [
        {
            "set_id": set_id,
            "demo_id": demo_id,
            "number": number,
            "question": line.question,
            "expected": sorted(wanted(line.expected, ids), key=str),
        }
        for number, line in enumerate(written.lines, 1)
    ]
    with editing(engine, viewer) as conn:
        made = {"id": set_id, "demo_id": demo_id, "name": called, "origin": written.origin}
        conn.execute(insert(question_sets).values(made))
        for first in range(0, len(rows), _ROWS):
            conn.execute(insert(set_questions).values(rows[first : first + _ROWS]))
    return set_id


def clean_name(name: str) -> str:
    """The name of a set as it is kept. Raises: DomoInsightsError."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not 1 <= len(clean) <= LONGEST_NAME:
        raise DomoInsightsError(f"A question set needs a name of 1 to {LONGEST_NAME} characters.")
    return clean


def forget(conn: Connection, set_id: UUID) -> None:
    """Delete a set of the viewer's with its runs; another's stays. Raises: DatabaseError."""
    conn.execute(delete(question_sets).where(question_sets.c.id == set_id))


def chunks_by_name(
    conn: Connection, demo_id: UUID, documents: Iterable[Document] = ()
) -> dict[str, set[UUID]]:
    """The chunks of a demo by each name they go by: id, question, content, and the names that a
    file's documents give to chunks of their content."""
    statement = select(chunks.c.id, chunks.c.content, chunks.c.question)
    rows = conn.execute(statement.where(chunks.c.demo_id == demo_id)).all()
    by_text: dict[str, set[UUID]] = {}
    named: dict[str, set[UUID]] = {}
    for row in rows:
        by_text.setdefault(row.content, set()).add(row.id)
        for text in (row.content, row.question):
            if text:
                named.setdefault(text.strip().casefold(), set()).add(row.id)
    named |= {str(row.id): {row.id} for row in rows}
    return named | {one.id: by_text[one.content] for one in documents if one.content in by_text}


def wanted(names: Iterable[str], ids: dict[str, set[UUID]]) -> set[UUID]:
    """The chunks that `names` stand for; a name that nothing has stands for none."""
    return set().union(*(_of(name, ids) for name in names))


def _of(name: str, ids: dict[str, set[UUID]]) -> set[UUID]:
    return ids.get(name) or ids.get(name.strip().casefold()) or set()


def _all_known(lines: list[Line], ids: dict[str, set[UUID]]) -> None:
    missing = [(x.number, name) for x in lines for name in x.expected if not _of(name, ids)]
    if missing:
        number, name = missing[0]
        more = f" {len(missing) - 1:,} more are missing as well." if len(missing) > 1 else ""
        raise PayloadError(
            f"Line {number} expects a chunk that this demo does not have: {name[:80]}.{more}",
            hint="Name a chunk by its id, its question or its whole content.",
        )


def _csv(name: str, text: str) -> list[Line]:
    try:
        dialect = csv.Sniffer().sniff(text.split("\n", 1)[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(1_000_000)
    rows = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True)
    try:
        heads = {(head or "").strip().lower(): head for head in rows.fieldnames or ()}
        asked = next((heads[one] for one in _QUESTION if one in heads), None)
        if asked is None:
            raise PayloadError(
                f"{name} has no column called question.",
                hint="Its first line names the columns: question, and if wanted expected.",
            )
        names = next((heads[one] for one in _EXPECTED if one in heads), None)
        return [
            Line(rows.line_num, row[asked].strip(), _names(row[names] if names else ""))
            for row in rows
            if (row[asked] or "").strip()
        ]
    except csv.Error as error:
        raise PayloadError(f"{name} is no CSV from line {rows.line_num} on: {error}.") from error


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split("|") if part.strip())


def checked(written: Written) -> Written:
    """`written` as it can be kept. Raises: PayloadError."""
    if not written.lines:
        raise PayloadError("There is no question in it.", hint="Write at least one question.")
    if len(written.lines) > MOST:
        raise PayloadError(
            f"At most {MOST:,} questions fit into a set, and these are {len(written.lines):,}.",
            hint="Make several sets of them.",
        )
    for line in written.lines:
        if len(line.question) > LONGEST:
            raise PayloadError(
                f"The question in line {line.number} is over {LONGEST:,} characters."
            )
    clean = [
        Line(line.number, text, line.expected)
        for line in written.lines
        if (text := line.question.replace("\0", " ").encode("utf-8", "replace").decode().strip())
    ]
    return Written(clean, written.documents, written.origin)
