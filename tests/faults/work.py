"""What is killed: the real commands' own functions, in small steps so that a kill finds one."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from domo_insights import settings
from domo_insights.actions import knowledge_embedding
from domo_insights.cli import serving
from domo_insights.database import migrations, queue, rollups
from domo_insights.database.engine import engine_for
from domo_insights.evaluation import replaying
from domo_insights.exports import archive
from domo_insights.exports.whole_file import written_whole
from domo_insights.ingest import files
from domo_insights.period import Period
from domo_insights.settings import Settings
from domo_insights.viewer import Viewer
from tests.faults.killing import Told


def ingest(told: Told, url: str, file: str) -> None:
    """Tells the number of each line that is acknowledged."""
    files.BATCH = 25  # type: ignore[misc]
    files.ingest_files(_engine(url), [file], progress=lambda line: told(line.number))


def serve(told: Told, settings_of_it: Settings) -> None:
    """The dashboard itself; tells its address."""
    settings.activate(settings_of_it)
    with serving.listen("127.0.0.1", 0) as listener:
        serving.serve(listener, told)


def drain(told: Told, url: str) -> None:
    queue.BATCH = 20  # type: ignore[misc]
    told("begun")
    queue.drain(_engine(url))


def refresh(told: Told, url: str) -> None:
    """Goes on with the first filling of the rollups."""
    for filled in rollups.refresh(_engine(url), most=3):
        told(filled)


def embed(told: Told, url: str) -> None:
    knowledge_embedding.BATCH = 10  # type: ignore[misc]
    knowledge_embedding.embed_missing(_engine(url).begin, Quick(), None, told)


class Quick:
    """A model that costs nothing: what is tried is the writing."""

    name = "quick"

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text))] + [0.0] * 1535 for text in texts]


def migrate(told: Told, url: str) -> None:
    migrations.migrate(url, told)


def replay(told: Told, url: str, user_id: UUID, demo_id: UUID, period: Period) -> None:
    replaying._ROWS = 5  # type: ignore[misc]
    viewer = Viewer(user_id)
    replaying.replay(_engine(url), viewer, demo_id, period, False, lambda *step: told(step))


def export(told: Told, url: str, user_id: UUID, file: str) -> None:
    archive.BATCH = 20  # type: ignore[misc]
    _engine(url)
    with written_whole(Path(file)) as out:
        archive.write(out, Viewer(user_id), datetime.now(UTC), progress=lambda *step: told(step))


def _engine(url: str):
    settings.activate(Settings(database_url=url))
    return engine_for(url)
