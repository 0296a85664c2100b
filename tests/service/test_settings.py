"""Without authentication the service listens on this machine only."""

import pytest
from pydantic import ValidationError

from jobs.listening import check_bind
from service.settings import ApiSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"])
def test_loopback_is_allowed(host):
    assert check_bind(host, guarded=False) == host


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "10.0.0.1", "2001:db8::1", "no.such.host.invalid"]
)
def test_the_world_is_not(host):
    with pytest.raises(ValueError, match="listen"):
        check_bind(host, guarded=False)


def test_the_world_is_where_it_must_show_a_key():
    assert check_bind("0.0.0.0", guarded=True) == "0.0.0.0"
    with pytest.raises(ValueError, match="cannot listen"):
        check_bind("no.such.host.invalid", guarded=True)


def test_the_public_url_must_be_one(tmp_path):
    with pytest.raises(ValidationError, match="http"):
        ApiSettings(data_dir=tmp_path, public_url="example.org")
