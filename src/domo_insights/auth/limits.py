"""How often somebody may try: per address and per account, counted in the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from domo_insights.auth.cookies import hashed
from domo_insights.database.doors import sessions
from domo_insights.database.engine import engine_for
from domo_insights.database.tables_sessions import sign_in_attempts as attempts
from domo_insights.errors import SignInError
from domo_insights.settings import current

WINDOW: Final = timedelta(minutes=15)
PER_ACCOUNT: Final = 8
PER_ADDRESS: Final = 40
_KEEP: Final = timedelta(days=1)


class TooManyAttemptsError(SignInError):
    """Too many attempts."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, int(wait.total_seconds()) + 1)
        minutes = -(-self.seconds // 60)
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"Too many attempts. Try again in {minutes} {unit}.")


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many of one kind may fail within WINDOW, and how soon after another one may be made."""

    kind: str
    per_account: int
    per_address: int
    pause: timedelta = timedelta(0)


GUESSES: Final = Allowance("", PER_ACCOUNT, PER_ADDRESS)
"""Passwords and codes."""
MAILS: Final = Allowance("mail ", 5, 20, timedelta(minutes=1))
"""Mails asked for. The pause is Supabase's own, for addresses without an account too: else its
refusal would tell which addresses have one."""
ACCOUNTS: Final = Allowance("mail ", 5, 20)
"""Accounts made: a password that was too weak is typed again at once."""


def begin(address: str, account: str, allowed: Allowance = GUESSES) -> int:
    """Count an attempt before it is made, so that many at once cannot slip through.

    `address` is the client's, `account` the e-mail address as typed. Raises: TooManyAttemptsError.
    """
    by_address = hashed(f"{allowed.kind}address", address)
    by_account = hashed(f"{allowed.kind}account", account.strip().lower())
    now = datetime.now(UTC)
    with sessions(_engine()) as conn:
        for held in sorted((by_address, by_account)):
            key = int.from_bytes(held[:8], signed=True)
            conn.execute(select(func.pg_advisory_xact_lock(key)))
        conn.execute(delete(attempts).where(attempts.c.attempted_at < now - _KEEP))
        same_account = attempts.c.account_hash == by_account
        _check(conn, same_account, allowed.per_account, now)
        _check(conn, attempts.c.address_hash == by_address, allowed.per_address, now)
        if allowed.pause:
            _check(conn, same_account, 1, now, allowed.pause)
        row = {"attempted_at": now, "address_hash": by_address, "account_hash": by_account}
        added = insert(attempts).values(**row, succeeded=False).returning(attempts.c.id)
        return int(conn.execute(added).scalar_one())


def succeeded(attempt: int) -> None:
    """The attempt was right and does not count."""
    with sessions(_engine()) as conn:
        conn.execute(update(attempts).where(attempts.c.id == attempt).values(succeeded=True))


def forget(attempt: int) -> None:
    """The attempt was neither right nor wrong: nobody answered it."""
    with sessions(_engine()) as conn:
        conn.execute(delete(attempts).where(attempts.c.id == attempt))


def _check(
    conn: Connection,
    whose: ColumnElement[bool],
    allowed: int,
    now: datetime,
    window: timedelta = WINDOW,
) -> None:
    match = whose & ~attempts.c.succeeded & (attempts.c.attempted_at > now - window)
    newest = select(attempts.c.attempted_at).where(match).order_by(attempts.c.attempted_at.desc())
    # When the oldest of the last `allowed` leaves the window, there is room for one more.
    room = conn.execute(newest.offset(allowed - 1).limit(1)).scalar()
    if room is not None:
        raise TooManyAttemptsError(room + window - now)


def _engine() -> Engine:
    return engine_for(current().secret("database_url"))
