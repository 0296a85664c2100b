"""Files are opened with keys that no plan, error or log ever holds, and with new ones where these have expired."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from jobs import catalog_http
from jobs.errors import AccessDenied, Unavailable
from jobs.profiles import BUILT_IN, CatalogProfile
from jobs.sas import MARGIN_S, SasTokens
from jobs.scenes import Scene
from jobs.sources import Source
from worker.inputs import access as opening
from worker.inputs import read as reading
from worker.inputs.access import Access, S3Keys
from worker.inputs.read import SceneReader
from worker.inputs.settle import settle
from worker.reconstruct import read_stack

KEY = SecretStr("hunter-key")


@pytest.fixture
def tokens(archive):
    return SasTokens(KEY, archive.endpoint, archive.blobs)


@pytest.fixture
def reader(tokens, monkeypatch):
    monkeypatch.setattr(reading, "RETRY_PAUSE_S", 0.0)
    return SceneReader(threads=2, tries=2, access=Access(tokens))


@pytest.fixture
def signed_scene(plan, archive, catalogue):
    """Return a planned scene as it would be if its files lay in the archive."""

    def moved(scene: Scene, signing: str = "planetary-computer") -> Scene:
        assets = {
            name: asset.model_copy(update={"href": asset.href.replace(str(catalogue), f"{archive.url}/container")})
            for name, asset in scene.assets.items()
        }
        return scene.model_copy(update={"assets": assets, "signing": signing})

    return moved


def place(archive, container="container"):
    return f"{archive.url}/{container}/a.tif"


def test_a_token_is_asked_for_once_per_container_with_the_key(archive, tokens):
    first = tokens.signed(place(archive))
    assert first == f"{place(archive)}?se=soon&sig=hunter1"
    assert tokens.signed(place(archive).replace("a.tif", "b.tif")).endswith("sig=hunter1")
    assert tokens.signed(place(archive, "other")).endswith("sig=hunter2")
    assert archive.keys == ["hunter-key", "hunter-key"]


def test_many_threads_ask_once(archive, tokens):
    start = threading.Barrier(8)

    def ask(_):
        start.wait()
        return tokens.signed(place(archive))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert archive.issued == 1


def test_a_token_that_is_about_to_expire_is_not_used(archive, tokens):
    archive.lives_s = MARGIN_S - 1
    tokens.signed(place(archive))
    assert tokens.signed(place(archive)).endswith("sig=hunter2")


def test_what_lies_elsewhere_is_not_signed_and_an_old_signature_is_replaced(archive, tokens):
    assert tokens.signed("https://example.org/c/a.tif") == "https://example.org/c/a.tif"
    assert tokens.signed("https://example.org") == "https://example.org"
    assert tokens.signed(f"{place(archive)}?sig=old") == f"{place(archive)}?se=soon&sig=hunter1"


@pytest.mark.parametrize(
    ("key", "cure"), [(None, "put its key into PC_SDK_SUBSCRIPTION_KEY"), (KEY, "refuses the key")]
)
def test_a_closed_account_says_what_is_missing(archive, key, cure):
    archive.token_answers = [(401, {}, "")]
    with pytest.raises(AccessDenied, match=cure) as refused:
        SasTokens(key, archive.endpoint, archive.blobs).signed(place(archive))
    assert "hunter" not in str(refused.value)


def test_an_endpoint_in_trouble_is_weather(archive, tokens):
    archive.token_answers = [(429, {"Retry-After": "30"}, ""), (200, {}, "{}"), (200, {}, "<html>")]
    with pytest.raises(Unavailable, match="429") as away:
        tokens.signed(place(archive))
    assert away.value.retry_after == 30
    for _ in range(2):
        with pytest.raises(Unavailable, match="no token"):
            tokens.signed(place(archive))


def test_signed_files_are_read_like_open_ones(plan, reader, signed_scene, archive):
    scene = plan.s2_scenes[0]
    there = reader.read_s2([signed_scene(scene)], plan.geobox)
    here = SceneReader(tries=1).read_s2([scene], plan.geobox)
    assert there.skipped == ()
    assert there.series.reflectance.tobytes() == here.series.reflectance.tobytes()
    assert archive.issued == 1


def test_an_expired_signature_is_renewed_once(plan, reader, signed_scene, archive):
    scene = signed_scene(plan.s2_scenes[0])
    reader.access.opened(scene, scene.assets["B03"].href)
    archive.revoke()
    assert reader.read_s2([scene], plan.geobox).skipped == ()
    assert archive.issued == 2


def test_a_scene_that_stays_refused_is_skipped_by_name_and_no_key_is_told(plan, reader, signed_scene, archive, caplog):
    caplog.set_level(logging.DEBUG)
    archive.accepted = _Nothing()
    scene = signed_scene(plan.s2_scenes[0])
    (skipped,) = reader.read_s2([scene], plan.geobox).skipped
    assert (skipped.id, skipped.reason) == (scene.id, "could not be read: the archive answered 403")
    assert archive.issued == 2
    assert scene.id in caplog.text
    assert "hunter" not in caplog.text


class _Nothing(set):
    def add(self, token):
        """Accept no token."""


@pytest.mark.parametrize("tries", [1, 2])
def test_an_archive_that_has_recovered_is_read_again(plan, signed_scene, archive, monkeypatch, tries):
    """GDAL remembers failures of a URL for as long as the process lives: a worker would never see the file again."""
    monkeypatch.setattr(reading, "RETRY_PAUSE_S", 0.0)
    scene = signed_scene(plan.s2_scenes[0], "none")
    real = reading.forget

    def recovers(href):
        real(href)
        archive.open_to_all = True

    monkeypatch.setattr(reading, "forget", recovers)
    reader = SceneReader(threads=1, tries=tries)
    first = reader.read_s2([scene], plan.geobox)
    assert len(first.skipped) == (tries == 1)
    assert archive.refused > 0
    assert reader.read_s2([scene], plan.geobox).skipped == ()


def test_a_password_is_added_on_opening_and_only_there(plan, signed_scene, archive):
    scene = signed_scene(plan.s2_scenes[0], "none")
    profile = CatalogProfile(name="own", href=f"{archive.url.replace('//', '//user:hunter2@')}/catalog.json")
    access = Access.of([profile], None, None)
    href = scene.assets["B03"].href
    assert access.opened(scene, href) == href.replace("//", "//user:hunter2@")
    assert "hunter2" not in repr(access)
    archive.open_to_all = True
    assert SceneReader(tries=1, access=access).read_s2([scene], plan.geobox).skipped == ()


@pytest.mark.parametrize(
    ("catalog", "href", "told"),
    [
        ("https://user:pw@a.org/c", "https://a.org/x.tif", True),
        ("https://user:pw@a.org/c", "https://A.org:443/x.tif", True),
        ("https://user:pw@a.org/c", "http://a.org/x.tif", False),
        ("https://user:pw@a.org/c", "http://a.org:443/x.tif", False),
        ("https://user:pw@a.org/c", "https://a.org:8443/x.tif", False),
        ("https://user:pw@a.org/c", "https://b.org/x.tif", False),
        ("https://user:pw@a.org/c", "https://a.org:none/x.tif", False),
        ("https://user:pw@[::1]:8443/c", "https://[::1]:8443/x.tif", True),
        ("https://user:pw@[::1]/c", "https://[::1]:8443/x.tif", False),
        ("https://user:pw@a.org/c", "https://a.org.b.org/x.tif", False),
        ("https://user:pw@a.org/c", "/a.org/x.tif", False),
        ("http://user:pw@a.org/c", "http://a.org:80/x.tif", True),
        ("http://user:pw@a.org/c", "https://a.org/x.tif", True),
        ("http://user:pw@a.org:8080/c", "http://a.org/x.tif", False),
        ("https://a.org/c", "https://a.org/x.tif", False),
    ],
)
def test_a_password_is_for_its_own_host_and_not_told_in_clear_text(plan, catalog, href, told):
    access = Access.of([CatalogProfile(name="own", href=catalog)], None, None)
    opened = access.opened(plan.s2_scenes[0], href)
    assert opened == (href.replace("//", "//user:pw@") if told else href)


def test_each_catalogue_and_sensor_has_its_own_password(plan):
    """Two profiles, and two sensors of one, ask the same host, each with its own."""

    def place(word):
        return f"https://user:{word}@a.org/c"

    one = CatalogProfile(
        name="one", s2=Source(href=place("1"), collection="c"), s1=Source(href=place("radar"), collection="r")
    )
    two = CatalogProfile(name="two", href=place("2"))
    access, href = Access.of([one, two], None, None), "https://a.org/x.tif"
    optical, radar = plan.s2_scenes[0], plan.s1_scenes[0]
    assert access.for_catalog(one.told()).opened(optical, href) == "https://user:1@a.org/x.tif"
    assert access.for_catalog(one.told()).opened(radar, href) == "https://user:radar@a.org/x.tif"
    assert access.for_catalog(two.told()).opened(optical, href) == "https://user:2@a.org/x.tif"
    assert "radar@" not in repr(access)


def test_buckets_of_one_name_are_asked_for_where_they_are(plan):
    def of(name):
        endpoint = f"{name}.example.org"
        s2 = Source(href="/c", collection="c", asset_hosts=("data",), signing="s3", s3_endpoint=endpoint)
        return CatalogProfile(name=name, s2=s2)

    access = Access.of([of("one"), of("two")], None, S3Keys(KEY, KEY))
    asset = plan.s2_scenes[0].assets["B03"].model_copy(update={"href": "s3://data/B03.jp2"})
    scene = plan.s2_scenes[0].model_copy(update={"assets": {"B03": asset}, "signing": "s3"})
    for name in ("one", "two"):
        options = access.for_catalog(of(name)).environment(scene)["session"].get_credential_options()
        assert options["AWS_S3_ENDPOINT"] == f"{name}.example.org"


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (CatalogProfile(name="other", href="/c"), "is not configured on this worker"),
        (CatalogProfile(name="copernicus", href="/c"), "otherwise than the job was planned with"),
        (BUILT_IN["copernicus"], "put credentials into CLEARLEAF_SCENES_S3_ACCESS_KEY"),
    ],
)
def test_a_worker_without_the_keys_of_a_plan_leaves_its_step_to_another(plan, known, says):
    reader = SceneReader(tries=1, access=Access.of([known], KEY, None))
    elsewhere = plan.model_copy(update={"catalog": BUILT_IN["copernicus"].told()})
    for read in (lambda: read_stack(elsewhere, plan.geobox, reader), lambda: settle(elsewhere, reader)):
        with pytest.raises(Unavailable, match=says):
            read()


def test_a_token_is_not_sent_in_clear_text(tokens, archive):
    secure = SasTokens(KEY, archive.endpoint.replace("http:", "https:"), archive.blobs)
    assert secure.signed(place(archive)) == place(archive)
    assert tokens.signed(place(archive)) != place(archive)


def test_a_missing_key_is_told_before_anything_is_searched():
    radar = BUILT_IN["planetary-computer"]
    with pytest.raises(AccessDenied, match=r"sentinel-1-rtc needs an account .* PC_SDK_SUBSCRIPTION_KEY"):
        Access.of([radar], None, None).check(radar)
    Access.of([radar], KEY, None).check(radar)
    assert Access.of([radar], SecretStr(""), None).missing(radar.sources["s1"])
    s3 = BUILT_IN["copernicus"]
    with pytest.raises(AccessDenied, match="CLEARLEAF_SCENES_S3_ACCESS_KEY"):
        Access.of([s3], KEY, None).check(s3)
    Access.of([s3], KEY, S3Keys(KEY, KEY)).check(s3)
    optical = CatalogProfile(name="optical", s2=BUILT_IN["planetary-computer"].s2)
    Access.of([optical], None, None).check(optical)


def test_s3_is_opened_with_the_services_own_endpoint(plan):
    bucket = Source(href="/c", collection="c", asset_hosts=("eodata",), signing="s3", s3_endpoint="s3.example.org")
    access = Access.of([CatalogProfile(name="c", s2=bucket)], None, S3Keys(SecretStr("who"), SecretStr("hunter2")))
    scene = plan.s2_scenes[0]
    assets = {
        name: asset.model_copy(update={"href": f"s3://eodata/{name}.jp2"}) for name, asset in scene.assets.items()
    }
    scene = scene.model_copy(update={"assets": assets, "signing": "s3"})
    options = access.environment(scene)
    told = options["session"].get_credential_options()
    assert told["AWS_S3_ENDPOINT"] == "s3.example.org"
    assert told["AWS_ACCESS_KEY_ID"] == "who"
    assert access.environment(plan.s2_scenes[0]) == {}
    assert "hunter2" not in repr(access)


def test_small_documents_are_read_from_disk_and_over_http_and_nowhere_else(
    plan, reader, signed_scene, archive, catalogue, caplog
):
    caplog.set_level(logging.INFO)
    scene = signed_scene(plan.s2_scenes[0])
    assert (
        reader.access.document(scene, f"{archive.url}/container/aoi.geojson")
        == (catalogue / "aoi.geojson").read_bytes()
    )
    assert reader.access.document(plan.s2_scenes[0], str(catalogue / "aoi.geojson"))
    assert "hunter" not in caplog.text
    with pytest.raises(FileNotFoundError):
        reader.access.document(scene, f"{archive.url}/container/nothing.xml")
    with pytest.raises(ValueError, match="no credentials"):
        reader.access.document(scene, "s3://bucket/a.xml")
    with pytest.raises(ValueError, match="protocol"):
        reader.access.document(scene, "ftp://example.org/a.xml")


def test_documents_without_end_in_size_or_time_are_given_up_by_name(reader, signed_scene, plan, archive, monkeypatch):
    scene, href = signed_scene(plan.s2_scenes[0]), f"{archive.url}/container/aoi.geojson"
    monkeypatch.setattr(opening, "MOST_DOCUMENT_BYTES", 100)
    with pytest.raises(ValueError, match=r"container/aoi.geojson answers with more than 100 bytes"):
        reader.access.document(scene, href)
    archive.drips = True
    monkeypatch.setattr(opening, "PATIENCE_S", 30.0)
    clock = count(0, 10)
    monkeypatch.setattr(catalog_http, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(opening, "MOST_DOCUMENT_BYTES", 1000)
    with pytest.raises(Unavailable, match=r"container/aoi.geojson takes more than 180 s") as away:
        reader.access.document(scene, href)
    assert "hunter" not in str(away.value)
