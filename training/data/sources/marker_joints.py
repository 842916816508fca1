"""From markers on the skin to the joints below them, with bones of constant length.

HandX paper, appendix A.1 (no code was released): a joint lies below its marker, along
the inward normal, by a depth that scales with the hand; then the wrist is moved so that
its distances to the finger bases are those of a neutral pose. Here the normal of a finger
joint is square to the finger and to the axis that the finger bends about; that axis comes
from the bend itself and, where the finger is straight, from the row of knuckles.
"""

from collections.abc import Callable

import numpy as np

from handx_gen.skeleton import CHAINS, FINGERS, JOINT

LONG = FINGERS[1:]
SITES = (
    "wrist",
    *(f"{f}_metacarpal" for f in LONG),
    "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_nail",
    *(f"{f}_{part}" for f in LONG for part in ("mcp", "pip", "dip", "nail")),
)  # fmt: skip
"""The 25 places of markers on a hand."""

BASES = ("thumb_cmc", *(f"{f}_mcp" for f in LONG))
"""Joints that keep their distance to the wrist. The paper's five are the MCPs; a thumb's
MCP swings about its CMC, so the CMC stands for it."""

DEPTHS = {
    "wrist": 0.020, "cmc": 0.014, "thumb_mcp": 0.011, "ip": 0.009,
    "mcp": 0.012, "pip": 0.0095, "dip": 0.0075, "nail": 0.006,
}  # fmt: skip
"""Marker's centre to joint's centre [m] in a hand of `SIZE`: round numbers for half the
thickness of an adult hand there and 1.5 mm of marker."""

SIZE = 0.095
"""Wrist to middle knuckle of that hand [m]."""

STRAIGHT = 0.15
"""Weight of the knuckle row against the sum of the sines of a finger's bends."""

BACK = 0.6
"""No finger bends backwards by more than this, as a sum of two sines."""

STAY = 0.05
"""How strongly the wrist is held at its first place, against five distances: they fix
it poorly along the palm's normal, in which all five bases lie alike."""


