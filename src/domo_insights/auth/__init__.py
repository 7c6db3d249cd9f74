"""Who is signed in. Nothing outside this package knows Supabase Auth."""

from domo_insights.auth.web_sessions import csrf_token, viewer_from_cookies, viewer_of

__all__ = ["csrf_token", "viewer_from_cookies", "viewer_of"]
