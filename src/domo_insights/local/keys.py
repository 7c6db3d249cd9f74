"""The secrets of one data folder: made once, readable by its owner alone."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from domo_insights.errors import EmbeddedError

ISSUER: Final = "http://domo-insights.local/auth/v1"
"""Who issues the embedded default's tokens; a name, never called, whatever port serves it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs and encrypts. `private_pem` is an ES256 key named `kid`."""

    webhook_secret: str = field(repr=False)
    session_key: str = field(repr=False)
    publishable_key: str = field(repr=False)
    private_pem: str = field(repr=False)
    kid: str

    @property
    def issuer(self) -> str:
        return ISSUER


def keys_of(data_dir: Path) -> Keys:
    """The keys of `data_dir`, made on first use. Raises: EmbeddedError when they are damaged."""
    path = data_dir / "keys.json"
    if not path.exists():
        write_private(path, asdict(_fresh()))
    try:
        return Keys(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise EmbeddedError(
            f"{path} is damaged.",
            hint="Move it away: new keys are made, people sign in again, and owners need new "
            "webhook addresses.",
        ) from error


def write_private(path: Path, content: object) -> None:
    """Put `content` as JSON into `path`, whole or not at all, for its owner's eyes only."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _fresh() -> Keys:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return Keys(
        webhook_secret=secrets.token_urlsafe(32),
        session_key=Fernet.generate_key().decode(),
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(24)}",
        private_pem=pem.decode(),
        kid=secrets.token_hex(16),
    )
