"""Look-ahead is impossible: nothing at or after a moment changes what was known before it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salus.data.records.gather import Gatherer, coded
from salus.data.records.moment import DAY, HOUR, MISSING, micros, parse_moment, times, when
from salus.data.records.questions import TimelineDataset, at_each, died, hours_in, returned
from salus.data.records.summary import Summary
from salus.data.records.timeline import Encounter
from salus.schema.errors import DataError, UsageError

T0 = datetime(2020, 1, 1, tzinfo=UTC)
ZERO = micros(T0)


def built(rows, patient="p", background=(), birth=MISSING):
    gather = Gatherer("test")
    gather.person(patient, birth, background)
    for start_h, known_h, code, value, unit in rows:
        gather.event(patient, code, ZERO + int(start_h * HOUR), ZERO + int(known_h * HOUR), value, unit)
    return gather.timelines()


ROW = st.tuples(
    st.integers(-50, 50),
    st.integers(-50, 50),
    st.sampled_from(["a|1", "a|2", "b|1=x", "person|death", "0|first", "~|last"]),
    st.sampled_from([0.0, 1.5, -3.0, float("nan")]),
    st.sampled_from(["", "mg/dL", "zz", "!"]),
)


def same(one, other):
    return (
        one.codes == other.codes
        and one.units == other.units
        and np.array_equal(one.times_h, other.times_h)
        and np.array_equal(one.values, other.values, equal_nan=True)
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(ROW, max_size=12),
    st.lists(ROW, max_size=12),
    st.lists(ROW, max_size=12),
    st.integers(-40, 40),
    st.randoms(),
)
def test_nothing_known_later_changes_the_inputs(rows, future, other, at_h, chance):
    past = [row for row in rows if max(row[0], row[1]) < at_h]
    # Whatever happened, even long ago, but became known at `at` or later; two different futures, read in any order.
    one = [(start, max(known, at_h), *rest) for start, known, *rest in future]
    two = [(start, max(known, at_h), *rest) for start, known, *rest in other]
    mixed = past + two
    chance.shuffle(mixed)
    at = T0 + timedelta(hours=at_h)
    alone, first, second = (built(r, background=("person|sex=F",), birth=ZERO - 40 * 365 * DAY)["p"].before(at)
                            for r in (past, past + one, mixed))  # fmt: skip
    assert same(alone, first)
    assert same(alone, second)
    assert (np.diff(alone.times_h) >= 0).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=20), st.integers(-40, 40))
def test_before_and_after_share_every_event_once(rows, at_h):
    line = built(rows)["p"]
    at = T0 + timedelta(hours=at_h)
    seen, hidden = line.before(at), line.after(at)
    assert sorted(seen.codes + hidden.codes) == sorted(row[2] for row in rows)
    assert (hidden.known_h >= 0).all()
    assert len(seen.codes) == sum(max(row[0], row[1]) < at_h for row in rows)


def test_an_event_known_before_it_happened_is_known_when_it_happened():
    line = built([(5, 1, "booked|visit", 1.0, "")])["p"]
    assert line.before(T0 + timedelta(hours=5)).codes == ()
    assert line.before(T0 + timedelta(hours=5, microseconds=1)).codes == ("booked|visit",)


def test_age_is_that_of_the_moment():
    line = built([(0, 0, "a|1", 1.0, "")], birth=micros(datetime(1980, 1, 1, tzinfo=UTC)))["p"]
    events = line.before(datetime(2020, 7, 2, tzinfo=UTC))
    assert events.codes == ("person|age", "a|1")
    assert events.values[0] == pytest.approx(40.5, abs=0.01)
    assert events.units[0] == "a"


def test_a_moment_without_zone_is_refused():
    line = built([(0, 0, "a|1", 1.0, "")])["p"]
    with pytest.raises(UsageError, match="no zone"):
        line.before(datetime(2020, 1, 1))
    with pytest.raises(DataError, match="nothing to predict"):
        built([])["p"].end()


def test_a_date_is_a_day_and_an_unknown_zone_is_late():
    day = parse_moment("2020-08-09", UTC)
    assert when(day.start) == datetime(2020, 8, 9, tzinfo=UTC)
    assert day.stop - day.start == DAY
    # written in an unknown place: it surely has ended when it has ended in the west
    assert parse_moment("2020-08-09").stop - day.stop == 12 * HOUR
    assert parse_moment("2020-12").stop == parse_moment("2021", UTC).start + 12 * HOUR
    assert parse_moment("2020-02-29T23:59:60Z") == (parse_moment("2020-02-29T23:59:59Z"))
    assert parse_moment("2018-01-15T11:24:07.916-08:00").start == micros(
        datetime(2018, 1, 15, 19, 24, 7, 916000, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "text", ["0000", "0000-01-01", "2020-13", "2020-02-30", "2020-1-1", "now", "", "2020-01-01T25:00:00Z",
             "2020-01-01T00:00:61Z", "2020-01-01T00:00:00+99:00", "9999", "٢٠٢٠-01-01", "2020-01-01T00:00:00Zx"]
)  # fmt: skip
def test_impossible_times_are_named(text):
    with pytest.raises(DataError, match="time"):
        parse_moment(text)


def test_columns_of_times_name_the_bad_ones():
    found, bad = times(["2020-01-01 10:00:00", "", "today", "2020-01-02T00:00:00Z", "99999-01-01", "2020-99-01"])
    assert bad == [2, 4, 5]
    assert found[0] == parse_moment("2020-01-01T10:00:00Z").start
    assert (found[[1, 2, 4, 5]] == MISSING).all()


def test_cohort_asks_only_where_the_question_arises():
    gather = Gatherer("test")
    for patient, hours, dead in (("a", 30, "0"), ("b", 20, "1"), ("c", 100, "1"), ("d", 60, "")):
        gather.person(patient)
        gather.event(patient, "lab|1", ZERO + HOUR, ZERO + 2 * HOUR, 3.0, "mg")
        gather.event(patient, "lab|1", ZERO + 23 * HOUR, ZERO + 25 * HOUR, 99.0, "mg")
        gather.encounter(Encounter(id=f"s{patient}", patient=patient, start=T0, stop=T0 + timedelta(hours=hours),
                                   outcome={"died": dead}))  # fmt: skip
    gather.encounter(Encounter(id="again", patient="a", start=T0 + timedelta(days=10), stop=None))
    lines = gather.timelines()
    asked = at_each(lines, hours_in(24), died)
    assert [(one.patient, one.target) for one in asked] == [("a", 0), ("c", 1)]
    summed = TimelineDataset(lines, asked, form=Summary(values={"lab|1": "x"}, counts={"lab": "lab"}), name="row")
    assert summed[0].inputs["row"].values["x_max"] == 3.0  # the second result was issued an hour too late
    assert summed[0].inputs["row"].values["lab_count"] == 1.0
    assert summed.peek(0).inputs == {}
    assert TimelineDataset(lines, asked, window_h=1.0)[0].inputs["events"].codes == ()
    home = at_each(lines, lambda line, one: one.stop, returned(lines, 30))
    assert {one.patient: one.target for one in home} == {"a": 1, "b": 0, "c": 0, "d": 0}


def test_codes_hold_short_words_only():
    assert coded("loinc", "1", " Never  smoked ") == "loinc|1=Never smoked"
    assert coded("loinc", "1", "x" * 65) == "loinc|1"


def test_too_many_events_are_refused():
    gather = Gatherer("big", limit=10)
    people = ["p"] * 11
    stamp = np.zeros(11, dtype=np.int64)
    with pytest.raises(DataError, match="more than 10 events"):
        gather.events(people, ["c"] * 11, stamp, stamp)


def test_units_and_counts_describe_the_record():
    lines = built([(0, 0, "a|1", 1.0, "mg/dL"), (1, 1, "a|1", 1.0, "mmol/L"), (2, 2, "b|1", 1.0, "")])
    assert lines.counts() == {"a|1": 2, "b|1": 1}
    assert lines.units_of() == {"a|1": {"mg/dL": 1, "mmol/L": 1}}
