"""Two replays of one demo held against each other: what an edit fixed, and what got worse. Pure."""

from typing import Any, Final

import pandas as pd

from domo_insights.database.frames import Columns

COMPARED: Final[Columns] = {
    "moved": "str",
    "question": "object",
    "asked": "int64",
    "before": "object",
    "now": "str",
    "similarity_before": "float64",
    "similarity": "float64",
    "chunk": "object",
}
FIXED, BETTER, SAME, WORSE, NEW = "fixed", "better", "same", "worse", "new"
_STANDING: Final = {"not": 0, "weakly": 1, "well": 2}


def compared(before: pd.DataFrame | None, now: pd.DataFrame) -> pd.DataFrame:
    """Each question of `now` with its verdict `before`: columns of COMPARED, in the order of `now`.

    Both as `replays.questions` gives them. moved: fixed (answered well now and not before), better,
    same, worse, or new, where no wording of it was asked before.
    """
    known: dict[str, Any] = {}
    for row in before.to_dict("records") if before is not None else ():
        for wording in row["wordings"]:
            known.setdefault(wording, row)
    rows = []
    for row in now.to_dict("records"):
        was = next((known[wording] for wording in row["wordings"] if wording in known), None)
        rows.append(
            {
                "moved": _moved(was["verdict"], row["verdict"]) if was else NEW,
                "question": row["question"],
                "asked": row["asked"],
                "before": was["verdict"] if was else None,
                "now": row["verdict"],
                "similarity_before": was["similarity"] if was else None,
                "similarity": row["similarity"],
                "chunk": row["chunk"],
            }
        )
    return pd.DataFrame(rows, columns=list(COMPARED)).astype(dict(COMPARED))


def in_words(changes: pd.DataFrame) -> str:
    """How many questions, and how often asked, were fixed or got worse; empty when none was asked
    before."""
    if changes.empty or (changes["moved"] == NEW).all():
        return ""
    found = [_counted(changes, name) for name in (FIXED, BETTER, WORSE, NEW)]
    same = int((changes["moved"] == SAME).sum())
    return f"Since the replay before: {', '.join(found)}, {same:,} as before."


def _counted(changes: pd.DataFrame, name: str) -> str:
    some = changes[changes["moved"] == name]
    asked = f" (asked {int(some['asked'].sum()):,} times)" if len(some) else ""
    return f"{len(some):,} {name}{asked}"


def _moved(was: str, now: str) -> str:
    step = _STANDING[now] - _STANDING[was]
    if step > 0:
        return FIXED if now == "well" else BETTER
    return WORSE if step else SAME
