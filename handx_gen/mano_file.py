"""Reading the MANO model, which its users fetch themselves (Romero et al. 2017).

`MANO_LEFT.pkl` and `MANO_RIGHT.pkl` are Python 2 pickles that hold a SciPy matrix and a
chumpy node. Both are read by allow-list: neither chumpy nor SciPy is needed and no code of
the file runs. The same keys in an `.npz` of plain arrays are read too.
"""

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError
from handx_gen.safe_pickle import StandIn, load_arrays, load_npz

FOLDER_VARIABLE = "HANDX_MANO"
"""Environment variable that names the folder of the two model files."""

VERTICES, FACES, JOINTS, SHAPES = 778, 1538, 16, 10

PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14)
"""Parent of each of the 16 joints: wrist, index, middle, pinky, ring, thumb."""

_SHAPES_OF = {
    "v_template": (VERTICES, 3),
    "weights": (VERTICES, JOINTS),
    "J_regressor": (JOINTS, VERTICES),
    "shapedirs": (VERTICES, 3, SHAPES),
    "posedirs": (VERTICES, 3, 9 * (JOINTS - 1)),
    "hands_components": (45, 45),
    "hands_mean": (45,),
}

_NODE, _SELECT = ("chumpy.ch", "Ch"), ("chumpy.reordering", "Select")
_SPARSE = (("scipy.sparse.csc", "csc_matrix"), ("scipy.sparse._csc", "csc_matrix"))

_FETCH = (
    "register at https://mano.is.tue.mpg.de, accept its non-commercial licence, unpack "
    f"MANO_LEFT.pkl and MANO_RIGHT.pkl into a folder and set {FOLDER_VARIABLE} to it; "
    "without them handx_gen.hand_model gives the hand's surface (bone_segments)"
)


@dataclass(frozen=True, eq=False)
class ManoModel:
    """One side's MANO model; names are MANO's own, arrays read-only float64.

    Attributes:
        side: "left" or "right".
        v_template: (778, 3) vertices of the mean hand, flat [m].
        f: (1538, 3) int64 triangles.
        weights: (778, 16) skinning weights.
        J_regressor: (16, 778) joints from vertices.
        shapedirs: (778, 3, 10) [m] per unit of `betas`.
        posedirs: (778, 3, 135) [m] per entry of the 15 rotations minus identity.
        hands_components: (45, 45) principal components of the pose, one per row [rad].
        hands_mean: (45,) mean pose [rad], relative to the flat hand.
        path: The file.
    """

    side: str
    v_template: np.ndarray
    f: np.ndarray
    weights: np.ndarray
    J_regressor: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray
    hands_components: np.ndarray
    hands_mean: np.ndarray
    path: Path

    def pose(self, values: np.ndarray, flat_hand_mean: bool) -> np.ndarray:
        """A data set's finger pose, relative to the flat hand.

        Args:
            values: (..., 45) axis-angle [rad], or (..., N < 45) principal components.
            flat_hand_mean: What smplx calls so: False where `values` are an offset from
                the mean pose, True where they are an offset from the flat hand.

        Returns:
            (..., 45) [rad].
        """
        count = values.shape[-1]
        pose = values if count == 45 else values @ self.hands_components[:count]
        return pose if flat_hand_mean else pose + self.hands_mean


def load_mano(
    side: str, folder: str | Path | None = None, mended: bool = True
) -> ManoModel:
    """The model of one side.

    Args:
        side: "left" or "right".
        folder: Folder of the two files; None takes the one that `HANDX_MANO` names.
        mended: Undo the published left model's error: its shape directions are the right
            hand's, x not mirrored. False where a data set was fitted with the error.

    Raises:
        InputError: No such file (the message says where to get it), damaged, hostile, or
            not a MANO model of that side.
    """
    path = model_path(side, folder)
    model = _read(path, side, path.stat().st_mtime_ns)
    if side == "right" or not mended:
        return model
    right = model_path("right", folder)
    other = _read(right, "right", right.stat().st_mtime_ns)
    # The comparison, and its bound, are those of the tools that come with HOT3D.
    if np.abs(model.shapedirs[:, 0] - other.shapedirs[:, 0]).sum() >= 1:
        return model
    fields = {**vars(model), "shapedirs": model.shapedirs * [[-1], [1], [1]]}
    return ManoModel(**fields)


