"""An estate in which every text that somebody may write attacks who reads it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert

from domo_insights.database.tables import audit_logs, custom_objectives, demos
from domo_insights.database.tables_kept import reviews, saved_views
from tests.factories import ANA, chunk, conversation, demo, event, message, video

MARK = "HOSTILE"
OUTSIDE = "evil.invalid"
PIECES = (
    f'<img src="http://{OUTSIDE}/i.png" onerror="alert(1)">',
    "<script>window.owned=1;alert(1)</script>",
    f"![i](http://{OUTSIDE}/m.png) [l](javascript:alert(1)) [h](http://{OUTSIDE})",
    f'<a href="http://{OUTSIDE}/a">a</a><b>b</b><iframe src="http://{OUTSIDE}"></iframe>',
    '<svg onload="alert(1)"><style>@import "http://evil.invalid/s.css"</style></svg>',
    f'=HYPERLINK("http://{OUTSIDE}") :material/home: :red[r] $\\sqrt{{2}}$ **s** `c` ~~d~~',
    "%(x)s {x} {{7*7}} ${x} &lt;i&gt; \u202eesrever \x1b[31m",
)


def words(n: int = 0) -> str:
    """All of it in a row, another piece first for another n."""
    return " ".join((f"{MARK}{n}", *PIECES[n % len(PIECES) :], *PIECES[: n % len(PIECES)]))


def short(n: int) -> str:
    """One piece, where there is room for a name only."""
    return f"{PIECES[n % len(PIECES)]} {MARK}{n}"[:200]


def conversation_of(n: int) -> str:
    """The id of the newest conversation of demo `n`."""
    return _id(10 * n)


def _id(n: int) -> str:
    return f"talk{n}{short(n)[:80]}"


def settle(conn):
    """Rows of Ana's, of the last days, in every table that keeps a text."""
    now = datetime.now(UTC)
    mine = [demo(conn, ANA, **_demo(n)) for n in range(3)]
    for n, demo_id in enumerate(mine):
        video(conn, demo_id, title=words(n), transcript=words(n), processing_status="failed")
        for k in range(3):
            chunk(conn, demo_id, content=words(n + k), question=words(k), answer=words(n))
        conn.execute(insert(custom_objectives).values(demo_id=demo_id, name=short(n)))
        for k in range(4):
            _talk(conn, demo_id, now - timedelta(hours=1 + 20 * k), 10 * n + k)
    view = {"user_id": ANA.user_id, "name": words(0)[:80], "page": "overview"}
    conn.execute(insert(saved_views).values(**view, query="period=7d&demo=" + short(1)))
    conn.execute(
        insert(audit_logs).values(
            user_id=ANA.user_id, action="update", table_name=short(3), demo_id=mine[0],
            old_values={"name": words(1), short(2): words(2)}, new_values={"name": words(3)},
        )
    )  # fmt: skip
    conn.execute(demos.update().values(name=words(0)[:250]).where(demos.c.id == mine[0]))
    return mine


def _demo(n):
    text = dict.fromkeys(("description", "agent_name", "agent_greeting", "cta_text"), words(n))
    links = dict.fromkeys(("cta_link", "published_url"), "javascript:alert(1)")
    named = {"name": short(n), "tavus_persona_id": short(n + 1), "metadata": {short(2): words(n)}}
    return named | links | text


def _talk(conn, demo_id, start, n):
    talk = conversation(
        conn, demo_id, tavus_conversation_id=_id(n), conversation_name=words(n),
        started_at=start, transcript=[{"role": "user", "content": words(n)}],
        perception_analysis={short(1): words(n)},
    )  # fmt: skip
    event(conn, talk, "system.replica_joined", start, event_data={short(2): words(n)})
    for turn in range(5):
        at = start + timedelta(seconds=20 * turn)
        labels = {"sentiment": "negative", "intent": f"price {short(n + turn)}", "confidence": 0.9}
        message(conn, talk, "assistant" if turn % 2 else "user", at, content=words(n + turn),
                message_id=str(uuid4()), **({} if turn % 2 else labels))  # fmt: skip
        data = {short(turn): words(n), "properties": {"arguments": words(1)}}
        event(conn, talk, short(turn)[:90], at, processing_duration_ms=9000, event_data=data)
    end = {"shutdown_reason": short(n)}
    event(
        conn, talk, "system.shutdown", start + timedelta(minutes=9), event_data={"properties": end}
    )
    conn.execute(
        insert(reviews).values(demo_id=demo_id, conversation_id=talk, note=words(n)[:500])
        if n % 2
        else insert(reviews).values(demo_id=demo_id, conversation_id=talk, note="")
    )
