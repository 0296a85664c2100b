"""Who decides how many pods there are; and what KEDA asks the job book, asked of a real one."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from jobs.job import JobRequest, Limits
from jobs.settings import JobsSettings
from jobs.store import JobStore

ORDER = {
    "aoi": {
        "type": "Polygon",
        "coordinates": [[[3.02, 50.81], [3.03, 50.81], [3.03, 50.82], [3.02, 50.82], [3.02, 50.81]]],
    },
    "start": "2018-05-01",
    "end": "2018-06-30",
}


def test_whoever_is_scaled_is_scaled_by_one_alone(manifests):
    scalers = manifests.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    targets = [found["spec"]["scaleTargetRef"] for found in scalers]
    names = [target["name"] for target in targets]
    assert len(names) == len(set(names))
    for target in targets:
        found = manifests.named(target["kind"], target["name"])
        assert target["apiVersion"] == found["apiVersion"]
        assert "replicas" not in found["spec"], "every `apply` would set back what the scaler has decided"
    for found in manifests.of_kind("Deployment"):
        assert ("replicas" in found["spec"]) != (found["metadata"]["name"] in names)


def test_an_api_is_never_alone(manifests):
    scaler = manifests.named("HorizontalPodAutoscaler", "api")["spec"]
    assert scaler["minReplicas"] >= 2
    assert manifests.named("PodDisruptionBudget", "api")["spec"]["maxUnavailable"] < scaler["minReplicas"]
    update = manifests.named("Deployment", "api")["spec"]["strategy"]["rollingUpdate"]
    assert update["maxUnavailable"] == 0


@pytest.mark.parametrize("name", ["keda", "prod"])
def test_workers_are_not_ended_in_haste(render, name):
    scaled = render(name).named("ScaledObject", "worker")["spec"]
    assert scaled["cooldownPeriod"] >= 1800
    down = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] >= 1800
    assert "fallback" not in scaled


@pytest.fixture
def book(postgres, tmp_path) -> JobStore:
    store = JobStore(postgres.empty_database(), JobsSettings(data_dir=tmp_path))
    store.migrate()
    yield store
    store.database.engine.dispose()


@pytest.fixture
def asked(postgres, book, render):
    """Return a function that asks what KEDA asks, as a role that may read no more than docs/kubernetes.md grants it."""
    manifests = render("keda")
    (trigger,) = manifests.named("ScaledObject", "worker")["spec"]["triggers"]
    authentication = manifests.named("TriggerAuthentication", trigger["authenticationRef"]["name"])
    given = [found["parameter"] for found in authentication["spec"]["secretTargetRef"]]
    assert given == ["host", "port", "userName", "dbName", "sslmode", "password"], "strangers share a `connection`"
    assert given == [found["key"] for found in authentication["spec"]["secretTargetRef"]]
    postgres.run("DROP ROLE IF EXISTS clearleaf_scaler")
    for statement in ("CREATE ROLE clearleaf_scaler LOGIN", *GRANTS):
        postgres.run(statement)

    def ask() -> int:
        with psycopg.connect(f"host={postgres.folder} user=clearleaf_scaler dbname=postgres") as connection:
            return connection.execute(trigger["metadata"]["query"]).fetchone()[0]

    yield ask
    postgres.run("DROP OWNED BY clearleaf_scaler")
    postgres.run("DROP ROLE clearleaf_scaler")


GRANTS = (
    "GRANT USAGE ON SCHEMA public TO clearleaf_scaler",
    "GRANT SELECT (id, status) ON jobs TO clearleaf_scaler",
    "GRANT SELECT (job_id, state, due) ON steps TO clearleaf_scaler",
)


def test_there_are_as_many_workers_as_steps_to_do(book, asked):
    assert asked() == 0
    job = book.create(JobRequest.parse(ORDER, Limits()))
    assert asked() == 1, "queued"
    (plan,) = book.steps_to_wake(10)
    step = book.claim(plan.id, "w")
    assert asked() == 1, "running"
    book.end_plan(step, "plan", ["a", "b", "c"])
    (prepare,) = book.steps_to_wake(10)
    book.end_prepare(book.claim(prepare.id, "w"), "state")
    assert asked() == 3, "three tiles at once"
    first, *_ = book.steps_to_wake(10)
    claimed = book.claim(first.id, "w")
    assert asked() == 3, "two queued and one running"
    book.postpone(claimed, 3600, "the archive asks for patience")
    assert asked() == 2, "what waits for the weather needs no worker yet"
    book.dismiss(job.id)
    assert asked() == 0


def test_a_step_that_comes_due_is_counted_by_the_databases_clock(book, asked):
    book.create(JobRequest.parse(ORDER, Limits()))
    with book.database.write() as connection:
        due = datetime.now(UTC) + timedelta(hours=1)
        connection.exec_driver_sql("UPDATE steps SET due = %s", (due,))
    assert asked() == 0
    with book.database.write() as connection:
        connection.exec_driver_sql("UPDATE steps SET due = now() - interval '1 second'")
    assert asked() == 1


def test_the_scaler_may_not_read_orders(postgres, book, asked):
    place = f"host={postgres.folder} user=clearleaf_scaler dbname=postgres"
    with psycopg.connect(place) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT request FROM jobs WHERE id = %s", (str(uuid4()),))


def test_the_docs_grant_the_same(docs):
    assert all(f"{grant};" in docs for grant in GRANTS)
