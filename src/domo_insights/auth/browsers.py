"""Browsers as people call them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

# The first that matches: each of these also calls itself by the names further down.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """One browser that is signed in. `name` is words like "Firefox on Linux"; `this`: it asks."""

    name: str
    started_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    this: bool = False


def browser_name(user_agent: str) -> str:
    """A name made of our own words alone: `user_agent` is anybody's text."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
