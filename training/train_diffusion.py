"""Train the diffusion generator; needs numpy, torch, transformers and safetensors only.

    python -m training.data.synthetic --out data/synth-v1 --clips 40000
    python -m training.train_diffusion --data data/synth-v1 --out runs/first

A laptop: `--preset cpu --minutes 60`. One GPU: `--preset small --device cuda`. Several
processes: `torchrun --nproc-per-node 2 -m training.train_diffusion …`. A run that was
killed goes on from its last checkpoint when the same command is given again. `--init
synth-v1` starts from the shipped weights with a fresh optimiser, and says so in what it
writes. `handx train diffusion` is the same with tables, and reads stores too.
"""

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from handx_gen.errors import HandxError

TYPES = {
    "data": Path, "out": Path, "minutes": float, "steps": int, "batch": int,
    "learning_rate": float, "validate": float, "seed": int, "threads": int,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Train; returns 0, or 2 for bad input."""
    from training.session import Options, begin

    parser = argparse.ArgumentParser(
        prog="python -m training.train_diffusion",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in fields(Options):
        if option.name == "compile":
            parser.add_argument("--compile", action=argparse.BooleanOptionalAction)
            continue
        parser.add_argument(
            "--" + option.name.replace("_", "-"),
            type=TYPES.get(option.name, str),
            required=option.default is MISSING,
            default=None if option.default is MISSING else option.default,
        )
    options = Options(**vars(parser.parse_args(arguments)))
    try:
        run = begin(options)
        if run.step:
            sys.stderr.write(f"going on at step {run.step}\n")
        run.train()
    except HandxError as error:
        sys.stderr.write(f"train_diffusion: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
