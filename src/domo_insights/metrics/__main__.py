"""Print docs/metrics.md."""

import sys

from domo_insights.metrics.page import as_markdown

sys.stdout.write(as_markdown())
