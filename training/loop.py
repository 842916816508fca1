"""The training loop: draw, add noise, predict, step; checkpoints, log, resume.

The run's progress is the larger of steps done and time spent, as shares of the budget.
Learning rate and noise shift follow it, so that a run on a busy machine still ends
properly. Everything needed to go on is in `state.pt` (weights-only loading); all draws
follow from the seed and the step number, so a run that was killed goes on with the clips
and the noise that it would have seen.
"""

import hashlib
import json
import math
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from handx_gen.checkpoint import load_checkpoint
from handx_gen.diffusion.paper.network import PaperConfig
from handx_gen.errors import InputError
from training.configs import TrainConfig
from training.cost import step_flops
from training.data.batch import Loader
from training.evaluation.protocol import Item
from training.objective import FlowObjective, Objective
from training.paper_objective import PaperObjective
from training.parallel import Workers
from training.provenance import code_state
from training.scalars import Scalars
from training.validation import event_scores, validation_items

LOG_EVERY = 50
VALIDATED = 32
"""Sentences of a validation."""

BUDGET = ("steps", "minutes", "save_minutes", "validate_minutes", "compile")
"""What may differ when a run goes on."""


def objective(config: TrainConfig, loader: Loader, device: str) -> Objective:
    """The objective of the config's network."""
    paper = isinstance(config.denoiser, PaperConfig)
    return (PaperObjective if paper else FlowObjective)(config, loader, device)


