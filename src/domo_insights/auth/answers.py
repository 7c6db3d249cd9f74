"""The pages that this package shows itself, with the headers that keep them ours."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from domo_insights.auth.addresses import inside
from domo_insights.errors import DomoInsightsError
from domo_insights.settings import current

LOOK: Final = Path(__file__).parent / "look"
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie",
}

_templates = Environment(
    loader=FileSystemLoader(LOOK), autoescape=select_autoescape(), undefined=StrictUndefined
)


_AGAIN_SECONDS: Final = 5


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """One of the templates in look/. Text among `values` is escaped."""
    known = {"wrong": "", "hint": "", "base": current().prefix, **values}
    known["hint"] = str(known["hint"]).replace("`", "")  # Streamlit's mark-up, not HTML's
    return HTMLResponse(_templates.get_template(template).render(known), status, HEADERS)


def trouble(problem: DomoInsightsError, again: str) -> HTMLResponse:
    """A page that says, with 503, why there is nothing now. It tries again by itself, at the
    address `again`."""
    title = "Not available right now"
    answer = page(
        "trouble.html", 503, title=title, wrong=str(problem), hint=problem.hint, again=again
    )
    answer.headers["Refresh"] = f"{_AGAIN_SECONDS}; url={again}"
    return answer


def go(path: str) -> RedirectResponse:
    """On to `path` of ours, by a GET."""
    return RedirectResponse(inside(path), 303, HEADERS)


def file(name: str, media_type: str) -> Response:
    kept = {**HEADERS, "Cache-Control": "public, max-age=3600"}
    return FileResponse(LOOK / name, media_type=media_type, headers=kept)
