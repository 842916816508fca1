"""The training loop: draw, add noise, predict, step; checkpoints, log, resume.

The run's progress is the larger of steps done and time spent, as shares of the budget.
Learning rate and noise shift follow it, so that a run on a busy machine still ends
properly. Everything needed to go on is in `state.pt` (weights-only loading).
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from handx_gen.checkpoint import GeneratorConfig, save_checkpoint
from handx_gen.diffusion.denoiser import MotionDenoiser
from handx_gen.diffusion.schedule import noisy, training_levels
from handx_gen.errors import InputError
from training.configs import TrainConfig
from training.data.batch import Batch, Loader
from training.losses import loss_terms, total
from training.parallel import Workers

LOG_EVERY = 50


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


def hide_words(batch: Batch, config: TrainConfig, generator: torch.Generator) -> Batch:
    """Text augmentation: hide words of some prompts, blur all token states a little."""
    mask, states = batch.mask, batch.states
    some = torch.rand(len(mask), 1, generator=generator) < 1 / 3
    hidden = torch.rand(mask.shape, generator=generator) < config.drop_words
    kept = mask & ~(some & hidden)
    kept = torch.where(kept.any(1, keepdim=True), kept, mask)
    level = torch.rand(len(mask), 1, 1, generator=generator) * config.text_noise
    spread = states.std(-1, keepdim=True)
    states = states + level * spread * torch.randn(states.shape, generator=generator)
    return Batch(batch.x, batch.contact, states, kept, batch.branch)


@dataclass
class Run:
    """A training run in a folder: `config.json`, `log.jsonl`, `state.pt`, weights."""

    config: TrainConfig
    loader: Loader
    out: Path
    device: str = "cpu"

    def __post_init__(self) -> None:
        config = self.config
        self.workers = Workers(self.device)
        if config.batch % self.workers.count:
            raise InputError(
                "config", "batch",
                f"{config.batch} clips for {self.workers.count} processes",
                "start a number of processes that divides the batch",
            )  # fmt: skip
        torch.manual_seed(config.seed)
        self.model = MotionDenoiser(config.denoiser).to(self.device)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": config.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
        )
        self.average = Average(self.model, config.ema)
        self.step = 0
        self.seconds = 0.0

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        spent = self.seconds / (60 * self.config.minutes)
        return min(1.0, max(self.step / self.config.steps, spent))

    def rate(self) -> float:
        """Learning rate: linear warm-up, then half a cosine down to 1 %."""
        warm = min(1.0, (self.step + 1) / self.config.warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress))
        return self.config.learning_rate * warm * (0.01 + 0.99 * cosine)

    def shift(self) -> float:
        """Shift of the noise levels: high, falling late in the run."""
        config = self.config
        late = max(0.0, (self.progress - 1 + config.late) / config.late)
        return config.shift + (config.late_shift - config.shift) * late

    def _predict(self) -> Callable[..., tuple[Tensor, Tensor]]:
        def predict(x: Tensor, t: Tensor, batch: Batch, drop: Tensor):
            text = self.model.remember(batch.states, batch.mask, batch.branch, drop)
            return self.model(x, t, text)

        if not self.config.compile:
            return predict
        self.model.remember = torch.compile(self.model.remember)
        self.model.forward = torch.compile(self.model.forward)
        return predict

    def train(self) -> None:
        """Run until the budget is spent, saving every few minutes and at the end."""
        config = self.config
        predict = self._predict()
        saved = self.seconds
        terms: dict[str, Tensor] = {}
        started = time.monotonic()
        while self.progress < 1:
            generator = torch.Generator().manual_seed(
                hash((config.seed, self.step, self.workers.rank))
            )
            size = config.batch // self.workers.count
            batch = hide_words(self.loader.draw(size), config, generator)
            t = training_levels(size, self.shift(), generator)
            noise = torch.randn(batch.x.shape, generator=generator)
            drop = torch.rand(size, generator=generator) < config.drop_text
            batch = batch.to(self.device)
            t, noise, drop = (v.to(self.device) for v in (t, noise, drop))
            kind = self.device.split(":")[0]
            with torch.autocast(kind, torch.bfloat16):
                x_0, logits = predict(noisy(batch.x, noise, t), t, batch, drop)
            terms = loss_terms(x_0, logits, batch.x, batch.contact, t, self.loader.norm)
            loss = total(terms, config.loss)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            # Every process counts the same time, or they would stop at different steps.
            now = time.monotonic()
            self.seconds = self.workers.average(
                list(self.model.parameters()), self.seconds + now - started
            )
            started = now
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate()
            if torch.isfinite(norm):
                self.optimizer.step()
                self.average.update(self.model, self.step)
            self.step += 1
            done = self.progress >= 1
            first = self.workers.rank == 0
            if first and (self.step % LOG_EVERY == 0 or done):
                self._log(terms, float(loss.detach()), float(norm))
            if self.seconds - saved > 60 * config.save_minutes or done:
                if first:
                    self.save()
                self.loader.refresh()
                saved = self.seconds
        self.workers.close()

    def _log(self, terms: dict[str, Tensor], loss: float, norm: float) -> None:
        row: dict[str, Any] = {
            "step": self.step, "seconds": round(self.seconds, 1), "loss": loss,
            **{name: float(value.detach()) for name, value in terms.items()},
            "gradient": norm, "rate": self.rate(), "shift": self.shift(),
            "clips": self.loader.clips,
        }  # fmt: skip
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / "log.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        width = 24
        bar = "█" * round(width * self.progress)
        sys.stderr.write(
            f"\r{bar:░<{width}} {100 * self.progress:5.1f} %  step {self.step}  "
            f"loss {loss:.4f}  {self.seconds / self.step:.3f} s/step "
        )
        if self.progress >= 1:
            sys.stderr.write("\n")

    def generator_config(self) -> GeneratorConfig:
        """The config that travels with the weights."""
        config = self.config
        return GeneratorConfig(
            name=config.name,
            denoiser=asdict(config.denoiser),
            norm=self.loader.norm,
            encoder=config.encoder,
            trained={
                "steps": self.step,
                "minutes": round(self.seconds / 60, 1),
                "batch": config.batch,
                "clips": self.loader.clips,
                "seed": config.seed,
                "device": self.device,
                "data": "synthetic, made by handx_gen.procedural",
            },
        )

    def save(self) -> None:
        """Write the averaged weights and the state to resume from."""
        plain = MotionDenoiser(self.config.denoiser)
        plain.load_state_dict(self.average.weights)
        save_checkpoint(self.out, plain, self.generator_config())
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.weights,
            "step": self.step,
            "seconds": self.seconds,
        }
        partial = self.out / "state.partial"
        torch.save(state, partial)
        os.replace(partial, self.out / "state.pt")

    def resume(self, path: Path, restart: bool = False) -> None:
        """Go on from a `state.pt`.

        Args:
            path: The state.
            restart: Take the weights only and begin the budget anew.
        """
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.weights = {k: v.clone() for k, v in state["average"].items()}
        if not restart:
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]
