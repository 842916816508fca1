"""`generate()`: a plan in, motions out, by the network or by the procedural mode."""

from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handx_gen.abstention import DRAWS, Abstention, agreement
from handx_gen.checkpoint import ASSETS, GeneratorConfig, load_checkpoint
from handx_gen.errors import HandxError, InputError
from handx_gen.kinematics.descriptors import hand_signals
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan, Prompt

if TYPE_CHECKING:
    from torch import Tensor

    from handx_gen.control import Constraints
    from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
    from handx_gen.diffusion.paper.generator import PaperGenerator
    from handx_gen.text import TextEncoder

DEFAULT_NETWORK = "synth-v1"
TRANSITION = 0.4
"""Time from the end of one segment to the start of the next [s]."""
EASY_RATE = 4.0
"""How fast a finger joint bends at ease [rad/s]."""
MAX_EASE = 2.5
"""A clip is slowed by at most this to be at ease."""
SEGMENT_SEED = 1009
"""Between the seeds of a plan's segments."""


def available_models() -> tuple[str, ...]:
    """Names that `generate(model=…)` takes, besides "auto" and a checkpoint's folder."""
    shipped = sorted(p.parent.name for p in ASSETS.glob("*/model.safetensors"))
    return ("program", *shipped)


class Generator:
    """A trained network with its text encoder.

    Args:
        denoiser: The network.
        config: What its checkpoint says.
        encoder: The text encoder named there.
        device: Torch device of the network.
        abstention: How sure it is of knowing a request, where that was calibrated.
    """

    def __init__(
        self,
        denoiser: "MotionDenoiser",
        config: GeneratorConfig,
        encoder: "TextEncoder",
        device: str = "cpu",
        abstention: Abstention | None = None,
    ) -> None:
        if encoder.width != config.denoiser["text_width"]:
            raise InputError(
                config.name, "encoder",
                f"{encoder.name} gives {encoder.width} channels, the network reads "
                f"{config.denoiser['text_width']}", f"use {config.encoder}",
            )  # fmt: skip
        self.denoiser, self.config = denoiser, config
        self.encoder, self.device = encoder, device
        self.abstention = abstention

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> "Generator":
        """A checkpoint folder with the encoder that it names.

        Raises:
            InputError: The checkpoint cannot be used.
            MissingEncoder: The encoder's files are not here.
            MissingExtra: torch or transformers is not installed.
        """
        denoiser, config = load_checkpoint(folder, device)
        from handx_gen.text import load_encoder

        encoder = load_encoder(config.encoder)
        return cls(denoiser, config, encoder, device, Abstention.load(Path(folder)))

    def read(self, prompts: list[Prompt]) -> "tuple[TextMemory, TextMemory | None]":
        """Encode prompts for the network; and, if it is guided, without their text."""
        import torch

        from handx_gen.text import encode_prompts

        encoded = encode_prompts(self.encoder, prompts)
        states, mask, branch = (
            torch.from_numpy(a).to(self.device)
            for a in (encoded.states, encoded.mask, encoded.branch)
        )
        with torch.inference_mode():
            remember = self.denoiser.remember
            text = remember(states, mask, branch)
            if self.config.guidance == 1:
                return text, None
            drop = torch.ones(len(states), dtype=torch.bool, device=self.device)
            return text, remember(states, mask, branch, drop)

    def features(
        self, prompts: list[Prompt], seeds: list[int]
    ) -> "tuple[Tensor, Tensor]":
        """Sampled features (B, 2, T, 63) and contact probabilities (B, T, pairs)."""
        from handx_gen.diffusion.guidance import classifier_free
        from handx_gen.diffusion.sampler import draw_noise, sample

        config = self.config
        text, null = self.read(prompts)
        noise = draw_noise(seeds, config.denoiser["frames"], self.device)
        adjust = None
        if null is not None:
            adjust = classifier_free(self.denoiser, null, config.guidance)
        return sample(self.denoiser, text, noise, config.steps, config.shift, adjust)

    def clips(self, prompts: list[Prompt], seeds: list[int]) -> np.ndarray:
        """Clips of the network's own length, (B, T, 2, 21, 3) [m].

        Args:
            prompts: B prompts.
            seeds: B seeds.

        Raises:
            InputError: The network gave numbers that are not finite.
        """
        from handx_gen.diffusion.finish import finish

        x_0, contact = (value.cpu().numpy() for value in self.features(prompts, seeds))
        if not np.isfinite(x_0).all():
            raise InputError(
                self.config.name,
                "weights",
                "they give NaN",
                "fetch the checkpoint again",
            )
        joints = self.config.norm.unpack(
            x_0, np.tile(self.config.centre, (len(x_0), 1))
        )
        clips = [finish(j.astype(float), c) for j, c in zip(joints, contact)]
        return np.stack(clips).astype(np.float32)

    def motion(self, plan: Plan, seed: int) -> BimanualMotion:
        """One motion for a plan; segments without a length are played at ease."""
        return self.motions(plan, [seed])[0]

    def motions(self, plan: Plan, seeds: list[int]) -> list[BimanualMotion]:
        """A motion per seed, each as `motion` would draw it alone.

        One segment is a clip, played at its length. Several are drawn together, in
        windows that overlap and agree there at every step (`control.draw`).
        """
        if len(plan.segments) > 1:
            return [self._together(plan, seed) for seed in seeds]
        prompts = [segment.prompt for segment in plan.segments]
        clips = self.clips(prompts * len(seeds), seeds)
        return [
            self._played(plan, clip[None], seed)
            for clip, seed in zip(clips, seeds, strict=True)
        ]

    def _together(self, plan: Plan, seed: int) -> BimanualMotion:
        """Several segments as one motion; those without a length take a clip's own.

        If none says how long it is, the whole is played at ease: windows that are
        stretched before they are drawn follow their words less well.
        """
        from handx_gen.control import Constraints
        from handx_gen.control.draw import draw
        from handx_gen.control.timing import easy_frames

        fps, clip = self.config.fps, self.config.denoiser["frames"]
        wanted = Constraints(easy_frames(plan, clip, fps), fps=fps)
        motion = draw(self, plan, wanted, [seed])[0]
        if any(segment.seconds for segment in plan.segments):
            return motion
        seconds = easy_seconds(motion.joints, fps)
        joints = _stretched(motion.joints, seconds, fps)
        rate = len(joints) / len(motion)
        parts = [
            {**part, **{edge: round(part[edge] * rate) for edge in ("start", "stop")}}
            for part in motion.provenance["segments"]
        ]
        return BimanualMotion(
            joints, fps, provenance={**motion.provenance, "segments": parts}
        )

    def known(self, plan: Plan, seed: int) -> float | None:
        """Chance that a plan is one that the network knows; its least known segment's.

        None where it was never calibrated (`training.evaluation.abstention`).
        """
        if self.abstention is None:
            return None
        chances = []
        for segment in plan.segments:
            seeds = [seed + k for k in range(DRAWS)]
            clips = self.clips([segment.prompt] * DRAWS, seeds)
            agreed = agreement([BimanualMotion(c, self.config.fps) for c in clips])
            texts = [segment.prompt.text]
            likeness = float(self.abstention.likeness(self.encoder, texts)[0])
            chances.append(self.abstention.known(likeness, agreed))
        return min(chances)

    def _played(self, plan: Plan, clips: np.ndarray, seed: int) -> BimanualMotion:
        config = self.config
        about = {
            "text": plan.text,
            "model": config.name,
            "seed": seed,
            "steps": config.steps,
            "source": "network trained on synthetic motion",
        }
        return played(plan, clips, config.fps, about)


