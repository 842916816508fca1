"""MANO parameters ↔ joints, meshes and motions (needs the extra `mano`: torch, smplx).

Inside the project a finger pose is always relative to the *flat* hand; data sets that keep
offsets from MANO's mean pose are converted where they are read (`ManoModel.pose`). The
linear blend skinning is smplx's.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError, MissingExtra
from handx_gen.mano_file import (
    JOINTS,
    PARENTS,
    SHAPES,
    ManoModel,
    load_mano,
    model_path,
)
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES

SCHEMA_VERSION = 1

TIP_VERTICES = (744, 320, 443, 554, 671)
"""Tips thumb, index, middle, ring, pinky: smplx's `vertex_ids["mano"]`."""

PAPER_TIP_VERTICES = (745, 333, 444, 555, 672)
"""Those of the HandX paper's ARCTIC script, a few millimetres from smplx's."""

FRAMES_AT_ONCE = 2048
"""Full meshes are skinned in pieces of this many frames (1.5 kB per vertex)."""


@dataclass(frozen=True, eq=False)
class ManoHand:
    """One hand's MANO parameters over time.

    Attributes:
        side: "left" or "right".
        betas: (10,) shape; also (T, 10) where a data set lets it vary.
        global_orient: (T, 3) axis-angle [rad], about the wrist joint.
        hand_pose: (T, 45) axis-angle [rad], relative to the flat hand.
        transl: (T, 3) [m], added last: the wrist joint is not at `transl`.

    Raises:
        InputError: Wrong shapes, NaN, or no frame.
    """

    side: str
    betas: np.ndarray
    global_orient: np.ndarray
    hand_pose: np.ndarray
    transl: np.ndarray

    def __post_init__(self) -> None:
        frames = len(self.global_orient)
        shapes = {"global_orient": 3, "hand_pose": 45, "transl": 3}
        for name in ("betas", *shapes):
            value = npz.frozen(getattr(self, name), float)
            wanted = {(frames, shapes.get(name, SHAPES))}
            if name == "betas":
                wanted.add((SHAPES,))
            if frames == 0 or value.shape not in wanted:
                raise InputError(
                    f"{self.side} hand", name, f"shape {value.shape}, expected "
                    f"{sorted(wanted)[-1]} with at least one frame",
                )  # fmt: skip
            if not np.isfinite(value).all():
                raise InputError(f"{self.side} hand", name, "NaN or infinity")
            object.__setattr__(self, name, value)
        if self.side not in SIDES:
            raise InputError("hand", "side", repr(self.side), "left or right")

    def __len__(self) -> int:
        return len(self.global_orient)


@dataclass(frozen=True, eq=False)
class ManoMotion:
    """Both hands' MANO parameters over time; a hand that is not there is None.

    Attributes:
        left, right: The hands.
        fps: Frames per second [Hz].
        provenance: Where it came from, and how closely it fits (see `fit_motion`).

    Raises:
        InputError: No hand, hands of different length or on the wrong side, bad rate.
    """

    left: ManoHand | None
    right: ManoHand | None
    fps: float = 30.0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hands = self.hands
        if not hands or len({len(hand) for hand in hands.values()}) > 1:
            raise InputError("MANO motion", "", "no hand, or hands of different length")
        for side, hand in hands.items():
            if hand.side != side:
                raise InputError("MANO motion", side, f"holds a {hand.side} hand")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise InputError("MANO motion", "fps", f"{self.fps}", "a positive rate")

    @property
    def hands(self) -> dict[str, ManoHand]:
        """The hands that are there, by side."""
        pairs = zip(SIDES, (self.left, self.right))
        return {side: hand for side, hand in pairs if hand is not None}

    def motion(self, folder: str | Path | None = None) -> BimanualMotion:
        """The joints, in the frame of the parameters.

        Args:
            folder: Of the model files, see `load_mano`.
        """
        frames = len(next(iter(self.hands.values())))
        positions = np.zeros((frames, 2, 21, 3))
        for side, hand in self.hands.items():
            positions[:, SIDES.index(side)] = joints(hand, load_mano(side, folder))
        present = np.array([side in self.hands for side in SIDES])
        return BimanualMotion(positions, self.fps, present, self.provenance)

    def save(self, path: str | Path) -> Path:
        """Write an `.npz`: `left_betas`, `left_global_orient`, …, `fps`."""
        names = ("betas", "global_orient", "hand_pose", "transl")
        arrays = {
            f"{side}_{name}": getattr(hand, name)
            for side, hand in self.hands.items()
            for name in names
        }
        text = {"provenance": dict(self.provenance)}
        return npz.save(path, SCHEMA_VERSION, {**arrays, "fps": self.fps}, text)

    @classmethod
    def load(cls, path: str | Path) -> "ManoMotion":
        """Read what `save` wrote.

        Raises:
            InputError: Missing, damaged, or the values are impossible.
        """
        reader = npz.Reader(path, "MANO motion", SCHEMA_VERSION)
        hands = {
            side: ManoHand(
                side,
                *(
                    reader.array(f"{side}_{name}")
                    for name in ("betas", "global_orient", "hand_pose", "transl")
                ),
            )
            for side in SIDES
            if f"{side}_betas" in reader
        }
        fps, provenance = reader.array("fps", 0), reader.json("provenance", {})
        return cls(hands.get("left"), hands.get("right"), float(fps), provenance)


