"""Named training presets; a run saves the one it used beside its weights."""

from dataclasses import dataclass, field, replace
from typing import Literal

from handx_gen.diffusion.denoiser import DenoiserConfig
from handx_gen.diffusion.paper.network import SIZES, PaperConfig
from training.losses import LossWeights
from training.presets.handx import PaperTraining


@dataclass(frozen=True)
class TrainConfig:
    """One run of the training loop."""

    denoiser: DenoiserConfig | PaperConfig = field(default_factory=DenoiserConfig)
    """Shapes of the network, the default one or the paper's."""
    loss: LossWeights | PaperTraining = field(default_factory=LossWeights)
    """Its loss, of the same make."""
    name: str = "synth-v1"
    encoder: str = "minilm"
    seed: int = 0
    batch: int = 64
    """Clips per step."""
    steps: int = 100_000
    """The run ends after this many steps …"""
    minutes: float | None = 60.0
    """… or this much training time, whichever comes first: the learning rate follows.

    None leaves the end to `steps`; only such a run can be repeated to the bit."""
    learning_rate: float = 1e-3
    warmup: int = 200
    """Steps of linear warm-up."""
    decay: Literal["cosine", "constant"] = "cosine"
    """How the learning rate goes on: half a cosine down to 1 %, or not at all."""
    weight_decay: float = 0.01
    """Of matrices only."""
    betas: tuple[float, float] = (0.9, 0.98)
    bfloat16: bool = True
    """Compute in bfloat16; weights, gradients and their sums stay float32."""
    clip: float | None = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.999
    """Decay of the averaged weights per step; 0 keeps the last weights."""
    drop_text: float = 0.1
    """Share of clips that see no text."""
    drop_words: float = 0.1
    """Share of the tokens hidden in a third of the prompts."""
    text_noise: float = 0.2
    """Noise on the token states, relative to their spread, at most."""
    show_nothing: float = 0.6
    """Share of clips of which no value is shown: they are learned from text alone."""
    shift: float = 4.0
    """Shift of the noise levels at the start …"""
    late_shift: float = 1.5
    """… and at the end; it falls during the last `late` of the run."""
    late: float = 0.45
    compile: bool = False
    """Compile the network: a minute or two at the start, a quarter less time per step."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""
    validate_minutes: float | None = None
    """Minutes between scorings of sampled clips; None leaves them out."""


def _paper(size: str) -> TrainConfig:
    """The paper's network as the paper trained it, its two mistakes mended.

    MiniLM's states stand in for T5's, normalised because their scale is another.
    """
    loss = PaperTraining()
    return TrainConfig(
        replace(SIZES[size], text_width=384, text_norm=True), loss,
        name=f"handx-{SIZES[size].layers}", batch=1536, minutes=None,
        learning_rate=loss.learning_rate, warmup=1, decay="constant",
        weight_decay=loss.weight_decay, betas=loss.betas, clip=loss.clip, ema=0.0,
        shift=loss.shift, late_shift=loss.shift,
    )  # fmt: skip


CONFIGS = {
    "smoke": TrainConfig(
        DenoiserConfig(width=32, depth=1, heads=2, patch=6),
        name="smoke", batch=8, steps=20, minutes=1, warmup=2,
    ),
    "cpu": TrainConfig(
        DenoiserConfig(width=192, depth=5, heads=6, patch=4), show_nothing=0.75,
        compile=True,
    ),
    "tiny": TrainConfig(
        DenoiserConfig(width=128, depth=4, heads=4, patch=4), name="tiny"
    ),
    "small": TrainConfig(
        DenoiserConfig(width=384, depth=8, heads=6, patch=2), name="small",
        batch=512, minutes=25, learning_rate=6e-4, ema=0.9995, compile=True,
    ),
    "base": TrainConfig(
        DenoiserConfig(width=768, depth=8, heads=12, patch=2), name="base",
        batch=512, minutes=240, learning_rate=3e-4, warmup=1000, ema=0.9999,
        compile=True,
    ),
    "large": TrainConfig(
        DenoiserConfig(width=1024, depth=16, heads=16, patch=1), name="large",
        batch=512, minutes=24 * 60, learning_rate=2e-4, warmup=2000, ema=0.9999,
        compile=True,
    ),
    "handx-4": _paper("layers4"),
    "handx-8": _paper("layers8"),
    "handx-12": _paper("layers12"),
}  # fmt: skip
"""smoke: seconds, for tests. cpu: what `synth-v1` was trained with. tiny to large: one
core to many GPUs. handx-*: the paper's three sizes."""
