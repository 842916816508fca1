"""A small run in its own process: `python small_run.py DATA OUT STEPS`."""

import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from handx_gen.diffusion.denoiser import DenoiserConfig  # noqa: E402
from training.configs import TrainConfig  # noqa: E402
from training.data.batch import Loader  # noqa: E402
from training.loop import Run  # noqa: E402

CONFIG = TrainConfig(
    DenoiserConfig(width=32, depth=1, heads=2, patch=6, text_width=16),
    name="small", encoder="hashed-16", batch=8, warmup=2, minutes=None,
    bfloat16=False, save_minutes=0.0,
)  # fmt: skip
"""Saves after every step: a kill is likely to come in the middle of writing."""


def main(data: str, out: str, steps: str) -> None:
    torch.set_num_threads(1)
    run = Run(replace(CONFIG, steps=int(steps)), Loader(Path(data)), Path(out))
    if (Path(out) / "state.pt").is_file():
        run.resume()
    run.train()


if __name__ == "__main__":
    main(*sys.argv[1:])
