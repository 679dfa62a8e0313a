"""Forecasts of a loop: numbers."""

from decimal import Decimal

import pytest

from verification.forecast import (
    consumption,
    forecast_questions,
    forecast_tag_task,
    seconds_left,
    spread_from_statistics,
)


def test_a_million_regions_take_what_the_paper_measured() -> None:
    forecast = forecast_tag_task(items=1_000_000, overlap=1, rate=Decimal("0.02"), annotators=50)
    assert forecast.hours == pytest.approx(2750, rel=0.02)  # V1 appendix C.3
    assert forecast.hours_each == pytest.approx(55.6, abs=0.1)
    assert forecast.pay == Decimal("20000.00")


def test_the_papers_consumption_analysis() -> None:
    # V1 appendix C.3: 10 s a region, about 2,750 hours a million, about 15 days for 50 people; all regions: 42 years.
    million = consumption(regions=1_000_000, seconds=10, people=50, hours_a_day=3.7, rate=Decimal("0.02"))
    assert million.hours == pytest.approx(2750, rel=0.02)
    assert million.days == pytest.approx(15, abs=0.1)
    assert million.pay == Decimal("20000.00")
    everything = consumption(regions=1_000_000_000, seconds=10, people=50, hours_a_day=3.7, rate=Decimal("0.02"))
    assert everything.days / 365 == pytest.approx(42, rel=0.03)
    answers = consumption(regions=1_000_000, seconds=15, people=50, hours_a_day=3.7, rate=Decimal("0.02"), overlap=3)
    assert answers.hours == pytest.approx(12_500)
    assert answers.pay == Decimal("60000.00")


@pytest.mark.parametrize("wrong", [{"people": 0}, {"hours_a_day": 0}, {"seconds": 0}, {"regions": -1}, {"overlap": 0}])
def test_nobody_does_nothing(wrong: dict[str, int]) -> None:
    sound = {"regions": 1, "seconds": 10, "people": 1, "hours_a_day": 8, "overlap": 1}
    with pytest.raises(ValueError, match="somebody"):
        consumption(**{**sound, **wrong}, rate=Decimal(1))  # type: ignore[arg-type]


def test_overlap_multiplies_time_and_pay() -> None:
    one = forecast_tag_task(items=100, overlap=1, rate=Decimal("0.02"), annotators=4)
    three = forecast_tag_task(items=100, overlap=3, rate=Decimal("0.02"), annotators=4)
    assert (three.items, three.verdicts, three.pay) == (100, 300, 3 * one.pay)
    assert three.hours == pytest.approx(3 * one.hours)


def test_a_project_is_believed_about_its_own_pace_after_thirty_verdicts() -> None:
    def seconds(judged: int) -> float:
        return forecast_tag_task(
            items=1, overlap=1, rate=Decimal(1), annotators=1, median_seconds=4.0, judged=judged
        ).seconds

    assert (seconds(29), seconds(30)) == (10.0, 4.0)


def test_without_annotators_nobody_has_a_share() -> None:
    assert forecast_tag_task(items=5, overlap=1, rate=Decimal(0), annotators=0).hours_each is None


def test_fractions_of_a_cent_are_rounded_half_up() -> None:
    assert forecast_tag_task(items=1, overlap=1, rate=Decimal("0.005"), annotators=1).pay == Decimal("0.01")


def test_statistics_give_about_the_same_spread() -> None:
    spread = spread_from_statistics(1000, 12, [0.5, 0.3])
    assert spread.frequencies.tolist() == [500, 300] + [20] * 10
    assert spread_from_statistics(1000, -0.5, []).frequencies.tolist() == [2] * 500
    assert spread_from_statistics(0, 0, []).regions == 0


@pytest.mark.parametrize(("done", "expected"), [(0, None), (50, 60.0), (100, 0.0), (120, 0.0)])
def test_time_left_is_read_from_the_pace_so_far(done: int, expected: float | None) -> None:
    assert seconds_left(done, 100, 60.0) == expected


def test_questions_cost_their_check_and_the_answers_that_are_written_anew() -> None:
    found = forecast_questions(items=3_000, overlap=1, rate=Decimal("0.02"), answer_rate=Decimal("0.07"), wrong=0.25)
    assert (found.verdicts, found.answers, found.pay) == (3_000, 750, Decimal("112.50"))
    assert found.hours == pytest.approx(3_750 * 15 / 3_600)
    assert forecast_questions(items=10, overlap=3, rate=Decimal(0), answer_rate=Decimal(1), wrong=0.5).answers == 15
