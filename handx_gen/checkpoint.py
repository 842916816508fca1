"""A trained generator on disk: `model.safetensors` and `config.json` beside it.

`config.json` holds everything needed to use the weights: the shapes, the feature scale,
the text encoder, the sampler's defaults, and what the model was trained on.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handx_gen.errors import InputError, MissingExtra
from handx_gen.representation import FEATURES, WristRelative

if TYPE_CHECKING:
    from torch import Tensor

    from handx_gen.diffusion.denoiser import MotionDenoiser

SCHEMA_VERSION = 1
ASSETS = Path(__file__).parent / "assets"
"""Where shipped checkpoints are, one folder each."""


@dataclass(frozen=True)
class GeneratorConfig:
    """What `config.json` says.

    Attributes:
        name: The model's name.
        denoiser: Fields of `DenoiserConfig`.
        norm: Scale of the features.
        encoder: Name of the text encoder (`handx_gen.text.load_encoder`).
        fps: Frames per second of what it makes [Hz].
        centre: Where the mean wrist midpoint is placed [m].
        steps: Sampling steps.
        shift: Shift of the sampling steps.
        guidance: Weight of classifier-free guidance; 1 is none.
        trained: What it was trained on and for how long.
        schema_version: Of this file.
    """

    name: str
    denoiser: dict[str, int]
    norm: WristRelative
    encoder: str = "minilm"
    fps: float = 30.0
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    steps: int = 10
    shift: float = 3.0
    guidance: float = 1.0
    trained: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def save(self, folder: Path) -> Path:
        """Write `config.json` into the folder."""
        path = folder / "config.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        return partial.replace(path)

    @classmethod
    def load(cls, folder: Path) -> "GeneratorConfig":
        """Read `config.json` of a checkpoint folder.

        Raises:
            InputError: Not there, not JSON, a field missing, unknown or of a wrong type.
        """
        path = folder / "config.json"
        fix = "give the folder of a checkpoint of handx_gen, or train one"
        try:
            content = json.loads(path.read_text())
        except OSError as error:
            raise InputError(path, "", "cannot be read", fix) from error
        except ValueError as error:
            raise InputError(path, "", f"not JSON ({error})", fix) from error
        if not isinstance(content, dict):
            raise InputError(path, "", "not a JSON object", fix)
        if content.get("schema_version") != SCHEMA_VERSION:
            raise InputError(
                path, "schema_version",
                f"{content.get('schema_version')!r}, this version reads {SCHEMA_VERSION}",
                fix,
            )  # fmt: skip
        known = {f.name for f in fields(cls)}
        for name in sorted(set(content) ^ known):
            word = "unknown" if name in content else "missing"
            raise InputError(path, name, word, fix)
        try:
            content["norm"] = WristRelative(**content["norm"])
            mean = tuple(float(m) for m in content["norm"].mean)
            content["norm"] = replace(content["norm"], mean=mean)
            scale = content["norm"].wrist_std, content["norm"].articulation_std
            if len(mean) != FEATURES or not min(scale) > 0:
                raise ValueError(f"{len(mean)} means, scales {scale}")
            content["centre"] = tuple(float(c) for c in content["centre"])
            content["denoiser"] = {k: int(v) for k, v in content["denoiser"].items()}
            if int(content["steps"]) < 1 or not float(content["fps"]) > 0:
                raise ValueError("steps and fps must be positive")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise InputError(path, "", f"a field is wrong: {error}", fix) from error
        return cls(**content)


def save_checkpoint(
    folder: str | Path,
    denoiser: "MotionDenoiser",
    config: GeneratorConfig,
    half: bool = False,
) -> Path:
    """Write weights and config.

    Args:
        folder: Made where missing.
        denoiser: The model.
        config: What to say about it.
        half: Store bfloat16, half the size.
    """
    import torch
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dtype = torch.bfloat16 if half else torch.float32
    weights = {
        k: v.detach().to("cpu", dtype).contiguous()
        for k, v in denoiser.state_dict().items()
    }
    partial = folder / "model.partial"
    save_file(weights, partial, metadata={"format": "pt", "name": config.name})
    partial.chmod(0o644)  # safetensors writes files that only their owner can read
    os.replace(partial, folder / "model.safetensors")
    config.save(folder)
    return folder


def check_weights(
    weights: "dict[str, Tensor]",
    expected: "dict[str, Tensor]",
    path: Path,
    who: str,
    fix: str,
) -> None:
    """Refuse weights that are not exactly those of a network.

    Args:
        weights: Read from a file.
        expected: The network's own, of the right names and shapes.
        path: The file, for messages.
        who: Who asks for the shapes, e.g. "config.json asks for".
        fix: What to do about it.

    Raises:
        InputError: A weight is missing, unknown, of a wrong shape, no floating-point
            numbers or not finite.
    """
    for name in sorted(set(weights) ^ set(expected)):
        word = "unknown" if name in weights else "missing"
        raise InputError(path, name, f"{word} weight", fix)
    for name, value in weights.items():
        wanted = tuple(expected[name].shape)
        if tuple(value.shape) != wanted:
            problem = f"shape {tuple(value.shape)}, {who} {wanted}"
            raise InputError(path, name, problem, fix)
        if not value.is_floating_point() or not value.isfinite().all():
            raise InputError(path, name, "NaN, infinite or not numbers", fix)


def load_checkpoint(
    folder: str | Path, device: str = "cpu"
) -> tuple["MotionDenoiser", GeneratorConfig]:
    """Read a checkpoint, in float32 and eval mode.

    Raises:
        InputError: A file is missing or damaged, a weight has the wrong shape or is not
            finite.
        MissingExtra: torch or safetensors is not installed.
    """
    folder = Path(folder)
    config = GeneratorConfig.load(folder)
    try:
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from handx_gen.diffusion.denoiser import (
            ADDED_LATER,
            DenoiserConfig,
            MotionDenoiser,
        )
    except ImportError as error:
        raise MissingExtra("the network", "gen", str(error.name)) from error
    path = folder / "model.safetensors"
    fix = "fetch the checkpoint again"
    if not path.is_file():
        raise InputError(path, "", "not found", fix)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(path, "", f"damaged ({error})", fix) from error
    try:
        denoiser = MotionDenoiser(DenoiserConfig(**config.denoiser))
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise InputError(folder / "config.json", "denoiser", f"{error}", fix) from error
    expected = denoiser.state_dict()
    for name in set(ADDED_LATER) & set(expected) - set(weights):
        weights[name] = torch.zeros_like(expected[name])
    check_weights(weights, expected, path, "config.json asks for", fix)
    denoiser.load_state_dict({k: v.float() for k, v in weights.items()})
    return denoiser.eval().requires_grad_(False).to(device), config
