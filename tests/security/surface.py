"""Every address that the dashboard answers, named by hand: one more fails a test until it is here.

`{demo}`, `{talk}` and `{event}` stand for what belongs to the one who is attacked.
"""

from typing import Final

PUBLIC: Final = {
    "/healthz": "GET",
    "/readyz": "GET",
    "/sign-in": "GET POST",
    "/sign-in/code": "GET POST",
    "/sign-in/link": "GET POST",
    "/sign-in/mail": "GET POST",
    "/sign-in/new": "GET POST",
    "/sign-in/password": "GET POST",
    "/sign-in/reset": "GET POST",
    "/sign-in/return": "GET",
    "/sign-in/with/{provider}": "GET",
    "/sign-in/mark.svg": "GET",
    "/sign-in/style.css": "GET",
    "/sign-out": "GET POST",
    "/webhooks/tavus": "POST",
    "/webhooks/tavus/{demo_id}": "POST",
}
"""Ours that are answered to nobody in particular, with the methods they take."""

PRIVATE: Final = {
    "/export/everything.zip": [
        "/export/everything.zip",
        "/export/everything.zip?demo={demo}&vectors=1",
    ],
    "/export/transcript.{form:str}": [
        "/export/transcript.json?conversation={talk}",
        "/export/transcript.md?conversation={talk}",
    ],
    "/export/{query:str}.{form:str}": [
        "/export/demos.ranked.csv?period=2026-02-01..2026-04-01&demo={demo}",
        "/export/webhooks_rows.payload.json?event_id={event}",
        "/export/conversations.transcript.csv?conversation_id={talk}",
    ],
    "/summary/style.css": ["/summary/style.css"],
    "/summary/{demo_id:str}": ["/summary/{demo}?period=2026-02-01..2026-04-01"],
    "/video/{demo_id:str}/{number:str}": ["/video/{demo}/0"],
}
"""Ours that ask who is there, and what an attacker asks of them."""

STREAMLIT: Final = {
    "/": "dashboard",
    "/_stcore/health": "public",
    "/_stcore/metrics": "closed",
    "/_stcore/host-config": "behind",
    "/media/{file_id:path}": "behind",
    "/_stcore/upload_file/{session_id}/{file_id}": "closed",
    "/component/{path:path}": "behind",
    "/_stcore/bidi-components/{path:path}": "behind",
    "/_stcore/stream": "websocket",
    "/auth/login": "closed",
    "/auth/logout": "closed",
    "/oauth2callback": "closed",
    "/_stcore/agent/interact": "closed",
    "/_stcore/agent/openapi.json": "closed",
    "/_stcore/agent/mcp": "closed",
    "/app/static/{path:path}": "public",
    "/_stcore/script-health-check": "closed",
}
"""Streamlit's own, and what the gate makes of them."""

PARAMETERS: Final = {
    "at", "behind", "conversation", "days", "demo", "mark", "page", "period", "question", "said",
    "tests", "zone",
}  # fmt: skip
"""What pages read from their address."""
