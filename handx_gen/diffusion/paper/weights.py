"""Reading the weights that the paper's authors released.

A released checkpoint is a torch archive {"state_dict": {name: tensor}}, with the frozen T5
left out; names and shapes of the three sizes are in `weights.json`. Nothing in a file is
executed: archives are read with weights only, and every weight is checked before one is
used.
"""

import json
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np

from handx_gen.checkpoint import check_weights
from handx_gen.errors import InputError, MissingExtra
from handx_gen.representation.handx168 import Handx168

if TYPE_CHECKING:
    from torch import Tensor

    from handx_gen.diffusion.paper.network import PaperConfig, PaperDenoiser

TABLE = Path(__file__).with_name("weights.json")

TEXT_ENCODER = "_text_model."
"""Weights under this prefix are T5's and are not read."""

PARALLEL = "module."
"""Prefix of every name in a file that was written by a run on several GPUs."""

FIX = "give model.pt of one of the folders layers4, layers8, layers12, downloaded whole"


@cache
def released_shapes() -> dict[str, dict[str, tuple[int, ...]]]:
    """Size → name → shape of the released checkpoints."""
    table = json.loads(TABLE.read_text())
    return {
        size: {name: tuple(shape) for name, shape in names.items()}
        for size, names in table.items()
    }


def size_name(shapes: dict[str, tuple[int, ...]]) -> str:
    """Which released size has these names and shapes; "other" if none."""
    for size, expected in released_shapes().items():
        if shapes == expected:
            return size
    return "other"


def read_state(path: Path) -> "dict[str, Tensor]":
    """The named weights of a file, T5's left out.

    Args:
        path: A torch archive, with or without a "state_dict" around the weights, or a
            safetensors file.

    Raises:
        InputError: It cannot be read, or holds something else.
        MissingExtra: torch or safetensors is not installed.
    """
    try:
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingExtra("the paper's network", "gen", str(error.name)) from error
    if not path.is_file():
        raise InputError(path, "", "not found", FIX)
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise InputError(path, "", "not a file of weights alone", FIX) from error
    except (RuntimeError, EOFError, OSError, ValueError, SafetensorError) as error:
        raise InputError(path, "", "damaged or cut short", FIX) from error
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor)
        for name, value in state.items()
    ):
        raise InputError(path, "state_dict", "not a table of named weights", FIX)
    plain = {name.removeprefix(PARALLEL): value for name, value in state.items()}
    return {k: v for k, v in plain.items() if not k.startswith(TEXT_ENCODER)}


def config_of(path: Path, state: "dict[str, Tensor]", heads: int) -> "PaperConfig":
    """The shapes that a file's weights are made for.

    Raises:
        InputError: A weight that decides a shape is missing, or has another rank.
    """
    from handx_gen.diffusion.paper.network import PaperConfig

    def shape(name: str, rank: int) -> tuple[int, ...]:
        if name not in state:
            raise InputError(path, name, "missing weight", FIX)
        found = tuple(state[name].shape)
        if len(found) != rank:
            raise InputError(path, name, f"shape {found}, not {rank} axes", FIX)
        return found

    width, features = shape("input_process.pose_embedding.weight", 2)
    feedforward, _ = shape("seq_trans_decoder.layers.0.linear1.weight", 2)
    numbers = [
        int(part)
        for name in state
        if name.startswith("seq_trans_decoder.layers.")
        and (part := name.split(".")[2]).isdigit()
    ]
    if width % heads:
        raise InputError(path, "heads", f"{heads} heads do not divide {width} channels")
    return PaperConfig(
        layers=max(numbers) + 1,
        width=width,
        heads=heads,
        feedforward=feedforward,
        text_width=shape("text_embedding_project.weight", 2)[1],
        features=features,
        positions=shape("embed_timestep.positional_encode", 2)[0],
    )


def load_paper_checkpoint(
    path: str | Path, device: str = "cpu", heads: int = 4, text_norm: bool = False
) -> "PaperDenoiser":
    """The paper's network with the weights of a released file, in eval mode.

    Args:
        path: `model.pt` as released; any size of the same make.
        device: Torch device.
        heads: Attention heads, which the weights do not tell; all released sizes have 4.
        text_norm: `PaperConfig.text_norm`, which they do not tell either.

    Raises:
        InputError: The file is missing, damaged or something else; a weight is missing,
            unknown, of a wrong shape or not finite.
        MissingExtra: torch or safetensors is not installed.
    """
    path = Path(path)
    state = read_state(path)
    from dataclasses import replace

    import torch

    from handx_gen.diffusion.paper.network import PaperDenoiser

    config = replace(config_of(path, state, heads), text_norm=text_norm)
    with torch.device("meta"):
        expected = PaperDenoiser(config).state_dict()
    check_weights(state, expected, path, "the others ask for", FIX)
    denoiser = PaperDenoiser(config)
    denoiser.load_state_dict({k: v.float() for k, v in state.items()})
    return denoiser.eval().requires_grad_(False).to(device)


def load_normalisation(folder: str | Path) -> Handx168:
    """The statistics that released weights go with: `mean.npy`, `std.npy`, (42, 4) each.

    They were made with the official wrapping of the rotation scalar.

    Raises:
        InputError: A file is missing, damaged or of a wrong shape.
    """
    values = {}
    for name in ("mean", "std"):
        file = Path(folder) / f"{name}.npy"
        fix = "give the folder mean_std_joint_pos_w_scalar_rot of the released data"
        try:
            array = np.load(file, allow_pickle=False)
        except OSError as error:
            raise InputError(file, "", "cannot be read", fix) from error
        except ValueError as error:
            raise InputError(file, "", "not an array of numbers", fix) from error
        if array.shape != (42, 4):
            raise InputError(file, "", f"shape {array.shape}, not (42, 4)", fix)
        values[name] = tuple(array.astype(float).ravel().tolist())
    return Handx168(**values, official_wrapping=True)
