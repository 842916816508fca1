"""The core of training on a bare GPU machine: numpy, torch, transformers, safetensors."""

import subprocess
import sys
from pathlib import Path

import pytest
import tomllib

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
CORE = {"numpy", "torch", "transformers", "safetensors"}
MODULES = {
    "pin": ["pinocchio"], "pillow": ["PIL"], "dm-control": ["dm_control"],
    "rosbags": ["rosbags"], "mcap-ros2-support": ["mcap_ros2"], "handx": [],
}  # fmt: skip

BLOCK = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))  # None: not to be imported
import runpy
import training.session, training.train_diffusion, training.cost, training.validation
sys.argv = ["small_run.py", {data!r}, {out!r}, "2"]
runpy.run_path({script!r}, run_name="__main__")
"""


def installed_by_us() -> set[str]:
    """Import names of everything that our extras ask for beside the core."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names: set[str] = set()
    for wanted in project["optional-dependencies"].values():
        for requirement in wanted:
            name = requirement.split("[")[0].split(">")[0].split("=")[0].strip()
            names |= set(MODULES.get(name, [name.replace("-", "_")]))
    return names - CORE - {"huggingface_hub"}  # transformers itself needs the hub


def test_a_run_needs_nothing_but_the_core(data, tmp_path):
    blocked = installed_by_us()
    assert {"datasets", "pyarrow", "accelerate", "scipy", "tyro", "mujoco"} <= blocked
    code = BLOCK.format(
        blocked=blocked, data=str(data), out=str(tmp_path / "run"),
        script=str(Path(__file__).with_name("small_run.py")),
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert not (tmp_path / "run" / "tensorboard").exists()
