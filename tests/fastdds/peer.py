"""The Fast DDS process (peer.cpp): what it is told, and what it says."""

import json
import subprocess
import threading
import time


def dds_name(kind):
    """The name on the wire of a type "pkg/msg/T"."""
    package, _, name = kind.split("/")
    return f"{package}::msg::dds_::{name}_"


class Peer:
    """Use it in a `with` block, which kills it.

    Args:
        program: Its executable.
        domain: DDS domain.
        reach: How its discovery is set up; see peer.cpp.
    """

    def __init__(self, program, domain, reach="loopback"):
        self.process = subprocess.Popen(
            [program, str(domain), reach],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.events = []
        self._news, self._telling = threading.Condition(), threading.Lock()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.wait("ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._listener.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def _listen(self):
        for line in self.process.stdout:
            if not line.endswith("\n"):
                return  # it was killed while it spoke
            event = json.loads(line)
            with self._news:
                self.events.append(event)
                self._news.notify_all()

    def read(self, topic, kind, reliable=True, latched=False, depth=10):
        self._endpoint("read", topic, kind, reliable, latched, depth)

    def write(self, topic, kind, reliable=True, latched=False, depth=10):
        self._endpoint("write", topic, kind, reliable, latched, depth)

    def _endpoint(self, verb, topic, kind, reliable, latched, depth):
        self.tell(
            verb, topic, dds_name(kind), "reliable" if reliable else "best_effort",
            "latched" if latched else "volatile", depth,
        )  # fmt: skip

    def state(self, topic, stamp, names, *values):
        """Publish a JointState: stamp [ns], names, then up to three lists of numbers."""
        lists = [*values, [], [], []][:3]
        numbers = [
            word
            for part in lists
            for word in (len(part), *(float(x).hex() for x in part))
        ]
        self.tell(
            "state", topic, stamp // 10**9, stamp % 10**9, len(names), *names, *numbers
        )

    def tell(self, *words):
        with self._telling:
            print(*words, file=self.process.stdin, flush=True)

    def found(self, event, **fields):
        """The events of this name that have these fields, oldest first."""
        wanted = {"event": event, **fields}
        with self._news:
            return [
                e for e in self.events if all(e.get(k) == x for k, x in wanted.items())
            ]

    def wait(self, event, count=1, seconds=60, **fields):
        """Wait for so many of them.

        Raises:
            AssertionError: They did not come.
        """
        ends = time.monotonic() + seconds
        while len(found := self.found(event, **fields)) < count:
            assert time.monotonic() < ends, (event, fields, self.events)
            assert self.process.poll() is None or self._listener.is_alive(), (
                f"the Fast DDS process ended: {self.process.returncode}"
            )
            with self._news:
                self._news.wait(0.1)
        return found

    def samples(self, topic):
        return [event["message"] for event in self.found("sample", topic=topic)]
