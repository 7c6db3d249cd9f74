"""Which addresses we lead to, and from which a form may come."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from domo_insights.auth.transport import is_loopback
from domo_insights.settings import current

HOME: Final = "/"
_MAX_NEXT: Final = 2000
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_OWN: Final = re.compile(r"/sign-(in|out)(/|$)", re.IGNORECASE)
_DECODINGS: Final = 4


def safe_next(path: str | None) -> str:
    """`path` if it leads to a page of ours, else the first page.

    Browsers read `//host`, `/\\host`, `/<tab>/host` and their encoded forms as other sites.
    """
    if not path or len(path) > _MAX_NEXT or not path.isascii() or _UNPRINTABLE.search(path):
        return HOME
    route, _, _ = path.partition("#")[0].partition("?")
    for _ in range(_DECODINGS):
        if not _plain(route):
            return HOME
        decoded = unquote(route)
        if decoded == route:
            return path
        route = decoded
    return HOME


def _plain(route: str) -> bool:
    if not route.startswith("/") or "//" in route or _UNPRINTABLE.search(route.replace(" ", "")):
        return False
    return not (_OWN.match(route) or {".", ".."} & set(route.split("/")))


def is_secure(scheme: str) -> bool:
    """Whether the browser speaks TLS: to us, or to the proxy that serves our public address."""
    return scheme in {"https", "wss"} or current().insights_public_url.startswith("https://")


def same_site(headers: Mapping[str, str], scheme: str) -> bool:
    """Whether a request was sent by one of our own pages, by its Origin or else its Referer.

    Browsers send an Origin with every POST and websocket; where there is neither header, it was
    no browser, and what else the request carries must convince.
    """
    source = headers.get("origin", headers.get("referer"))
    if source is None:
        return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
    return _origin(source) in _ours(headers.get("host", ""), scheme) - {None}


def _ours(host: str, scheme: str) -> set[tuple[str, str, int] | None]:
    kinds = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
    here = {_origin(f"{kinds.get(scheme, 'http')}://{host}")}
    return here | {_origin(current().insights_public_url)}


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for "null" and anything else that is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def may_sign_in(scheme: str, host: str) -> bool:
    """Whether a session cookie is safe on the way: over TLS, or inside this machine."""
    return is_secure(scheme) or is_loopback(f"http://{host}")


def inside(path: str) -> str:
    """`path` of ours as browsers must ask for it, below the prefix of the public address."""
    return current().prefix + path


def absolute(path: str, scheme: str, host: str) -> str | None:
    """The whole address of `path` for mails and for others to lead back to.

    None where it is not known: what a browser names as Host may be another's on purpose.
    """
    public = current().insights_public_url
    if public:
        return public + path
    return f"{scheme}://{host}{path}" if is_loopback(f"{scheme}://{host}") else None
