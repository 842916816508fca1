"""A small server in the shape of the Hugging Face hub, on loopback, with bad moments."""

import contextlib
import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE = 1000
"""Files from this size on [bytes] are served as git-LFS files, by sha256."""


class Hub:
    """One data set repository.

    Attributes:
        files: Name → bytes.
        card: Its card's metadata.
        commit: Of its only branch, main.
        cut: Name → bytes after which the first download of it breaks off.
        stall: Name → bytes after which the first download of it stands still.
        false: Names whose content is not what the listing promises.
        asked: How often each path was asked for, and (name, "bytes") sent.
    """

    def __init__(self, name: str, files: dict[str, bytes], card: dict) -> None:
        self.name, self.files, self.card = name, files, card
        self.commit = hashlib.sha1(repr(sorted(files)).encode()).hexdigest()
        self.cut: dict[str, int] = {}
        self.stall: dict[str, int] = {}
        self.stalled = threading.Event()
        self.false: set[str] = set()
        self.gated = False
        self.asked: Counter = Counter()
        self.ranges: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self, body=False)

            def do_GET(self) -> None:
                hub.answer(self, body=True)

            def log_message(self, *arguments) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: bool) -> None:
        path = request.path.split("?")[0]
        self.asked[path] += 1
        info = re.fullmatch(r"/api/datasets/(.+?)(/revision/(.+))?", path)
        tree = re.fullmatch(r"/api/datasets/(.+?)/tree/(.+)", path)
        file = re.fullmatch(r"/datasets/(.+?)/resolve/(.+?)/(.+)", path)
        found = tree or file or info
        if found is None or found[1] != self.name:
            self._refuse(request, 404, "RepoNotFound", "Repository not found")
        elif self.gated and file:
            self._refuse(request, 403, "GatedRepo", "Access is restricted")
        elif tree:
            self._json(request, [self._entry(name) for name in sorted(self.files)])
        elif file:
            self._file(request, file[3], body)
        elif info[3] not in (None, "main", self.commit):
            self._refuse(request, 404, "RevisionNotFound", "No such revision")
        else:
            self._json(request, self._info())

    def _info(self) -> dict:
        siblings = []
        for name in sorted(self.files):
            entry = self._entry(name)
            sibling = {"rfilename": name, "size": entry["size"], "blobId": entry["oid"]}
            if "lfs" in entry:
                lfs = entry["lfs"]
                sibling["lfs"] = {**lfs, "sha256": lfs["oid"]}
            siblings.append(sibling)
        return {
            "_id": "1", "id": self.name, "sha": self.commit, "private": False,
            "tags": [], "downloads": 0, "siblings": siblings, "cardData": self.card,
        }  # fmt: skip

    def _entry(self, name: str) -> dict:
        data = self.files[name]
        blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
        entry = {"type": "file", "path": name, "size": len(data), "oid": blob}
        if len(data) >= LARGE:
            oid = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 130}
        return entry

    def _file(self, request: BaseHTTPRequestHandler, name: str, body: bool) -> None:
        if name not in self.files:
            self._refuse(request, 404, "EntryNotFound", "Entry not found")
            return
        data = self.files[name]
        entry = self._entry(name)
        if name in self.false:
            data = bytes(reversed(data))
        start, wanted = 0, request.headers.get("Range")
        if wanted:
            self.ranges.append(f"{name} {wanted}")
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        request.send_response(206 if wanted else 200)
        if wanted:
            end = len(data) - 1
            request.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        tag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        request.send_header("ETag", f'"{tag}"')
        request.send_header("X-Repo-Commit", self.commit)
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Length", str(len(data) - start))
        request.end_headers()
        if not body:
            return
        if name in self.cut:
            request.wfile.write(data[start : start + self.cut.pop(name)])
            request.wfile.flush()
            request.close_connection = True
            request.connection.close()
            return
        if name in self.stall:
            request.wfile.write(data[start : start + self.stall.pop(name)])
            request.wfile.flush()
            self.stalled.set()
            request.connection.settimeout(60)
            with contextlib.suppress(OSError):
                request.connection.recv(1)  # until the other side goes away
            request.close_connection = True
            return
        self.asked[(name, "bytes")] += len(data) - start
        request.wfile.write(data[start:])

    def _json(self, request: BaseHTTPRequestHandler, content: object) -> None:
        data = json.dumps(content).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)

    def _refuse(
        self, request: BaseHTTPRequestHandler, status: int, code: str, text: str
    ) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("X-Error-Message", text)
        request.send_header("Content-Length", "0")
        request.end_headers()
