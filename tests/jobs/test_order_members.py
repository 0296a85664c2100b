"""What each member of an order may hold."""

from typing import get_args

import pytest

from jobs.order_members import Model, PublishedWeights
from models.paper import PAPER_MODELS
from models.weights import published


@pytest.mark.parametrize(
    "day", [1525132800, "1525132800", "2018-05-01T00:00:00Z", "20180501", "2018-5-1", "2018-02-30"]
)
def test_a_day_is_written_as_one(order, refused, day):
    assert set(refused(order, start=day)) == {"/start"}
    assert set(refused(order, dates=["2018-05-02", day])) == {"/dates/1"}


def test_an_extra_asset_named_twice_is_published_once(order, made):
    assert made(order, extra_assets=["fused", "predicted", "fused"]).extra_assets == ("fused", "predicted")


@pytest.mark.parametrize(
    ("member", "value"),
    [("seed", True), ("seed", "7"), ("step_days", "5"), ("context_days", False), ("adapt", "yes"), ("adapt", 1)],
)
def test_what_looks_like_a_number_or_a_truth_is_none(order, refused, member, value):
    assert set(refused(order, **{member: value})) == {f"/{member}"}


def test_a_whole_number_may_be_written_with_a_point(order, made):
    assert made(order, seed=7.0).seed == 7


def test_the_models_that_can_be_ordered_are_those_there_are():
    assert set(get_args(Model)) == {"default", "prior", *PAPER_MODELS}


def test_the_weights_that_can_be_ordered_are_the_published_ones(order, refused):
    assert set(get_args(PublishedWeights)) == set(published())
    assert all(name in refused(order, weights="none-such")["/weights"] for name in published())
