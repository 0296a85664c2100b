"""Tokens of an issuer that really answers on loopback; everything that is nearly such a token is refused."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from starlette.testclient import TestClient

from jobs.api_keys import KeyBook, Scope
from service import issuer_fetch, issuer_keys
from service.app import create_app
from service.oidc_settings import OidcSettings
from service.settings import ApiSettings

AUDIENCE = "https://lai.example.org/api"


class Issuer:
    """An OIDC issuer with keys of its own.

    Attributes:
        keys: private keys by id, as published.
        away: it answers 500.
        drips: it sends its answer without end, a blank at a time, until this is unset.
        asked: how often its keys were fetched.
    """

    def __init__(self) -> None:
        self.keys = {"one": rsa.generate_private_key(65537, 2048)}
        self.away, self.drips, self.asked = False, False, 0
        self.extra = {"alg": "RS256"}
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                self.send_response(500 if issuer.away else 200)
                self.end_headers()
                while issuer.drips:
                    self.wfile.write(b" ")
                    time.sleep(0.02)
                if not issuer.away:
                    self.wfile.write(json.dumps({"keys": issuer.published()}).encode())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def published(self):
        return [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"} | self.extra
            for kid, key in self.keys.items()
        ]

    def token(self, kid="one", key=None, alg="RS256", headers=None, **claims):
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "farm", "iat": now, "exp": now + 300}
        payload = {k: v for k, v in (usual | {"scope": "openid clearleaf:jobs"} | claims).items() if v is not None}
        return jwt.encode(payload, key or self.keys[kid], alg, headers={"kid": kid} | (headers or {}))

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def running():
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def issuer(running, monkeypatch):
    monkeypatch.setattr(issuer_fetch, "LONGEST_S", 60.0)  # a machine may stop for longer than an issuer may
    monkeypatch.setattr(issuer_keys, "LONGEST_S", 60.0)
    running.away, running.asked, running.extra = False, 0, {"alg": "RS256"}
    running.keys = {"one": running.keys["one"]}
    yield running
    running.drips = False


@pytest.fixture
def serve(store, broker, storage, signer, settings, issuer):
    """Return a function that asks a service which believes the issuer; each service knows no keys at first."""

    def serving(kinds="keys,oidc", **members):
        oidc = OidcSettings(issuer=issuer.url, audience=AUDIENCE, jwks_url=f"{issuer.url}/keys", **members)
        changed = settings.model_copy(update={"authentication": kinds, "oidc": oidc})
        client = TestClient(create_app(store, broker, storage, signer, changed), base_url="https://lai.example.org")

        def ask(token, method="GET", path="/jobs", **options):
            return client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **options)

        return ask

    return serving


def test_a_good_token_opens_its_tenants_jobs(serve, issuer, order, store):
    ask = serve()
    job = ask(issuer.token(), "POST", json=order)
    assert job.status_code == 201
    path = f"/jobs/{job.json()['jobID']}"
    assert ask(issuer.token(), path=path).status_code == 200
    assert ask(issuer.token(sub="mill"), path=path).status_code == 404
    key = KeyBook(store.database).create("farm", {Scope.READ}).text  # a tenant's keys and people see the same jobs
    assert ask(key, path=path).status_code == 200
    assert issuer.asked == 1


def hs256_by_public_key(issuer):
    """The oldest trick: the public key, which everybody has, as the secret of HS256."""
    pem = issuer.keys["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
    mac = hmac.new(pem, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def unsigned(issuer):
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, None, "none", headers={"kid": "one"})


def altered(issuer):
    head, _, signature = issuer.token().split(".")
    other = issuer.token(sub="mill").split(".")[1]
    return f"{head}.{other}.{signature}"


STRANGER = rsa.generate_private_key(65537, 2048)
FORGED = {
    "HS256 by the public key": hs256_by_public_key,
    "no signature": unsigned,
    "altered": altered,
    "another's key under a known id": lambda issuer: issuer.token(key=STRANGER),
    "unknown key id": lambda issuer: jwt.encode({"sub": "farm"}, STRANGER, "RS256", headers={"kid": "two"}),
    "no key id": lambda issuer: jwt.encode({"sub": "farm"}, STRANGER, "RS256"),
    "an algorithm that is not ours": lambda issuer: issuer.token(alg="RS512"),
    "another kind of key": lambda issuer: issuer.token(key=ec.generate_private_key(ec.SECP256R1()), alg="ES256"),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "never ends": lambda issuer: issuer.token(exp=None),
    "for somebody else": lambda issuer: issuer.token(aud="https://else.example.org"),
    "for nobody": lambda issuer: issuer.token(aud=None),
    "by another issuer": lambda issuer: issuer.token(iss="https://else.example.org"),
    "by nobody": lambda issuer: issuer.token(iss=None),
    "its own keys": lambda issuer: issuer.token(key=STRANGER, headers={"jku": "http://127.0.0.1:9/keys", "jwk": {}}),
    "no tenant": lambda issuer: issuer.token(sub=None),
    "an empty tenant": lambda issuer: issuer.token(sub=""),
    "a tenant of two lines": lambda issuer: issuer.token(sub="farm\nmill"),
    "no token": lambda issuer: "a.b.c",
    "no JSON": lambda issuer: "e30.e30.",
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_nearly_a_token_is_refused(serve, issuer, kind):
    refused = serve()(FORGED[kind](issuer))
    assert refused.status_code == 401, refused.text
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_scopes_are_what_the_issuer_says(serve, issuer, order):
    ask = serve()
    assert ask(issuer.token(scope="clearleaf:read"), "POST", json=order).status_code == 403
    assert ask(issuer.token(scope="openid")).status_code == 403
    assert ask(issuer.token(scope=None)).status_code == 403
    assert ask(issuer.token(scope=["clearleaf:read", 7, {"a": 1}])).status_code == 200


def test_claims_are_those_of_the_settings(serve, issuer):
    ask = serve(tenant_claim="org", scope_claim="roles", scopes={"grower": "read"})
    assert ask(issuer.token(org="farm", roles=["grower"])).status_code == 200
    assert ask(issuer.token(roles=["grower"])).status_code == 401


def test_new_keys_of_the_issuer_are_learnt_and_made_up_ones_do_not_make_us_ask(serve, issuer, monkeypatch):
    monkeypatch.setattr(issuer_keys, "PAUSE_S", 3600.0)
    ask = serve()
    assert ask(issuer.token()).status_code == 200
    issuer.keys["two"] = rsa.generate_private_key(65537, 2048)
    assert [ask(issuer.token("two")).status_code for _ in range(20)] == [401] * 20
    assert issuer.asked == 1  # it was asked a moment ago
    monkeypatch.setattr(issuer_keys, "PAUSE_S", 0.0)
    assert ask(issuer.token("two")).status_code == 200
    assert issuer.asked == 2


def test_keys_that_were_taken_back_open_nothing(serve, issuer, monkeypatch):
    ask = serve()
    old = issuer.token()
    assert ask(old).status_code == 200
    kept = issuer.keys.pop("one")
    issuer.keys["two"] = STRANGER
    monkeypatch.setattr(issuer_keys, "PAUSE_S", 0.0)
    monkeypatch.setattr(issuer_keys, "FRESH_S", 0.0)
    monkeypatch.setattr(issuer_keys, "KNOWN_WAIT_S", 60.0)
    assert ask(old).status_code == 401
    issuer.keys = {"one": kept}


def test_an_issuer_that_is_away_is_weather(serve, issuer, monkeypatch):
    ask = serve()
    issuer.away = True
    answer = ask(issuer.token())
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) > 0
    issuer.away = False
    monkeypatch.setattr(issuer_keys, "PAUSE_S", 0.0)
    assert ask(issuer.token()).status_code == 200
    issuer.away = True
    monkeypatch.setattr(issuer_keys, "FRESH_S", 0.0)
    assert ask(issuer.token()).status_code == 200  # known keys go on for a while
    assert ask(issuer.token(key=STRANGER, headers={"kid": "three"})).status_code == 503  # it may be a new one
    monkeypatch.setattr(issuer_keys, "STALE_S", 0.0)
    assert ask(issuer.token()).status_code == 503


def test_an_issuer_that_hangs_keeps_no_known_key_waiting(serve, issuer, monkeypatch):
    monkeypatch.setattr(issuer_keys, "KNOWN_WAIT_S", 0.0)
    monkeypatch.setattr(issuer_fetch, "LONGEST_S", 3600.0)
    ask = serve()
    assert ask(issuer.token()).status_code == 200
    issuer.drips = True
    monkeypatch.setattr(issuer_keys, "FRESH_S", 0.0)
    monkeypatch.setattr(issuer_keys, "PAUSE_S", 0.0)
    assert [ask(issuer.token()).status_code for _ in range(5)] == [200] * 5
    assert ask(issuer.token(key=STRANGER, headers={"kid": "three"})).status_code == 503  # nor do others wait for it
    deadline = time.monotonic() + 60
    while issuer.asked < 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # the fetch goes on by itself, and must not be counted among the next test's
    assert issuer.asked == 2  # one at a time


def test_a_fetch_has_an_end(issuer, monkeypatch):
    monkeypatch.setattr(issuer_fetch, "LONGEST_S", 0.2)
    issuer.drips = True
    with pytest.raises(TimeoutError):
        issuer_fetch.fetched(f"{issuer.url}/keys", ["RS256"])


@pytest.mark.parametrize("algorithm", ["RS512", "PS256"])
def test_a_key_that_names_no_algorithm_serves_those_that_are_believed(serve, issuer, algorithm):
    issuer.extra = {}
    ask = serve(algorithms=["RS512", "PS256"])
    assert ask(issuer.token(alg=algorithm)).status_code == 200
    assert ask(issuer.token(alg="RS256")).status_code == 401


def test_a_key_that_names_its_algorithm_serves_no_other(serve, issuer):
    assert serve(algorithms=["RS256", "RS512"])(issuer.token(alg="RS512")).status_code == 401


def test_each_kind_of_credential_only_where_it_is_on(serve, issuer, store):
    key = KeyBook(store.database).create("farm", {Scope.READ}).text
    assert serve("keys")(issuer.token()).status_code == 401
    assert serve("oidc")(key).status_code == 401
    assert serve("oidc")(issuer.token()).status_code == 200


def test_the_description_names_the_issuer(serve, issuer):
    schemes = serve()("", path="/openapi.json").json()["components"]["securitySchemes"]
    assert schemes["oidc"]["openIdConnectUrl"] == f"{issuer.url}/.well-known/openid-configuration"
    assert set(schemes) == {"key", "oidc"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"jwks_url": "http://issuer.example.org/keys"},
        {"jwks_url": "file:///etc/passwd"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"audience": ""},
        {"scopes": {"admin": "everything"}},
        {"jwks": "https://issuer.example.org/keys"},
    ],
)
def test_settings_that_would_open_the_door_are_refused(wrong):
    good = {"issuer": "https://issuer.example.org", "audience": "a", "jwks_url": "https://issuer.example.org/keys"}
    assert OidcSettings(**good).algorithms == ("RS256",)
    with pytest.raises(ValidationError):
        OidcSettings(**good | wrong)


def test_tokens_need_an_issuer(tmp_path):
    with pytest.raises(ValidationError, match="CLEARLEAF_OIDC"):
        ApiSettings(data_dir=tmp_path, authentication="oidc")