def played(
    plan: Plan, clips: np.ndarray, fps: float, provenance: dict[str, Any]
) -> BimanualMotion:
    """A plan's clips at their lengths, one after another.

    Args:
        plan: Segments without a length are played at ease.
        clips: One per segment, (segments, T, 2, 21, 3) [m].
        fps: Their rate [Hz].
        provenance: Of the motion.
    """
    parts = [
        _stretched(clip, segment.seconds or easy_seconds(clip, fps), fps)
        for clip, segment in zip(clips, plan.segments, strict=True)
    ]
    return BimanualMotion(_joined(parts, fps), fps, provenance=provenance)


def easy_seconds(clip: np.ndarray, fps: float) -> float:
    """How long a clip takes when no finger joint is hurried, at least its own length.

    The network draws every request into the same two seconds; a long one is hurried
    there, as it was in training. Played so that the fastest finger joint bends at
    `EASY_RATE`, it takes about the time the procedural mode would.

    Args:
        clip: (T, 2, 21, 3) [m].
        fps: Its rate [Hz].
    """
    bends = np.concatenate(
        [hand_signals(clip[:, s], s).flexion.reshape(len(clip), -1) for s in (0, 1)], 1
    )
    # Over two frames, and not the very fastest: one jittery frame sets no pace.
    rates = np.radians(np.abs(bends[2:] - bends[:-2])).max(1) * fps / 2
    hurry = float(np.quantile(rates, 0.98)) / EASY_RATE
    return (len(clip) - 1) / fps * min(max(hurry, 1.0), MAX_EASE)


