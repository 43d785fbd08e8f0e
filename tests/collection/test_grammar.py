"""How a query string is read: strictly, and without a database."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import time_machine

from app.activities.queries import ACTIVITIES
from app.collection.asked import Asked, read
from app.errors import BadRequest, InvalidParameter, Problem, UnknownParameter
from app.events.queries import EVENTS
from app.focal_points.queries import FOCAL_POINTS
from app.http.seals import Seal


def asked(query: str, collection: Any = EVENTS) -> Asked:
    return read(collection, query.encode())


def refused(query: str, collection: Any = EVENTS) -> Problem:
    with pytest.raises((UnknownParameter, InvalidParameter, BadRequest)) as caught:
        asked(query, collection)
    return caught.value


def first_value(query: str, collection: Any = EVENTS) -> Any:
    return asked(query, collection).values["p0"]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("today", date(2028, 2, 29)), ("-0d", date(2028, 2, 29)), ("-30d", date(2028, 1, 30)), ("1d", date(2028, 3, 1)),
        ("%2B1d", date(2028, 3, 1)), ("+1d", date(2028, 3, 1)), ("2w", date(2028, 3, 14)), ("-1w", date(2028, 2, 22)),
        ("1m", date(2028, 3, 29)), ("-1m", date(2028, 1, 29)), ("-12m", date(2027, 2, 28)), ("1y", date(2029, 2, 28)),
        ("-4y", date(2024, 2, 29)), ("10m", date(2028, 12, 29)), ("2026-12-01", date(2026, 12, 1)),
    ],
)  # fmt: skip
@time_machine.travel(datetime(2028, 2, 29, 13, 0, tzinfo=UTC), tick=False)
def test_a_date_may_be_relative_to_today(written: str, day: date) -> None:
    assert first_value(f"start_date__gte={written}") == day


@time_machine.travel(datetime(2026, 11, 23, 13, 0, tzinfo=UTC), tick=False)
def test_a_relative_instant_is_the_start_of_a_day_so_that_answers_hold_for_the_day() -> None:
    assert first_value("updated_at__gte=-30d") == datetime(2026, 10, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["2026-10-01T07:00:00%2B07:00", "2026-10-01T07:00:00+07:00", "2026-10-01T00:00:00Z", "2026-10-01"],
)
def test_an_instant_carries_its_offset_and_a_plus_may_stay_unescaped(written: str) -> None:
    assert first_value(f"updated_at__gte={written}") == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("query", [
    "start_date=2026-02-30", "start_date=01/02/2026", "start_date=20260201", "start_date=2569-01-01",
    "start_date=-99999y",
    "start_date=1x", "start_date=", "start_date=2026-01-01,", "start_date__between=2026-01-01",
    "start_date__lt=a,b",
    "start_date__between=2026-01-01,2026-01-02,2026-01-03", "start_date__between=2026-12-31,2026-01-01", "country=",
    "updated_at__gt=2026-10-01T00:00:00", "updated_at__gt=0001-01-01T00:00:00%2B14:00", "updated_at__gt=yesterday",
    "updated_at__gt=9999-12-31T23:59:59-14:00", "registered=1.5", "registered=99999999999", "registered=true",
    "registered=%EF%BC%91", "id=6", "id=%00", "title=%00", "title__isnull=yes", "title__isnull=",
    "title__isnull=true,false",
    "kind=seminars", "countries__has=", "limit=0", "limit=1001", "limit=ten", "limit=", "limit=00000000011000",
    "limit=-1", "count=yes", "count=", "q=", "q=+", "q=%01", "sort=", "sort=,", "sort=-", "sort=--title",
    "sort=title,title",
    "sort=title,-title", "fields=", "fields=id,id", "fields=goal.title", "expand=", "expand=goals,goals",
    "expand=goals.",
    "expand=goals.area.goals", "cursor=", "cursor=x", "title=a&title=a", "limit=1&limit=1", "q=%C3", "a%FF=1",
    "title=%E3,%81",
])  # fmt: skip
def test_what_cannot_be_read_is_refused(query: str) -> None:
    from app.collection.cursors import continued

    with pytest.raises(Problem) as caught:
        continued(Seal(b"secret"), EVENTS, asked(query))
    assert caught.value.status == 400


def test_the_years_of_the_buddhist_era_are_refused_with_the_gregorian_year() -> None:
    assert "2026-01-01" in refused("start_date=2569-01-01").detail


@pytest.mark.parametrize("path", ["countries", "aliases", "keys", "updated_at"])
def test_what_never_equals_is_not_compared_by_a_plain_equals_sign(path: str) -> None:
    problem = refused(f"{path}=TH")
    assert problem.errors[0]["code"] == "unknown_operator"
    assert any(each.startswith(f"{path}__") for each in problem.errors[0]["allowed"])


def test_a_misspelt_parameter_names_the_near_ones_and_all_that_are_allowed() -> None:
    error = refused("staus=planned").errors[0]
    assert error["did_you_mean"][0] == "status"
    assert {"status", "start_date", "goal.number", "sort", "limit"} <= set(error["allowed"])
    assert [*error].index("hint") < [*error].index("allowed")  # one is to be read, the other long


def test_a_misspelt_path_over_a_relation_names_the_near_one() -> None:
    assert "goal.number" in refused("goal.nubmer=6").errors[0]["did_you_mean"]


def test_a_misspelt_operator_names_the_operators_of_the_field() -> None:
    error = refused("start_date__betwen=a,b").errors[0]
    assert error["did_you_mean"] == ["between"]
    assert "contains" not in error["allowed"]


def test_a_misspelt_word_names_the_words() -> None:
    error = refused("kind=semniar").errors[0]
    assert error["did_you_mean"] == ["seminar"]
    assert "study_visit" in error["allowed"]


def test_misspelt_sort_fields_and_relations_name_the_near_ones() -> None:
    assert refused("sort=-start_dat").errors[0]["did_you_mean"][0] == "start_date"
    assert refused("fields=id,titel").errors[0]["did_you_mean"] == ["title"]
    assert refused("expand=goal").errors[0]["did_you_mean"] == ["goals"]
    assert refused("expand=goals.are").errors[0]["did_you_mean"] == ["area"]


def test_a_refusal_names_no_more_than_a_hundred_letters_of_what_was_sent() -> None:
    assert len(str(refused(f"{'x' * 5000}=1").errors[0]["parameter"])) == 100


def test_between_takes_a_comma_or_two_dots() -> None:
    days = [date(2026, 1, 1), date(2026, 6, 30)]
    assert first_value("start_date__between=2026-01-01,2026-06-30") == days
    assert first_value("start_date__between=2026-01-01..2026-06-30") == days


def test_an_identifier_is_read_in_either_case() -> None:
    some = UUID("019AA5D0-6B7C-7C3E-9C39-0D1F5B3A7E11")
    assert first_value(f"id={str(some).upper()}") == some


def test_an_ampersand_too_many_says_nothing() -> None:
    assert asked("&kind=forum&&").shape == asked("kind=forum").shape


def test_the_order_of_parameters_does_not_make_another_statement() -> None:
    assert asked("kind=forum&status=planned").shape == asked("status=planned&kind=forum").shape


def test_values_do_not_make_another_statement() -> None:
    assert asked("kind=forum,seminar&q=law").shape == asked("kind=summit,forum&q=justice").shape


@pytest.mark.parametrize("collection", [EVENTS, ACTIVITIES, FOCAL_POINTS], ids=lambda each: each.path)
def test_the_grammar_survives_a_shell(collection: Any) -> None:
    for path, known in collection.filters.items():
        for operator in known.kind.operators:
            name = f"{path}__{operator}"
            assert quote(name, safe="") == name