def model_path(side: str, folder: str | Path | None = None) -> Path:
    """Where the model file of one side is.

    Raises:
        InputError: Nowhere, or no folder is known.
    """
    given = folder or os.environ.get(FOLDER_VARIABLE)
    if not given:
        raise InputError(FOLDER_VARIABLE, "", "no MANO model folder is named", _FETCH)
    for name in (f"MANO_{side.upper()}.pkl", f"MANO_{side.upper()}.npz"):
        if (path := Path(given) / name).is_file():
            return path
    raise InputError(given, "", f"holds no MANO_{side.upper()}.pkl or .npz", _FETCH)


@functools.lru_cache(maxsize=4)
def _read(path: Path, side: str, stamp: int) -> ManoModel:
    """Read and check one file; `stamp` is its time of change, so that edits count."""
    if path.suffix == ".npz":
        held = dict(load_npz(path))
    else:
        held = load_arrays(path, (_NODE, _SELECT, *_SPARSE))
    if not isinstance(held, dict):
        raise InputError(path, "", f"holds a {type(held).__name__}, expected a dict")
    arrays = {
        name: _checked(path, name, held.get(name), shape)
        for name, shape in _SHAPES_OF.items()
    }
    f = _whole(path, "f", held.get("f"), (FACES, 3))
    if f.min() < 0 or f.max() >= VERTICES:
        raise InputError(path, "f", f"a vertex number outside 0…{VERTICES - 1}", _FETCH)
    tree = _whole(path, "kintree_table", held.get("kintree_table"), (2, JOINTS))
    if tuple(tree[0, 1:]) != PARENTS[1:]:
        raise InputError(path, "kintree_table", "not MANO's 16 joints", _FETCH)
    for name in ("weights", "J_regressor"):
        if np.abs(arrays[name].sum(1) - 1).max() > 0.02:
            raise InputError(path, name, "rows do not sum to one", _FETCH)
    span = np.ptp(arrays["v_template"], 0).max()
    if not 0.05 < span < 0.5:
        raise InputError(path, "v_template", f"spans {span:.3g} m: not metres", _FETCH)
    _check_side(path, side, arrays)
    frozen = {name: npz.frozen(value, float) for name, value in arrays.items()}
    return ManoModel(side=side, f=npz.frozen(f, np.int64), path=path, **frozen)


def _check_side(path: Path, side: str, arrays: dict[str, np.ndarray]) -> None:
    """Both models lie palm down, thumb to +z: the left one's fingers point to +x."""
    joints = arrays["J_regressor"] @ arrays["v_template"]
    found = "left" if joints[4, 0] > joints[0, 0] else "right"
    if found != side:
        raise InputError(
            path, "v_template", f"is a {found} hand", "exchange the names of the files"
        )


def _checked(path: Path, name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = _dense(path, name, value)
    if array.shape != shape:
        raise InputError(path, name, f"shape {array.shape}, expected {shape}", _FETCH)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(path, name, "NaN, infinity or no numbers", _FETCH)
    return array.astype(float)


def _whole(path: Path, name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    # kintree_table marks "no parent" by 2³² − 1, which is a valid number here.
    array = _checked(path, name, value, shape)
    if (array != np.round(array)).any():
        raise InputError(path, name, "not whole numbers", _FETCH)
    return array.astype(np.int64)


def _dense(path: Path, name: str, value: Any) -> np.ndarray:
    """The array that a plain array, a chumpy node or a sparse matrix stands for."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if value is None:
        raise InputError(path, name, "missing", _FETCH)
    if not isinstance(value, StandIn):
        raise InputError(path, name, f"a {type(value).__name__}, not an array", _FETCH)
    try:
        state = value.state
        if value.kind == _NODE:
            return _dense(path, name, state["x"])
        if value.kind == _SELECT:
            flat = _dense(path, name, state["a"]).ravel()
            return flat[state["idxs"]].reshape(state["preferred_shape"])
        return _from_columns(state)
    except (
        AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError,
    ) as error:  # fmt: skip
        what = ".".join(value.kind)
        raise InputError(path, name, f"damaged {what} ({error})", _FETCH) from error


def _from_columns(state: dict[str, Any]) -> np.ndarray:
    """A compressed-sparse-column matrix as a dense one.

    Raises:
        ValueError: It is not MANO's 16 × 778.
    """
    shape = state["_shape"] if "_shape" in state else state["shape"]
    if tuple(shape) != (JOINTS, VERTICES):
        raise ValueError(f"shape {shape}")
    start, rows, data = state["indptr"], state["indices"], state["data"]
    if len(start) != VERTICES + 1 or start[0] != 0 or start[-1] != len(data):
        raise ValueError("its columns do not fit its data")
    columns = np.repeat(np.arange(VERTICES), np.diff(start))
    dense = np.zeros((JOINTS, VERTICES))
    np.add.at(dense, (rows, columns), data)
    return dense
