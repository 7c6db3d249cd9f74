"""Files in the platform's storage: a link to one of them that soon ends.

It is asked with the user's own token, so the storage's policies decide whose files these are.
"""

import time
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import ValidationError
from storage3.exceptions import StorageApiError

from domo_insights.auth import service
from domo_insights.auth.transport import http_client
from domo_insights.errors import DomoInsightsError
from domo_insights.settings import current

BUCKET: Final = "demo-videos"
SECONDS: Final = 300
_OBJECT: Final = "/storage/v1/object/"
_WAYS: Final = ("public/", "sign/", "authenticated/", "")
_KNOWN_SECONDS: Final = 600.0

_absent: dict[str, tuple[bool, float]] = {}


class NoFileError(DomoInsightsError):
    """The platform's storage has no such file, or you may not see it."""


class StorageError(DomoInsightsError):
    """The platform's storage does not answer."""

    hint = "Try again in a minute."


def signed_link(access_token: str, path: str) -> str:
    """An address of the file `path` of the bucket that ends after SECONDS.

    Raises: NoFileError, StorageError, ConfigError.
    """
    with service.client() as client:
        client.options.headers["Authorization"] = f"Bearer {access_token}"
        try:
            found = client.storage.from_(BUCKET).create_signed_url(path, SECONDS)["signedURL"]
        except StorageApiError as error:
            refused = str(error.status).startswith("4") and str(error.status) != "429"
            raise (NoFileError() if refused else StorageError()) from error
        except (httpx.HTTPError, ValidationError) as error:
            raise StorageError from error
    if not found or _origin(found) != _origin(current().supabase_url):
        raise NoFileError
    return found


def path_of(storage_url: str) -> str | None:
    """Which file of the bucket a video's `storage_url` names: an address of the platform's own
    storage, or a path with or without the bucket. None for what lies elsewhere."""
    path = storage_url.strip()
    if "://" in path:
        parts = urlsplit(path)
        if _origin(path) != _origin(current().supabase_url) or not parts.path.startswith(_OBJECT):
            return None
        rest = unquote(parts.path.removeprefix(_OBJECT))
        way = next(way for way in _WAYS if rest.startswith(way))
        path = rest.removeprefix(way)
        if not path.startswith(f"{BUCKET}/"):
            return None
    path = path.lstrip("/").removeprefix(f"{BUCKET}/")
    return path if path and ".." not in path.split("/") else None


def is_there() -> bool:
    """Whether the platform has a storage at all: the embedded default has none. Where it cannot be
    said, it has one. Asked once in a while per process."""
    url = current().supabase_url
    absent, until = _absent.get(url, (False, 0.0))
    if time.monotonic() >= until:
        absent = _says_no(url)
        _absent[url] = absent, time.monotonic() + _KNOWN_SECONDS
    return not absent


def _says_no(url: str) -> bool:
    try:
        with http_client(url) as http:
            return http.get(f"{url}/storage/v1/status").status_code == httpx.codes.NOT_FOUND
    except httpx.HTTPError:
        return False


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
