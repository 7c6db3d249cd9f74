"""Files of documents and questions, one JSON object a line.

{"t": "d", "id": 7, "content": "…", "question": "…", "answer": "…", "source": "…"}
{"t": "q", "text": "…", "rel": [7]}

A question may also be written as {"question": "…", "expected": ["…"]}.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domo_insights.errors import PayloadError, WrongUseError


@dataclass(frozen=True, slots=True)
class Document:
    """What becomes a chunk. `id` is its name within the file."""

    id: str
    content: str
    question: str | None
    answer: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question and the names of what answers it."""

    text: str
    relevant: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class RetrievalFile:
    """All of a file."""

    documents: list[Document] = field(default_factory=list)
    questions: list[QuestionLine] = field(default_factory=list)


def read_file(path: Path) -> RetrievalFile:
    """The file's lines, all of them sound. Raises: WrongUseError, PayloadError with the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{path} cannot be read as text.") from error
    return read_text(path.name, text)


def read_text(name: str, text: str) -> RetrievalFile:
    """The lines of a file called `name`, all of them sound. Raises: PayloadError with the line."""
    found, names = RetrievalFile(), set[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("it is no object")
            if "text" in row or ("question" in row and not {"id", "content"} & set(row)):
                found.questions.append(_question(row, number))
            else:
                document = _document(row)
                if document.id in names:
                    raise ValueError("the id is there twice")
                names.add(document.id)
                found.documents.append(document)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise PayloadError(
                f"Line {number} of {name} is neither a document nor a question: {why}.",
                hint='A document has "id" and "content", a question "text" and "rel".',
            ) from error
    if not found.questions:
        raise PayloadError(f"{name} has no questions.")
    return found


def _document(row: dict[str, Any]) -> Document:
    question, answer = _text(row, "question"), _text(row, "answer")
    content = _text(row, "content") or "\n".join(filter(None, (question, answer)))
    if not content:
        raise ValueError("it has no content")
    return Document(str(row["id"]), content, question, answer, _text(row, "source"))


def _question(row: dict[str, Any], number: int) -> QuestionLine:
    wanted = row["rel"] if "text" in row else row.get("expected", [])
    if not isinstance(wanted, list):
        wanted = [wanted]
    asked = _text(row, "text" if "text" in row else "question") or ""
    return QuestionLine(asked, tuple(str(name) for name in wanted), number)


def _text(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    if not value or not value.strip():
        return None
    return value.replace("\0", "").encode("utf-8", "replace").decode()
