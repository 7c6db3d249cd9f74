"""The mails of the embedded default: files in a folder, and a line in the terminal."""

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Final

_KEPT: Final = 50
SENDER: Final = "Domo Insights <no-reply@domo-insights.local>"


def to_terminal(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mails go instead of out of the house. The newest are kept, for their owner's eyes."""

    folder: Path
    say: Callable[[str], None] = to_terminal

    def send(self, to: str, subject: str, code: str, link: str) -> None:
        now = datetime.now(UTC)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = SENDER, to, subject
        mail["Date"] = format_datetime(now)
        words = f"{subject}\n\nYour code: {code}\n\nOr open this link:\n{link}\n"
        mail.set_content(words, cte="8bit")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{now:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(mail.as_bytes())
        for old in sorted(self.folder.glob("*.eml"))[:-_KEPT]:
            old.unlink(missing_ok=True)
        self.say(f"Mail to {to}: {subject}. Code {code}, or {link}")
