"""Controls that all pages share. The frame shows them once; pages ask for typed values.

A bound control made inside a page would lose its URL value when the page is switched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import streamlit as st

from domo_insights.errors import PeriodError
from domo_insights.period import PRESETS, Period, zone_of, zones
from domo_insights.queries import demos
from domo_insights.ui.data import load
from domo_insights.ui.plain import plain

CUSTOM: Final = "Custom"
DEFAULT: Final = "30d"
ALL: Final = "All demos"
PERIOD, DAYS, DEMO, ZONE, TESTS = "period", "days", "demo", "zone", "tests"
SHARED: Final = (PERIOD, DAYS, DEMO, ZONE, TESTS)
_DATED: Final = (PERIOD, DAYS, DEMO, TESTS)
_LEFT, _PAGE, _ARRIVED = "_left", "_page", "_arrived"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the shared controls say. Unpacks into the arguments that queries share."""

    period: Period
    demo_id: UUID | None
    include_test: bool
    demo: str = ALL

    def __iter__(self) -> Any:
        return iter((self.period, self.demo_id, self.include_test))

    @property
    def before(self) -> "Asked":
        """The same of the period before."""
        return Asked(self.period.previous(), self.demo_id, self.include_test, self.demo)


def show(*, dated: bool = True) -> None:
    """Draw the controls; their values are kept in the URL. Where nothing depends on the period and
    the demo (not `dated`) only the zone is asked for: the rest is kept for the way back."""
    if not dated:
        _keep()
        with st.popover("Time zone", icon=":material/schedule:"):
            _zone_control()
        return
    _take_back()
    st.segmented_control(
        "Period",
        [*PRESETS, CUSTOM],
        default=DEFAULT,
        required=True,
        key=PERIOD,
        bind="query-params",
        label_visibility="collapsed",
        wrap=False,
    )
    # Beside the period, although it is drawn last: what today is depends on the zone.
    days = st.empty() if st.session_state[PERIOD] == CUSTOM else None
    st.selectbox(
        "Demo",
        [ALL, *_demos()],
        key=DEMO,
        bind="query-params",
        label_visibility="collapsed",
        width=145,
    )
    _more()
    if days:
        with days:
            _days_control()


def _more() -> None:
    with st.popover("Filters", icon=":material/tune:"):
        _zone_control()
        st.toggle(
            "Include test conversations",
            key=TESTS,
            bind="query-params",
            help="Marked as tests by their owner, or with a name that starts with the word test.",
        )


def _zone_control() -> None:
    known = sorted(zones())
    st.selectbox(
        "Time zone",
        known,
        index=known.index(_browser_zone()),
        key=ZONE,
        bind="query-params",
        help="Days and hours are those of this zone. The browser's until you choose another.",
    )


def _days_control() -> None:
    today = _now().astimezone(zone_of(st.session_state[ZONE])).date()
    st.date_input(
        "Days, the last one included",
        (today - timedelta(days=29), today),
        max_value=today,
        key=DAYS,
        bind="query-params",
        label_visibility="collapsed",
        width=232,
    )


def _keep() -> None:
    """Put aside what the controls that are not drawn say: they lose it, and their URL too."""
    state = st.session_state
    if not arrived():
        return
    if PERIOD not in state:  # a page that was opened by its address
        _restore_dated({key: st.query_params.get_all(key) for key in st.query_params})
    put_aside(_DATED)


def put_aside(keys: Sequence[str] = SHARED) -> None:
    """Keep what the controls say over runs that do not draw them."""
    state = st.session_state
    state[_LEFT] = state.get(_LEFT, {}) | {key: state[key] for key in keys if key in state}


def _take_back() -> None:
    """Set the controls as they were; an address that says something of them says it now."""
    for key, value in st.session_state.pop(_LEFT, {}).items():
        if key not in st.query_params:
            st.session_state.setdefault(key, value)


