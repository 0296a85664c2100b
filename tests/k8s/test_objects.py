"""Are the objects what an API server takes? By the schemas of Kubernetes, of KEDA and of Prometheus's operator."""

import re

import kubernetes_validate
import pytest
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PodMonitor, PrometheusRule, ServiceMonitor

KINDS = (ScaledObject, TriggerAuthentication, PodMonitor, PrometheusRule, ServiceMonitor)
CUSTOM = {kind.__name__: kind for kind in KINDS}
OLDEST, NEWEST = "1.30", "1.37"


@pytest.mark.parametrize("kubernetes", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", ["dev", "prod", "gpu-mig", "options"])
def test_objects_are_of_kubernetes_schema(render, name, kubernetes):
    """These have every object that the others have."""
    builtin = [found for found in render(name).objects if found["kind"] not in CUSTOM]
    assert builtin
    for found in builtin:
        kubernetes_validate.validate(found, kubernetes, strict=True)


def test_custom_resources_are_of_their_operators_schema(manifests):
    """The models drop what they do not know: what comes out must be what went in."""
    for found in manifests.objects:
        if found["kind"] in CUSTOM:
            known = CUSTOM[found["kind"]].model_validate(found)
            assert known.model_dump(mode="json", by_alias=True, exclude_unset=True) == found


def test_a_bare_cluster_takes_the_base(render):
    for name in ("base", "dev", "gpu", "gpu-mig", "private-ca", "traces"):
        assert not [found for found in render(name).objects if found["kind"] in CUSTOM]


def test_an_object_is_said_once_and_lies_in_our_namespace(manifests):
    names = [(found["kind"], found["metadata"]["name"]) for found in manifests.objects]
    assert len(names) == len(set(names))
    for found in manifests.objects:
        if found["kind"] != "Namespace":
            assert found["metadata"]["namespace"] == "clearleaf"


def test_selectors_select_what_they_are_for(manifests):
    for found in manifests.of_kind("Deployment", "StatefulSet"):
        name = found["metadata"]["name"]
        assert [w.name for w in manifests.selected(found["spec"]["selector"])] == [name]
        for spread in found["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
            assert [w.name for w in manifests.selected(spread["labelSelector"])] == [name]
    for found in manifests.of_kind("PodDisruptionBudget"):
        assert [w.name for w in manifests.selected(found["spec"]["selector"])] == [found["metadata"]["name"]]
    for found in manifests.of_kind("Service"):
        (workload,) = manifests.selected({"matchLabels": found["spec"]["selector"]})
        assert workload.name == found["metadata"]["name"]
        assert {port["targetPort"] for port in found["spec"]["ports"]} <= workload.ports.keys()
    for found in manifests.of_kind("Ingress"):
        for rule in found["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                asked = path["backend"]["service"]
                service = manifests.named("Service", asked["name"])
                assert asked["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


@pytest.mark.parametrize("name", ["base", "dev", "prod"])
def test_a_change_of_settings_rolls_the_pods(render, name):
    """The name of the map follows from what is in it."""
    names = [found["metadata"]["name"] for found in render(name).of_kind("ConfigMap")]
    assert any(re.fullmatch("clearleaf-[a-z0-9]{10}", found) for found in names), names


def test_options_of_prod_do_what_they_say(render):
    """What else they do is asked of all kustomizations."""
    manifests = render("options")
    for found in manifests.of_kind("ServiceMonitor", "PodMonitor", "PrometheusRule"):
        assert found["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert manifests.workload("worker").spec["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert "nginx.ingress.kubernetes.io/proxy-body-size" in manifests.named("Ingress", "api")["metadata"]["annotations"]


@pytest.mark.parametrize("name", ["private-ca", "options"])
def test_an_authority_of_ones_own_is_seen_by_all_who_ask_the_database(render, name):
    for workload in render(name).workloads:
        assert {"name": "ca", "configMap": {"name": "clearleaf-ca", "defaultMode": 0o444}} in workload.spec["volumes"]
        for container in workload.containers:
            assert {"name": "ca", "mountPath": "/run/ca", "readOnly": True} in container["volumeMounts"]


@pytest.mark.parametrize("name", ["monitoring", "prod"])
def test_prometheus_finds_all_that_has_metrics(render, name):
    manifests = render(name)
    (of_services,) = manifests.of_kind("ServiceMonitor")
    chosen = of_services["spec"]["selector"]["matchLabels"]
    (service,) = (s for s in manifests.of_kind("Service") if chosen.items() <= s["metadata"]["labels"].items())
    assert service["metadata"]["name"] == "api"
    (endpoint,) = of_services["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    (of_pods,) = manifests.of_kind("PodMonitor")
    watched = manifests.selected(of_pods["spec"]["selector"])
    assert {workload.name for workload in watched} == {"worker", "reconciler"}
    (pod_endpoint,) = of_pods["spec"]["podMetricsEndpoints"]
    assert all(pod_endpoint["port"] in workload.ports for workload in watched)
    key = {"type": "Bearer", "credentials": {"name": "clearleaf-metrics", "key": "api_key"}}
    assert endpoint["authorization"] == pod_endpoint["authorization"] == key
