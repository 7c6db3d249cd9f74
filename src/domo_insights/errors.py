"""Every error a user can meet.

DomoInsightsError
├── ConfigError                a setting is missing or malformed
├── WrongUseError              the command line was used in a way that cannot work
├── UnknownNameError           nobody and nothing has this name
├── PeriodError                a period that ends before it starts
├── NotSignedInError           nobody is signed in
├── SignInError                sign-in was refused, with the reason in words
├── AuthServiceError           the sign-in service gave no answer
├── EmbeddingError             text could not be turned into a vector
├── PayloadError               a webhook payload that cannot be stored
├── EmbeddedError              the embedded database cannot run here
├── MigrationError             a migration failed; nothing of it was kept
└── DatabaseError              the database did not give an answer
    ├── DatabaseUnreachableError
    ├── QueryTimeoutError
    ├── NotAllowedError        the database refuses this to the viewer
    ├── ConflictingDataError   a constraint refuses the row
    ├── ReadOnlyError          the database takes no changes for now
    ├── NoRoomError            its disk is full
    └── BusyError              another transaction is in the way; trying again helps
"""


class DomoInsightsError(Exception):
    """Something went wrong in Domo Insights."""

    hint = ""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        if hint is not None:
            self.hint = hint


class ConfigError(DomoInsightsError):
    """A setting is missing or malformed."""


class WrongUseError(DomoInsightsError):
    """The command cannot be used like this."""


class UnknownNameError(DomoInsightsError):
    """Nobody and nothing has this name."""


class PeriodError(DomoInsightsError, ValueError):
    """A period must end after it starts."""

    hint = "Choose an end day after the start day."


class NotSignedInError(DomoInsightsError):
    """Nobody is signed in."""

    hint = "Sign in and try again."


class SignInError(DomoInsightsError):
    """Sign-in was refused."""


class AuthServiceError(DomoInsightsError):
    """The sign-in service does not answer."""

    hint = "Try again in a minute. Your data is untouched."


class EmbeddingError(DomoInsightsError):
    """The embedding model gave no answer."""

    hint = "Try again in a minute."


class PayloadError(DomoInsightsError, ValueError):
    """The payload is not a Tavus callback."""


class EmbeddedError(DomoInsightsError):
    """The embedded database cannot run here."""


class MigrationError(DomoInsightsError):
    """A migration failed; nothing of it was kept."""


class DatabaseError(DomoInsightsError):
    """The database did not give an answer."""

    hint = "Try again; if it stays, run `domo-insights doctor`."


class DatabaseUnreachableError(DatabaseError):
    """The database cannot be reached."""

    hint = "Check DATABASE_URL and the network, then run `domo-insights doctor`."


class QueryTimeoutError(DatabaseError):
    """The query took longer than the allowed time."""

    hint = "Choose a shorter period."


class NotAllowedError(DatabaseError):
    """The database does not allow this."""

    hint = "Sign in as somebody who may, or run `domo-insights doctor`."


class ConflictingDataError(DatabaseError):
    """The row contradicts data that is stored already."""

    hint = "Reload, look at what is stored, and change what you send."


class ReadOnlyError(DatabaseError):
    """The database takes no changes now."""

    hint = "What is stored can still be read. Try again in a few minutes; nothing was changed."


class NoRoomError(DatabaseError):
    """The database has no room left on its disk."""

    hint = "Nothing was changed. Whoever runs the database must make room; then try again."


class BusyError(DatabaseError):
    """Another write is in the way."""

    hint = "Try again."
