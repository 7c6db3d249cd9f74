import pytest

from domo_insights.cli import app
from domo_insights.cli.commands import register


@pytest.fixture(scope="session")
def program():
    """The command line with every command."""
    if not app.registered_commands:
        register(app)
    return app