def _stretched(clip: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """A clip played in `seconds`, (T', 2, 21, 3); cubic between its frames."""
    from handx_gen.hand_model import project

    frames = max(2, round(seconds * fps) + 1)
    if frames == len(clip):
        return clip
    query = np.linspace(0, len(clip) - 1, frames)
    low = np.minimum(query.astype(int), len(clip) - 2)
    s = (query - low)[:, None, None, None]
    slope = np.gradient(clip, axis=0)
    played = (
        (2 * s**3 - 3 * s**2 + 1) * clip[low]
        + (s**3 - 2 * s**2 + s) * slope[low]
        + (3 * s**2 - 2 * s**3) * clip[low + 1]
        + (s**3 - s**2) * slope[low + 1]
    )
    return project(played).astype(np.float32)


def _joined(parts: list[np.ndarray], fps: float) -> np.ndarray:
    """Segments one after another, with minimum-jerk passages between them."""
    from handx_gen.hand_model import project

    if len(parts) == 1:
        return parts[0]
    s = np.linspace(0, 1, round(TRANSITION * fps) + 1)[1:-1]
    ease = (10 * s**3 - 15 * s**4 + 6 * s**5)[:, None, None, None]
    pieces = [parts[0]]
    for part in parts[1:]:
        pieces += [pieces[-1][-1] * (1 - ease) + part[0] * ease, part]
    return project(np.concatenate(pieces)).astype(np.float32)


@lru_cache(maxsize=2)
def load_generator(model: str = DEFAULT_NETWORK, device: str = "cpu") -> Generator:
    """A network by its shipped name or its checkpoint's folder; loaded once.

    Raises:
        InputError: No such model (lists the choices), or an unusable checkpoint.
        MissingEncoder: Its text encoder is not here.
        MissingExtra: torch or transformers is not installed.
    """
    folder = ASSETS / model if model in available_models() else Path(model)
    if not folder.is_dir():
        choices = ", ".join(available_models())
        raise InputError(
            "model", "", f"{model!r} is not known",
            f"one of auto, {choices}, or the folder of a checkpoint",
        )  # fmt: skip
    return Generator.load(folder, device)


def _named(model: str, device: str) -> "Generator | PaperGenerator":
    """The default network or the paper's, whichever a checkpoint's folder holds."""
    paper = any((Path(model) / name).is_file() for name in ("paper.json", "model.pt"))
    return _paper(model, device) if paper else load_generator(model, device)


@lru_cache(maxsize=1)
def _paper(folder: str, device: str) -> "PaperGenerator":
    from handx_gen.diffusion.paper.generator import PaperGenerator

    return PaperGenerator.load(folder, device=device)


def generate(
    plan: Plan,
    model: str = "auto",
    seed: int = 0,
    samples: int = 1,
    device: str = "cpu",
    constraints: "Constraints | None" = None,
) -> list[BimanualMotion]:
    """Make motions for a plan.

    Args:
        plan: What is asked.
        model: "program" (rules and inverse kinematics), the name of a shipped network,
            the folder of a checkpoint, or "auto": the shipped network where it and its
            text encoder are installed, else "program", with the reason under
            `provenance["warning"]`. A folder with the paper's released weights, or with
            ones of that make, will do as well.
        seed: Sample i uses seed + i.
        samples: How many motions.
        device: Torch device of a network.
        constraints: What the motions must hold, and how long they are; None for freely
            drawn ones.

    Raises:
        InputError: Unknown model, unusable checkpoint, a plan that cannot be made, or
            constraints that cannot hold together.
        MissingEncoder: The network was asked for by name and its encoder is not here.
        MissingExtra: The network was asked for by name and torch is not installed.
    """
    seeds = [seed + i for i in range(samples)]
    if model == "program":
        return [_perform(plan, s, constraints) for s in seeds]
    if model != "auto":
        return _motions(_named(model, device), plan, seeds, constraints)
    try:
        if find_spec("torch") is None or find_spec("transformers") is None:
            raise HandxError("torch or transformers is not installed")
        generator = load_generator(DEFAULT_NETWORK, device)
    except HandxError as error:
        warning = f"made by the procedural mode: {error}"
        return [_warned(_perform(plan, s, constraints), warning) for s in seeds]
    return _motions(generator, plan, seeds, constraints)


def _motions(
    generator: "Generator | PaperGenerator",
    plan: Plan,
    seeds: list[int],
    constraints: "Constraints | None",
) -> list[BimanualMotion]:
    if constraints is None:
        return generator.motions(plan, seeds)
    from handx_gen.control.draw import draw, performed

    if isinstance(generator, Generator):
        return draw(generator, plan, constraints, seeds)
    free = generator.motions(plan, seeds)
    return [performed(motion, plan, constraints) for motion in free]


def _perform(
    plan: Plan, seed: int, constraints: "Constraints | None" = None
) -> BimanualMotion:
    from handx_gen.procedural import perform

    motion = perform(plan, seed=seed)
    if constraints is None:
        return motion
    from handx_gen.control.draw import performed

    return performed(motion, plan, constraints)


def _warned(motion: BimanualMotion, warning: str) -> BimanualMotion:
    provenance: dict[str, Any] = {**motion.provenance, "warning": warning}
    return replace(motion, provenance=provenance)
