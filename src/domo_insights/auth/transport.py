"""How the sign-in service is reached: bounded in time, never by way of redirects."""

import ssl
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

TIMEOUT = httpx.Timeout(5.0, connect=3.0)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # Reading the system's certificates takes longer than most of our requests.
    return httpx.create_ssl_context()


def http_client(url: str) -> httpx.Client:
    """A client for one exchange with `url`; close it. A proxy is never asked for loopback."""
    return httpx.Client(
        timeout=TIMEOUT, verify=_tls(), follow_redirects=False, trust_env=not is_loopback(url)
    )


def is_loopback(url: str) -> bool:
    """Whether the address of `url` is this machine by its name alone."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
