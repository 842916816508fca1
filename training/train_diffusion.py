"""Train the diffusion generator on shards of clips.

    python -m training.data.synthetic --out data/synth-v1 --clips 40000
    python -m training.train_diffusion --data data/synth-v1 --out runs/first --config cpu

A laptop: `--config cpu --minutes 60`. One GPU: `--config gpu --device cuda`. Several
processes: `torchrun --nproc-per-node 2 -m training.train_diffusion …`. A run that was
killed goes on from its last checkpoint when the same command is given again. `--init
synth-v1` starts from the shipped weights with a fresh optimiser, and says so in what it
writes.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from training.configs import CONFIGS


def main(arguments: list[str] | None = None) -> int:
    """Train; returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train_diffusion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="cpu")
    parser.add_argument(
        "--minutes", type=float, help="training time; else the config's"
    )
    parser.add_argument("--steps", type=int, help="training steps; else the config's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, …")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument(
        "--init", help="start from a checkpoint: a shipped name or a folder"
    )
    options = parser.parse_args(arguments)

    import torch

    from handx_gen.checkpoint import ASSETS, GeneratorConfig
    from handx_gen.diffusion.denoiser import DenoiserConfig
    from training.data.batch import Loader
    from training.loop import Run

    torch.set_num_threads(options.threads)
    config = replace(CONFIGS[options.config], seed=options.seed)
    if options.steps is not None:
        config = replace(config, steps=options.steps, minutes=None)
    if options.minutes is not None:
        config = replace(config, minutes=options.minutes)
    init, norm = None, None
    if options.init:
        init = ASSETS / options.init
        init = init if init.is_dir() else Path(options.init)
        theirs = GeneratorConfig.load(init)
        norm = theirs.norm
        shape = DenoiserConfig(**theirs.denoiser)
        config = replace(config, denoiser=shape, encoder=theirs.encoder)
    loader = Loader(options.data, norm, config.seed)
    device = options.device
    if device == "cuda" and "LOCAL_RANK" in os.environ:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
    run = Run(config, loader, options.out, device)
    if (options.out / "state.pt").is_file():
        run.resume()
        sys.stderr.write(f"going on at step {run.step}\n")
    elif init:
        run.begin_from(init)
    run.train()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
