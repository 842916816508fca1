"""The generator's callbacks, with the real HTTP server and an engine that a test moves."""

import json
import threading
import time

import pytest

from handx.server.engine import Engine
from handx.server.http import Server
from handx.server.jobs import JobBook

TOKEN = "a-token-of-the-test"
RESULT = {
    "passed": True, "model": "program", "warning": "", "duration": 2.5, "stretch": 1.0,
    "verdicts": {n: {"answer": "yes", "reasons": []} for n in ("text", "hand", "physics")},
    "seconds": {}, "files": [],
}  # fmt: skip


@pytest.fixture
def server(tmp_path):
    """The real server; jobs wait until the test does something with them."""
    book = JobBook(tmp_path / "jobs")
    made = Server(0, book, Engine(book), ("inspire", "shadow"), ("auto", "program"))
    made.token = TOKEN
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.ending.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def node(graph, server, tmp_path):
    from handx_ros.generator_node import GeneratorNode

    token = tmp_path / "token"
    token.write_text(TOKEN)
    made = GeneratorNode(parameter_overrides={
        "engine_url": f"http://127.0.0.1:{server.server_port}",
        "token_file": str(token), "motions_folder": str(tmp_path / "motions"),
    })  # fmt: skip
    made.trigger_configure()
    made.trigger_activate()
    return made


def send(graph, **fields):
    from handx_interfaces.action import GenerateMotion

    return graph.servers["/generate_motion"].send(GenerateMotion.Goal(**fields))


def begun(server, count=1):
    """The job that a goal led to, running."""
    ends = time.monotonic() + 10
    while len(server.book.all()) < count:
        assert time.monotonic() < ends, "no job came"
        time.sleep(0.005)
    job = server.book.next(1)
    assert job is not None
    return job


def finish(server, job, result=RESULT):
    job.folder.mkdir(parents=True)
    for name in ("trajectory.npz", "report.json"):
        (job.folder / name).write_bytes(f"{name} of {job.id}".encode())
    server.book.end(job, "finished", result=result)


def test_a_goal_becomes_a_motion_on_disk(graph, node, server, tmp_path):
    handle = send(graph, text="clap twice", robot="inspire", seed=3, samples=2)
    job = begun(server)
    assert job.request.to_json() == {
        "text": "clap twice", "robot": "inspire", "model": "auto", "seed": 3,
        "seconds": None, "samples": 2, "video": False,
    }  # fmt: skip
    server.book.stage(job, "generate", 0.0)
    server.book.stage(job, "retarget", 0.5)
    graph.spin(until=lambda: len(handle.feedback) >= 3)
    finish(server, job)
    graph.spin(until=handle.result.done)
    answer = handle.result.result()
    assert handle.state == "succeeded"
    assert answer.result.passed
    assert answer.result.motion_id == job.id
    assert answer.result.text_verdict == answer.result.physics_verdict == "yes"
    stages = [f.stage for f in handle.feedback]
    assert stages[0] == "queued"
    assert stages[-1] == "retarget"
    fractions = [f.fraction for f in handle.feedback]
    assert fractions == sorted(fractions)
    folder = tmp_path / "motions" / job.id
    assert sorted(p.name for p in folder.iterdir()) == ["report.json", "trajectory.npz"]


def test_a_no_is_an_answer_with_reasons(graph, node, server):
    handle = send(graph, text="clap twice")
    verdicts = {
        **RESULT["verdicts"],
        "hand": {"answer": "no", "reasons": ["8 mm short"]},
    }
    finish(server, begun(server), {**RESULT, "passed": False, "verdicts": verdicts})
    graph.spin(until=handle.result.done)
    result = handle.result.result().result
    assert handle.state == "succeeded"
    assert (result.passed, result.hand_verdict) == (False, "no")
    assert list(result.reasons) == ["hand: 8 mm short"]


def test_a_failure_aborts_in_words(graph, node, server):
    handle = send(graph, text="clap twice")
    server.book.end(begun(server), "failed", "the engine's process was killed")
    graph.spin(until=handle.result.done)
    assert handle.state == "aborted"
    assert "killed" in handle.result.result().result.message


def test_an_unknown_robot_aborts_with_the_choices(graph, node):
    handle = send(graph, text="clap", robot="nobody")
    graph.spin(until=handle.result.done)
    assert handle.state == "aborted"
    assert "inspire, shadow" in handle.result.result().result.message


def test_cancel_stops_the_job(graph, node, server):
    handle = send(graph, text="clap twice")
    job = begun(server)
    graph.servers["/generate_motion"].cancel(handle)
    graph.spin(until=handle.result.done)
    assert handle.state == "canceled"
    assert job.state == "cancelled"