class Average:
    """Exponential moving average of a model's weights, faster at the start."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model: torch.nn.Module, step: int) -> None:
        """Take in the weights after `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                self.weights[name].lerp_(value, 1 - decay)


@dataclass
class Run:
    """A training run in a folder: `train.json`, `log.jsonl`, `state.pt`, a checkpoint.

    Args:
        config: What to do.
        loader: Gives the batches.
        out: Folder of the run.
        device: Torch device.
    """

    config: TrainConfig
    loader: Loader
    out: Path
    device: str = "cpu"
    origin: dict[str, Any] = field(default_factory=dict)
    """Which weights the run started from; empty if from none."""

    def __post_init__(self) -> None:
        config = self.config
        self.workers = Workers(self.device)
        if config.batch % self.workers.count:
            raise InputError(
                "config", "batch",
                f"{config.batch} clips for {self.workers.count} processes",
                "start a number of processes that divides the batch",
            )  # fmt: skip
        if self.loader.text_width != config.denoiser.text_width:
            raise InputError(
                self.loader.folder, "tokens",
                f"{self.loader.text_width} channels, the network reads "
                f"{config.denoiser.text_width}",
                f"make the data with the encoder {config.encoder}",
            )  # fmt: skip
        frames = getattr(config.denoiser, "frames", self.loader.frames)
        if frames != self.loader.frames:
            raise InputError(
                self.loader.folder, "joints",
                f"clips of {self.loader.frames} frames, the network makes {frames}",
                "cut the data to that length",
            )  # fmt: skip
        torch.manual_seed(config.seed)
        self.objective = objective(config, self.loader, self.device)
        self.model = self.objective.network().to(self.device)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=config.betas,
            fused=self.device.startswith("cuda") or None,
        )
        self.average = Average(self.model, config.ema)
        self.step = 0
        self.seconds = 0.0
        self.code = code_state()
        self._items: list[Item] = []

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        minutes = self.config.minutes
        spent = self.seconds / (60 * minutes) if minutes else 0.0
        return min(1.0, max(self.step / self.config.steps, spent))

    def rate(self) -> float:
        """Learning rate: linear warm-up, then as `TrainConfig.decay` says."""
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress))
        fall = 0.01 + 0.99 * cosine if config.decay == "cosine" else 1.0
        return config.learning_rate * warm * fall

    def shift(self) -> float:
        """Shift of the noise levels: high, falling late in the run."""
        config = self.config
        late = max(0.0, (self.progress - 1 + config.late) / config.late)
        return config.shift + (config.late_shift - config.shift) * late

    def loss(self) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of this process's part of the next batch, and its terms."""
        part = (self.workers.rank, self.workers.count)
        return self.objective.loss(self.model, self.step, self.shift(), part)

    def train(self) -> None:
        """Run until the budget is spent, saving every few minutes and at the end."""
        config, first = self.config, self.workers.rank == 0
        if first:
            self.describe()
            self.scalars = Scalars(self.out, self.step)
        validated = saved = self.seconds
        started = time.monotonic()
        flops = step_flops(self)
        if config.compile:
            self.objective.compile(self.model)
        parameters = list(self.model.parameters())
        while self.progress < 1:
            loss, terms = self.loss()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            # Every process counts the same time, or they would stop at different steps.
            now = time.monotonic()
            numbers = torch.stack([v.detach() for v in (loss, *terms.values())])
            self.seconds, *numbers = self.workers.average(
                parameters, [self.seconds + now - started, *numbers.tolist()]
            )
            started = now
            most = math.inf if config.clip is None else config.clip
            norm = torch.nn.utils.clip_grad_norm_(parameters, most)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate()
            if torch.isfinite(norm):
                self.optimizer.step()
                self.average.update(self.model, self.step)
            self.step += 1
            done = self.progress >= 1
            if first and (self.step % LOG_EVERY == 0 or done):
                self._log(dict(zip(("loss", *terms), numbers)), float(norm), flops)
            minutes = config.validate_minutes
            if minutes and (self.seconds - validated > 60 * minutes or done):
                if first:
                    self._validate()
                validated = self.seconds
            if self.seconds - saved > 60 * config.save_minutes or done:
                if first:
                    self.save()
                self.loader.refresh(self.workers.agree(self.loader.found()))
                saved = self.seconds
        if first:
            self.scalars.close()
        self.workers.close()

    def _log(self, numbers: dict[str, float], norm: float, flops: int) -> None:
        speed = self.config.batch * self.step / self.seconds
        self.scalars.write(
            {
                "step": self.step, "seconds": round(self.seconds, 1), **numbers,
                "gradient": norm, "rate": self.rate(), "shift": self.shift(),
                "clips": self.loader.clips, "clips_per_second": round(speed, 1),
                "flops": flops * self.step,
            }
        )  # fmt: skip
        width = 24
        bar = "█" * round(width * self.progress)
        sys.stderr.write(
            f"\r{bar:░<{width}} {100 * self.progress:5.1f} %  step {self.step}  "
            f"loss {numbers['loss']:.4f}  {speed:.0f} clips/s  "
            f"{flops * self.step:.2e} FLOPs "
        )
        if self.progress >= 1:
            sys.stderr.write("\n")

    def _validate(self) -> None:
        if not self._items:
            self._items = validation_items(VALIDATED)
        sampler = self.objective.sampler(self.average.weights)
        found = event_scores(sampler, self._items)
        self.scalars.write({"step": self.step, **found})
        sys.stderr.write(
            f"\nstep {self.step}: event F1 {found['event_f1']:.2f} on {VALIDATED} "
            "sentences of the split val\n"
        )

    def describe(self) -> None:
        """Write `train.json`: the config, where the weights came from, the code."""
        self.out.mkdir(parents=True, exist_ok=True)
        content = {
            "config": asdict(self.config),
            "init": self.origin,
            "processes": self.workers.count,
            "device": self.device,
            "torch": torch.__version__,
            "code": self.code,
        }
        (self.out / "train.json").write_text(json.dumps(content, indent=2) + "\n")

    def about(self) -> dict[str, Any]:
        """What travels with the weights, beside their shapes."""
        config = self.config
        return {
            "steps": self.step,
            "minutes": round(self.seconds / 60, 1),
            "batch": config.batch,
            "clips": self.loader.clips,
            "seed": config.seed,
            "device": self.device,
            "processes": self.workers.count,
            "show_nothing": config.show_nothing,
            "init": self.origin,
            "data": self.loader.description,
            "code": self.code,
        }

    def save(self) -> None:
        """Write the averaged weights and the state to resume from."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.objective.write(self.out, self.average.weights, self.about())
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.weights,
            "step": self.step,
            "seconds": self.seconds,
            "config": asdict(self.config),
            "norm": asdict(self.loader.norm),
            "origin": self.origin,
        }
        partial = self.out / "state.partial"
        torch.save(state, partial)
        os.replace(partial, self.out / "state.pt")

    def resume(self) -> None:
        """Go on from the folder's `state.pt`.

        Raises:
            InputError: It was made with another config or another feature scale.
        """
        path = self.out / "state.pt"
        state = torch.load(path, map_location=self.device, weights_only=True)
        asked = json.loads(json.dumps(asdict(self.config)))
        for name, value in json.loads(json.dumps(state["config"])).items():
            if name not in BUDGET and asked[name] != value:
                raise InputError(
                    path, name, f"the run has {value}, not {asked[name]}",
                    "give another --out, or the options of the run",
                )  # fmt: skip
        if state["norm"] != asdict(self.loader.norm):
            raise InputError(
                path, "norm", "the data have another feature scale",
                "give the data of the run, or another --out",
            )  # fmt: skip
        self.model.load_state_dict(state["model"])
        self.average.weights = {k: v.clone() for k, v in state["average"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.origin = state["origin"]

    def begin_from(self, folder: Path) -> None:
        """Take the weights of a checkpoint; optimiser, averaging and budget are fresh.

        Raises:
            InputError: It has other shapes, or another feature scale than the data are
                packed with.
        """
        denoiser, config = load_checkpoint(folder, self.device)
        asked = asdict(self.config.denoiser), asdict(self.loader.norm)
        for name, theirs, ours in zip(
            ("denoiser", "norm"), (config.denoiser, asdict(config.norm)), asked
        ):
            if theirs != ours:
                raise InputError(
                    folder / "config.json", name, "is not that of this run",
                    "start with the checkpoint's own shapes and feature scale",
                )  # fmt: skip
        self.model.load_state_dict(denoiser.state_dict())
        self.average = Average(self.model, self.config.ema)
        weights = (folder / "model.safetensors").read_bytes()
        self.origin = {
            "name": config.name,
            "sha256": hashlib.sha256(weights).hexdigest(),
            "trained": config.trained,
            "optimizer": "fresh",
        }
