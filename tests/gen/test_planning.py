"""Planning: by rules, by an endpoint that may misbehave, and the file between them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handx_gen.endpoint import Chat, Endpoint, EndpointError, NoAnswer
from handx_gen.errors import InputError
from handx_gen.planning import load_plan, plan_by_rules, save_plan
from handx_gen.planning.endpoint import SCHEMA, plan_by_endpoint
from handx_gen.planning.plan_file import plan_from_json, plan_to_json
from handx_gen.procedural.reader import read, read_plan
from handx_gen.prompt import Plan, Prompt, Segment

WORDS = st.text("abc xyz", min_size=1, max_size=30).filter(str.strip)
SECONDS = st.none() | st.floats(0.2, 60)
PROMPTS = st.builds(Prompt, sentence=WORDS) | st.builds(
    Prompt, left=WORDS, right=WORDS, relation=WORDS
)


@given(st.lists(st.builds(Segment, PROMPTS, SECONDS), min_size=1, max_size=5))
def test_plans_come_back_from_their_json(segments):
    plan = Plan(tuple(segments))
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


def test_plans_come_back_from_their_file(tmp_path):
    plan = plan_by_rules("make a fist, then clap twice", seconds=6).plan
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "segments"),
        ({"segments": []}, "list of 1"),
        ({"segments": ["clap"]}, "segment 1"),
        ({"segments": [{"sentence": "clap"}, {"text": "clap"}]}, "segment 2"),
        ({"segments": [{"sentence": ""}]}, "segment 1"),
        ({"segments": [{"sentence": 3}]}, "sentence"),
        ({"segments": [{"sentence": "clap", "left": "fist"}]}, "sentence"),
        ({"segments": [{"sentence": "clap", "seconds": "2"}]}, "seconds"),
        ({"segments": [{"sentence": "clap", "seconds": True}]}, "seconds"),
        ({"segments": [{"sentence": "clap", "seconds": 1e9}]}, "seconds"),
        ({"segments": [{"sentence": "clap", "seconds": float("nan")}]}, "seconds"),
        ({"segments": [{"sentence": "clap " * 1000}]}, "characters"),
    ],
)
def test_a_bad_plan_is_refused_by_its_field(value, says, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match=says) as error:
        load_plan(path)
    assert "plan.json" in str(error.value)


def test_a_file_that_is_no_plan_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)
    (tmp_path / "b.json").write_text("clap")
    for name in ("a.json", "b.json", "none.json"):
        with pytest.raises(InputError, match=name):
            load_plan(tmp_path / name)


def test_rules_plan_what_the_reader_reads():
    proposal = plan_by_rules("applaud, then pray")
    assert len(proposal.plan.segments) == 2
    assert not proposal.unread
    steps = read_plan(proposal.plan).steps
    wanted = read("applaud, then pray").steps
    assert [s.primitive for s in steps] == [s.primitive for s in wanted]


def test_what_happens_together_stays_in_one_segment():
    text = "make a fist with the left hand while you point with the right index finger"
    assert len(plan_by_rules(text).plan.segments) == 1


def test_rules_say_what_they_cannot_plan():
    with pytest.raises(InputError, match="vocabulary"):
        plan_by_rules("juggle")
    assert plan_by_rules("clap twice, then juggle").unread


class Planner:
    """A chat endpoint on loopback that gives the answers it is told."""

    def __init__(self, *answers, status=200):
        asked = self.asked = []
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                asked.append(json.loads(self.rfile.read(length)))
                answer = left.pop(0) if left else answers[-1]
                body = {"choices": [{"message": {"content": answer}}], "usage": {}}
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.chat = Chat(Endpoint(url, "m", timeout=5), SCHEMA, "plan", lambda s: None)

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()


GOOD = json.dumps(
    {
        "segments": [
            {"sentence": "clap twice", "seconds": None},
            {"sentence": "press the palms together", "seconds": 3},
        ]
    }
)


def test_an_endpoint_plans():
    with Planner("Here it is:\n```json\n" + GOOD + "\n```") as planner:
        proposal = plan_by_endpoint(planner.chat, "applaud, then pray")
    assert proposal.plan.segments[1] == Segment(
        Prompt(sentence="press the palms together"), 3.0
    )
    assert not proposal.unread
    sent = planner.asked[0]
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "applaud, then pray" in sent["messages"][1]["content"]


def test_a_bad_answer_is_asked_for_again():
    with Planner("no", '{"segments": []}', GOOD) as planner:
        assert len(plan_by_endpoint(planner.chat, "applaud").plan.segments) == 2
    assert len(planner.asked) == 3
    assert "Refused" in planner.asked[1]["messages"][-1]["content"]


def test_an_endpoint_that_never_answers_well_is_given_up():
    with Planner("no") as planner, pytest.raises(NoAnswer, match="JSON"):
        plan_by_endpoint(planner.chat, "applaud")
    with Planner("no", status=401) as planner, pytest.raises(EndpointError):
        plan_by_endpoint(planner.chat, "applaud")


def test_words_that_the_rules_do_not_know_are_shown():
    answer = json.dumps({"segments": [{"sentence": "juggle balls", "seconds": None}]})
    with Planner(answer) as planner:
        proposal = plan_by_endpoint(planner.chat, "juggle")
    assert "juggle" in proposal.unread
    assert proposal.nearest


def test_a_plan_never_leaves_this_machine_unencrypted():
    with pytest.raises(InputError, match="plain http"):
        Endpoint("http://example.org/v1", "m")
