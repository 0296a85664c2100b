"""What holds for every pod: as few rights as possible, a share of the node, and somebody who looks after it."""

import re

import pytest

UNITS = {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
VOLUMES = {"configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def quantity(text: str) -> float:
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text)).groups()
    return float(number) * UNITS[unit]


def test_pods_are_what_the_namespace_admits(manifests):
    """The Pod Security Standard "restricted", which the namespace enforces, and a little more."""
    labels = manifests.named("Namespace", "clearleaf")["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    for workload in manifests.workloads:
        spec = workload.spec
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & spec.keys()
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not spec["securityContext"].keys() & {"sysctls", "seLinuxOptions", "appArmorProfile"}
        for volume in spec.get("volumes", []):
            assert volume.keys() - {"name"} <= VOLUMES
        for container in workload.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_our_processes_are_the_user_of_our_images(manifests):
    for workload in manifests.workloads:
        if any(container["image"].split("/")[-1].startswith("clearleaf-") for container in workload.spec["containers"]):
            context = workload.spec["securityContext"]
            assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (10001, 10001, 10001)


def test_no_pod_can_ask_the_api_server(manifests):
    accounts = {found["metadata"]["name"]: found for found in manifests.of_kind("ServiceAccount")}
    assert not any(found["automountServiceAccountToken"] for found in accounts.values())
    for workload in manifests.workloads:
        assert workload.spec["automountServiceAccountToken"] is False
        assert workload.spec.get("serviceAccountName", "default") in {*accounts, "default"}
        assert workload.spec["enableServiceLinks"] is False, "a Service's variables would be taken for settings"
    own = {"api", "worker", "reconciler", "migration"}
    assert own == {w.spec["serviceAccountName"] for w in manifests.workloads if w.component in own}


def test_every_container_has_its_share_of_the_node(manifests):
    for place, container in manifests.containers:
        wanted, most = container["resources"]["requests"], container["resources"]["limits"]
        for resource in ("cpu", "memory", "ephemeral-storage"):
            assert 0 < quantity(wanted[resource]) <= quantity(most[resource]), place
        devices = wanted.keys() ^ {"cpu", "memory", "ephemeral-storage"}
        assert all(wanted[device] == most[device] for device in devices), f"{place}: devices are not overcommitted"


def test_folders_that_are_written_have_an_end(manifests):
    """A pod is evicted where its folders and logs outgrow the sum of its containers' limits."""
    for workload in manifests.workloads:
        volumes = workload.spec.get("volumes", [])
        folders = {v["name"]: v["emptyDir"] for v in volumes if "emptyDir" in v}
        claims = {v["name"] for v in volumes if "ephemeral" in v}
        claims |= {"data"} if workload.kind == "StatefulSet" else set()
        sizes = [quantity(folder["sizeLimit"]) for folder in folders.values()]
        limits = [quantity(c["resources"]["limits"]["ephemeral-storage"]) for c in workload.spec["containers"]]
        assert sum(sizes) <= sum(limits), workload.name
        for container in workload.containers:
            writable = {m["name"] for m in container.get("volumeMounts", []) if not m.get("readOnly")}
            assert writable <= folders.keys() | claims, f"{workload.name}/{container['name']}"


@pytest.mark.parametrize("name", ["prod", "options"])
def test_in_earnest_scratch_is_a_volume_that_can_be_full(render, name):
    """In a folder of the node's disk a worker is evicted before anybody tells it that there is no room."""
    (scratch,) = (v for v in render(name).workload("worker").spec["volumes"] if v["name"] == "scratch")
    claimed = scratch["ephemeral"]["volumeClaimTemplate"]["spec"]
    (kept,) = (v for v in render("base").workload("worker").spec["volumes"] if v["name"] == "scratch")
    assert quantity(claimed["resources"]["requests"]["storage"]) >= quantity(kept["emptyDir"]["sizeLimit"])
    assert claimed["accessModes"] == ["ReadWriteOnce"]
    assert "emptyDir" not in scratch


def test_a_rollout_has_the_time_of_a_migration(manifests):
    (job,) = (found for found in manifests.of_kind("Job") if found["metadata"]["name"].startswith("migrate"))
    for found in manifests.of_kind("Deployment"):
        assert found["spec"]["progressDeadlineSeconds"] > job["spec"]["activeDeadlineSeconds"]


def test_customers_are_told_by_the_api_that_the_database_is_away(manifests):
    """A pod that is not ready answers nobody, and the proxy in its place knows no `Retry-After`."""
    (api,) = manifests.workload("api").spec["containers"]
    probe = api["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_every_container_that_stays_is_looked_at(manifests):
    for workload in manifests.workloads:
        for container in workload.spec["containers"]:
            probes = {name for name in container if name.endswith("Probe")}
            expected = set() if workload.kind == "Job" else {"startupProbe", "livenessProbe", "readinessProbe"}
            assert probes == expected, f"{workload.name}/{container['name']}"


def test_an_api_is_ready_by_its_job_book_and_alive_by_itself(manifests):
    (api,) = manifests.workload("api").spec["containers"]
    assert api["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert api["livenessProbe"]["httpGet"] == api["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_images_are_of_this_version(manifests, version):
    for place, container in manifests.containers:
        image, _, tag = container["image"].rpartition(":")
        own = image.split("/")[-1]
        if own.startswith("clearleaf-"):
            builds = {"clearleaf-api": {version}, "clearleaf-worker": {f"{version}-cpu", f"{version}-cuda"}}
            assert tag in builds[own], place
        else:
            assert re.fullmatch(r"\d+(\.\d+)+", tag), f"{place}: a version, not a name that moves"


@pytest.mark.parametrize("name", ["gpu", "gpu-mig", "everything", "prod"])
def test_who_has_a_gpu_has_the_image_and_says_so(render, name):
    (worker,) = render(name).workload("worker").spec["containers"]
    assert worker["image"].endswith("-cuda")
    assert {"name": "CLEARLEAF_DEVICE", "value": "cuda"} in worker["env"]
    devices = [resource for resource in worker["resources"]["limits"] if resource.startswith("nvidia.com/")]
    assert devices == (["nvidia.com/gpu"] if name in ("gpu", "prod") else ["nvidia.com/mig-1g.10gb"])


def test_without_a_gpu_none_is_asked_for(render):
    (worker,) = render("base").workload("worker").spec["containers"]
    assert worker["image"].endswith("-cpu")
    assert {"name": "CLEARLEAF_DEVICE", "value": "cpu"} in worker["env"]
    assert "nvidia.com/gpu" not in worker["resources"]["limits"]


def test_objects_say_which_version_they_are(manifests, version):
    for workload in manifests.workloads:
        if workload.component in ("api", "worker", "reconciler", "migration"):
            assert workload.labels["app.kubernetes.io/version"] == version


def test_a_migration_is_a_job_of_its_version_and_follows_no_setting(manifests, version):
    """A Job cannot be changed: whatever it read from a ConfigMap would make the next `apply` fail."""
    (job,) = (found for found in manifests.of_kind("Job") if found["metadata"]["name"].startswith("migrate"))
    assert job["metadata"]["name"] == f"migrate-{version.replace('.', '-')}"
    assert "configMapRef" not in str(job)
    volumes = job["spec"]["template"]["spec"]["volumes"]
    assert {v["configMap"]["name"] for v in volumes if "configMap" in v} <= {"clearleaf-ca"}, "its name never changes"
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
