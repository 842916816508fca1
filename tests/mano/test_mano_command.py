"""`handx export mano`: a motion in, parameters and a picture out."""

import numpy as np
import pytest
from PIL import Image

from handx.cli import main
from handx_gen.mano import ManoMotion
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform

pytest.importorskip("smplx", reason="needs the extra mano: make test-mano")


@pytest.fixture
def motion(tmp_path):
    made = perform("pinch with the right thumb and index finger", seconds=0.8)
    return made, made.save(tmp_path / "motion.npz")


@pytest.mark.parametrize("named", ["folder", "file", "variable"])
def test_parameters_give_the_motion_back(motion, folder, written, tmp_path, named):
    made, path = motion
    model = {"folder": written, "file": written / "MANO_RIGHT.pkl"}.get(named)
    words = ["--model", str(model)] if model else []
    assert main(["export", "mano", str(path), *words, "--out", str(tmp_path)]) == 0
    fitted = ManoMotion.load(tmp_path / "mano.npz")
    back = fitted.motion(written)
    off = np.linalg.norm(back.joints - made.joints, axis=-1)
    assert off.mean() < 0.002  # [m]
    assert (back.fps, len(back)) == (made.fps, len(made))


def test_the_picture_shows_both_hands(motion, folder, tmp_path, capsys):
    _, path = motion
    assert main(["export", "mano", str(path), "--out", str(tmp_path)]) == 0
    assert "mm off" in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / "mano.png")).astype(int)
    for column in range(3):  # of the upper three moments
        moment = picture[:480, 640 * column : 640 * (column + 1)]
        painted = (np.abs(moment - moment[2, 2]) > 40).any(-1)
        assert painted[:, :320].mean() > 0.02
        assert painted[:, 320:].mean() > 0.02
        assert not painted[[0, -1]].any()  # nothing runs out of the picture
    # A pinch moves: the moments differ.
    assert (picture[:480, :640] != picture[:480, 640:1280]).any(-1).mean() > 0.001


def test_one_hand_needs_only_its_own_file(motion, written, tmp_path, monkeypatch):
    made, _ = motion
    joints = np.where(np.array([False, True])[:, None, None], made.joints, 0)
    alone = BimanualMotion(joints, made.fps, np.array([False, True]))
    path = alone.save(tmp_path / "one.npz")
    monkeypatch.delenv("HANDX_MANO", raising=False)
    only = tmp_path / "only"
    only.mkdir()
    (only / "MANO_RIGHT.pkl").write_bytes((written / "MANO_RIGHT.pkl").read_bytes())
    out = tmp_path / "out"
    words = ["export", "mano", str(path), "--model", str(only), "--out", str(out)]
    assert main(words) == 0
    assert set(ManoMotion.load(out / "mano.npz").hands) == {"right"}


@pytest.mark.parametrize("model", ["absent", "empty", "none"])
def test_without_a_model_nothing_is_written(
    motion, tmp_path, monkeypatch, capsys, model
):
    monkeypatch.delenv("HANDX_MANO", raising=False)
    _, path = motion
    (tmp_path / "empty").mkdir()
    words = [] if model == "none" else ["--model", str(tmp_path / model)]
    out = tmp_path / "out"
    assert main(["export", "mano", str(path), *words, "--out", str(out)]) == 2
    complaint = capsys.readouterr().err.strip()
    assert len(complaint.splitlines()) == 1
    assert "Fix:" in complaint or "no such" in complaint
    assert not list(out.glob("mano.*"))
