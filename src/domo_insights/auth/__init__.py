"""Who is signed in. Nothing outside this package knows Supabase Auth."""

from domo_insights.auth.browsers import BrowserSession
from domo_insights.auth.web_sessions import (
    browser_sessions,
    csrf_token,
    sign_out_everywhere,
    viewer_from_cookies,
    viewer_of,
)

__all__ = [
    "BrowserSession",
    "browser_sessions",
    "csrf_token",
    "sign_out_everywhere",
    "viewer_from_cookies",
    "viewer_of",
]
