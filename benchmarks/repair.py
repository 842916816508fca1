"""Pass rate of raw generations before and after `--repair`, and what each step bought.

    python -m benchmarks.repair [--robots shadow inspire leap] [--every 1] [--out FILE.json]

The 60 free sentences of `training/evaluation` (or every n-th) are drawn once each from
`synth-v1` (seed 0, N = 1), put on each robot and simulated; what does not pass is
repaired. The table says how many pass before and after, which steps were kept, and CPU
seconds per clip: of drawing, retargeting and validating (raw), and of the repair. It also
says how many trajectories kinematics alone would have let through (hand verdict yes,
command checks passed) and physics refused.

The second table is about the correction by sampling alone: procedural clips whose wrists
were put 12 mm further apart after retargeting, as a badly calibrated pair of arms would.
Kinematics sees nothing wrong there, and the contacts between the hands are missed.
"""

import argparse
import json
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from handx import pipeline
from handx.correction import correct
from handx.reading import assured, read, text_verdict
from handx.repair import RepairStep, repair
from handx_gen.kinematics.requests import match
from robots import RobotSpec, load_robot
from sim.checks import COMMAND
from training.evaluation.protocol import free_items

MODEL = "synth-v1"

DISPLACED = 0.012
"""How much further apart the wrists are put [m]."""

TOUCHES = (
    "touch the left index finger to the right index finger",
    "clap twice",
    "touch the left thumb to the right thumb",
    "put the palms together",
    "touch the left middle finger to the right middle finger",
    "tap the left palm with the right index finger",
)
"""Requests with contacts between the hands."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robots", nargs="+", default=["shadow", "inspire", "leap"])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--displaced-only", action="store_true")
    options = parser.parse_args()
    robots = [load_robot(name) for name in options.robots]
    rows: list[dict[str, Any]] = []
    for item in () if options.displaced_only else free_items()[:: options.every]:
        rows += raw(item.sentence, robots)
        save(rows, options.out)
    for robot in robots:
        for text in TOUCHES:
            rows += displaced(text, robot)
            save(rows, options.out)
    for kind in ("raw", "displaced"):
        table([row for row in rows if row["kind"] == kind], kind)


def raw(text: str, robots: list[RobotSpec]) -> list[dict[str, Any]]:
    """One sentence, drawn once, tried on every robot and repaired."""
    began = time.process_time()
    reading = assured(read(text, None), MODEL, 0, "cpu")
    motion, found = pipeline.generate(reading, MODEL, 0)
    drawing = time.process_time() - began
    rows = []
    for robot in robots:
        began = time.process_time()
        first = pipeline.attempt(
            motion, found, reading, robot, lambda _: nullcontext(), {}
        )
        drawn = time.process_time()
        after, steps = repair(first, reading, robot, MODEL, 0)
        rows.append(
            outcome("raw", text, robot, first, after, steps, began - drawing, drawn)
        )
    return rows


def displaced(text: str, robot: RobotSpec) -> list[dict[str, Any]]:
    """One procedural clip with its wrists apart, if it passed before."""
    began = time.process_time()
    reading = read(text, None)
    motion, found = pipeline.generate(reading, "program", 0)
    whole = pipeline.attempt(motion, found, reading, robot, lambda _: nullcontext(), {})
    if not whole.report.passed or robot.body is not None:
        return []
    base = whole.trajectory.T_world_base.copy()
    apart = base[:, 0, 4:].mean(0) - base[:, 1, 4:].mean(0)
    apart *= DISPLACED / 2 / (apart @ apart) ** 0.5
    base[:, 0, 4:] += apart
    base[:, 1, 4:] -= apart
    path = replace(whole.trajectory, T_world_base=base)
    verdict = text_verdict(match(motion, reading.requested), reading)
    rollout, report = pipeline.validate(path, robot, verdict, whole.retarget_report)
    first = replace(whole, trajectory=path, rollout=rollout, report=report)
    drawn = time.process_time()
    path, said = correct(path, robot, rollout, report)
    rollout, report = pipeline.validate(path, robot, verdict, whole.retarget_report)
    after = replace(whole, trajectory=path, rollout=rollout, report=report)
    answers = [report.verdicts[name].answer for name in ("text", "hand", "physics")]
    failed = tuple(c.name for c in report.checks if c.passed is False)
    kept = "kept" if report.passed else "no better"
    step = RepairStep("correct by sampling", kept, *answers, failed, "; ".join(said),
                      time.process_time() - drawn)  # fmt: skip
    return [outcome("displaced", text, robot, first, after, (step,), began, drawn)]


def outcome(
    kind: str,
    text: str,
    robot: RobotSpec,
    first: pipeline.Attempt,
    after: pipeline.Attempt,
    steps: tuple[RepairStep, ...],
    began: float,
    drawn: float,
) -> dict[str, Any]:
    """One row of the JSON."""
    own = {rule[0] for rule in COMMAND}
    command = all(c.passed is not False for c in first.report.checks if c.name in own)
    answers = {name: v.answer for name, v in first.report.verdicts.items()}
    return {
        "kind": kind,
        "text": text,
        "robot": robot.name,
        "before": first.report.passed,
        "after": after.report.passed,
        "answers": answers,
        "failed": [c.name for c in first.report.checks if c.passed is False],
        "kinematics_passed": command and answers["hand"] == "yes",
        "raw_seconds": drawn - began,
        "repair_seconds": time.process_time() - drawn,
        "steps": [asdict(step) for step in steps],
    }


def save(rows: list[dict[str, Any]], out: Path | None) -> None:
    """Write what there is so far."""
    if out is not None:
        out.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def table(rows: list[dict[str, Any]], kind: str) -> None:
    """Per robot: passes, kept steps, what physics alone saw, seconds."""
    print(f"\n{kind}\n{'robot':14}{'clips':>6}{'pass before':>13}{'after':>7}"
          f"{'kinematics ok, physics no':>27}{'raw CPU s':>11}{'repair CPU s: mean':>20}"
          f"{'of repaired':>13}{'largest':>9}   kept steps")  # fmt: skip
    for name in dict.fromkeys(row["robot"] for row in rows):
        own = [row for row in rows if row["robot"] == name]
        worked = [row["repair_seconds"] for row in own if not row["before"]]
        caught = sum(
            row["kinematics_passed"] and row["answers"]["physics"] == "no"
            for row in own
        )
        kept = Counter(
            step["what"].split(" ×")[0]
            for row in own
            for step in row["steps"]
            if step["outcome"] == "kept"
        )
        mean = sum(row["repair_seconds"] for row in own) / len(own)
        took = sum(worked) / max(len(worked), 1)
        print(f"{name:14}{len(own):6}{sum(r['before'] for r in own):13}"
              f"{sum(r['after'] for r in own):7}{caught:27}"
              f"{sum(r['raw_seconds'] for r in own) / len(own):11.1f}{mean:20.1f}"
              f"{took:13.1f}{max(worked, default=0.0):9.1f}   "
              f"{', '.join(f'{k}: {n}' for k, n in kept.items())}")  # fmt: skip


if __name__ == "__main__":
    main()
