"""An invalid order is told all that is wrong with it."""


def test_every_wrong_member_is_told_at_once(order, refused):
    assert set(refused(order, start="2018-07-01", clouds=20)) == {"/clouds", "/end"}
    assert set(refused(order, end="2999-01-01", dates=[], seed=-1)) == {"/end", "/dates", "/seed"}
    assert set(refused(order, start="soon", dates=["2018-07-01"])) == {"/start", "/dates/0"}
    assert set(refused(order, start="2015-01-01", end="2018-06-30", step_days=0)) == {"/step_days"}
    assert set(refused(order, start="2015-01-01", end="2018-06-30", step_days=1)) == {"/step_days"}
