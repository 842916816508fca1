"""A made-up hand in MANO's file format, for tests that no licensed file can travel with.

Same arrays, layout and coordinate frame as the real model (right hand palm down, fingers
to −x, thumb to +z, wrist joint at x = 0.0957 m), geometry of `handx_gen.hand_model`.
"""

import pickle
import struct
import sys
import types
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.sparse

from handx_gen.hand_model import DEFAULT_SHAPE, finger_points
from handx_gen.mano import PAPER_TIP_VERTICES, TIP_VERTICES
from handx_gen.mano_file import PARENTS
from handx_gen.skeleton import FINGERS

WRIST = np.array([0.0957, 0.0064, 0.0062])
TO_MANO = np.array([[0.0, -1, 0], [0, 0, 1], [-1, 0, 0]])
"""Hand frame (+y fingers, +z back of the hand, thumb −x) → MANO's."""

AROUND = 10
FIRST_JOINT = {"index": 1, "middle": 4, "pinky": 7, "ring": 10, "thumb": 13}
MIRROR = np.array([-1.0, 1, 1])


def bones() -> dict[str, np.ndarray]:
    """Finger → its base, two inner joints and tip (4, 3) [m], MANO's frame."""
    flat = np.zeros((5, 5))
    flat[0, 3:] = 0.2
    points, _ = finger_points(DEFAULT_SHAPE, flat)
    return {f: points[k] @ TO_MANO.T + WRIST for k, f in enumerate(FINGERS)}