def joints(
    hand: ManoHand, model: ManoModel, tips: tuple[int, ...] = TIP_VERTICES
) -> np.ndarray:
    """(T, 21, 3) joints [m] in HandX order: MANO's 16, then five tip vertices.

    Args:
        hand: The parameters.
        model: Of the same side.
        tips: Vertices taken for the tips, thumb to pinky.

    Raises:
        MissingExtra: torch or smplx is not installed.
    """
    return Skin.of_joints(model, tips).place(hand)


def vertices(hand: ManoHand, model: ManoModel) -> np.ndarray:
    """(T, 778, 3) vertices [m] of the hand's surface; triangles are `model.f`.

    Raises:
        MissingExtra: torch or smplx is not installed.
    """
    return Skin.of_surface(model).place(hand)


class Skin:
    """Points that ride on the MANO skeleton, skinned by smplx.

    Args:
        v_template: (V, 3) rest points [m].
        shapedirs: (V, 3, 10), posedirs: (V, 3, 135), weights: (V, 16), J_regressor:
            (16, V), as in MANO.
        dtype: Name of the torch type.
    """

    def __init__(
        self,
        v_template: np.ndarray,
        shapedirs: np.ndarray,
        posedirs: np.ndarray,
        weights: np.ndarray,
        J_regressor: np.ndarray,
        dtype: str = "float64",
    ) -> None:
        torch, self._lbs = _smplx()
        self.dtype = getattr(torch, dtype)
        flat = posedirs.reshape(-1, posedirs.shape[-1]).T
        values = (v_template, shapedirs, flat, J_regressor)
        self.arrays = [torch.tensor(np.array(v), dtype=self.dtype) for v in values]
        self.parents = torch.tensor(PARENTS)
        self.weights = torch.tensor(np.array(weights), dtype=self.dtype)

    @classmethod
    def of_surface(cls, model: ManoModel) -> "Skin":
        """All 778 vertices."""
        return cls(
            model.v_template, model.shapedirs, model.posedirs, model.weights,
            model.J_regressor, "float32",
        )  # fmt: skip

    @classmethod
    def of_joints(
        cls, model: ManoModel, tips: tuple[int, ...] = TIP_VERTICES
    ) -> "Skin":
        """The 21 joints only, exact and 37 times smaller.

        A joint is a point that its own bone carries and that no pose deforms.
        """
        regress, chosen = model.J_regressor, list(tips)
        moved = model.posedirs[chosen]
        return cls(
            np.concatenate([regress @ model.v_template, model.v_template[chosen]]),
            np.concatenate(
                [
                    np.einsum("jv,vck->jck", regress, model.shapedirs),
                    model.shapedirs[chosen],
                ]
            ),
            np.concatenate([np.zeros((JOINTS, *moved.shape[1:])), moved]),
            np.concatenate([np.eye(JOINTS), model.weights[chosen]]),
            np.eye(JOINTS, JOINTS + len(chosen)),
        )

    def __call__(self, betas: Any, pose: Any) -> Any:
        """Tensors (B, 10) and (B, 48) [rad] → points (B, V, 3) [m], before `transl`."""
        rest, shapedirs, posedirs, regress = self.arrays
        points, _ = self._lbs(
            betas, pose, rest[None], shapedirs, posedirs, regress, self.parents,
            self.weights,
        )  # fmt: skip
        return points

    def place(self, hand: ManoHand) -> np.ndarray:
        """(T, V, 3) points [m] of a hand."""
        import torch

        pose = np.concatenate([hand.global_orient, hand.hand_pose], 1)
        betas = np.broadcast_to(hand.betas, (len(hand), SHAPES))
        parts = []
        with torch.no_grad():
            for start in range(0, len(hand), FRAMES_AT_ONCE):
                part = slice(start, start + FRAMES_AT_ONCE)
                points = self(
                    torch.tensor(betas[part], dtype=self.dtype),
                    torch.tensor(pose[part], dtype=self.dtype),
                )
                parts.append(points.numpy() + hand.transl[part, None])
        return np.concatenate(parts)


def require(folder: str | Path | None = None) -> None:
    """Fail now rather than for every file: are both model files and smplx there?

    Raises:
        InputError: A model file is not there (the message says where to get it).
        MissingExtra: torch or smplx is not installed.
    """
    for side in SIDES:
        model_path(side, folder)
    for name in ("torch", "smplx"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtra("MANO", "mano", name)


def _smplx() -> tuple[Any, Any]:
    """The modules torch and smplx's skinning function.

    Raises:
        MissingExtra: One of them is not installed.
    """
    try:
        import torch
        from smplx.lbs import lbs
    except ImportError as error:
        raise MissingExtra("MANO", "mano", error.name or "smplx") from error
    return torch, lbs
