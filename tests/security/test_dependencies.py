"""What runs is what was pinned, and it fits together. Asks nobody."""

import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement

LOCK = Path(__file__).parents[2] / "requirements.lock"


def locked():
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    assert all(len(pair) == 2 for pair in pairs), "every line pins one version, and has no address"
    return {_plain(name): version for name, version in pairs}


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name, found, seen):
    """`name` and what it needs here, by way of what that needs."""
    if name in seen or name not in found:
        return
    seen.add(name)
    for line in found[name].requires or ():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            needed(_plain(wanted.name), found, seen)


def test_nothing_runs_that_was_not_pinned():
    found = {_plain(one.metadata["Name"]): one for one in distributions()}
    pins, seen = locked(), set()
    needed("domo-insights", found, seen)
    assert len(seen) > 30
    assert seen - {"domo-insights", "pip"} <= set(pins)
    assert {name: found[name].version for name in pins if name in found} == pins


def test_what_is_pinned_fits_together():
    command = [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
