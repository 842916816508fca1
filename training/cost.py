"""What a run costs: FLOPs counted, time measured on a few steps."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from training.loop import Run


def step_flops(run: "Run") -> int:
    """Floating-point operations of a step of all processes, forward and backward.

    Matrix products only, a multiplication and an addition as two, counted as they are
    done. Weights, optimiser and step number stay as they are.
    """
    with FlopCounterMode(display=False) as counter:
        loss, _ = run.loss()
        loss.backward()
    run.optimizer.zero_grad(set_to_none=True)
    return counter.get_total_flops() * run.workers.count


@dataclass(frozen=True)
class Estimate:
    """What a run will cost.

    Attributes:
        weights: Trained numbers of the network.
        clips: Clips in the store.
        step_flops: FLOPs of a step.
        step_seconds: Time of a step, measured without compiling.
        steps: Steps of the run.
        ends_by: "steps" or "minutes", whichever comes first.
    """

    weights: int
    clips: int
    step_flops: int
    step_seconds: float
    steps: int
    ends_by: str

    @property
    def hours(self) -> float:
        """Time of the run [h]."""
        return self.steps * self.step_seconds / 3600

    @property
    def flops(self) -> float:
        """FLOPs of the run."""
        return float(self.steps) * self.step_flops


def estimate(run: "Run", measured: int = 4) -> Estimate:
    """Take a few steps on a copy's gradients and scale up; nothing is changed.

    Args:
        run: Set up, not yet trained.
        measured: Steps to time, after one that is not.
    """
    config = run.config
    flops = step_flops(run)
    started = time.monotonic()
    for _ in range(measured):
        loss, _ = run.loss()
        loss.backward()
        float(loss.detach())  # a GPU has only been asked so far
        run.optimizer.zero_grad(set_to_none=True)
    seconds = (time.monotonic() - started) / measured
    steps, ends_by = config.steps, "steps"
    if config.minutes and 60 * config.minutes / seconds < steps:
        steps, ends_by = round(60 * config.minutes / seconds), "minutes"
    return Estimate(
        sum(p.numel() for p in run.model.parameters()),
        run.loader.clips, flops, seconds, steps, ends_by,
    )  # fmt: skip