def test_a_newer_goal_takes_the_place_of_the_older(graph, node, server):
    first = send(graph, text="clap twice")
    job = begun(server)
    second = send(graph, text="make a fist with the left hand")
    graph.spin(until=first.result.done)
    assert first.state == "aborted"
    assert "newer" in first.result.result().result.message
    graph.spin(until=lambda: job.state == "cancelled")
    finish(server, begun(server, 2))
    graph.spin(until=second.result.done)
    assert second.state == "succeeded"


def test_a_goal_superseded_before_it_ran(graph, node, server):
    # Both are accepted before the executor comes to execute either.
    first, second = send(graph, text="clap once"), send(graph, text="clap twice")
    graph.spin(until=first.result.done)
    assert first.state == "aborted"
    ends = time.monotonic() + 10
    while True:
        job = server.book.next(0.1)
        if job is not None and job.request.text == "clap twice":
            break
        assert time.monotonic() < ends, "the second goal's job did not come"
    finish(server, job)
    graph.spin(until=second.result.done)
    assert second.state == "succeeded"


def test_empty_text_and_an_inactive_node_refuse(graph, node):
    assert send(graph, text="  ") is None
    node.trigger_deactivate()
    assert send(graph, text="clap") is None
    node.trigger_activate()
    assert send(graph, text="clap") is not None


def test_deactivating_calls_off(graph, node, server):
    handle = send(graph, text="clap twice")
    job = begun(server)
    node.trigger_deactivate()
    graph.spin(until=handle.result.done)
    assert job.state == "cancelled"
    assert handle.state == "aborted"
    assert node.is_at_rest()


def test_without_an_engine_a_goal_says_what_to_start(graph, tmp_path):
    from handx_ros.generator_node import GeneratorNode

    node = GeneratorNode(parameter_overrides={
        "engine_url": "http://127.0.0.1:9", "motions_folder": str(tmp_path),
        "token_file": str(tmp_path / "none"),
    })  # fmt: skip
    node.trigger_configure()
    node.trigger_activate()
    handle = send(graph, text="clap")
    graph.spin(until=handle.result.done)
    assert handle.state == "aborted"
    assert "handx serve" in handle.result.result().result.message


def test_an_engine_elsewhere_is_not_configured(graph):
    from handx_ros.generator_node import GeneratorNode

    node = GeneratorNode(parameter_overrides={"engine_url": "http://10.0.0.1:7471"})
    assert node.trigger_configure().name == "FAILURE"
    assert node.state == "unconfigured"
    assert "ssh" in graph.log[-1][1]


def test_a_broken_event_stream_is_taken_up_again(graph, node, server, monkeypatch):
    from handx.streaming import engine_client

    real, breaks = engine_client._lines, iter([True, True])

    def lines(stream):
        for number, line in enumerate(real(stream)):
            if number > 2 and next(breaks, False):
                raise OSError("cut")
            yield line

    monkeypatch.setattr(engine_client, "_lines", lines)
    handle = send(graph, text="clap twice")
    job = begun(server)
    server.book.stage(job, "generate", 0.0)
    finish(server, job)
    graph.spin(until=handle.result.done)
    assert handle.state == "succeeded"
    stages = [f.stage for f in handle.feedback]
    assert stages.count("generate") == 1, "told once, though the stream broke"


def test_a_result_that_does_not_arrive_leaves_nothing(graph, node, server, tmp_path):
    handle = send(graph, text="clap twice")
    job = begun(server)
    job.folder.mkdir(parents=True)
    (job.folder / "trajectory.npz").write_bytes(b"x")  # no report.json
    server.book.end(job, "finished", result=RESULT)
    graph.spin(until=handle.result.done)
    assert handle.state == "aborted"
    assert list((tmp_path / "motions").iterdir()) == []


def test_old_motions_are_removed(graph, node, server, tmp_path):
    assert node.set_parameter("kept_motions", 0) != ""
    assert node.set_parameter("kept_motions", 1) == ""
    for count in (1, 2, 3):
        handle = send(graph, text="clap twice")
        finish(server, begun(server, count))
        graph.spin(until=lambda h=handle: h.result.done())
    kept = [p.name for p in (tmp_path / "motions").iterdir()]
    assert kept == [handle.result.result().result.motion_id]


def test_parameters_describe_themselves(graph, node):
    for name, descriptor in node._descriptors.items():
        assert descriptor.description.endswith("."), name
    assert node._descriptors["engine_url"].read_only
    assert node.set_parameter("engine_url", "http://127.0.0.1:1") == "read-only"
    json.dumps({n: p.value for n, p in node._parameters.items()})
