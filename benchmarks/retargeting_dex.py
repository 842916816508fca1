"""dex-retargeting 0.5.0 in an environment of its own, spoken to over a pipe."""

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from retargeting_clip import CACHE, SHARED

PINNED = (
    "dex_retargeting==0.5.0", "nlopt==2.11.0", "anytree==2.13.0", "lxml==6.1.3",
    "pytransform3d==3.17.0", "six==1.17.0",
)  # fmt: skip
"""Beside these it uses this interpreter's own torch, numpy, pinocchio and PyYAML, so that
both sides compute with the same libraries."""
ROBOTS = SHARED / "robots"
URDF = {
    "shadow": "shadow_hand/shadow_hand_{}.urdf",
    "allegro": "allegro_hand/allegro_hand_{}.urdf",
    "leap": "leap_hand/leap_hand_{}.urdf",
    "inspire": "unitree_inspire_dfq/inspire_dfq_{}.urdf",
}
"""The vendors' descriptions, in the layout of dex-urdf."""
DFQ_SCALE = 1.15
"""Scale of the DFQ configuration: that of dex-retargeting's own Inspire configuration."""


def configuration(robot: str, side: str) -> str | dict:
    """A shipped configuration's file, or ours for the Inspire DFQ, which it lacks.

    It follows dex-retargeting's configuration of the other Inspire hand: five vectors
    from the base to the fingertips, the same filter. The base of the DFQ's URDF is not
    turned like an operator's hand; who calls turns the human vectors.
    """
    if robot != "inspire":
        return f"{robot}_hand_{side}.yml"
    p = side[0].upper()
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    joints = [f"{p}_{f}_proximal_joint" for f in reversed(fingers[1:])]
    joints += [f"{p}_thumb_proximal_{axis}_joint" for axis in ("pitch", "yaw")]
    return {
        "type": "vector",
        "urdf_path": URDF[robot].format(side),
        "target_joint_names": joints,
        "target_origin_link_names": [f"{p}_hand_base_link"] * 5,
        "target_task_link_names": [f"{p}_{f}_tip" for f in fingers],
        "scaling_factor": DFQ_SCALE,
        "target_link_human_indices": [[0] * 5, [4, 8, 12, 16, 20]],
        "low_pass_alpha": 0.2,
    }


def environment() -> Path:
    """The environment's interpreter; made on first use, in the user's cache folder."""
    place = CACHE / "dex-retargeting-0.5.0"
    python = place / "bin/python"
    done = place / "installed.json"
    if not done.is_file() or json.loads(done.read_text()) != list(PINNED):
        venv.create(place, with_pip=True, clear=True)
        packages = next(p for p in sys.path if p.endswith("site-packages"))
        inner = next((place / "lib").glob("python*/site-packages"))
        line = f"import site; site.addsitedir({packages!r})\n"
        (inner / "shared.pth").write_text(line)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--no-deps", *PINNED], check=True
        )
        done.write_text(json.dumps(PINNED))
    return python


@dataclass(frozen=True)
class Setup:
    """What a configuration says, see the worker."""

    joints: list[str]
    origins: list[str]
    tasks: list[str]
    human: list[list[int]]
    scale: float
    alpha: float
    optimized: list[str]
    urdf: str

    def vectors(self, hand: np.ndarray) -> np.ndarray:
        """(T, K, 3) human vectors of (T, 21, 3) joints, before scaling [m]."""
        origin, task = self.human
        return hand[:, task] - hand[:, origin]


class Dex:
    """A worker process."""

    def __init__(self) -> None:
        worker = Path(__file__).with_name("retargeting_dex_worker.py")
        quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [environment(), worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=quiet,
        )  # fmt: skip

    def _ask(self, command: dict) -> dict:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("dex-retargeting's process ended")
        return json.loads(answer)

    def load(self, name: str, config: str | dict) -> Setup:
        """Build a retargeting under a name."""
        return Setup(
            **self._ask({"load": name, "config": config, "robots": str(ROBOTS)})
        )

    def solve(self, name: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Joint positions (T, n) [rad] and CPU seconds (T,) of frames (T, K, 3)."""
        answer = self._ask({"solve": name, "vectors": vectors.tolist()})
        return np.array(answer["positions"]), np.array(answer["seconds"])

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait()


def low_pass(positions: np.ndarray, alpha: float) -> np.ndarray:
    """dex-retargeting's exponential filter, (T, n)."""
    out = positions.copy()
    for t in range(1, len(out)):
        out[t] = out[t - 1] + alpha * (out[t] - out[t - 1])
    return out
