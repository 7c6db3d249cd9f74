import subprocess
import sys
from pathlib import Path

import pytest
import typer

from domo_insights.cli.commands import MODULES, register

PROGRAM = Path(sys.executable).with_name("domo-insights")


def names_of(app):
    app.callback()(lambda: None)  # an app of one command would be that command
    return set(typer.main.get_command(app).commands)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_found_by_each_of_its_commands(module):
    for name in MODULES[module]:
        app = typer.Typer()
        register(app, name)
        assert names_of(app) == set(MODULES[module])


def test_all_of_them_are_there_for_anything_else():
    app = typer.Typer()
    register(app, "--help")
    assert names_of(app) == {name for names in MODULES.values() for name in names}


def test_help_is_data_and_nothing_else_is_said():
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f" {name} " in done.stdout for names in MODULES.values() for name in names)


def test_an_unknown_command_is_wrong_use():
    done = subprocess.run([PROGRAM, "nonsense"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'nonsense'" in done.stderr
