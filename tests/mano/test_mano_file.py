"""Model files: read as published without chumpy or SciPy, anything else refused."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from handx_gen.errors import InputError, MissingExtra
from handx_gen.mano_file import FOLDER_VARIABLE, load_mano
from tests.mano.synthetic_model import (
    MIRROR,
    left_model,
    right_model,
    write_pickle,
)

ARRAYS = (
    "v_template", "f", "weights", "J_regressor", "shapedirs", "posedirs",
    "hands_components", "hands_mean",
)  # fmt: skip


def test_the_published_form_is_read(folder):
    made = right_model()
    read = load_mano("right", folder)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(read, name), made[name])
        assert not getattr(read, name).flags.writeable


def test_neither_chumpy_nor_scipy_nor_torch_is_needed(folder):
    code = (
        "import sys\n"
        "for name in ('chumpy', 'scipy', 'torch', 'smplx'): sys.modules[name] = None\n"
        "from handx_gen.mano_file import load_mano\n"
        "print(load_mano('left').shapedirs.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(778, 3, 10)"


def test_plain_npz_is_read(tmp_path):
    made = right_model()
    np.savez(tmp_path / "MANO_RIGHT.npz", **made)
    read = load_mano("right", tmp_path)
    np.testing.assert_array_equal(read.J_regressor, made["J_regressor"])


def test_python_3_pickles_of_every_protocol_are_read(tmp_path):
    made = right_model()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path = tmp_path / str(protocol) / "MANO_RIGHT.pkl"
        path.parent.mkdir()
        path.write_bytes(pickle.dumps(made, protocol=protocol))
        read = load_mano("right", path.parent)
        np.testing.assert_array_equal(read.posedirs, made["posedirs"])


def test_the_left_models_shape_error_is_mended_unless_asked_not_to(folder):
    right = load_mano("right", folder)
    mended, as_is = load_mano("left", folder), load_mano("left", folder, mended=False)
    np.testing.assert_array_equal(as_is.shapedirs, right.shapedirs)
    np.testing.assert_array_equal(mended.shapedirs, right.shapedirs * MIRROR[:, None])


def test_a_left_model_without_the_error_is_left_alone(tmp_path):
    right = right_model()
    sound = left_model(right, broken=False)
    write_pickle(tmp_path / "MANO_RIGHT.pkl", right)
    write_pickle(tmp_path / "MANO_LEFT.pkl", sound)
    np.testing.assert_array_equal(
        load_mano("left", tmp_path).shapedirs, sound["shapedirs"]
    )


def test_poses_come_relative_to_the_flat_hand(model):
    coefficients = np.random.default_rng(0).normal(size=(4, 15))
    full = coefficients @ model.hands_components[:15]
    for values in (coefficients, full):
        np.testing.assert_allclose(model.pose(values, flat_hand_mean=True), full)
        np.testing.assert_allclose(
            model.pose(values, flat_hand_mean=False), full + model.hands_mean
        )


def test_no_file_says_where_to_get_it_and_what_does_without(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    for given in (None, tmp_path):
        with pytest.raises(InputError) as error:
            load_mano("right", given)
        for word in ("mano.is.tue.mpg.de", FOLDER_VARIABLE, "bone_segments"):
            assert word in str(error.value)


def test_the_right_file_is_needed_to_judge_the_left(tmp_path):
    write_pickle(tmp_path / "MANO_LEFT.pkl", left_model(right_model(), True))
    with pytest.raises(InputError, match=r"MANO_RIGHT\.pkl"):
        load_mano("left", tmp_path)


def spoil(name, value):
    return lambda made: made | {name: value(made[name])}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda made: {k: v for k, v in made.items() if k != "weights"},
            "weights.*miss",
        ),
        (spoil("v_template", lambda v: v * 1000), "v_template.*metres"),
        (spoil("v_template", lambda v: v * MIRROR), "is a left hand"),
        (spoil("posedirs", lambda v: v[:, :, :-1]), r"posedirs.*\(778, 3, 134\)"),
        (spoil("weights", lambda v: v * 2), "weights.*sum"),
        (spoil("hands_mean", lambda v: v * np.nan), "hands_mean.*NaN"),
        (spoil("f", lambda v: v + 778), "f.*vertex number"),
        (spoil("kintree_table", lambda v: v * 0), "kintree_table"),
        (spoil("hands_mean", lambda v: "text"), "hands_mean.*str"),
        (lambda made: [made], "holds a list"),
    ],
)
def test_what_is_no_model_is_refused_by_field(tmp_path, change, named):
    (tmp_path / "MANO_RIGHT.pkl").write_bytes(pickle.dumps(change(right_model())))
    with pytest.raises(InputError, match=named):
        load_mano("right", tmp_path)


def test_truncated_files_are_refused(tmp_path, folder):
    whole = (folder / "MANO_RIGHT.pkl").read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "MANO_RIGHT.pkl").write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"MANO_RIGHT\.pkl"):
            load_mano("right", tmp_path)


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_file_executes_nothing(tmp_path):
    mark = tmp_path / "executed"
    path = tmp_path / "MANO_RIGHT.pkl"
    for hostile in (
        right_model() | {"extra": Touch(mark)},
        right_model() | {"hands_mean": Touch(mark)},
        Touch(mark),
    ):
        path.write_bytes(pickle.dumps(hostile))
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
        with pytest.raises(InputError, match="open"):
            load_mano("right", tmp_path)
    assert not mark.exists()
    pickle.loads(path.read_bytes()).close()
    assert mark.exists(), "the file would have executed under pickle.load"


NODE = b"cchumpy.ch\nCh\n"


@pytest.mark.parametrize(
    ("program", "named"),
    [
        (NODE + b"}S'x'\nI1\nsb.", "missing 1 required"),  # alter the class itself
        (NODE + b")\x81I5\nb.", "unknown form"),
        (NODE + b"I1\n\x85R.", "takes no arguments|takes 0|StandIn"),
        (b"ccopy_reg\n_reconstructor\n(cnumpy\ndtype\nc__builtin__\nobject\nNtR.", "unknown"),
        (b"c__builtin__\nobject\n)R.", "calls"),
        (b"cchumpy.ch\nCh.__init__\n.", "asks for"),
        (b"cchumpy.utils\nrow\n.", "asks for chumpy.utils.row"),
    ],
)  # fmt: skip
def test_stand_ins_lend_a_pickle_nothing(tmp_path, program, named):
    (tmp_path / "MANO_RIGHT.pkl").write_bytes(b"\x80\x02" + program)
    with pytest.raises(InputError, match=named):
        load_mano("right", tmp_path)


def test_damaged_nodes_are_refused(tmp_path):
    # {"v_template": Ch, whose x is the node itself, and the like}.
    loop = NODE + b")\x81q\x01}U\x01xh\x01sb"
    bare = NODE + b")\x81"
    for value in (loop, bare):
        content = b"\x80\x02}U\x0av_template" + value + b"s."
        (tmp_path / "MANO_RIGHT.pkl").write_bytes(content)
        with pytest.raises(InputError, match=r"v_template.*damaged chumpy\.ch\.Ch"):
            load_mano("right", tmp_path)


def test_without_the_extra_the_message_names_it(model, monkeypatch):
    from handx_gen.mano import ManoHand, joints

    hand = ManoHand(
        model.side, np.zeros(10), np.zeros((1, 3)), np.zeros((1, 45)), np.zeros((1, 3))
    )
    monkeypatch.setitem(sys.modules, "smplx", None)
    monkeypatch.setitem(sys.modules, "smplx.lbs", None)
    with pytest.raises(MissingExtra, match=r"handx\[mano\]"):
        joints(hand, model)
