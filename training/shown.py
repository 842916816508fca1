"""How well a network keeps what it is shown, and what that does to the rest.

    python -m training.shown --model synth-v1 --data data/synth-v1

Clips of the data are drawn again from noise with their own sentence, each time with some
of their values shown as in training (`training.observation`). Nothing is copied in: the
distances are those of the network's own ten-step samples, so they say what the input
channels are worth before a sampler puts the shown values back.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from handx_gen.checkpoint import ASSETS, GeneratorConfig, load_checkpoint
from handx_gen.diffusion.denoiser import MotionDenoiser
from handx_gen.diffusion.sampler import seeded, solve
from handx_gen.diffusion.schedule import sampling_levels
from training.data.batch import Batch, Loader
from training.observation import KINDS

Kind = Callable[[np.random.Generator, np.ndarray], None]


def redrawn(
    denoiser: MotionDenoiser, config: GeneratorConfig, batch: Batch, mask: Tensor
) -> Tensor:
    """Samples (B, 2, T, 63) for the batch's sentences with the masked values shown."""
    size = len(batch.x)
    with torch.inference_mode():
        text = denoiser.remember(batch.states, batch.mask, batch.branch)

        def predict(x: Tensor, t: float) -> Tensor:
            return denoiser(x, torch.full((size,), t), text, batch.x, mask)[0]

        noise = seeded(range(size), *batch.x.shape[1:])()
        return solve(predict, noise, sampling_levels(config.steps, config.shift))


def distances(
    denoiser: MotionDenoiser, config: GeneratorConfig, batch: Batch, kind: Kind | None
) -> tuple[float, float]:
    """Mean distance to the clip of shown and of other joints [mm].

    Joints are compared as the network sees them: relative to their wrist, wrists to the
    centre.
    """
    random = np.random.default_rng(0)
    mask = np.zeros(batch.x.shape, bool)
    for each in mask:
        if kind is not None:
            kind(random, each)
    shown = torch.from_numpy(mask)
    off = redrawn(denoiser, config, batch, shown) - batch.x
    std = [config.norm.wrist_std] * 3 + [config.norm.articulation_std] * 60
    off = (off * off.new_tensor(std) * 1000).unflatten(-1, (21, 3)).norm(dim=-1)
    known = shown.unflatten(-1, (21, 3))[..., 0]
    return float(off[known].mean()), float(off[~known].mean())


def main(arguments: list[str] | None = None) -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m training.shown",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, help="shipped name, or a folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--clips", type=int, default=32)
    options = parser.parse_args(arguments)
    shipped = ASSETS / options.model
    folder = shipped if shipped.is_dir() else Path(options.model)
    denoiser, config = load_checkpoint(folder)
    batch = Loader(options.data, config.norm, seed=1).draw(0, options.clips)
    sys.stdout.write(
        "| shown | shown joints [mm] | other joints [mm] |\n|---|---|---|\n"
    )
    for kind in (None, *KINDS):
        name = kind.__name__.replace("_", " ") if kind else "nothing"
        known, other = distances(denoiser, config, batch, kind)
        sys.stdout.write(f"| {name} | {known:.1f} | {other:.1f} |\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