def rings(chain: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """A finger as 13 rings of ten vertices and a tip: (131, 3), triangles (250, 3).

    Rings 1, 5 and 9 are centred at the finger's joints.
    """
    bone = np.diff(chain, axis=0)
    along = bone / np.linalg.norm(bone, axis=1, keepdims=True)
    places = [(0, -0.1)]
    places += [(k, share) for k in range(3) for share in (0, 0.25, 0.5, 0.75)]
    points = []
    for k, share in places:
        side = np.cross(along[k], [0, 1.0, 0])
        side /= np.linalg.norm(side)
        up = np.cross(side, along[k])
        turn = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[:, None]
        size = radius * (0.85 if (k, share) == (2, 0.75) else 1.0)
        ring = np.cos(turn) * side + np.sin(turn) * up
        points.append(chain[k] + share * bone[k] + size * ring)
    points.append(chain[None, 3])
    return np.concatenate(points), tube(len(places), AROUND, True)


def tube(count: int, around: int, capped: bool) -> np.ndarray:
    faces = []
    for ring in range(count - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            faces += [(a, b, a + around), (b, b + around, a + around)]
    if capped:
        last, tip = (count - 1) * around, count * around
        faces += [(last + k, last + (k + 1) % around, tip) for k in range(around)]
    return np.array(faces)


def palm() -> tuple[np.ndarray, np.ndarray]:
    """Ten rings of twelve vertices and two in the middle, (122, 3)."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points = []
    for share in np.linspace(0, 1, 10):
        width = 0.028 + 0.014 * share
        ring = np.stack(
            [width * np.cos(turn) + 0.006 * share, 0 * turn, 0.012 * np.sin(turn)], 1
        )
        ring[:, 1] = 0.086 * share
        points.append(ring)
    points.append(np.array([[0.006, 0.088, 0.0], [0, 0.0, 0]]))
    return np.concatenate(points) @ TO_MANO.T + WRIST, tube(10, 12, True)


def right_model(seed: int = 0) -> dict[str, np.ndarray]:
    """All keys of a MANO file, dense, for the right hand."""
    draw = np.random.default_rng(seed)
    order: list[int] = []  # the file's vertex number of each vertex as it is made
    vertices, faces, regress = [], [], np.zeros((16, 778))
    reserved = {*TIP_VERTICES, *PAPER_TIP_VERTICES}
    free = iter(v for v in range(778) if v not in reserved)
    weights = np.zeros((778, 16))
    shapedirs = np.zeros((778, 3, 10))
    for k, finger in enumerate(FINGERS):
        chain = bones()[finger]
        points, triangles = rings(chain, 0.008 if k else 0.010)
        number = [next(free) for _ in range(129)]
        number += [PAPER_TIP_VERTICES[k], TIP_VERTICES[k]]
        first = FIRST_JOINT[finger]
        reach = _reach(chain, points)
        for joint in range(3):
            ring = number[10 + 40 * joint : 20 + 40 * joint]
            regress[first + joint, ring] = 1 / AROUND
        share = np.clip((reach[:, None] - np.arange(3)) / 0.16 + 0.5, 0, 1)
        weights[number, 0] = 1 - share[:, 0]
        weights[number, first] = share[:, 0] - share[:, 1]
        weights[number, first + 1] = share[:, 1] - share[:, 2]
        weights[number, first + 2] = share[:, 2]
        # One shape direction per finger makes it longer.
        direction = (chain[3] - chain[0]) / 3
        stretch = np.maximum(reach, 0)[:, None] * direction
        shapedirs[number, :, 1 + k] = 0.03 * stretch
        faces.append(np.array(number)[triangles])
        vertices.append(points)
        order += number
    points, triangles = palm()
    number = [*(next(free) for _ in range(122))]
    weights[number, 0] = 1
    regress[0, number[:12]] = 1 / 12  # the first ring's centre is the wrist
    faces.append(np.array(number)[triangles])
    number += [next(free)]  # 131 × 5 + 122 leaves one vertex, which no triangle uses
    vertices += [points, WRIST[None]]
    weights[number[-1], 0] = 1
    order += number
    template = np.zeros((778, 3))
    template[order] = np.concatenate(vertices)
    linear = draw.normal(0, 0.006, (4, 3, 3))
    shapedirs[..., 0] = 0.04 * (template - WRIST)
    shapedirs[..., 6:] = np.einsum("kab,vb->vak", linear, template - WRIST)
    f = np.concatenate(faces)[:, ::-1]  # outwards
    return {
        "v_template": template,
        "f": np.concatenate([f, f[: 1538 - len(f)]]).astype(np.uint32),
        "weights": weights,
        "J_regressor": regress,
        "kintree_table": np.array([[2**32 - 1, *PARENTS[1:]], range(16)], np.uint32),
        "shapedirs": shapedirs,
        "posedirs": draw.normal(0, 1e-4, (778, 3, 135)),
        "hands_components": np.linalg.qr(draw.normal(size=(45, 45)))[0],
        "hands_mean": mean_pose(draw),
        "hands_coeffs": draw.normal(size=(1554, 45)),
        "J": regress @ template,
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def mean_pose(draw: np.random.Generator) -> np.ndarray:
    """(45,) a loose hand: flexion is about +z."""
    pose = draw.normal(0, 0.05, (15, 3))
    pose[:12, 2] += np.tile([0.25, 0.45, 0.2], 4)
    return pose.ravel()


def mirrored_pose(pose: np.ndarray) -> np.ndarray:
    """Axis-angles (..., 3k) of the mirror image at x = 0."""
    parts = pose.reshape(*pose.shape[:-1], -1, 3) * [1.0, -1, -1]
    return parts.reshape(pose.shape)


def left_model(right: dict[str, np.ndarray], broken: bool) -> dict[str, np.ndarray]:
    """The mirror image; `broken` as published: shape directions not mirrored."""
    turned = np.outer(MIRROR, MIRROR).ravel()  # R → M R M, entry by entry
    return right | {
        "v_template": right["v_template"] * MIRROR,
        "f": right["f"][:, ::-1],
        "shapedirs": right["shapedirs"] * (1.0 if broken else MIRROR[:, None]),
        "posedirs": right["posedirs"] * MIRROR[:, None] * np.tile(turned, 15),
        "hands_components": mirrored_pose(right["hands_components"]),
        "hands_mean": mirrored_pose(right["hands_mean"]),
        "J": right["J"] * MIRROR,
    }


def _reach(chain: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How far along the finger each vertex is: 0 at the base, 3 at the tip."""
    bone = np.diff(chain, axis=0)
    share = np.einsum("vkc,kc->vk", points[:, None] - chain[:3], bone)
    share = share / (bone**2).sum(1)
    low = np.array([-1.0, 0, 0])
    return np.clip(share, low, 1).sum(1)


class _Stub:
    """Pickles as an object of another module's class, with a plain state."""

    def __init__(self, **state: object) -> None:
        self.__dict__.update(state)


def _class(module: str, name: str) -> type:
    return type(name, (_Stub,), {"__module__": module})


class _Python2Pickler(pickle._Pickler):
    """Writes text and arrays as Python 2 did: as strings of bytes."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def _save_string(self, value: str | bytes) -> None:
        data = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = _save_string


def write_pickle(path: Path, model: dict[str, np.ndarray]) -> None:
    """As published: `J_regressor` is SciPy's, `shapedirs` a chumpy node."""
    node, select = _class("chumpy.ch", "Ch"), _class("chumpy.reordering", "Select")
    sparse = _class("scipy.sparse.csc", "csc_matrix")
    columns = scipy.sparse.csc_matrix(model["J_regressor"])
    wide = np.zeros((778, 3, 20))
    wide[..., :10] = model["shapedirs"]
    chosen = np.arange(wide.size).reshape(wide.shape)[..., :10].ravel()
    held = model | {
        "J_regressor": sparse(
            format="csc", _shape=columns.shape, data=columns.data,
            indices=columns.indices, indptr=columns.indptr, maxprint=50,
        ),
        "shapedirs": select(
            a=node(x=wide, _dirty_vars=set(), _itr=None, _depends_on_deps={}),
            idxs=chosen, preferred_shape=(778, 3, 10), _dirty_vars={"a"}, _itr=None,
            _make_dense=False, _make_sparse=False,
        ),
    }  # fmt: skip
    classes = (node, select, sparse)
    modules = ("chumpy", *(made.__module__ for made in classes))
    before = {name: sys.modules.get(name) for name in modules}
    for name in before:
        sys.modules[name] = types.ModuleType(name)
    for made in classes:
        setattr(sys.modules[made.__module__], made.__name__, made)
    try:
        with open(path, "wb") as stream:
            _Python2Pickler(stream, protocol=2, fix_imports=True).dump(held)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def write_models(folder: Path, broken: bool = True) -> Path:
    """Both sides; `broken` as published, with the left model's shape error."""
    folder.mkdir(parents=True, exist_ok=True)
    right = right_model()
    write_pickle(folder / "MANO_RIGHT.pkl", right)
    write_pickle(folder / "MANO_LEFT.pkl", left_model(right, broken))
    return folder
