"""What is hidden, from whom, and which days play which role."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.baselines import INTERPOLATIONS
from models.evaluation.hidden import estimate_hidden
from models.evaluation.hold_out import SPACING_DAYS, choose_days
from models.evaluation.metrics import score
from models.evaluation.report import hidden_estimates, reconstruction, scores_as_json
from models.evaluation.scenarios import GAP0, GAP15, GAP30, REAL_CLOUD, SCENARIOS, clear_share, hide, scorable_scenes


def cases(site, scenario):
    found = [hide(site, i, scenario, np.random.default_rng(0)) for i in scorable_scenes(site.observed)]
    return [case for case in found if case is not None]


@pytest.mark.parametrize("scenario", [GAP0, GAP15, GAP30], ids=lambda s: s.name)
def test_everything_near_the_day_is_hidden(site, scenario):
    for case in cases(site, scenario):
        observed = case.site.observed
        near = np.abs(observed.days - case.day) <= scenario.half_width_days
        assert np.isnan(observed.lai[near]).all()
        assert not observed.clear[near].any()
        np.testing.assert_array_equal(observed.lai[~near], site.observed.lai[~near])


@pytest.mark.parametrize("water", [0.0, 0.5])
def test_real_cloud_shows_at_least_a_part_of_the_land(site, water):
    """A cloud mask that is moved may end up on the water of a coast, or leave nothing but water to be seen."""
    o = site.observed
    land = np.arange(o.land.shape[1])[None] >= water * o.land.shape[1]
    coast = replace(site, observed=replace(o.hide(np.broadcast_to(~land, o.lai.shape)), land=o.land & land))
    found = cases(coast, REAL_CLOUD)
    assert found
    for case in found:
        scene = int(np.flatnonzero(case.site.observed.days == case.day)[0])
        seen = np.isfinite(case.site.observed.lai[scene])
        hidden = np.isfinite(coast.observed.lai[scene]) & ~seen
        assert hidden[coast.observed.land].mean() < 0.7
        assert seen[coast.observed.land].any()
        assert not (seen & case.scored).any()


def test_the_prior_of_a_report_is_what_the_prior_alone_delivers(site, reconstructor):
    """Also where the day's own scene is partly visible and moves it."""
    case = cases(site, REAL_CLOUD)[0]
    row = reconstruction(reconstructor)(case)["prior"]
    alone = replace(reconstructor, method="prior", model="prior")
    delivered = reconstruction(alone)(case)["clearleaf"]
    np.testing.assert_array_equal(row.lai, delivered.lai)
    np.testing.assert_array_equal(row.sigma, delivered.sigma)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_scored_pixels_have_truth_and_looks_on_both_sides(site, scenario):
    found = cases(site, scenario)
    assert found
    for case in found:
        visible, days = case.site.observed.lai, case.site.observed.days
        assert np.isfinite(case.truth[case.scored]).all()
        for side in (days < case.day, days > case.day):
            assert np.isfinite(visible[side]).any(axis=0)[case.scored].all()


def test_only_clear_days_are_scored(site):
    share = clear_share(site.observed)
    assert all(share[i] >= 0.95 for i in scorable_scenes(site.observed))


def test_roles_are_disjoint_and_tests_keep_their_distance(site):
    days = choose_days([site], int(site.observed.days[0]), int(site.observed.days[-1]))
    roles = [set(days.test), set(days.calibration), set(days.adaptation)]
    assert sum(map(len, roles)) == len(set.union(*roles))
    assert all(b - a >= SPACING_DAYS for a, b in zip(days.test, days.test[1:], strict=False))
    near = GAP15.half_width_days
    assert all(abs(d - t) > near for t in days.test for d in days.calibration + days.adaptation)
    assert all(abs(d - c) > near for c in days.calibration for d in days.adaptation)
    assert all(roles)


def test_too_few_clear_days_have_no_roles(site):
    clear = scorable_scenes(site.observed)
    hidden = np.isin(np.arange(len(site.observed.days)), clear[2:])
    assert choose_days([replace(site, observed=site.observed.hide(hidden))], 0, 10**6) is None


def test_every_method_is_scored_on_the_same_pixels(site, reconstructor):
    days = choose_days([site], int(site.observed.days[0]), int(site.observed.days[-1]))
    hidden = hidden_estimates(reconstructor, [site], days.test)
    assert {len(estimate.lai) for estimate in hidden.estimates.values()} == {len(hidden.truth)}
    assert {"clearleaf", "predicted", "prior", "linear", "nearest"} == set(hidden.estimates)


def test_the_report_of_a_job_and_the_table_agree(site, reconstructor):
    """On the same days in the same scenario a job's report shows what the tables would."""
    days = choose_days([site], int(site.observed.days[0]), int(site.observed.days[-1]))
    report = scores_as_json(hidden_estimates(reconstructor, [site], days.test))
    tabled = [case for case in cases(site, GAP15) if case.day in days.test]
    table = estimate_hidden(tabled, [reconstruction(reconstructor), *INTERPOLATIONS])
    for name, estimate in table.estimates.items():
        figures = score(table.truth, estimate.lai, estimate.sigma if name == "clearleaf" else None).as_json()
        assert {key: report[name][key] for key in figures} == figures
