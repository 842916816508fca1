"""`handx serve`, its HTTP side: who may ask, what is refused, and in which words.

The engine is not started, so jobs stay where they are put.
"""

import json
import os
import socket
import stat
import threading
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handx.server.access import foreign, write_token
from handx.server.http import MAX_BODY
from handx.server.jobs import FILES, JobBook, QueueFull
from handx.server.requests import JobRequest
from handx.server.schema import SCHEMAS, openapi
from handx.streaming.engine_client import EngineClient, EngineError
from handx.streaming.errors import StreamError
from handx_gen.errors import InputError
from tests.handx.asking import MODELS, ROBOTS, TOKEN, answering, ask, check, validate

GOOD = {"text": "clap twice"}


@pytest.fixture
def book(tmp_path):
    return JobBook(tmp_path / "jobs", queue_limit=3)


@pytest.fixture
def server(book):
    with answering(book) as made:
        yield made


@pytest.fixture
def client(server):
    return EngineClient(f"http://127.0.0.1:{server.server_port}", TOKEN)


def test_schemas_are_valid_schemas():
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    document = json.dumps(openapi())
    for name in SCHEMAS:
        assert f"#/components/schemas/{name}" in document, f"{name} is never used"


def test_the_schema_tells_a_wrong_answer():
    with pytest.raises(jsonschema.ValidationError):
        check("GET", "/v1/health", 200, {"version": "1"})
    with pytest.raises(AssertionError):
        check("GET", "/v1/health", 302, {})


def test_every_answer_follows_the_schema(server):
    assert ask(server, "GET", "/v1/health", token="")[0] == 200
    assert ask(server, "GET", "/v1/openapi.json", token="")[1] == openapi()
    assert ask(server, "GET", "/v1/choices")[1]["robots"] == list(ROBOTS)
    status, job = ask(server, "POST", "/v1/jobs", GOOD)
    assert status == 201
    assert job["state"] == "queued"
    assert job["request"]["robot"] == "shadow"  # defaults are filled in
    assert ask(server, "GET", "/v1/jobs")[1]["jobs"] == [job]
    assert ask(server, "GET", f"/v1/jobs/{job['id']}")[1] == job
    status, called_off = ask(server, "DELETE", f"/v1/jobs/{job['id']}")
    assert (status, called_off["state"]) == (202, "cancelled")
    assert ask(server, "GET", f"/v1/jobs/{job['id']}/files/motion.npz")[0] == 404


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{}", "",
     "127.0.0.1:{}.evil.example", "localhost.evil.example:{}", "[::1]:{}@evil"],
)  # fmt: skip
def test_a_rebound_name_is_refused(server, host):
    status, body = ask(
        server, "GET", "/v1/health", Host=host.format(server.server_port)
    )
    assert status == 403
    assert "Host" in body["error"]["message"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_loopbacks_names_are_accepted(server, name):
    host = f"{name}:{server.server_port}"
    assert ask(server, "GET", "/v1/health", Host=host)[0] == 200
    assert (
        ask(server, "GET", "/v1/health", Host=host, Origin=f"http://{host}")[0] == 200
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_web_page_is_refused_even_with_the_token(server, headers):
    assert ask(server, "POST", "/v1/jobs", GOOD, **headers)[0] == 403
    assert server.book.all() == []


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "ümlaut"]
)
def test_without_the_token_nothing_happens(server, token):
    job = server.book.add(JobRequest.from_json(GOOD, ROBOTS, MODELS))
    header = token.encode().decode("latin-1")
    for method, path, body in (
        ("POST", "/v1/jobs", GOOD),
        ("DELETE", f"/v1/jobs/{job.id}", None),
        ("GET", f"/v1/jobs/{job.id}", None),
        ("GET", "/v1/jobs", None),
        ("GET", "/v1/choices", None),
    ):
        assert ask(server, method, path, body, header)[0] == 401
    assert [j.state for j in server.book.all()] == ["queued"]


def test_an_unset_token_authorises_nobody(server):
    server.token = ""
    assert ask(server, "POST", "/v1/jobs", GOOD, token="")[0] == 401


