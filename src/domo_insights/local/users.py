"""Users of the embedded default, as Supabase Auth would store them."""

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import bcrypt
from sqlalchemy import Connection, func, insert, select

from domo_insights.errors import ConflictingDataError, WrongUseError
from domo_insights.local.auth_tables import identities, users
from domo_insights.local.keys import write_private
from domo_insights.viewer import PRODUCT_TEAM

_LONGEST_PASSWORD: Final = 72
"""Bytes that bcrypt reads; more would be ignored without a word."""
_EMAIL: Final = re.compile(r"[^@\s\"<>,;:]+@[^@\s\"<>,;:.]+(\.[^@\s\"<>,;:.]+)+")


@dataclass(frozen=True, slots=True)
class Login:
    """A sample user of one data folder. `what` says in words who that is."""

    email: str
    password: str = field(repr=False)
    what: str
    product_team: bool = False


SAMPLE: Final = (
    ("ana@northwind.example", "owner of several demos", False),
    ("ben@brightside.example", "owner of fewer demos", False),
    ("pia@domo.example", "product team", True),
)


def add_user(
    conn: Connection,
    email: str,
    password: str,
    *,
    product_team: bool = False,
    confirmed: bool = True,
) -> UUID:
    """Make a user who signs in with `password`. `conn` is the database owner's.

    Raises: WrongUseError for an e-mail or password that cannot be one, ConflictingDataError
    when the e-mail is taken.
    """
    email = checked(email, password)
    if find_user(conn, email) is not None:
        raise ConflictingDataError(f"{email} is taken.", hint="Choose another e-mail address.")
    user_id, now = uuid4(), datetime.now(UTC)
    role = {"role": PRODUCT_TEAM} if product_team else {}
    conn.execute(
        insert(users).values(
            instance_id=UUID(int=0),
            id=user_id,
            aud="authenticated",
            role="authenticated",
            email=email,
            encrypted_password=bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode(),
            email_confirmed_at=now if confirmed else None,
            confirmation_token="",
            recovery_token="",
            email_change_token_new="",
            email_change="",
            raw_app_meta_data={"provider": "email", "providers": ["email"], **role},
            raw_user_meta_data={},
            is_sso_user=False,
            created_at=now,
            updated_at=now,
        )
    )
    _add_identity(conn, user_id, email, now)
    return user_id


def find_user(conn: Connection, email: str) -> UUID | None:
    """The user of `email`, in whatever case it is written."""
    match = func.lower(users.c.email) == email.strip().lower()
    return conn.execute(select(users.c.id).where(match)).scalar()


def anybody(conn: Connection) -> bool:
    """Whether there is a user at all."""
    return conn.execute(select(users.c.id).limit(1)).first() is not None


def sample_logins(data_dir: Path) -> list[Login]:
    """The sample users that `data_dir` has, with their passwords; empty where it has none."""
    path = data_dir / "logins.json"
    return [Login(**entry) for entry in json.loads(path.read_text())] if path.exists() else []


def ensure_sample_users(conn: Connection, data_dir: Path) -> list[UUID]:
    """Make the sample users where they are missing; answer the ids of the owners among them.

    Passwords are random per data folder, and written down before a user is made with one.
    """
    if not sample_logins(data_dir):
        fresh = [
            Login(email, secrets.token_urlsafe(9), what, product_team)
            for email, what, product_team in SAMPLE
        ]
        write_private(data_dir / "logins.json", [asdict(login) for login in fresh])
    owners = []
    for login in sample_logins(data_dir):
        user_id = find_user(conn, login.email) or add_user(
            conn, login.email, login.password, product_team=login.product_team
        )
        if not login.product_team:
            owners.append(user_id)
    return owners


def checked(email: str, password: str) -> str:
    """The e-mail as it is stored. Raises: WrongUseError."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise WrongUseError(f"{email!r} is not an e-mail address.")
    if not password:
        raise WrongUseError("The password is empty.")
    if len(password.encode()) > _LONGEST_PASSWORD or "\0" in password:
        raise WrongUseError(f"A password has at most {_LONGEST_PASSWORD} bytes and no NUL.")
    return email


def _add_identity(conn: Connection, user_id: UUID, email: str, now: datetime) -> None:
    facts = {"sub": str(user_id), "email": email, "email_verified": True, "phone_verified": False}
    conn.execute(
        insert(identities).values(
            id=uuid4(),
            provider_id=str(user_id),
            user_id=user_id,
            identity_data=facts,
            provider="email",
            created_at=now,
            updated_at=now,
        )
    )
