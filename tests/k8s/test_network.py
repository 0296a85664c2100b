"""Who may speak with whom: nobody but what a policy names, on both sides of every connection inside the cluster."""

from ipaddress import ip_address, ip_network

import pytest

FLOWS = {  # who: the ports outside the namespace, besides DNS
    "api": {5432, 6379, 443},
    "worker": {5432, 6379, 443},
    "reconciler": {5432, 6379, 443},
    "migration": {5432},
}
OTLP = [{"protocol": "TCP", "port": 4318}]
PRIVATE = ("10.1.2.3", "100.64.1.1", "172.16.1.1", "192.168.1.1", "fd12::1")
LINK_LOCAL = ("169.254.169.254", "169.254.20.10", "fe80::1", "fd00:ec2::254")
FLOWS_OF_DEV = {
    "api": {("database", 5432), ("broker", 6379), ("storage", 8333)},
    "worker": {("database", 5432), ("broker", 6379), ("storage", 8333)},
    "reconciler": {("database", 5432), ("broker", 6379), ("storage", 8333)},
    "migration": {("database", 5432)},
    "make-bucket": {("storage", 8333)},
    "database": set(),
    "broker": set(),
    "storage": set(),
}


def policies(manifests, workload, kind):
    for policy in manifests.of_kind("NetworkPolicy"):
        chosen = policy["spec"]["podSelector"]
        if workload in manifests.selected(chosen) and kind in policy["spec"]["policyTypes"]:
            yield policy


def rules(manifests, workload, kind):
    for policy in policies(manifests, workload, kind):
        yield from policy["spec"].get(kind.lower(), [])


def test_every_pod_is_closed_both_ways(manifests):
    closed = manifests.named("NetworkPolicy", "default-deny")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_rule_is_open_to_everybody(manifests):
    for policy in manifests.of_kind("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"], policy["metadata"]["name"]
            assert rule["ports"], policy["metadata"]["name"]
            assert all(peer and peer != {"namespaceSelector": {}} for peer in rule["from"])
        for rule in policy["spec"].get("egress", []):
            assert rule["to"], policy["metadata"]["name"]
            assert rule["ports"], policy["metadata"]["name"]


def test_every_policy_is_for_somebody(manifests):
    for policy in manifests.of_kind("NetworkPolicy"):
        assert manifests.selected(policy["spec"]["podSelector"]), policy["metadata"]["name"]


def test_names_of_ports_are_those_of_the_pods(manifests):
    for policy in manifests.of_kind("NetworkPolicy"):
        for workload in manifests.selected(policy["spec"]["podSelector"]):
            for rule in policy["spec"].get("ingress", []):
                assert {port["port"] for port in rule["ports"]} <= workload.ports.keys(), policy["metadata"]["name"]


def test_where_each_process_may_go(manifests):
    if manifests.name == "dev":
        pytest.skip("in dev everything is in the cluster: see below")
    for workload in manifests.workloads:
        egress = list(rules(manifests, workload, "Egress"))
        outside = [rule for rule in egress if all("ipBlock" in peer for peer in rule["to"])]
        assert {port["port"] for rule in outside for port in rule["ports"]} == FLOWS[workload.component]
        inside = [rule for rule in egress if rule not in outside]
        traced = manifests.name in ("traces", "options") and workload.component != "migration"
        assert _dns([rule for rule in inside if rule["ports"] != OTLP]), workload.name
        assert [rule["ports"] for rule in inside].count(OTLP) == traced


def test_where_each_process_may_go_in_dev(render):
    manifests = render("dev")
    for workload in manifests.workloads:
        egress = list(rules(manifests, workload, "Egress"))
        dns = [rule for rule in egress if "namespaceSelector" in rule["to"][0]]
        assert _dns(dns), workload.name
        found = set()
        for rule in egress:
            if rule not in dns:
                found |= {(peer.component, rule["ports"][0]["port"]) for peer in _peers(manifests, rule["to"])}
        assert found == FLOWS_OF_DEV[workload.component]


