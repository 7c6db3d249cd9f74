"""What the processes of tests/faults/killing.py have imported before they are forked."""

import pkgutil
from importlib import import_module

import app  # noqa: F401
from domo_insights import ui
from tests.faults import work  # noqa: F401

for module in pkgutil.iter_modules(ui.__path__, f"{ui.__name__}."):
    if not module.name.endswith(".frame"):  # the script itself, which draws
        import_module(module.name)
