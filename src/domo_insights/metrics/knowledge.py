"""Knowledge: how much of what is asked it answers."""

from typing import Final

from domo_insights.metrics.metric import Better, Kind, Metric

COVERAGE: Final = Metric(
    "coverage", "Coverage", "", Kind.SHARE, ".0%", Better.UP,
    "Replayed questions answered well / all replayed. Well: the nearest chunk's cosine similarity"
    " reaches the model's threshold; weakly: it is at most 0.1 below; else not at all. A question"
    " that was asked twice counts twice.",
    "insights.replay_runs", "questions",
)  # fmt: skip
RECALL_5: Final = Metric(
    "recall@5", "Recall@5", "", Kind.SHARE, ".0%", Better.UP,
    "The part of the expected chunks that is among the first five, on average over the questions"
    " of a set that expect a chunk.",
    "insights.evaluation_answers", "judged",
)  # fmt: skip
MRR_10: Final = Metric(
    "mrr@10", "MRR@10", "", Kind.MEDIAN, ".3f", Better.UP,
    "1 / the rank of the first expected chunk, 0 when it is not among the first ten, on average"
    " over the questions of a set that expect a chunk.",
    "insights.evaluation_answers", "judged",
)  # fmt: skip
BELOW_THRESHOLD: Final = Metric(
    "below_threshold", "Below threshold", "", Kind.SHARE, ".0%", Better.DOWN,
    "Questions of a set whose nearest chunk has a cosine similarity below the threshold of the run"
    " / all its questions.",
    "insights.evaluation_answers", "questions",
)  # fmt: skip
