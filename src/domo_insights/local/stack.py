"""The embedded default, whole: Postgres, the stand-in for Supabase, keys, users, sample data."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from pydantic import SecretStr

from domo_insights import settings as settings_in_force
from domo_insights.database.engine import engine_for
from domo_insights.database.failures import translated
from domo_insights.database.login_role import LOGIN_ROLE, create_login_role_sql
from domo_insights.database.migrations import migrate
from domo_insights.errors import EmbeddedError
from domo_insights.local.keys import Keys, keys_of
from domo_insights.local.locks import locked
from domo_insights.local.server import SUPERUSER, PostgresServer
from domo_insights.local.users import Login, anybody, ensure_sample_users, sample_logins
from domo_insights.settings import Settings

OWNER: Final = "postgres"
SUPABASE: Final = Path(__file__).with_name("supabase.sql")
LOCK_TIMEOUT: Final = "15s"
"""How long preparing waits for others' transactions."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running embedded default. Addresses are Postgres URLs over the private socket."""

    server: PostgresServer
    settings: Settings = field(repr=False)
    logins: list[Login]

    @property
    def data_dir(self) -> Path:
        return self.server.data_dir

    @property
    def admin_url(self) -> str:
        return self.server.url(OWNER)

    @property
    def login_url(self) -> str:
        return self.server.url(LOGIN_ROLE)

    @property
    def superuser_url(self) -> str:
        return self.server.url(SUPERUSER)

    def has_users(self) -> bool:
        """Whether there is anybody who could sign in. Raises: DatabaseError."""
        owner = engine_for(self.admin_url)
        try:
            with translated(), owner.connect() as conn:
                return anybody(conn)
        finally:
            owner.dispose()  # the web process keeps no connection of the owner


@contextmanager
def running(
    data_dir: Path,
    *,
    sample: bool = True,
    auth: bool = True,
    migrated: bool = True,
    sign_up: bool = False,
    progress: Progress | None = None,
) -> Iterator[Stack]:
    """The embedded default of `data_dir`, made where it is missing, and its settings in force.

    With `auth` it is what the web process uses: the local sign-in service runs and the settings
    lack the owner's address; with `sign_up` too, people make accounts of their own. Without, it is
    for the command line: the other way round. Without `migrated` the database stays as found.
    Raises: EmbeddedError, MigrationError, ConfigError.
    """
    before = settings_in_force.current()
    with PostgresServer(data_dir) as server, ExitStack() as leaving:
        keys = _prepared(server, samples=sample and migrated, migrated=migrated, progress=progress)
        base = ""
        if auth:
            # Commands neither sign people in nor load samples: they start without both.
            from domo_insights.local import auth_api
            from domo_insights.local.auth_mail import Mailbox, to_terminal
            from domo_insights.local.auth_ways import Ways

            mailbox = Mailbox(server.data_dir / "mail", progress or to_terminal)
            running_api = auth_api.running(
                server.url(SUPERUSER), keys, mailbox=mailbox, ways=Ways(sign_up=sign_up)
            )
            base = leaving.enter_context(running_api)
        for user in (OWNER, LOGIN_ROLE):
            leaving.callback(lambda url: engine_for(url).dispose(), server.url(user))
        settings = _settings(server, keys, base)
        leaving.callback(settings_in_force.activate, before)
        settings_in_force.activate(settings)
        yield Stack(server, settings, sample_logins(server.data_dir))


def prepare_database(
    server: PostgresServer,
    database: str = "postgres",
    progress: Progress | None = None,
    *,
    migrated: bool = True,
) -> None:
    """Give `database`, which exists, what hosted Supabase has, our migrations and the login role.

    May be run again at any time; what was given before is not given again, since that takes locks
    which wait for everybody who has a transaction open. Without `migrated` only the first of the
    three. Raises: EmbeddedError, MigrationError.
    """
    given = SUPABASE.read_bytes()
    role = create_login_role_sql(None).encode()
    try:
        with psycopg.connect(server.url(SUPERUSER, database)) as conn:
            noted = _noted(conn)
            if _digest(given) not in noted:
                _give(conn, given)
        if migrated:
            applied = migrate(server.url(OWNER, database), progress)
            if applied or _digest(role) not in noted:
                with psycopg.connect(server.url(OWNER, database)) as conn:
                    _give(conn, role)
            if applied or not noted >= {_digest(given), _digest(role)}:
                with psycopg.connect(server.url(SUPERUSER, database)) as conn:
                    _note(conn, database, given, role)
    except psycopg.errors.LockNotAvailable as error:
        raise EmbeddedError(
            f"The database {database} in {server.data_dir} is kept from being prepared by another"
            " transaction.",
            hint="Somebody has a transaction open there: end it and try again.",
        ) from error
    except psycopg.Error as error:
        raise EmbeddedError(
            f"The database {database} in {server.data_dir} cannot be prepared: {error}"
        ) from error


def _give(conn: psycopg.Connection[tuple[object, ...]], script: bytes) -> None:
    conn.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    conn.execute(script)


def _digest(script: bytes) -> str:
    return sha256(script).hexdigest()


def _noted(conn: psycopg.Connection[tuple[object, ...]]) -> set[str]:
    """What was given to the database already, by digest. A copy of it has no such note."""
    asked = """select shobj_description(oid, 'pg_database') from pg_database
               where datname = current_database()"""
    note = conn.execute(asked).fetchone()
    return set(str(note[0] or "").split()) if note else set()


def _note(conn: psycopg.Connection[tuple[object, ...]], database: str, *given: bytes) -> None:
    words = sql.Literal(" ".join(map(_digest, given)))
    conn.execute(sql.SQL("comment on database {} is {}").format(sql.Identifier(database), words))


def _prepared(
    server: PostgresServer, *, samples: bool, migrated: bool, progress: Progress | None
) -> Keys:
    with locked(server.data_dir / "prepare.lock"):
        keys = keys_of(server.data_dir)
        prepare_database(server, progress=progress, migrated=migrated)
        if samples:
            _load_sample_once(server, progress)
    return keys


def _load_sample_once(server: PostgresServer, progress: Progress | None) -> None:
    """Loading is one transaction, and does nothing where the sample owners have a demo: so a kill
    before the note is written does no harm, and the note keeps deleted demos away."""
    with engine_for(server.url(OWNER)).begin() as conn:
        owners = ensure_sample_users(conn, server.data_dir)
    note = server.data_dir / "sample.loaded"
    if not note.exists():
        from domo_insights import sample

        if progress:
            progress("Loading sample data")
        sample.load(server.url(OWNER), owners, datetime.now(UTC))
        note.touch(mode=0o600)


def _settings(server: PostgresServer, keys: Keys, base: str) -> Settings:
    """Ours over the environment's: its webhook secret and session keys stay where it has them."""
    found = settings_in_force.Settings()
    return Settings(
        supabase_url=base,
        supabase_publishable_key=keys.publishable_key,
        supabase_jwt_issuer=keys.issuer,
        supabase_jwt_secret=None,
        database_url=SecretStr(server.url(LOGIN_ROLE)),
        database_admin_url=None if base else SecretStr(server.url(OWNER)),
        tavus_webhook_secret=found.tavus_webhook_secret or SecretStr(keys.webhook_secret),
        insights_session_keys=found.insights_session_keys or SecretStr(keys.session_key),
        insights_data_dir=server.data_dir,
    )
