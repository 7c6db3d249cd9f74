"""Lines of .jsonl, .jsonl.gz or stdin, one at a time, with what cannot be read told by line."""

import gzip
import os
import shutil
import sys
import tempfile
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
_BLOCK: Final = 1 << 16
_OTHER_KINDS: Final = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"(\xb5/\xfd": "compressed with zstd",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


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
    """The lines of one file. One of another kind, or a compressed one whose check sum tells that
    words in it may have changed, is one faulty line; so is a broken end, after the lines before.
    """
    with ExitStack() as closing:
        file = sys.stdin.buffer if name == STDIN else closing.enter_context(Path(name).open("rb"))
        head = cast(BufferedReader, file).peek(_BLOCK)
        source: BinaryIO = file
        if fault := _another_kind(name, head):
            yield Line(1, b"", fault)
            return
        if head[:2] == _GZIP:
            if not file.seekable():  # a pipe cannot be read twice
                kept = closing.enter_context(tempfile.TemporaryFile(prefix="domo-"))
                shutil.copyfileobj(file, kept)
                kept.seek(0)
                file = cast(BinaryIO, kept)
            begin = file.tell()
            if fault := _damage(file):
                yield Line(1, b"", fault)
                return
            file.seek(begin)
            source = cast(BinaryIO, closing.enter_context(gzip.open(file, "rb")))
        yield from _lines(source, file)


def _lines(source: BinaryIO, file: BinaryIO) -> Iterator[Line]:
    """`source` is what `file` holds, decompressed if need be."""
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


def _another_kind(name: str, head: bytes) -> str | None:
    """Why a file that begins with `head` has no lines of JSON, if that is plain."""
    kind = next((kind for mark, kind in _OTHER_KINDS.items() if head.startswith(mark)), None)
    if kind is None and name.endswith(".gz") and head[:2] != _GZIP and b"\0" in head:
        kind = "neither compressed with gzip, as its name says, nor text"
    return (
        f"The file is {kind}. Give lines of JSON in UTF-8, as they are or in gzip."
        if kind
        else None
    )


def _damage(file: BinaryIO) -> str | None:
    """Why no line of a compressed file can be believed. One that ends too early, or has something
    else after its end, is not meant: the lines before are what was written.
    """
    unpacking = zlib.decompressobj(wbits=31)
    while packed := file.read(_BLOCK):
        while packed:
            if unpacking.eof:
                if not packed.startswith(_GZIP):
                    return None
                unpacking = zlib.decompressobj(wbits=31)
            try:
                unpacking.decompress(packed)
            except zlib.error as error:
                return (
                    f"The compressed file is damaged ({error}), so none of it was read."
                    " Get it once more."
                )
            packed = unpacking.unused_data
    return None


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