@pytest.mark.parametrize(
    ("path", "method"),
    [("/", "GET"), ("/v1", "GET"), ("/v1/jobs/", "GET"), ("/v1/other", "POST"),
     ("/v1/jobs/0", "GET"), ("/v1/jobs/" + "0" * 32, "DELETE"), ("/v1/jobs", "PUT"),
     ("/v1/jobs", "BREW")],
)  # fmt: skip
def test_what_is_not_there_is_an_error_in_json(server, path, method):
    status, body = ask(server, method, path)
    assert status in (404, 501)
    assert body["error"]["message"]


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/motion.npz", "motion.npz/",
     "/etc/passwd", "motion.npz%00", ".motion.npz.part", "secret.txt"],
)  # fmt: skip
def test_no_path_reaches_the_file_system(server, tmp_path, name):
    job = server.book.add(JobRequest.from_json(GOOD, ROBOTS, MODELS))
    job.folder.mkdir(parents=True)
    (job.folder / "secret.txt").write_text("not for you")
    (job.folder / "motion.npz").write_bytes(b"for you")
    server.book.next(0)
    server.book.end(job, "finished", result={})
    assert ask(server, "GET", f"/v1/jobs/{job.id}/files/{name}")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ([], ""),
        ({"text": ""}, "text"),
        ({"text": "x" * 3000}, "sentence"),
        ({"text": 3}, "text"),
        ({"text": "clap", "plan": {"segments": []}}, "text"),
        ({"plan": {"segments": []}}, "segments"),
        ({"plan": {"segments": [{"sentence": "clap", "out": "/etc"}]}}, "out"),
        ({"text": "clap", "robot": "../shadow"}, "robot"),
        ({"text": "clap", "robot": "/etc"}, "robot"),
        ({"text": "clap", "model": "/tmp"}, "model"),
        ({"text": "clap", "seed": -1}, "seed"),
        ({"text": "clap", "seed": True}, "seed"),
        ({"text": "clap", "seed": 1e400}, "seed"),
        ({"text": "clap", "samples": 1000}, "samples"),
        ({"text": "clap", "seconds": "2"}, "seconds"),
        ({"text": "clap", "seconds": float("nan")}, "seconds"),
        ({"text": "clap", "seconds": 1e9}, "seconds"),
        ({"text": "clap", "video": 1}, "video"),
        ({"text": "clap", "out": "/etc"}, "out"),
    ],
)
def test_a_wrong_field_is_named(server, body, field):
    status, answer = ask(server, "POST", "/v1/jobs", body)
    assert status == 400
    assert answer["error"]["field"] == field
    assert server.book.all() == []


def test_a_body_has_limits(server):
    huge = {"text": "x" * MAX_BODY}
    assert ask(server, "POST", "/v1/jobs", huge)[0] == 413
    assert ask(server, "POST", "/v1/jobs", b"{")[0] == 400
    assert ask(server, "POST", "/v1/jobs", b"[" * 50_000)[0] == 400
    assert ask(server, "POST", "/v1/jobs", GOOD, Content_Type="text/plain")[0] == 415
    form = "application/x-www-form-urlencoded"
    assert ask(server, "POST", "/v1/jobs", b"text=clap", Content_Type=form)[0] == 415
    for length in ("-1", "1e3", "²", "9" * 30):
        with socket.create_connection(server.server_address[:2], 5) as raw:
            raw.sendall(
                f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n"
                f"Authorization: Bearer {TOKEN}\r\nContent-Length: {length}\r\n\r\n"
                .encode()
            )  # fmt: skip
            assert b" 400 " in raw.recv(200).split(b"\r\n")[0]
    assert server.book.all() == []


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*JobRequest.__dataclass_fields__, "segments", "x"]),
                inner,
            )
        ),
    )
)
def test_any_json_is_read_or_refused_in_words(body):
    try:
        request = JobRequest.from_json(body, ROBOTS, MODELS)
    except InputError:
        return  # any other error fails this test
    again = JobRequest.from_json(request.to_json(), ROBOTS, MODELS)
    assert again == request
    validate(request.to_json(), SCHEMAS["JobRequest"])


def test_a_full_queue_says_when_to_come_back(server):
    for _ in range(3):
        assert ask(server, "POST", "/v1/jobs", GOOD)[0] == 201
    status, body = ask(server, "POST", "/v1/jobs", GOOD)
    assert status == 429
    assert "later" in body["error"]["message"]
    # Room again when one is called off.
    ask(server, "DELETE", f"/v1/jobs/{server.book.all()[0].id}")
    assert ask(server, "POST", "/v1/jobs", GOOD)[0] == 201


