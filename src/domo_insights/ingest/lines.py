"""Lines of .jsonl, .jsonl.gz or stdin, one at a time, with what cannot be read told by line."""

import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

from domo_insights.errors import WrongUseError
from domo_insights.ingest.body import MAX_BYTES

STDIN: Final = "-"
_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BROKEN: Final = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank. `fault` says why it cannot be read; `read` is how many bytes of
    the file were used up when it was there."""

    number: int
    body: bytes
    fault: str | None = None
    read: int = 0


def size_of(names: Iterable[str]) -> int:
    """The bytes of all files together, 0 where it cannot be known.

    Raises: WrongUseError for one that cannot be read.
    """
    total = 0
    for name in names:
        path = Path(name)
        if name != STDIN and (not path.exists() or path.is_dir() or not os.access(path, os.R_OK)):
            why = "is not there" if not path.exists() else "cannot be read"
            raise WrongUseError(f"{name} {why}.", hint="Give .jsonl or .jsonl.gz files, or -.")
        total += path.stat().st_size if path.is_file() else 0
    return 0 if STDIN in names else total


def lines_of(name: str) -> Iterator[Line]:
    """The lines of one file; a broken end of a compressed one is a faulty line."""
    with ExitStack() as closing:
        file = sys.stdin.buffer if name == STDIN else closing.enter_context(Path(name).open("rb"))
        source: BinaryIO = file
        if cast(BufferedReader, file).peek(2)[:2] == _GZIP:
            source = cast(BinaryIO, closing.enter_context(gzip.open(file, "rb")))
        number = 0
        while True:
            number += 1
            try:
                body, whole = _line(source)
            except _BROKEN as error:
                yield Line(number, b"", f"The compressed file is broken here: {error}.")
                return
            if not body and whole:
                return
            if number == 1:
                body = body.removeprefix(_BYTE_ORDER_MARK)
            if not whole:
                yield Line(number, b"", "The line is longer than 1 MB.", _position(file))
            elif body.strip():
                yield Line(number, body.strip(), None, _position(file))


def _position(file: BinaryIO) -> int:
    try:
        return file.tell()
    except OSError:  # a pipe has none
        return 0


def _line(source: BinaryIO) -> tuple[bytes, bool]:
    """The next line, and whether it was short enough to be kept."""
    body = source.readline(MAX_BYTES + 2)
    if len(body) <= MAX_BYTES + 1:
        return body, True
    while body and not body.endswith(b"\n"):
        body = source.readline(MAX_BYTES)
    return b"", False
