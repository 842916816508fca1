"""`handx train`: networks on stores of clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

if TYPE_CHECKING:
    from training.loop import Run

Preset = Literal[
    "cpu", "tiny", "small", "base", "large", "handx-4", "handx-8", "handx-12", "smoke"
]

HERE = ("model", "store", "estimate")
"""Options that are this command's alone."""


@dataclass(frozen=True)
class Train:
    """Train a diffusion model on a store, or on shards of synthetic clips.

    A store's captions are encoded first, once. The same command goes on with a run that
    was stopped or killed. Several processes: torchrun --nproc-per-node 2 -m handx train ….
    See docs/training.md.

      handx train diffusion --store store --out runs/mine --preset small --device cuda
      handx train diffusion --store data/synth-v1 --out runs/quick --minutes 60
      handx train diffusion --store store --out runs/mine --preset base --estimate
    """

    model: Annotated[
        tyro.conf.Positional[Literal["diffusion"]], tyro.conf.arg(metavar="MODEL")
    ]
    """What to train: diffusion."""
    store: Path
    """A store of `handx data import`, or a folder of `handx data synthesize`."""
    out: Path = Path("runs/diffusion")
    """Folder of the run: weights, config, log, state to go on from."""
    preset: Preset = "cpu"
    """Size: cpu, tiny, small, base, large; handx-*: the paper's networks."""
    init: str | None = None
    """Start from the weights of a shipped model or a checkpoint's folder."""
    minutes: float | None = None
    """Training time; the learning rate falls to its end."""
    steps: int | None = None
    """Training steps."""
    batch: int | None = None
    """Clips per step, of all processes together."""
    learning_rate: float | None = None
    """The highest learning rate."""
    validate: float | None = None
    """Minutes between scorings of sampled clips by the events they show."""
    encoder: str = "minilm"
    """Text encoder, for a store whose captions are not yet encoded."""
    seed: int = 0
    """Decides weights, order and noise."""
    device: str = "cpu"
    """Torch device: cpu, cuda, cuda:1."""
    threads: int = 1
    """CPU threads of each process."""
    compile: bool | None = None
    """Compile the network: a minute or two at the start, then faster; else the
    preset's."""
    estimate: bool = False
    """Measure a few steps, print hours and FLOPs, and stop."""

    def execute(self) -> int:
        """Train, or say what it would cost."""
        from handx.cli import console
        from handx_gen.errors import MissingExtra

        try:
            from training.session import Options, begin
        except ModuleNotFoundError as error:
            raise MissingExtra("training", "train", str(error.name)) from error

        given = {k: v for k, v in vars(self).items() if k not in HERE}
        with console.counting("making the data ready") as say:
            options = Options(self.store, **given)
            run = begin(options, lambda clips: say(f"{clips:,} clips"))
        if self.estimate:
            return self._tell_cost(run)
        terminal = console.console()
        if run.workers.rank == 0 and run.step:
            terminal.print(f"going on at step {run.step:,}")
        run.train()
        if run.workers.rank == 0:
            facts: list[tuple[str, object]] = [
                ("steps", f"{run.step:,} of {run.config.batch} clips"),
                ("time", f"{run.seconds / 60:.1f} min, {run.workers.count} processes"),
                ("checkpoint", self.out),
                ("next", f'handx generate "wave the right hand" --model {self.out}'),
            ]
            terminal.print(console.facts("trained", facts))
        return 0

    def _tell_cost(self, run: "Run") -> int:
        from handx.cli import console
        from training.cost import estimate

        cost = estimate(run)
        config = run.config
        facts: list[tuple[str, object]] = [
            ("weights", f"{cost.weights / 1e6:.1f} million"),
            ("clips", f"{cost.clips:,}"),
            ("a step", f"{cost.step_flops:.2e} FLOPs, {cost.step_seconds:.2f} s"),
            ("speed", f"{config.batch / cost.step_seconds:.0f} clips/s, not compiled"),
            ("steps", f"{cost.steps:,} (ends by {cost.ends_by})"),
            ("epochs", f"{cost.steps * config.batch / cost.clips:.1f}"),
            ("time", f"{cost.hours:.1f} h"),
            ("FLOPs", f"{cost.flops:.2e}"),
        ]
        console.console().print(console.facts(f"preset {self.preset}", facts))
        return 0
