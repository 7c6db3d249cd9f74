"""JSON that somebody else wrote, as far as Postgres can hold it."""

import json
import re
from collections import Counter
from typing import Any, Final, NoReturn

from domo_insights.errors import PayloadError

MAX_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 100
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def decoded(body: bytes) -> object:
    """What the JSON of `body` says. Raises: PayloadError."""
    if len(body) > MAX_BYTES:
        raise PayloadError("The body is longer than 1 MB.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadError(f"The body is not UTF-8 (byte {error.start + 1}).") from None
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_not_finite, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise PayloadError(f"Not JSON: {error.msg} at character {error.pos + 1}.") from None
    except RecursionError:
        raise PayloadError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None


def canonical(raw: dict[str, Any]) -> bytes:
    """UTF-8 with sorted keys and no spaces. Raises: PayloadError for what jsonb cannot hold."""
    try:
        text = json.dumps(
            raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        encoded = text.encode("utf-8")
    except UnicodeEncodeError:
        raise PayloadError("The body holds half of a surrogate pair, which is no text.") from None
    except RecursionError:
        raise PayloadError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except (ValueError, TypeError):
        raise PayloadError("The body holds something that JSON has no word for.") from None
    if "\\u0000" in text and _ESCAPED_NUL.search(text):
        raise PayloadError("The body holds a NUL character, which Postgres cannot store.")
    if text.count("{") + text.count("[") > MAX_DEPTH and _deeper_than(raw, MAX_DEPTH):
        raise PayloadError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    return encoded


def _deeper_than(value: object, levels: int) -> bool:
    layer: list[object] = [value]
    for _ in range(levels):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        layer = [item for item in inner if isinstance(item, dict | list)]
        if not layer:
            return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise PayloadError(f"The key {twice[:50]!a} is there twice.")
    return found


def _not_finite(constant: str) -> NoReturn:
    raise PayloadError(f"{constant} is not a JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise PayloadError(f"A number has more than {MAX_DIGITS} digits.")
    return int(digits)
