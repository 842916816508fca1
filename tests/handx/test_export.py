"""`handx export`: each form from a real run, and nothing written where it cannot be."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import mujoco
import numpy as np
import pytest

from handx.export.run_folder import load_run
from handx_gen.errors import InputError
from sim import Rollout


@pytest.fixture
def run(finished) -> Path:
    """The folder of a real run, for reading only."""
    return finished.folder


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    """A copy that may be spoiled."""
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def test_a_run_is_read_whole(run) -> None:
    record = load_run(run)
    assert record.text == "make a fist with the left hand"
    assert record.human_joints.shape == (len(record.motion), 2, 21, 3)
    # The wrists' mean stands a metre above the ground.
    wrists = record.human_joints[:, record.motion.present, 0]
    np.testing.assert_allclose(wrists.mean((0, 1)), [0, 0, 1], atol=1e-6)


@pytest.mark.parametrize("name", ["motion.npz", "rollout.npz", "report.json"])
def test_a_missing_file_is_named(copy, name) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=re.escape(name)):
        load_run(copy)


def test_files_of_two_runs_are_refused(copy) -> None:
    rollout = Rollout.load(copy / "rollout.npz")
    other = {**vars(rollout), "trajectory_sha256": "0" * 64}
    Rollout(**other).save(copy / "rollout.npz")
    with pytest.raises(InputError, match="does not belong"):
        load_run(copy)


@pytest.mark.parametrize("form", ["video", "html", "mjcf", "lerobot", "rerun"])
def test_a_folder_that_is_no_run_is_one_line(handx, tmp_path, form) -> None:
    done = handx("export", form, tmp_path / "nowhere", "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "handx run" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["video", "html", "rerun"])
def test_a_file_of_another_kind_is_refused(handx, run, tmp_path, form) -> None:
    done = handx("export", form, run, "--out", tmp_path / "x.txt")
    assert done.code == 2
    assert "--out" in done.err
    assert not (tmp_path / "x.txt").exists()


def test_mjcf_loads_in_plain_mujoco(handx, run, tmp_path) -> None:
    done = handx("export", "mjcf", run, "--out", tmp_path, "--rate", 10)
    assert done.code == 0, done.err
    model = mujoco.MjModel.from_xml_path(str(tmp_path / "scene.xml"))
    rollout = load_run(run).rollout
    assert model.nkey == int(rollout.time[-1] * 10 + 1e-6) + 1
    np.testing.assert_array_equal(model.key_qpos[0], rollout.qpos[0])


class _Addresses(HTMLParser):
    """Everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        for name, value in attrs:
            if name in ("src", "href", "data", "poster") and value:
                self.found.append(value)


@pytest.fixture(scope="session")
def page(finished, tmp_path_factory) -> Path:
    """The run as a page."""
    from handx.export.html import write_html

    shares = []
    path = tmp_path_factory.mktemp("page") / "player.html"
    write_html(load_run(finished.folder), path, shares.append)
    assert shares[-1] == 1.0
    return path


def test_the_page_needs_nothing_from_elsewhere(page) -> None:
    text = page.read_text(encoding="utf-8")
    parser = _Addresses()
    parser.feed(text)
    assert all(address.startswith("data:") for address in parser.found)
    # Scripts name one address, that of SVG's name space, which nobody fetches.
    assert set(re.findall(r"https?://[^\"'`\s)<]+", text)) == {
        "http://www.w3.org/2000/svg"
    }
    assert "make a fist with the left hand" in text
    assert "<b>PASS</b>" in text
    assert page.stat().st_size < 4e6


def test_the_recording_lasts_as_long_as_the_run(page, run) -> None:
    import base64

    import msgspec
    import zstandard

    text = page.read_text(encoding="utf-8")
    packed = base64.b64decode(re.search(r'EMBED_DATA__="([^"]+)"', text)[1])
    size = int.from_bytes(packed[:8], "little")
    raw = zstandard.ZstdDecompressor().decompress(packed[8:], max_output_size=size)
    length = int.from_bytes(raw[:8], "little")
    body = msgspec.msgpack.decode(raw[8 : 8 + length])
    duration = load_run(run).rollout.time[-1]
    assert body["durationSeconds"] == pytest.approx(duration, abs=0.06)
    moved = {}
    for time, message in body["messages"]:
        if message["type"] == "SetPositionMessage" and time > 0:
            moved.setdefault(message["name"], []).append(time)
    # A fist of the left hand: its fingers move, most of the time.
    fingers = [name for name in moved if name.startswith("/robot/left_")]
    assert len(fingers) > 5
    assert max(map(len, moved.values())) > 10


def test_the_words_of_a_page_are_escaped(run, page) -> None:
    from dataclasses import replace

    from handx.export.html import _words

    record = load_run(run)
    provenance = {**record.trajectory.provenance, "text": "<script>alert(1)</script>"}
    evil = replace(record, trajectory=replace(record.trajectory, provenance=provenance))
    assert "<script>" not in _words(evil)
    assert "&lt;script&gt;" in _words(evil)


def test_a_missing_extra_is_named_before_anything_is_written(
    handx, run, tmp_path, monkeypatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "handx.export.extras.find_spec",
        lambda name: None if name in ("viser", "rerun", "pyarrow") else real(name),
    )
    for form, extra, out in (
        ("html", "studio", "p.html"),
        ("rerun", "rerun", "r.rrd"),
        ("lerobot", "train", "set"),
    ):
        done = handx("export", form, run, "--out", tmp_path / out)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert f"handx[{extra}]" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("form", "out"), [("html", "p.html"), ("lerobot", "set"), ("mjcf", "scene")]
)
def test_a_full_disk_leaves_nothing(root, run, tmp_path, form, out) -> None:
    """In a fresh process, whose files may hold a few kilobytes only."""
    code = f"""
import resource, signal, sys
from handx.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
sys.exit(main(["export", {form!r}, {str(run)!r}, "--out", {str(tmp_path / out)!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, "MUJOCO_GL": "disable"},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "make room" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_rerun_recording_holds_the_measured_joints(handx, run, tmp_path) -> None:
    """Where the extra is installed: `make test-rerun`."""
    chunk = pytest.importorskip(
        "rerun.chunk", reason="the extra rerun: make test-rerun"
    )
    path = tmp_path / "run.rrd"
    done = handx("export", "rerun", run, "--out", path)
    assert done.code == 0, done.err
    rollout = load_run(run).rollout
    wanted = f"/joints/{rollout.joint_names[3]}/measured"
    chunks = chunk.RrdReader(path).stream().to_chunks()
    (found,) = [c for c in chunks if str(c.entity_path) == wanted]
    values = found.to_record_batch().to_pydict()["Scalars:scalars"]
    values = np.array([row[0] for row in values])
    np.testing.assert_allclose(values, rollout.joint_position[:, 3])
