from html import escape

import pandas as pd

from domo_insights.metrics import HANDLER_P95
from domo_insights.ui import word_tables


def drawn(monkeypatch, frame, metrics=(), **columns):
    bodies = []
    monkeypatch.setattr(word_tables.st, "html", bodies.append)
    word_tables.table(frame, columns, about="What it is", metrics=metrics)
    return bodies[0].split("</style>")[-1]


def test_words_of_others_are_words(monkeypatch):
    evil = "<img src=//evil.example>&amp;\u202e"
    body = drawn(monkeypatch, pd.DataFrame({"name": [evil], "said": [evil]}), name="N", said="S<")
    assert "<img" not in body
    assert "\u202e" not in body
    assert body.replace("<wbr>", "").count("&lt;img src=//evil.example&gt;&amp;amp;") == 2
    assert 'data-label="S&lt;"' in body


def test_long_words_may_break_and_others_only_at_their_joints(monkeypatch):
    frame = pd.DataFrame({"name": ["public.knowledge_chunks", "warehouse", "x" * 22]})
    body = drawn(monkeypatch, frame, name="Name")
    assert "public.<wbr>knowledge_<wbr>chunks" in body
    assert ">warehouse<" in body
    assert "x" * 20 + "<wbr>x<wbr>x<" in body


def test_numbers_moments_and_nothing(monkeypatch):
    frame = pd.DataFrame(
        {
            "name": ["a", None],
            "rows": [1234567, 0],
            "at": pd.to_datetime(["2026-02-03 04:05", None]),
        }
    )
    body = drawn(monkeypatch, frame, name="Name", rows="Rows", at="When")
    assert '<td data-label="Rows" class="number">1\u2009234\u2009567</td>' in body
    assert '<td data-label="When" class="whole">3 Feb 2026, 04:05</td>' in body
    assert '<td data-label="When" class="whole"></td>' in body


def test_metrics_say_their_own_heading_meaning_and_unit(monkeypatch):
    frame = pd.DataFrame({"type": ["a", "b"], "handler_p95": [2703.5, None]})
    body = drawn(monkeypatch, frame, [HANDLER_P95], type="Type")
    assert f'title="{escape(HANDLER_P95.meaning)}" class="number">Handler p95</th>' in body
    assert '<td data-label="Handler p95" class="number">2\u2009704\u2009ms</td>' in body
    assert '<td data-label="Handler p95" class="number">–</td>' in body
