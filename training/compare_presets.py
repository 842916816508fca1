"""The default network against the paper's, at equal training FLOPs on the same clips.

    python -m training.compare_presets --data data/synth-v1 --out runs/compare --flops 3e13

Three runs that each spend the same number of floating-point operations, counted as they
are done (`training.cost`), on the same batches in the same order:

- `default`: the preset `cpu`, about as many weights as the paper's smallest network;
- `paper`: its smallest network with its own loss, constant rate and uniform noise levels,
  without averaging; only the batch is the default's, 64 for its 1,536;
- `paper, tuned`: the same network and loss with what the default has: a higher rate with
  warm-up and cosine, noise levels shifted to high noise, averaged weights.

Scored by `match()` on sentences of the teacher, one sample each, after the same last step
(hands fitted; contacts drawn together only where the network predicts them, which the
paper's does not). Runs go on where they were stopped, and what was scored is not scored
again; the table is printed whoever wins.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.diffusion.finish import finish
from handx_gen.prompt import Prompt
from training.configs import CONFIGS, TrainConfig
from training.cost import step_flops
from training.data.batch import Loader
from training.evaluation.protocol import SPLITS, Item, split_items
from training.evaluation.score import score
from training.loop import Run
from training.presets.handx import PaperTraining
from training.validation import Sampler

FIRST_SEED = 8_000_000
BATCH = 64


def arms() -> dict[str, TrainConfig]:
    """The configs to compare."""
    default = replace(CONFIGS["cpu"], compile=False, minutes=None, batch=BATCH)
    paper = replace(CONFIGS["handx-4"], batch=BATCH)
    tuned = replace(
        paper, loss=PaperTraining(shift=4.0, learning_rate=8e-4), learning_rate=8e-4,
        warmup=default.warmup, decay="cosine", ema=default.ema,
    )  # fmt: skip
    return {"default": default, "paper": paper, "paper, tuned": tuned}


class Finished:
    """A sampler whose clips get the last step that the default's get anyway."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def clips(self, prompts: Any, seeds: Any) -> np.ndarray:
        """Clips (B, T, 2, 21, 3) [m]."""
        raw = self.sampler.clips(prompts, seeds)
        return np.stack([finish(clip.astype(float)) for clip in raw])


@dataclass(frozen=True)
class Row:
    """What an arm came to.

    Attributes:
        weights: Trained numbers.
        steps: Training steps.
        flops: Spent.
        minutes: Of training.
        f1: Split → event F1 with its interval, in words.
        jerk: Split → mean jerk [m/s³].
    """

    weights: int
    steps: int
    flops: float
    minutes: float
    f1: dict[str, str]
    jerk: dict[str, float]


def scores(
    sampler: Sampler, items: Mapping[str, Sequence[Item]]
) -> tuple[dict[str, str], dict[str, float]]:
    """Event F1 and jerk by split."""
    f1, jerk = {}, {}
    for split, asked in items.items():
        prompts = [Prompt(sentence=item.sentence) for item in asked]
        clips = sampler.clips(prompts, list(range(len(asked))))
        found = score(list(clips), [item.requested for item in asked])
        f1[split], jerk[split] = str(found.f1), round(found.jerk, 1)
    return f1, jerk


def train(
    config: TrainConfig, loader: Loader, out: Path, flops: float, device: str
) -> tuple[Run, int]:
    """Spend `flops` on an arm; returns the run and the FLOPs of a step."""
    each = step_flops(Run(config, loader, out, device))
    config = replace(config, steps=max(1, round(flops / each)))
    run = Run(config, loader, out, device)
    if (out / "state.pt").is_file():
        run.resume()
    run.train()
    return run, each


def table(rows: dict[str, Row]) -> str:
    """The rows as Markdown."""
    head = ["arm", "weights [M]", "steps", "FLOPs", "minutes"]
    head += [f"F1 {split}" for split in SPLITS] + ["jerk [m/s³]"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, row in rows.items():
        cells = [
            name, f"{row.weights / 1e6:.1f}", f"{row.steps:,}", f"{row.flops:.2e}",
            f"{row.minutes:.1f}", *(row.f1[split] for split in SPLITS),
            f"{row.jerk[SPLITS[0]]:.0f}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Train, score, print."""
    parser = argparse.ArgumentParser(
        prog="python -m training.compare_presets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--flops", type=float, required=True, help="of each run")
    parser.add_argument("--clips", type=int, default=100, help="sentences per split")
    parser.add_argument(
        "--arms", nargs="+", choices=list(arms()), default=list(arms()), metavar="ARM",
        help=f"of {', '.join(map(repr, arms()))}; all if not given",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)

    import torch

    from handx_gen.procedural import synthesize

    torch.set_num_threads(1)
    loader = Loader(options.data, seed=options.seed)
    items = {
        split: split_items(split, options.clips, synthesize, FIRST_SEED)
        for split in SPLITS
    }
    rows = {}
    for name in options.arms:
        config = arms()[name]
        out = options.out / f"{name.replace(', ', '-')}-{options.seed}"
        config = replace(config, seed=options.seed)
        run, each = train(config, loader, out, options.flops, options.device)
        kept = out / f"scores-{run.step}-{options.clips}.json"
        if kept.is_file():
            rows[name] = Row(**json.loads(kept.read_text()))
            continue
        sampler = run.objective.sampler(run.average.weights)
        finished = sampler if name == "default" else Finished(sampler)
        f1, jerk = scores(finished, items)
        weights = sum(p.numel() for p in run.model.parameters())
        rows[name] = Row(
            weights, run.step, float(each) * run.step, run.seconds / 60, f1, jerk
        )
        kept.write_text(json.dumps(asdict(rows[name]), indent=1) + "\n")
    content = {name: asdict(row) for name, row in rows.items()}
    (options.out / "compare.json").write_text(json.dumps(content, indent=1) + "\n")
    sys.stdout.write(table(rows) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
