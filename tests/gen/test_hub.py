"""Checkpoints up to a hub and down again, against a small hub on loopback."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handx_gen.checkpoint import GeneratorConfig, save_checkpoint
from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.errors import InputError
from handx_gen.hub import FILES, fetch_checkpoint, from_pretrained
from handx_gen.representation import WristRelative

ROOT = Path(__file__).resolve().parents[2]
NAME = "someone/hands"


class Hub(BaseHTTPRequestHandler):
    """One repository: takes a commit, gives its files back."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    commit: str
    asked: list[str]

    def _send(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode(), Content_Type="application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/preupload/main"):
            wanted = json.loads(body)["files"]
            keep = {"uploadMode": "regular", "shouldIgnore": False, "oid": None}
            self._json({"files": [{"path": f["path"], **keep} for f in wanted]})
        elif self.path.endswith("/commit/main"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.files[value["path"]] = base64.b64decode(value["content"])
            url = f"http://127.0.0.1/{NAME}/commit/{self.commit}"
            self._json({"success": True, "commitOid": self.commit, "commitUrl": url})
        else:
            url = f"http://127.0.0.1/{NAME}"
            self._json({"url": url, "id": NAME, "errors": [], "warnings": []})

    def do_GET(self) -> None:
        self.asked.append(self.path)
        file = re.fullmatch(rf"/{NAME}/resolve/{self.commit}/(.+)", self.path)
        if file is None or file[1] not in self.files:
            self._send(404, b"", X_Error_Code="RevisionNotFound")
            return
        data = self.files[file[1]]
        tag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        self._send(200, data, ETag=f'"{tag}"', X_Repo_Commit=self.commit)

    do_HEAD = do_GET

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def hub():
    kind = type("OneHub", (Hub,), {"files": {}, "commit": "ab" * 20, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kind.url = f"http://127.0.0.1:{server.server_port}"
    yield kind
    server.shutdown()
    server.server_close()


@pytest.fixture
def checkpoint(tmp_path):
    shape = DenoiserConfig(width=16, depth=1, heads=2, patch=6, text_width=8)
    norm = WristRelative(tuple([0.0] * 63), 0.02, 0.03)
    config = GeneratorConfig("tried", vars(shape), norm, "hashed-8")
    return save_checkpoint(tmp_path / "model", MotionDenoiser(shape), config)


def run(hub, tmp_path, code: str) -> subprocess.CompletedProcess:
    """Python with this hub as its hub: the address is read when it is imported."""
    environment = os.environ | {
        "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0",
        "HF_TOKEN": "hf_test", "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
        check=False, timeout=200,
    )  # fmt: skip


def test_up_and_down_again_it_is_the_same_checkpoint(hub, checkpoint, tmp_path):
    (checkpoint / "state.pt").write_bytes(b"not for others")
    code = f"""
from handx_gen.hub import push, fetch_checkpoint, from_pretrained
commit = push({str(checkpoint)!r}, {NAME!r})
folder = fetch_checkpoint({NAME!r}, commit)
denoiser, config = from_pretrained({NAME!r}, commit)
print(commit, config.name, folder)
"""
    done = run(hub, tmp_path, code)
    assert done.returncode == 0, done.stderr
    commit, name, folder = done.stdout.split()
    assert (commit, name) == (hub.commit, "tried")
    assert set(hub.files) == set(FILES)
    for file in FILES:
        assert (Path(folder) / file).read_bytes() == (checkpoint / file).read_bytes()
    fetched = {p.rsplit("/", 1)[1] for p in hub.asked if "/resolve/" in p}
    assert fetched == set(FILES)


def test_a_commit_that_is_not_there_is_one_line(hub, tmp_path):
    code = f"""
from handx_gen.errors import InputError
from handx_gen.hub import from_pretrained
try:
    from_pretrained({NAME!r}, {"cd" * 20!r})
except InputError as error:
    print(error)
"""
    done = run(hub, tmp_path, code)
    assert done.stdout.startswith(NAME), done.stderr
    assert "check the name, the commit" in done.stdout


@pytest.mark.parametrize("revision", ["", "main", "v1.0", "abc123"])
def test_a_name_that_may_change_is_refused(revision):
    with pytest.raises(InputError, match="40 digits"):
        fetch_checkpoint(NAME, revision)


def test_a_folder_needs_no_hub(checkpoint, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    denoiser, config = from_pretrained(checkpoint)
    assert config.name == "tried"
    assert not denoiser.training
    monkeypatch.undo()
    with pytest.raises(InputError, match="OWNER/NAME"):
        from_pretrained(checkpoint / "nowhere" / "else")
