"""Runs inside dex-retargeting's own environment: JSON lines in, JSON lines out.

{"load": name, "config": …, "side": …, "robots": folder} builds a retargeting and answers
its joint names, links and scale; {"solve": name, "vectors": […]} retargets frames one by
one and answers joint positions and CPU seconds.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

import dex_retargeting
import numpy as np
import yaml
from dex_retargeting.retargeting_config import RetargetingConfig


def load(command: dict) -> tuple[dict, object]:
    """Build a retargeting from a shipped configuration's name or from a table."""
    RetargetingConfig.set_default_urdf_dir(command["robots"])
    config = command["config"]
    if isinstance(config, str):
        folder = Path(dex_retargeting.__file__).parent / "configs/teleop"
        config = yaml.safe_load((folder / config).read_text())["retargeting"]
    alpha = config["low_pass_alpha"]
    # The filter acts after the solver and is not fed back: it is applied outside.
    retargeting = RetargetingConfig.from_dict({**config, "low_pass_alpha": 1.0}).build()
    optimizer = retargeting.optimizer
    answer = {
        "joints": list(retargeting.joint_names),
        "origins": list(config["target_origin_link_names"]),
        "tasks": list(config["target_task_link_names"]),
        "human": [list(row) for row in config["target_link_human_indices"]],
        "scale": float(config["scaling_factor"]),
        "alpha": float(alpha),
        "optimized": list(optimizer.target_joint_names),
        "urdf": config["urdf_path"],
    }
    return answer, retargeting


def solve(retargeting, vectors: list) -> dict:
    """Retarget frames; CPU time is that of the library's own call."""
    positions, seconds = [], []
    for frame in vectors:
        reference = np.array(frame)
        began = time.process_time()
        q = retargeting.retarget(reference)
        seconds.append(time.process_time() - began)
        positions.append(np.asarray(q, float).tolist())
    return {"positions": positions, "seconds": seconds}


def main() -> None:
    """Answer commands until the input ends."""
    built = {}
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            command = json.loads(line)
            if "load" in command:
                answer, built[command["load"]] = load(command)
            else:
                answer = solve(built[command["solve"]], command["vectors"])
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