def test_the_book_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("handx.server.jobs.KEPT", 2)
    book = JobBook(tmp_path, queue_limit=1)
    request = JobRequest.from_json(GOOD, ROBOTS, MODELS)
    made = []
    for _ in range(5):
        job = book.add(request)
        with pytest.raises(QueueFull):
            book.add(request)
        book.next(0)
        job.folder.mkdir()
        book.end(job, "finished", result={})
        made.append(job)
    book.add(request)
    assert [job.id for job in book.all()][:2] == [job.id for job in made[-2:]]
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(j.id for j in made[-2:])


def test_events_can_be_taken_up_again(server, client):
    job = server.book.add(JobRequest.from_json(GOOD, ROBOTS, MODELS))
    server.book.next(0)
    heard = []
    listener = threading.Thread(target=lambda: heard.extend(client.events(job.id)))
    listener.start()
    server.book.stage(job, "generate", 0.0)
    server.book.stage(job, "retarget", 0.5)
    server.book.end(job, "failed", "for a reason")
    listener.join(5)
    assert [e["kind"] for e in heard] == [
        "queued",
        "running",
        "stage",
        "stage",
        "failed",
    ]
    assert [e["number"] for e in heard] == [1, 2, 3, 4, 5]
    assert [e["fraction"] for e in heard] == sorted(e["fraction"] for e in heard)
    assert heard[-1]["message"] == "for a reason"
    for event in heard:
        validate(event, SCHEMAS["Event"])
    assert list(client.events(job.id, after=3)) == heard[3:]
    assert ask(server, "GET", f"/v1/jobs/{job.id}/events?after=x")[0] == 400


def test_a_stalled_client_does_not_stop_the_others(server, client, monkeypatch):
    monkeypatch.setattr("handx.server.http.Handler.timeout", 0.3)
    stalled = [
        socket.create_connection(server.server_address[:2], 5) for _ in range(40)
    ]
    for connection in stalled:
        connection.sendall(b"POST /v1/jobs HTTP/1.1\r\n")
    for connection in stalled[:3]:
        assert connection.recv(10) == b""  # hung up on
    assert client.health()["engine"] == "starting"
    for connection in stalled:
        connection.close()


def test_only_the_loopback_is_bound(server):
    assert server.server_address[0] == "127.0.0.1"
    with open("/proc/net/tcp") as table:
        local = [line.split()[1] for line in table.readlines()[1:]]
    port = f"{server.server_port:04X}"
    assert [a for a in local if a.endswith(f":{port}")]
    assert all(a == f"0100007F:{port}" for a in local if a.endswith(f":{port}"))


def test_the_token_is_this_users_alone(tmp_path):
    place = tmp_path / "folder" / "serve.token"
    os.umask(0o022)
    token = write_token(place)
    assert place.read_text().strip() == token
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert len(token) >= 40
    assert write_token(place) != token


def test_a_link_in_the_tokens_place_is_not_followed(tmp_path):
    victim, place = tmp_path / "victim", tmp_path / "serve.token"
    victim.write_text("precious")
    place.symlink_to(victim)
    write_token(place)
    assert victim.read_text() == "precious"
    assert not place.is_symlink()


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:7471", "http://evil.example", "http://10.0.0.1:7471", "x",
     "http://127.0.0.1.evil.example", "http://127.0.0.1:port", "file:///etc/passwd"],
)  # fmt: skip
def test_the_client_keeps_its_token_on_this_machine(url):
    with pytest.raises(StreamError):
        EngineClient(url, TOKEN)


def test_the_client_says_what_is_wrong(server, client, tmp_path, monkeypatch):
    with pytest.raises(EngineError, match="robot") as refused:
        client.submit({"text": "clap", "robot": "nobody"})
    assert refused.value.status == 400
    with pytest.raises(EngineError, match="no name"):
        client.fetch("0" * 32, "../x", tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(EngineError, match="handx serve"):
        EngineClient(f"http://127.0.0.1:{server.server_port}").submit(GOOD)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        lonely = EngineClient(f"http://127.0.0.1:{nobody.getsockname()[1]}", TOKEN)
        with pytest.raises(EngineError, match="handx serve"):
            lonely.health()


def test_names_of_results_are_those_the_pipeline_writes():
    from handx.pipeline import RUN_FILES

    assert set(FILES) == set(RUN_FILES)


def test_importing_the_server_is_light():
    import subprocess
    import sys

    probe = (
        "import sys, handx.server.service; "
        "print({'torch', 'mujoco', 'pinocchio', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "set()"


def test_headers_of_a_program_are_not_foreign():
    assert foreign({"Host": "127.0.0.1:7471"}, 7471) == ""
