"""Runs inside `unshare --net`: a cable between our network and an intruder's.

    isolation_namespaces.py loopback|network

Prints one JSON object: what the intruder found, what it got in, and what we heard of it.
Nothing of the machine's own network is touched.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
OURS, THEIRS = "10.77.0.1", "10.77.0.2"


def do(*words):
    subprocess.run(words, check=True, capture_output=True)


def main():
    do("ip", "link", "set", "lo", "up")
    other = subprocess.Popen(["unshare", "--net", "sleep", "300"])
    try:
        deadline = time.monotonic() + 10
        own = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{other.pid}/ns/net").readlink() == own:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        inside = ("nsenter", "--net", "--target", str(other.pid))
        do("ip", "link", "add", "ours", "type", "veth", "peer", "name", "theirs",
           "netns", str(other.pid))  # fmt: skip
        do("ip", "addr", "add", f"{OURS}/24", "dev", "ours")
        do("ip", "link", "set", "ours", "up")
        do(*inside, "ip", "link", "set", "lo", "up")
        do(*inside, "ip", "addr", "add", f"{THEIRS}/24", "dev", "theirs")
        do(*inside, "ip", "link", "set", "theirs", "up")
        for prefix, device in (((), "ours"), (inside, "theirs")):
            do(*prefix, "ip", "route", "add", "224.0.0.0/4", "dev", device)
        ours = subprocess.Popen(
            [sys.executable, HERE.with_name("isolation_ours.py"), sys.argv[1]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        port = ours.stdout.readline().strip()  # it is up
        intruder = subprocess.run(
            [*inside, sys.executable, HERE.with_name("isolation_intruder.py"), OURS, port],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert intruder.returncode == 0, intruder.stderr
        heard, _ = ours.communicate("stop\n", timeout=30)
        print(json.dumps({**json.loads(intruder.stdout), **json.loads(heard)}))
    finally:
        other.kill()
        other.wait()


if __name__ == "__main__":
    main()
