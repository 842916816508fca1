"""Hands made up for tests, as URDF text: any number of fingers, any scale, any pose."""

from collections.abc import Sequence

import numpy as np

from robots.rotations import from_rpy, to_rpy

LIMIT = '<limit lower="{low}" upper="{high}" effort="1" velocity="3"/>'


def box(size: Sequence[float], xyz: Sequence[float]) -> str:
    """Visual and collision of a box."""
    shape = (
        f'<origin xyz="{xyz[0]} {xyz[1]} {xyz[2]}"/>'
        f'<geometry><box size="{size[0]} {size[1]} {size[2]}"/></geometry>'
    )
    return f"<visual>{shape}</visual><collision>{shape}</collision>"


def hand(
    side: str = "right",
    fingers: int = 4,
    joints: int = 3,
    turn: Sequence[float] = (0.0, 0.0, 0.0),
    names: Sequence[str] | None = None,
    extra: str = "",
) -> str:
    """A hand of boxes, fingers along +z of its own frame, palm facing +x.

    Args:
        side: "left" or "right".
        fingers: Besides the thumb, 2 to 4.
        joints: Of each finger, 2 to 4; beyond 3 the first one spreads.
        turn: Roll, pitch, yaw of the whole hand in its root link [rad].
        names: Of thumb and fingers; numbers by default.
        extra: XML put before the end.
    """
    s = 1.0 if side == "right" else -1.0
    R = from_rpy(turn)
    called = list(names or [f"chain{k}" for k in range(fingers + 1)])
    lines = ['<robot name="made_up">', '<link name="base"/>']
    lines += [f'<link name="body">{box((0.03, 0.09, 0.10), (0, 0, 0.05))}</link>']
    rpy = " ".join(f"{a:.12g}" for a in to_rpy(R))
    lines += [
        '<joint name="fix" type="fixed"><parent link="base"/><child link="body"/>'
        f'<origin rpy="{rpy}"/></joint>'
    ]
    # A right hand whose palm faces +x and whose fingers point up has its thumb at +y.
    thumb = np.array([0.01, s * 0.05, 0.03])
    lines += _chain(called[0], thumb, (s * -1.0, 0.0, 0.0), 3, closing=s)
    places = np.linspace(0.036, -0.036, fingers)
    for name, y in zip(called[1:], places, strict=True):
        lines += _chain(
            name, np.array([0, s * y, 0.105]), (0, 0, 0), joints, closing=1.0
        )
    return "\n".join([*lines, extra, "</robot>"])


def _chain(
    name: str, at: np.ndarray, rpy: Sequence[float], joints: int, closing: float
) -> list[str]:
    """Bones of 35, 28 and 22 mm that bend about y, towards +x."""
    lines, parent = [], "body"
    lengths = (0.035, 0.028, 0.022)
    step, turn = at, " ".join(map(str, rpy))
    spread = joints > 3
    for k in range(joints):
        spreads = spread and k == 0
        length = 0.004 if spreads else lengths[k - spread]
        link = f"{name}_link{k}"
        bone = "" if spreads else box((0.014, 0.014, length), (0, 0, length / 2))
        lines.append(f'<link name="{link}">{bone}</link>')
        axis = "1 0 0" if spreads else "0 1 0"
        low, high = (-0.3, 0.3) if spreads else (0.0, 1.5)
        xyz = " ".join(f"{v:.6g}" for v in step)
        lines.append(
            f'<joint name="{name}_joint{k}" type="revolute"><parent link="{parent}"/>'
            f'<child link="{link}"/><origin xyz="{xyz}" rpy="{turn}"/>'
            f'<axis xyz="{axis}"/>{LIMIT.format(low=low, high=high)}</joint>'
        )
        parent, step, turn = link, np.array([0, 0, length]), "0 0 0"
    return lines
