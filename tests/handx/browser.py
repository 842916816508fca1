"""A headless Chromium without a network, steered over its own protocol (CDP)."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The browser's executable, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One open page.

    Attributes:
        requests: Every address that the page asked for.
        errors: What went wrong in its scripts.
    """

    def __init__(self, connection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters) -> dict:
        """One command and its answer; events that arrive meanwhile are noted."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(self._connection.recv(timeout=120))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(answer["params"]["exceptionDetails"]))

    def run(self, script: str):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60.0):
        """The value of an expression, once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.25)
        raise AssertionError(f"never true: {script}; {self.errors}")

    def screenshot(self) -> bytes:
        """PNG of what is seen."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])


@contextlib.contextmanager
def opened(
    executable: str, url: str, profile: Path, size: tuple[int, int] = (1280, 720)
) -> Iterator[Page]:
    """The page at `url` in a fresh browser, which is ended afterwards."""
    from websockets.sync.client import connect

    command = [
        executable, "--headless", "--no-sandbox", "--use-gl=angle",
        "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
        "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-quic", f"--window-size={size[0]},{size[1]}",
        f"--user-data-dir={profile}", "--remote-debugging-port=0",
        # Nothing may be fetched: names resolve to nowhere.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "about:blank",
    ]  # fmt: skip
    browser = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        note = profile / "DevToolsActivePort"
        end = time.monotonic() + 60
        while not (note.exists() and note.read_text().count("\n")):
            assert browser.poll() is None, "the browser did not start"
            assert time.monotonic() < end, "the browser does not answer"
            time.sleep(0.1)
        port = note.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            tab = next(t for t in json.load(answer) if t["type"] == "page")
        with connect(tab["webSocketDebuggerUrl"], max_size=None) as connection:
            page = Page(connection)
            page.call("Page.navigate", url=url)
            yield page
    finally:
        browser.terminate()
        browser.wait(30)
