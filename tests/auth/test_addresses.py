"""Where we lead to, and from where a form may come."""

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domo_insights.auth.addresses import may_sign_in, safe_next
from tests.auth.conftest import Issuer

GOOD = ["/", "/conversations", "/demos?demo=1&period=30d", "/a%20b", "/x?next=https://y.example"]
EVIL = [
    None,
    "",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%252fevil.example",
    "/%25252fevil.example",
    "/%2525252525252fevil.example",
    "/%09/evil.example",
    "/..//evil.example",
    "/a/../b",
    "/%2e%2e/b",
    "/a\r\nSet-Cookie: x=y",
    "/ａ",
    "/sign-in",
    "/sign-in?next=/sign-in",
    "/sign-out",
    "/SIGN-OUT",
    "/" + "x" * 3000,
]


@pytest.mark.parametrize("path", GOOD)
def test_own_pages_are_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize("path", EVIL)
def test_everything_else_leads_home(path: str | None) -> None:
    assert safe_next(path) == "/"


@given(st.text(alphabet="/\\.%25fFcC:@?#&=ae\t\n 09", max_size=30))
def test_no_text_leads_away(path: str) -> None:
    kept = safe_next(path)
    for form in (kept, unquote(kept.partition("?")[0])):
        assert urlsplit(urljoin("http://own.example/sign-in", form)).netloc == "own.example"


@pytest.mark.parametrize(
    ("scheme", "host", "allowed"),
    [
        ("http", "127.0.0.1:8501", True),
        ("http", "localhost:8501", True),
        ("http", "[::1]:8501", True),
        ("http", "insights.example", False),
        ("http", "127.0.0.1.evil.example", False),
        ("http", "localhost.evil.example", False),
        ("http", "", False),
        ("https", "insights.example", True),
    ],
)
def test_where_a_session_may_begin(scheme: str, host: str, allowed: bool, issuer: Issuer) -> None:
    assert may_sign_in(scheme, host) is allowed
