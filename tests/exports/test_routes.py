import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import text

from domo_insights.exports.asked import Asked, address
from domo_insights.period import Period
from domo_insights.queries import QUERIES, READS_WORDS
from tests.factories import ANA, BEN, NOON, PIA, chunk, conversation, demo, event, message, video

PERIOD = Period.parse("2026-03-01..2026-03-04", NOON + timedelta(days=5))
SAID = {"period": "2026-03-01..2026-03-04"}
ODD = (
    '=HYPERLINK("http://evil.example")',
    "-5",
    '"quoted", it',
    "👋 héllo",
    "\u202eשלום",
    "@x",
    "+1",
)


def lines(answer):
    """The cells below the lines that say what was asked."""
    body = [line for line in answer.text.splitlines(keepends=True) if not line.startswith("# ")]
    return list(csv.DictReader(io.StringIO("".join(body), newline="")))


def test_a_csv_holds_exactly_the_rows_and_what_was_asked(ask, rows):
    where = demo(rows, name="Alpha, =1+1")
    made = [conversation(rows, where) for _ in range(3)]
    answer = ask(ANA, "/export/conversations.listing.csv", demo=str(where), **SAID)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    assert {row["conversation_id"] for row in lines(answer)} == set(made)
    about = [line for line in answer.text.splitlines() if line.startswith("# ")]
    assert f"# demo: Alpha 1 1 {where}" in about
    assert any(line.startswith("# as of: ") for line in about)
    assert "# test conversations: left out" in about
    assert not any(mark in "".join(about) for mark in ',=;"\t')


@pytest.mark.parametrize("words", ODD)
def test_words_are_never_formulas_and_numbers_stay_numbers(ask, rows, words):
    where = demo(rows)
    video(rows, where, title=words, order_index=0)
    answer = ask(ANA, "/export/demos_now.videos.csv", demo=str(where))
    cell = lines(answer)[0]["title"]
    assert cell.lstrip("'") == words
    assert cell.startswith("'") is words.startswith(("=", "-", "@", "+"))
    assert lines(answer)[0]["number"] == "0"
    as_json = ask(ANA, "/export/demos_now.videos.json", demo=str(where)).json()
    assert as_json["rows"][0]["title"] == words


def test_json_says_what_was_asked_and_nothing_is_cut(ask, rows):
    where = demo(rows)
    for _ in range(40):
        conversation(rows, where)
    found = ask(ANA, "/export/conversations.listing.json", tests="1", zone="Asia/Kolkata", **SAID)
    told = found.json()
    assert len(told["rows"]) == 40
    assert (told["zone"], told["test conversations"]) == ("Asia/Kolkata", "included")
    assert told["period"].startswith("2026-02-28T18:30")
    assert datetime.fromisoformat(told["as of"]) <= datetime.now(UTC)


def test_a_file_says_what_narrowed_its_rows(ask, rows):
    where = demo(rows)
    message(rows, conversation(rows, where), sentiment="negative", content="50% off, please")
    said = {"mark": "sentiment=negative&since=2026-03-01T00:00:00%2B00:00", "limit": "7", **SAID}
    told = ask(ANA, "/export/visitor_messages.listing.json", **said).json()
    assert told["arguments"] == {
        "mark sentiment": "negative", "mark since": "2026-03-01T00:00:00+00:00", "limit": 7,
    }  # fmt: skip
    text = ask(ANA, "/export/visitor_messages.listing.csv", **said).text
    assert "\n# argument mark sentiment: negative\n" in text
    assert "\n# argument limit: 7\n" in text
    default = ask(ANA, "/export/visitor_messages.listing.json", **SAID).json()
    assert default["arguments"] == {"limit": 200}


@pytest.mark.parametrize("words", [*ODD, "a;b", "tab\there", "x\n=1+1", "x\r=1", "a\u2028=b"])
def test_words_that_narrowed_are_never_cells(ask, rows, words):
    demo(rows)
    answer = ask(ANA, "/export/text_search.messages.csv", words=words, **SAID)
    told = [line for line in re.split("[\n\r\u2028]", answer.text) if "argument words" in line]
    assert len(told) == 1
    assert told[0].startswith("# argument words: ")
    assert not any(mark in told[0] for mark in ',=;"\t@+')
    assert unquote(told[0].removeprefix("# argument words: ")) == words
    exact = ask(ANA, "/export/text_search.messages.json", words=words, **SAID).json()
    assert exact["arguments"]["words"] == words