def joint_centres(
    marks: np.ndarray, side: str, iterations: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Joints below the markers of one hand.

    Args:
        marks: (T, 25, 3) [m], in the order of `SITES`, NaN where hidden.
        side: "left" or "right".
        iterations: Of the wrist's refinement.

    Returns:
        (T, 21, 3) [m], HandX order, NaN where markers that a joint needs are hidden; and
        the five reference distances from the wrist to `BASES` [m].
    """
    at = {site: marks[:, k] for k, site in enumerate(SITES)}
    size = np.nanmedian(np.linalg.norm(at["middle_mcp"] - at["wrist"], axis=-1))
    scale = float(size) / SIZE
    turn = 1.0 if side == "right" else -1.0
    row = turn * _unit(
        at["index_mcp"] - at["pinky_mcp"]
    )  # axis that a finger bends about
    along = _unit(at["middle_mcp"] - at["wrist"])
    palmar = _unit(np.cross(row, along))
    joints = np.full((len(marks), 21, 3), np.nan)

    def place(joint: str, site: str, inward: np.ndarray, depth: str) -> None:
        joints[:, JOINT[joint]] = at[site] + scale * DEPTHS[depth] * inward

    place("wrist", "wrist", palmar, "wrist")
    for k, finger in enumerate(LONG):
        chain = [at[f"{finger}_{part}"] for part in ("mcp", "pip", "dip", "nail")]
        inward = _inward([at[f"{finger}_metacarpal"], *chain], row)
        # A knuckle's own row is that of its neighbours: the four lie on an arch.
        near = [at[f"{LONG[i]}_mcp"] for i in (max(k - 1, 0), min(k + 1, 3))]
        arch = turn * _unit(near[0] - near[1])
        inward[0] = _unit(np.cross(arch, chain[0] - at[f"{finger}_metacarpal"]))
        for part, direction in zip(("mcp", "pip", "dip", "nail"), inward):
            joint = CHAINS[finger][4] if part == "nail" else f"{finger}_{part}"
            place(joint, f"{finger}_{part}", direction, part)
    _place_thumb(at, palmar, place)
    return _refine_wrist(joints, iterations)


def _place_thumb(
    at: dict[str, np.ndarray],
    palmar: np.ndarray,
    place: Callable[[str, str, np.ndarray, str], None],
) -> None:
    chain = [at["wrist"], *(at[f"thumb_{p}"] for p in ("cmc", "mcp", "ip", "nail"))]
    # The thumb closes across the palm: towards the little finger and into the palm.
    closing = _unit(at["pinky_mcp"] - at["index_mcp"]) + palmar
    axis = _unit(np.cross(chain[4] - chain[2], closing))
    inward = _inward(chain, axis)
    for site, depth, direction in zip(
        ("cmc", "mcp", "ip", "nail"), ("cmc", "thumb_mcp", "ip", "nail"), inward
    ):
        joint = "thumb_tip" if site == "nail" else f"thumb_{site}"
        place(joint, f"thumb_{site}", direction, depth)


def _inward(chain: list[np.ndarray], axis: np.ndarray) -> list[np.ndarray]:
    """Inward normals at all markers of a finger but its first.

    Args:
        chain: Markers from the hand to the nail, (T, 3) each.
        axis: (T, 3) unit axis that the finger bends about if it is straight.
    """
    bones = [_unit(b - a) for a, b in zip(chain, chain[1:])]
    bend = sum(np.cross(a, b) for a, b in zip(bones[1:], bones[2:]))
    # A finger bent slightly backwards turns about the same axis the other way.
    slight = np.linalg.norm(bend, axis=-1, keepdims=True) < BACK
    bend = np.where(slight, bend * np.sign(_dot(bend, axis)), bend)
    hinge = bend + STRAIGHT * axis
    inward = []
    for before, after in zip(bones, [*bones[1:], bones[-1]]):
        inward.append(_unit(np.cross(hinge, before + after)))
    return inward


def _refine_wrist(joints: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Move the wrist per frame so that its distances to `BASES` are the reference ones.

    Gauss–Newton on Σᵢ (|baseᵢ − W| − Lᵢ)² + STAY·|W − W₀|², all frames at once.
    """
    bases = joints[:, [JOINT[name] for name in BASES]]
    start = joints[:, JOINT["wrist"]]
    lengths = _reference_lengths(bases, start)
    wrist = start.copy()
    for _ in range(iterations):
        away = wrist[:, None] - bases
        distance = np.linalg.norm(away, axis=-1)
        jacobian = _unit(away)
        residual = distance - lengths
        gradient = np.einsum("tbi,tb->ti", jacobian, residual) + STAY * (wrist - start)
        hessian = np.einsum("tbi,tbj->tij", jacobian, jacobian) + STAY * np.eye(3)
        known = np.isfinite(gradient).all(-1)
        wrist[known] -= np.linalg.solve(hessian[known], gradient[known][..., None])[
            ..., 0
        ]
    out = joints.copy()
    out[:, JOINT["wrist"]] = wrist
    return out, lengths


def _reference_lengths(bases: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    """Distances in the neutral pose: the tenth of the frames in which they change least.

    Skin over a bent wrist carries its marker away, so the frames near the median hand
    are the neutral ones.
    """
    distance = np.linalg.norm(bases - wrist[:, None], axis=-1)
    distance = distance[np.isfinite(distance).all(-1)]
    if not len(distance):
        return np.full(len(BASES), np.nan)
    off = np.abs(distance - np.median(distance, axis=0)).sum(-1)
    neutral = np.argsort(off, kind="stable")[: max(1, len(distance) // 10)]
    return distance[neutral].mean(0)


def _unit(vector: np.ndarray) -> np.ndarray:
    """Unit vectors; NaN, like hidden markers, where two markers are in one place."""
    with np.errstate(invalid="ignore"):
        return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("...i,...i->...", a, b)[..., None]
