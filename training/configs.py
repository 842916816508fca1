"""Named training configurations; a run saves the one it used beside its weights."""

from dataclasses import dataclass, field

from handx_gen.diffusion.denoiser import DenoiserConfig
from training.losses import LossWeights


@dataclass(frozen=True)
class TrainConfig:
    """One run of the training loop."""

    denoiser: DenoiserConfig = field(default_factory=DenoiserConfig)
    loss: LossWeights = field(default_factory=LossWeights)
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
    weight_decay: float = 0.01
    bfloat16: bool = True
    """Compute in bfloat16; weights, gradients and their sums stay float32."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.999
    """Decay of the averaged weights per step."""
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
    """Compile the denoiser: a minute at the start, a quarter less time per step."""
    save_minutes: float = 3.0
    """Minutes between checkpoints."""


CONFIGS = {
    "smoke": TrainConfig(
        DenoiserConfig(width=32, depth=1, heads=2, patch=6),
        name="smoke", batch=8, steps=20, minutes=1, warmup=2,
    ),
    "cpu": TrainConfig(
        DenoiserConfig(width=192, depth=5, heads=6, patch=4), compile=True
    ),
    "gpu": TrainConfig(
        DenoiserConfig(width=384, depth=8, heads=6, patch=2),
        batch=512, minutes=25, learning_rate=6e-4, ema=0.9995, compile=True,
    ),
}  # fmt: skip
"""smoke: seconds, for tests. cpu: what `synth-v1` was trained with. gpu: 21M weights."""
