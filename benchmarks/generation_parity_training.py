"""Weights for `generation_parity.py`: the paper's small network, trained for minutes.

    python -m training.data.synthetic --out data/synth-v1 --clips 16000
    python benchmarks/generation_parity_training.py --data data/synth-v1 --out runs/handx4

One-step synthetic clips, and only until the motions do what the text asks more often than
not, so that two samplings of the same weights can be told apart by event F1; the preset
`handx-4` of the training loop is the one to train for use. Beside the paper's settings the
run draws more high noise levels, warms the rate up and lets it fall, and averages the
weights; token states of MiniLM stand in for T5's.
"""

import argparse
import json
import math
import os
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from handx_gen.diffusion.paper.network import SIZES, PaperDenoiser
from handx_gen.representation.handx168 import Handx168
from handx_gen.skeleton import mirror
from handx_gen.text.encoder import BRANCHES, TextStates
from training.data.store import Shard, shard_paths
from training.presets.handx import PaperLoss, PaperTraining, optimizer

KINDS = frozenset(
    ("shape", "bend", "turn", "move", "close", "extend", "spread", "wave", "count")
)
"""Primitives of one hand without contact: the paper's network has no contact output."""

RUN = PaperTraining(shift=4.0, learning_rate=8e-4)
WARMUP, DECAY = 150, 0.998


class OneStepClips:
    """Clips that consist of one primitive of `KINDS`, with their sentences."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.shards = [Shard.load(path) for path in shard_paths(folder)]
        self._random = np.random.default_rng(seed)
        self._rows = []
        for number, shard in enumerate(self.shards):
            simple = np.array(
                [len(names) == 1 and names[0] in KINDS for names in shard.primitives]
            )
            sentences = np.asarray(shard.text_ids[:, 0]) >= 0
            for row in np.flatnonzero(simple[shard.clip] & sentences):
                self._rows.append((number, int(row)))
        first = self.shards[: max(1, len(self.shards) // 8)]
        self.norm = Handx168.fit(np.concatenate([s.joints for s in first]))

    def __len__(self) -> int:
        return len(self._rows)

    def draw(
        self, size: int
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Normalised clips (size, T, 168) and their token states, mask and branch."""
        joints, prompts = [], []
        for pick in self._random.integers(len(self._rows), size=size):
            number, row = self._rows[pick]
            shard = self.shards[number]
            motion = np.asarray(shard.joints[shard.clip[row]])
            joints.append(mirror(motion) if shard.mirrored[row] else motion)
            text = shard.text_ids[row, 0]
            start, stop = shard.offsets[text], shard.offsets[text + 1]
            states = shard.tokens[start:stop].astype(np.float32)
            prompts.append([(BRANCHES.index("sentence"), states)])
        x, _ = self.norm.pack(np.stack(joints))
        text = TextStates.join(prompts)
        arrays = (text.states, text.mask, text.branch)
        states, mask, branch = (torch.from_numpy(a) for a in arrays)
        return torch.from_numpy(x), (states, mask, branch)


def save(folder: Path, average: dict[str, torch.Tensor], about: dict) -> None:
    """Write `model.pt`, of the released checkpoints' form, and `run.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": average}, folder / "model.partial")
    os.replace(folder / "model.partial", folder / "model.pt")
    (folder / "run.json").write_text(json.dumps(about, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Train; returns 0."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of shards")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=40.0, help="CPU time")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    clips = OneStepClips(options.data, options.seed)
    config = replace(SIZES["layers4"], text_width=384, text_norm=True)
    model = PaperDenoiser(config).train()
    optimiser, loss_of = optimizer(model, RUN), PaperLoss(RUN)
    average = {k: v.clone() for k, v in model.state_dict().items()}
    about = {
        "config": asdict(config), "training": asdict(RUN), "norm": asdict(clips.norm),
        "batch": options.batch, "budget": options.minutes, "seed": options.seed,
        "prompts": len(clips), "kinds": sorted(KINDS), "data": "synthetic",
    }  # fmt: skip
    step, start, saved = 0, time.process_time(), 0.0
    while (spent := (time.process_time() - start) / 60) < options.minutes:
        warm = min(1.0, (step + 1) / WARMUP)
        fall = 0.5 * (1 + math.cos(math.pi * spent / options.minutes))
        for group in optimiser.param_groups:
            group["lr"] = RUN.learning_rate * warm * (0.02 + 0.98 * fall)
        x, text = clips.draw(options.batch)
        generator = torch.Generator().manual_seed(options.seed * 1_000_003 + step)
        with torch.autocast("cpu", torch.bfloat16):
            loss, terms = loss_of(model, x, text, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), RUN.clip or math.inf)
        optimiser.step()
        with torch.no_grad():
            decay = min(DECAY, (1 + step) / (10 + step))
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - decay)
        step += 1
        if step % 50 == 0:
            errors = "  ".join(f"{k} {v.item():.4f}" for k, v in terms.items())
            sys.stderr.write(f"step {step}  {spent:.1f} min  {errors}\n")
        about["steps"], about["minutes"] = step, round(spent, 1)
        if spent - saved > 3:
            saved = spent
            save(options.out, average, about)
    save(options.out, average, about)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
