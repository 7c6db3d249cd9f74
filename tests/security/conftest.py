import pytest
from sqlalchemy import create_engine

from domo_insights import settings
from domo_insights.database.engine import address
from tests.conftest import Database, create_database, drop_database
from tests.security.live import serving
from tests.security.world import make_world


@pytest.fixture(scope="session")
def world_template(server, template):
    """The template with both estates in it, and what they are."""
    made = create_database(server, "world_template", template)
    with made.admin.connect() as conn:
        world = make_world(conn.execution_options(isolation_level="AUTOCOMMIT"))
    made.admin.dispose()
    return made.name, world


@pytest.fixture
def world(world_template):
    return world_template[1]


@pytest.fixture
def database(request, server, world_template):
    """The world, shared by the tests that only look; one that `changes` it gets its own."""
    shared = Database(server, world_template[0])
    own = request.node.get_closest_marker("changes")
    made = create_database(server, "changed_world", shared.name) if own else shared
    settings.activate(made.settings)
    try:
        yield made
    finally:
        settings.activate(None)
        made.admin.dispose()
        made.engine.dispose()
        if own:
            drop_database(made)


@pytest.fixture
def narrow(database):
    """The web process's way in, over one single connection that everybody takes turns on."""
    engine = create_engine(
        address(database.login_url),
        pool_size=1,
        max_overflow=0,
        connect_args={"prepare_threshold": None},
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def live(server, world_template, tmp_path_factory):
    """The real thing over the world, for attacks from outside."""
    with serving(server, *world_template, tmp_path_factory.mktemp("live")) as dashboard:
        yield dashboard
