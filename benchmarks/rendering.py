"""CPU time of one 640 × 480 frame: MuJoCo's default quality, ours, and without GL.

    python benchmarks/rendering.py out/demo

The ways take turns, frame by frame, on the same moments of the same run, so that a busy
machine disturbs them alike; what counts is the process's own CPU time.
"""

import os
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from handx.export.run_folder import RunRecord, load_run
from sim.engine import mujoco
from sim.film import Film
from sim.stage import MULTISAMPLES, SHADOW_SIZE

FRAMES = 40
DEFAULT = mujoco.MjSpec().visual.quality
"""What MuJoCo does when nobody says otherwise."""


def film(run: RunRecord, shadow: int, samples: int) -> Film:
    """A film of that quality."""
    with patch.multiple("sim.stage", SHADOW_SIZE=shadow, MULTISAMPLES=samples):
        found = Film(run.rollout, run.robot)
    if found.note:
        raise SystemExit(found.note)
    return found


def painted(run: RunRecord) -> Film:
    """A film as on a machine without GL."""
    with patch("sim.film.Renderer", side_effect=RuntimeError):
        return Film(run.rollout, run.robot)


def main() -> None:
    """Print the table."""
    run = load_run(Path(sys.argv[1]))
    films = {
        f"MuJoCo's default (shadow {DEFAULT.shadowsize}, {DEFAULT.offsamples} samples)":
            film(run, DEFAULT.shadowsize, DEFAULT.offsamples),
        f"reduced (shadow {SHADOW_SIZE}, {MULTISAMPLES} samples)":
            film(run, SHADOW_SIZE, MULTISAMPLES),
        "without GL": painted(run),
    }  # fmt: skip
    spent = {name: [] for name in films}
    for moment in np.linspace(0, run.rollout.time[-1], FRAMES):
        for name, one in films.items():
            began = time.process_time()
            one.picture(float(moment))
            spent[name].append(time.process_time() - began)
    print(f"{run.robot.title}, {FRAMES} frames, {os.environ['MUJOCO_GL']}")
    best = min(np.median(times) for times in spent.values())
    for name, times in spent.items():
        middle = np.median(times)
        print(f"{name:48} {1000 * middle:6.1f} ms of CPU {middle / best:5.1f} ×")


if __name__ == "__main__":
    main()
