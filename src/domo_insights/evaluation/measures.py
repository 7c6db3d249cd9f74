"""What a run of a question set is worth, against another run, and at other thresholds. Pure."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from domo_insights import ranking
from domo_insights.ranking import Estimate

RECALL_1, RECALL_5, MRR, NDCG = "recall@1", "recall@5", "mrr@10", "ndcg@10"
BELOW: Final = "below_threshold"
MEASURES: Final = (RECALL_1, RECALL_5, MRR, NDCG)
IMPROVED, BROKE, SAME = "improved", "broke", "same"
_STEPS: Final = 201


def judged(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per question that expects a chunk: number, question, rank (of the first expected
    one, missing when it was not found), and the columns of MEASURES, each 0..1.

    `answers` as `queries.evaluations.answers` gives them.
    """
    rows = [
        {
            "number": row["number"],
            "question": row["question"],
            "rank": ranking.rank_of(row["found"], row["expected"]),
            RECALL_1: ranking.recall_at(row["found"], row["expected"], 1),
            RECALL_5: ranking.recall_at(row["found"], row["expected"], 5),
            MRR: ranking.mrr_at(row["found"], row["expected"], 10),
            NDCG: ranking.ndcg_at(row["found"], row["expected"], 10),
        }
        for row in answers.to_dict("records")
        if len(row["expected"])
    ]
    frame = pd.DataFrame(rows, columns=["number", "question", "rank", *MEASURES])
    return frame.astype({"number": "int64", "rank": "Int64", **dict.fromkeys(MEASURES, "float64")})


def measures(answers: pd.DataFrame, threshold: float) -> dict[str, Estimate]:
    """MEASURES over the questions that expect a chunk, and the share of all questions whose nearest
    chunk is below `threshold`, each with its 95 % interval."""
    rows = judged(answers)
    found = {name: ranking.mean_score(rows[name].tolist()) for name in MEASURES}
    similar = answers["best_similarity"].dropna()
    below = int((similar + ranking.ROUNDING < threshold).sum())
    return found | {BELOW: ranking.share(below, len(similar))}


def differences(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Estimate]:
    """The mean of each of MEASURES after minus before, over the questions that both runs of a set
    judged."""
    both = _side_by_side(before, after)
    return {
        name: ranking.mean_difference(both[f"{name}_before"].tolist(), both[name].tolist())
        for name in MEASURES
    }


def moves(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Each question with what became of it: number, question, moved, rank_before, rank.

    What broke comes first, then what improved; by the size of the step in reciprocal rank.
    """
    both = _side_by_side(before, after)
    step = both[MRR] - both[f"{MRR}_before"]
    step = step.where(step != 0, both[NDCG] - both[f"{NDCG}_before"])
    both["moved"] = np.select([step < 0, step > 0], [BROKE, IMPROVED], SAME)
    order = pd.DataFrame({"kind": both["moved"].map({BROKE: 0, IMPROVED: 1, SAME: 2}),
                          "size": -step.abs(), "number": both["number"]})  # fmt: skip
    both = both.loc[order.sort_values(["kind", "size", "number"]).index]
    return both[["number", "question", "moved", "rank_before", "rank"]].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a threshold divides. `frame`: threshold, kept (share of true matches at or above it),
    let_through (share of questions off the topic that find something at or above it).

    `recommended` is where kept minus let through is greatest, in the middle if several are.
    """

    frame: pd.DataFrame
    recommended: float
    kept: Estimate
    let_through: Estimate
    kept_now: Estimate
    let_through_now: Estimate


def calibrate(answers: pd.DataFrame, off_topic: Any, now: float) -> Calibration | None:
    """The thresholds from lowest to highest similarity; None without true matches to keep, or
    without questions off the topic. Questions of the set that expect nothing are not counted as off
    the topic: somebody may just not have said what they expect."""
    true = answers.loc[answers["expected"].map(len) > 0, "expected_similarity"].dropna()
    aside = np.asarray(list(off_topic), dtype=float)
    if true.empty or not len(aside):
        return None
    low = min(float(true.min()), float(aside.min()))
    high = max(float(true.max()), float(aside.max()))
    steps = np.unique(np.round(np.linspace(low, high, _STEPS), 3))
    kept = (true.to_numpy()[None, :] + ranking.ROUNDING >= steps[:, None]).mean(axis=1)
    through = (aside[None, :] + ranking.ROUNDING >= steps[:, None]).mean(axis=1)
    gain = kept - through
    best = np.flatnonzero(gain >= gain.max() - 1e-9)
    recommended = round(float(steps[best[len(best) // 2]]), 2)
    frame = pd.DataFrame({"threshold": steps, "kept": kept, "let_through": through})
    sides = (true.to_numpy(), aside)
    return Calibration(
        frame, recommended,
        *(_at(side, recommended) for side in sides), *(_at(side, now) for side in sides),
    )  # fmt: skip


def _at(similar: Any, threshold: float) -> Estimate:
    return ranking.share(int((similar + ranking.ROUNDING >= threshold).sum()), len(similar))


def _side_by_side(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    earlier = judged(before).drop(columns="question")
    return judged(after).merge(earlier, on="number", suffixes=("", "_before"))
