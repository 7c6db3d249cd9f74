"""The long forms of tests that try at random: `make soak` runs them, `make test` a seeded part."""

import os
from typing import Final

LONG: Final = bool(os.environ.get("DOMO_INSIGHTS_SOAK"))


def times(short: int, long: int) -> int:
    """How often to try something: `short` in the tests, `long` in the soak."""
    return long if LONG else short
