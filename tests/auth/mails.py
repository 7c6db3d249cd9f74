"""What stands in a mail, and what a browser does with it."""

import email
import email.policy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.testclient import TestClient


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    code: str
    link: str

    @property
    def path(self) -> str:
        """The link without the site."""
        parts = urlsplit(self.link)
        return f"{parts.path}?{parts.query}"


def mail_of(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    words = message.get_content()
    code, link = re.search(r"code: (\d{6})\n", words), re.search(r"http\S+", words)
    assert code
    assert link
    return Mail(message["To"], message["Subject"], code[1], link[0])


def post(client: TestClient, page: str, **fields: str) -> httpx.Response:
    """Open `page` and send its form with `fields`, beside what is hidden in it."""
    shown = client.get(page)
    return send(client, page.partition("?")[0], shown, **fields)


def send(client: TestClient, action: str, shown: httpx.Response, **fields: str) -> httpx.Response:
    hidden: dict[str, Any] = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown.text)
    )
    own = {"Origin": str(client.base_url)}
    return client.post(action, data=hidden | fields, headers=own)