def test_who_may_go_there_is_let_in_there(render):
    manifests = render("dev")
    for workload in manifests.workloads:
        for component, port in FLOWS_OF_DEV[workload.component]:
            (server,) = (found for found in manifests.workloads if found.component == component)
            ingress = rules(manifests, server, "Ingress")
            (rule,) = (rule for rule in ingress if workload in _peers(manifests, rule["from"]))
            assert [server.ports[found["port"]] for found in rule["ports"]] == [port]


def test_credentials_of_the_cloud_are_out_of_reach(manifests):
    """A node hands out its own at 169.254.169.254; a catalogue that points there would read them."""
    for policy in manifests.of_kind("NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for block in (peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer):
                if block["cidr"] == "0.0.0.0/0":
                    assert "169.254.0.0/16" in block["except"], policy["metadata"]["name"]
                if block["cidr"] == "::/0":
                    assert any(net.startswith(("fd00:ec2", "fc00::/7")) for net in block["except"])


@pytest.mark.parametrize("address", [*PRIVATE, *LINK_LOCAL])
def test_what_a_catalogue_names_leads_to_no_private_address(manifests, address):
    """Policies add up: a pod may go wherever any one of them lets it."""
    for workload in manifests.workloads:
        ports = {
            port["port"]
            for rule in rules(manifests, workload, "Egress")
            for port in rule["ports"]
            if any(_covers(peer["ipBlock"], address) for peer in rule["to"] if "ipBlock" in peer)
        }
        assert ports <= (set() if address in LINK_LOCAL else {5432, 6379}), workload.name


def test_a_bucket_inside_is_reached_at_its_subnet(render):
    """And archives at their public addresses all the same."""
    manifests = render("options")
    for name, expected in (("api", True), ("worker", True), ("reconciler", False)):
        egress = rules(manifests, manifests.workload(name), "Egress")
        blocks = [peer["ipBlock"] for rule in egress if rule["ports"][0]["port"] == 443 for peer in rule["to"]]
        assert any(_covers(block, "10.20.2.9") for block in blocks)
        assert any(_covers(block, "93.184.216.34") for block in blocks) == expected


def test_prod_names_its_own_subnets(render):
    for name in ("to-database", "to-broker"):
        (rule,) = render("prod").named("NetworkPolicy", name)["spec"]["egress"]
        assert all(peer["ipBlock"]["cidr"].startswith("10.") for peer in rule["to"])


def test_only_proxies_and_prometheus_come_in_from_outside(manifests):
    let_in = {"ingress": {"clearleaf-ingress": "allowed"}, "prometheus": {"clearleaf-metrics": "allowed"}}
    if manifests.name == "options":
        let_in["ingress"] = {"cidr": "10.20.3.0/24"}  # a balancer that is no pod
    for workload in manifests.workloads:
        found = [
            (policy["metadata"]["name"].split("-")[0], peer.get("ipBlock") or peer["namespaceSelector"]["matchLabels"])
            for policy in policies(manifests, workload, "Ingress")
            for rule in policy["spec"].get("ingress", [])
            for peer in rule["from"]
            if "podSelector" not in peer
        ]
        assert dict(found) == {
            name: labels
            for name, labels in let_in.items()
            if workload.component == "api" or (name == "prometheus" and workload.component in ("worker", "reconciler"))
        }


def _dns(egress) -> bool:
    ports = {(port["protocol"], port["port"]) for rule in egress for port in rule["ports"]}
    return ports == {("UDP", 53), ("TCP", 53)}


def _covers(block, address) -> bool:
    ranges = [ip_network(block["cidr"]), *map(ip_network, block.get("except", []))]
    return [ip_address(address) in found for found in ranges] == [True] + [False] * (len(ranges) - 1)


def _peers(manifests, peers):
    return [workload for peer in peers for workload in manifests.selected(peer["podSelector"])]
