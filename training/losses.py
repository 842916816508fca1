"""The training loss: the clean motion, its speed, what touches, and the bones.

Distances and bones are compared between the prediction and the clip, never pulled to
zero, and weighted by (1 − t): at high noise the best x̂_0 is a mean of many motions, whose
bones are short for a good reason.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from handx_gen.kinematics.contacts import PAIRS
from handx_gen.representation import WristRelative
from handx_gen.skeleton import BONE_INDEX, JOINT, SIDES, TIP_INDEX

NEAR = 0.03
"""Pairs are weighted by exp(−distance / NEAR) [m]: what nearly touches matters."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; features are in units of their standard deviation."""

    wrist: float = 0.5
    velocity: float = 3.0
    distance: float = 0.05
    bone: float = 0.02
    contact: float = 0.05


def point_distances(joints: Tensor) -> Tensor:
    """Distances between the points of `PAIRS`, palms as one point each.

    Args:
        joints: (..., 2, 21, 3) [m].

    Returns:
        (..., 44) [m].
    """
    palm = [0, *(JOINT[f"{f}_mcp"] for f in ("index", "middle", "ring", "pinky"))]
    points = torch.cat(
        [joints[..., TIP_INDEX.tolist(), :], joints[..., palm, :].mean(-2, True)], -2
    ).flatten(-3, -2)  # (..., 12, 3)
    names = [f"{s}.{p}" for s in SIDES for p in (*_TIPS, "palm")]
    first, second = zip(*(map(names.index, pair.split("|")) for pair in PAIRS))
    gap = points[..., list(first), :] - points[..., list(second), :]
    return (gap.square().sum(-1) + 1e-8).sqrt()


_TIPS = tuple(f"{f}_tip" for f in ("thumb", "index", "middle", "ring", "pinky"))


def bone_lengths(joints: Tensor) -> Tensor:
    """Lengths of the 20 bones, (..., 21, 3) [m] → (..., 20) [m]."""
    a, b = BONE_INDEX.T.tolist()
    return ((joints[..., b, :] - joints[..., a, :]).square().sum(-1) + 1e-10).sqrt()


def loss_terms(
    x_0: Tensor,
    logits: Tensor,
    target: Tensor,
    contact: Tensor,
    t: Tensor,
    norm: WristRelative,
) -> dict[str, Tensor]:
    """The terms, unweighted.

    Args:
        x_0: (B, 2, T, 63) prediction.
        logits: (B, T, P) predicted contact.
        target: (B, 2, T, 63).
        contact: (B, T, P), 0 or 1.
        t: (B,) noise levels.
        norm: For the way back to metres.
    """
    error = x_0 - target
    near = 1 - t
    joints, truth = norm.unpack(x_0), norm.unpack(target)
    distance, true_distance = point_distances(joints), point_distances(truth)
    weight = (-true_distance / NEAR).exp() * near[:, None, None]
    off = (distance - true_distance) / 0.02
    bones = (bone_lengths(joints) - bone_lengths(truth)) / 0.01
    return {
        "articulation": error[..., 3:].square().mean(),
        "wrist": error[..., :3].square().mean(),
        "velocity": error.diff(dim=2).square().mean(),
        "distance": (weight * F.smooth_l1_loss(off, off * 0, reduction="none")).mean()
        * 10,
        "bone": (near[:, None, None, None] * bones.square()).mean(),
        "contact": F.binary_cross_entropy_with_logits(logits, contact),
    }


def total(terms: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """The weighted sum."""
    return terms["articulation"] + sum(
        getattr(weights, name) * value
        for name, value in terms.items()
        if name != "articulation"
    )
