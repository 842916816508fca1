"""`handx serve`: from request to checked trajectory, warm beside cold.

    python benchmarks/serve.py [--model auto] [--repeat 5]

Cold is a new `handx run` process for each request, warm a job of a running server; both
draw the same motions without a video. Wall time depends on what else the machine does,
so the CPU time of whoever computes stands beside it, and the load is printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from handx.server.service import service
from handx.streaming.engine_client import EngineClient

TEXT = "clap twice"
COLD = """
import sys
from handx import pipeline
pipeline.run({text!r}, out=sys.argv[1], model=sys.argv[2], seed=int(sys.argv[3]),
             video=False)
"""


def cpu_of(pid: int) -> float:
    """CPU time a process has used [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cold(model: str, seed: int) -> tuple[float, float]:
    """(wall, CPU) seconds of one request in a process of its own."""
    before, began = os.times(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-c",
            COLD.format(text=TEXT),
            folder,
            model,
            str(seed),
        ]
        subprocess.run(command, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return time.perf_counter() - began, cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    cold(asked.model, 0)  # compiles what is cached on disk from then on
    rows: dict[str, list[tuple[float, float]]] = {"cold": [], "warm": []}
    with service(0) as running:
        client, engine = EngineClient(running.url), running.engine
        while client.health()["engine"] != "ready":
            time.sleep(0.1)
        worker = engine._process.process.pid
        for seed in range(asked.repeat):
            rows["cold"].append(cold(asked.model, seed))
            began, used = time.perf_counter(), cpu_of(worker)
            job = client.submit({"text": TEXT, "model": asked.model, "seed": seed})
            events = list(client.events(job))
            assert events[-1]["kind"] == "finished", client.job(job)["error"]
            rows["warm"].append((time.perf_counter() - began, cpu_of(worker) - used))
    load = os.getloadavg()[0]
    print(f"{TEXT!r}, model {asked.model}, {asked.repeat} each, load {load:.1f}")
    print(f"start of the server until warm: {engine.warm_seconds:.1f} s")
    middle = {}
    for name, pairs in rows.items():
        wall, cpu = (statistics.median(column) for column in zip(*pairs))
        middle[name] = (wall, cpu)
        print(f"{name}: {wall:.2f} s wall, {cpu:.2f} s CPU (medians)")
    (cold_wall, cold_cpu), (warm_wall, warm_cpu) = middle["cold"], middle["warm"]
    print(
        f"cold / warm: {cold_wall / warm_wall:.1f} wall, {cold_cpu / warm_cpu:.1f} CPU"
    )


if __name__ == "__main__":
    main()