def test_an_address_asks_what_the_page_asked(ask, rows):
    for asked in (
        Asked(Period.parse("24h", NOON + timedelta(seconds=7), "Pacific/Apia"), None, True),
        Asked(Period.parse("30d", NOON, "America/New_York"), demo(rows), False),
        Asked(PERIOD),
    ):
        told = ask(ANA, address("conversations.kpis", "json", asked)).json()
        start, end = asked.period.start.isoformat(), asked.period.end.isoformat()
        assert told["period"] == f"{start} to before {end}"
        assert told["as of"] == asked.period.as_of.isoformat()


@pytest.mark.parametrize("path", ["/export/conversations.kpis.csv", "/export/transcript.md",
                                  "/summary/00000000-0000-0000-0000-000000000000"])  # fmt: skip
def test_nobody_gets_nothing(ask, path):
    assert ask(None, path, conversation="c").status_code == 401


@pytest.mark.parametrize("name", sorted(READS_WORDS))
def test_the_product_team_exports_no_words(ask, rows, name):
    where = demo(rows)
    message(rows, conversation(rows, where))
    said = {"demo": str(where), "conversation_id": "c", "text": "price", "query": "price"}
    said |= {"run_id": str(where), **SAID}
    assert ask(PIA, f"/export/{name}.csv", **said).status_code == 403


def test_another_owner_exports_none_of_it(ask, rows):
    where = demo(rows, name="Alpha secret")
    talk = conversation(rows, where)
    message(rows, talk, content="my secret words")
    for name in sorted(QUERIES):
        said = {"demo": str(where), "conversation_id": talk, "text": "secret", **SAID}
        answer = ask(BEN, f"/export/{name}.json", **said)
        assert answer.status_code in (200, 403, 422), answer.text
        assert "secret" not in answer.text
    for form in ("json", "md"):
        assert ask(BEN, f"/export/transcript.{form}", conversation=talk).status_code == 404
        assert ask(PIA, f"/export/transcript.{form}", conversation=talk).status_code == 403
        assert "my secret words" in ask(ANA, f"/export/transcript.{form}", conversation=talk).text
    assert ask(BEN, f"/summary/{where}").status_code == 404


def test_what_was_said_is_no_mark_up_in_a_transcript(ask, rows):
    talk = conversation(rows, demo(rows))
    message(rows, talk, content="# big\n![x](http://evil.example) <b>", sentiment="negative")
    said = ask(ANA, "/export/transcript.md", conversation=talk).text
    assert "> \\# big\n> \\!\\[x\\]\\(http\\://evil\\.example\\) \\<b\\>" in said
    whole = ask(ANA, "/export/transcript.json", conversation=talk).json()
    assert whole["messages"][0]["content"].startswith("# big\n")


@pytest.mark.parametrize("said", [
    {"period": "soon"}, {"zone": "Mars/Base"}, {"demo": "x"}, {"as_of": "now"},
    {"as_of": "2026-01-01"},
    {"period": "9999999d"}, {"as_of": "2999-01-01T00:00:00+00:00"}, {"limit": "-1"}, {"limit": "x"},
])  # fmt: skip
def test_a_wrong_address_is_told_in_words(ask, rows, said):
    answer = ask(ANA, "/export/conversations.listing.csv", **said)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize("path", ["/export/no.such.csv", "/export/conversations.kpis.xlsx",
                                  "/export/conversations.transcript.md", "/summary/x"])  # fmt: skip
def test_what_is_not_there(ask, path):
    assert ask(ANA, path).status_code == 404


def test_an_export_leaves_a_trace_without_words(ask, rows):
    ask(ANA, "/export/conversations.listing.csv", **SAID)
    trace = rows.execute(
        text("select user_id, new_values from audit_logs where action = 'export'")
    ).one()
    assert trace.user_id == ANA.user_id
    assert trace.new_values["query"] == "conversations.listing"
    assert trace.new_values["rows"] == 0


def test_a_summary_says_the_numbers_and_escapes_names(ask, rows):
    where = demo(rows, name="<script>alert(1)</script> & co")
    demo(rows, name="Other")
    chunk(rows, where)
    video(rows, where, processing_status="failed")
    talk = conversation(rows, where)
    for n, role in enumerate(("user", "assistant", "user")):
        message(rows, talk, role, NOON + timedelta(seconds=n), sentiment="negative", seq=n)
    event(rows, talk, "system.shutdown", NOON + timedelta(seconds=65))
    page = ask(ANA, f"/summary/{where}", **SAID)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page.text
    assert "<script" not in page.text
    assert "1\u2009min 05\u2009s" in page.text
    assert "1 video failed to process." in page.text
    assert "1 chunk without embedding" in page.text
    assert "Unhappy end" in page.text
    assert "How much is it?" not in page.text
    assert "Read next" not in ask(PIA, f"/summary/{where}", **SAID).text
    json.dumps(page.text)
