"""The SROS2 policy allows what the nodes open, and nothing more."""

from pathlib import Path
from xml.etree import ElementTree

from robots import robot_names

POLICY = (
    Path(__file__).resolve().parents[2]
    / "ros_ws" / "src" / "handx_bringup" / "security" / "policy.xml"
)  # fmt: skip
RCL = {
    "/rosout", "/parameter_events", "/clock", "~/transition_event",
    *(f"~/{n}" for n in (
        "describe_parameters", "get_parameter_types", "get_parameters", "list_parameters",
        "set_parameters", "set_parameters_atomically", "get_type_description",
        "change_state", "get_available_states", "get_available_transitions", "get_state",
        "get_transition_graph",
    )),
}  # fmt: skip
"""What rclpy opens by itself for a lifecycle node."""


def allowed():
    """Node → kind of use → full names."""
    found = {}
    for profile in ElementTree.parse(POLICY).iter("profile"):
        node = profile.get("node")
        own = found.setdefault(node, {})
        for group in profile:
            for use in ("publish", "subscribe", "reply", "request", "execute", "call"):
                if group.get(use) == "ALLOW":
                    names = own.setdefault(use, set())
                    names |= {
                        e.text.replace("~", f"/{node}") for e in group
                        if e.text not in RCL
                    }  # fmt: skip
    return found


def opened(graph, monkeypatch, tmp_path, robot):
    """What the nodes really open for a robot."""
    import fake_ros
    from hands_in_memory import PerfectHands

    from handx_ros import simulated_hand_node
    from handx_ros.generator_node import GeneratorNode
    from handx_ros.streamer_node import StreamerNode

    monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    found = {}
    uses = {
        "generator": (GeneratorNode, {}),
        "streamer": (StreamerNode, {"robot": robot, "live": True}),
        "simulated_hand": (
            simulated_hand_node.SimulatedHandNode,
            {"robot": robot, "socket": str(tmp_path / f"hand-{robot}.sock")},
        ),
    }
    for name, (kind, parameters) in uses.items():
        graph = fake_ros.install()
        opened_here = {"publish": set(), "call": set()}
        for use, owner in (
            ("publish", fake_ros.Publisher),
            ("call", fake_ros.ActionClient),
        ):
            real = owner.__init__

            def init(self, *given, real=real, names=opened_here[use], **options):
                real(self, *given, **options)
                names.add(getattr(self, "topic", None) or self.name)

            monkeypatch.setattr(owner, "__init__", init)
        kind(parameter_overrides=parameters).trigger_configure()
        found[name] = {
            **opened_here,
            "subscribe": {t for t, _, _ in fake_ros.GRAPH.subscriptions},
            "reply": set(fake_ros.GRAPH.services),
            "execute": set(fake_ros.GRAPH.servers),
        }
        del graph
        monkeypatch.undo()
        monkeypatch.setattr(simulated_hand_node, "HandClient", PerfectHands)
    return found


def test_the_policy_lists_exactly_what_is_opened(graph, monkeypatch, tmp_path):
    used = {}
    for robot in robot_names():
        for node, uses in opened(graph, monkeypatch, tmp_path, robot).items():
            for use, names in uses.items():
                used.setdefault(node, {}).setdefault(use, set()).update(names)
    policy = allowed()
    assert set(policy) == set(used)
    for node, uses in used.items():
        for use, names in uses.items():
            assert policy[node].get(use, set()) == names, f"{node}: {use}"


def test_the_policy_has_the_form_that_sros2_reads():
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.get("version")) == ("policy", "0.2.0")
    paths = [e.get("path") for e in root.iter("enclave")]
    assert paths == ["/handx/generator", "/handx/streamer", "/handx/simulated_hand"]
    for group in root.iter("profile"):
        for part in group:
            assert part.tag in ("topics", "services", "actions")
            assert len(part), "an empty list is invalid"
    assert "*" not in POLICY.read_text().split("-->")[1], "no wildcards"