def asked() -> Asked:
    """What the controls say now. Raises: PeriodError while no day is chosen."""
    now, zone, state = _now(), st.session_state[ZONE], st.session_state
    name, chosen = state.get(DEMO, ALL), state.get(PERIOD, DEFAULT)
    if chosen == CUSTOM:
        period = _custom(state[DAYS], now, zone)
    else:
        period = Period.parse(chosen, now, zone)
    return Asked(period, _demos().get(name), bool(state.get(TESTS)), name)


def demo() -> str:
    """What is chosen in the demo control."""
    return str(st.session_state.get(DEMO, ALL))


def arrive(page: str) -> None:
    """Take over what a link to `page` said of the demo: a control that is drawn already keeps its
    value over the URL's. To be called before the controls are drawn."""
    left = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    st.session_state[_ARRIVED] = left != page
    if left in (None, page) or DEMO not in st.query_params:
        return
    name = st.query_params.get_all(DEMO)[0]
    if name in _demos():
        st.session_state[DEMO] = name


def page() -> str:
    """The title of the page that is open."""
    return str(st.session_state.get(_PAGE, ""))


def arrived() -> bool:
    """Whether this run is the first on its page."""
    return bool(st.session_state.get(_ARRIVED))


def said() -> tuple[object, ...]:
    """What the controls say, to know whether it changed."""
    return tuple(st.session_state.get(key) for key in SHARED)


def _restore_dated(said: Mapping[str, Sequence[str]]) -> None:
    state = st.session_state
    period, name = (said.get(key, [""])[-1] for key in (PERIOD, DEMO))
    state[PERIOD] = period if period in (*PRESETS, CUSTOM) else DEFAULT
    state[DEMO] = name if name in _demos() else ALL
    state[TESTS] = said.get(TESTS, [""])[-1].lower() == "true"
    if state[PERIOD] == CUSTOM:
        try:
            days = [date.fromisoformat(day) for day in said.get(DAYS, ())]
            if not days[0] <= days[-1] <= _now().date():
                raise ValueError
            state[DAYS] = (days[0], days[-1])
        except (ValueError, IndexError):
            state[PERIOD] = DEFAULT


def zone() -> str:
    """The zone that days and hours are shown in."""
    return str(st.session_state[ZONE])


def name_of(demo_id: UUID) -> str | None:
    """What the demo control calls a demo; None for one that is not the viewer's."""
    return next((name for name, known in _demos().items() if known == demo_id), None)


def choose(name: str) -> None:
    """Choose a demo; for a callback."""
    st.session_state[DEMO] = name


def clear() -> None:
    """Take the demo and test filters back; for a button's callback."""
    st.session_state[DEMO] = ALL
    st.session_state[TESTS] = True


def jump_to(last: date, days: int) -> None:
    """Choose the `days` days up to `last`; for a button's callback."""
    st.session_state[PERIOD] = CUSTOM
    st.session_state[DAYS] = (last - timedelta(days=days - 1), last)


def _custom(days: Any, now: datetime, zone: str) -> Period:  # a URL names the only day once
    if not days:
        raise PeriodError("The period has no day yet.", hint="Choose its first and last day.")
    return Period.of_days(days[0], days[-1] + timedelta(days=1), now, zone)


def _demos() -> dict[str, UUID]:
    """The viewer's demos by what they are called here; one name twice gets part of the id.
    Raises: DatabaseError: without an answer a name means nothing, and all demos are not it."""
    frame = load(demos.mine)
    names = frame["demo"].map(plain)
    names = names.where(~names.duplicated(keep=False) & (names != ALL) & (names != ""), names
                        + " · " + frame["demo_id"].map(lambda demo: str(demo)[:8]))  # fmt: skip
    return dict(zip(names, frame["demo_id"], strict=True))


def _browser_zone() -> str:
    return here if (here := st.context.timezone or "") in zones() else "UTC"


def _now() -> datetime:
    """This minute. Anything finer would make every run ask the database anew."""
    return datetime.now(UTC).replace(second=0, microsecond=0)
