"""The dashboard over the scratch database, as `domo-insights up` serves it, a process apart."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil  # type: ignore[import-untyped]

from domo_insights.errors import DomoInsightsError

COMMAND: Final = [sys.executable, "-c", "from domo_insights.cli import main; main()"]
PATIENCE_SECONDS: Final = 120
_READY: Final = re.compile(r"Domo Insights is at (http://\S+)")


@dataclass(frozen=True, slots=True)
class Site:
    """`took`: seconds from the start of the process until it answered."""

    url: str
    process: psutil.Process
    took: float


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """`domo-insights up` on the scratch database of `folder`. Raises: DomoInsightsError."""
    began = time.perf_counter()
    hosted = ("SUPABASE_", "DATABASE_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hosted)}
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, "up", "--data-dir", str(folder), "--empty", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as started:
        try:
            if started.stdout is None:
                raise DomoInsightsError("The dashboard did not start.")
            url = _address(started.stdout)
            yield Site(url, psutil.Process(started.pid), time.perf_counter() - began)
        finally:
            started.send_signal(signal.SIGTERM)


def _address(output: IO[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in output:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if ready := _READY.search(lines.get(timeout=1)):
                return ready[1]
        except queue.Empty:
            continue
    raise DomoInsightsError("The dashboard did not start.", hint="Try: domo-insights up --empty")
