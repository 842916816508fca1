"""`handx data`: import, look, and fetch, as a person would."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time as clock
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints
from training.data.corpus import Store

ROOT = Path(__file__).resolve().parents[2]
SIZE, CHUNK = 25 << 20, 10 << 20


def clip(frames: int = 60, apart: float = 0.3) -> np.ndarray:
    """(frames, 2, 21, 3) both hands open and close."""
    bent = np.zeros((5, 5))
    bent[1:, [1, 3]] = np.radians([60, 80])
    share = 0.5 - 0.5 * np.cos(np.arange(frames) / 8)
    points, _ = finger_points(DEFAULT_SHAPE, share[:, None, None] * bent)
    hands = [
        to_joints(points, np.eye(3), np.array([apart / 2, 0, 0]), side)
        for side in range(2)
    ]
    return np.stack(hands, 1)


@pytest.fixture
def takes(tmp_path) -> Path:
    """A folder with three recordings, one of them partly lost."""
    folder = tmp_path / "takes"
    folder.mkdir()
    for k in range(3):
        joints = clip(150, 0.2 + 0.05 * k)
        if k == 2:
            joints[20:90, 0] = np.nan
        np.savez(folder / f"take{k}.npz", joints=joints, fps=30.0)
    return folder


def test_import_look_and_draw(handx, takes, tmp_path) -> None:
    store = tmp_path / "store"
    words = ("data", "import", "plain", takes, "--workers", "1", "--frames", "20")
    done = handx(*words, "--out", store)
    assert done.code == 0, done.err
    kept = re.search(r"([\d.]+) % of 450 frames kept", done.out)
    assert kept
    assert 50 < float(kept[1]) < 100
    assert "dropped: short span" in done.out
    again = handx(*words, "--out", store)
    assert again.code == 0
    assert "3 of them imported before" in again.out
    assert kept[0] in again.out

    chart = tmp_path / "stats.png"
    stats = handx("data", "stats", store, "--out", chart)
    assert stats.code == 0
    for column in ("hours", "frames", "contact", "duration", "frequency", "intensity"):
        assert column in stats.out
    assert "not stated" in stats.out
    assert len(np.unique(np.asarray(Image.open(chart)).reshape(-1, 3), axis=0)) > 10

    wanted = next(iter(Store(store).clips()))
    for name in ("clip.png", "clip.mp4"):
        shown = handx("data", "show", store, wanted.id[:10], "--out", tmp_path / name)
        assert shown.code == 0, shown.err
        assert (tmp_path / name).stat().st_size > 10_000
    assert Image.open(tmp_path / "clip.png").size == (1920, 960)
    assert wanted.id in shown.out


def test_filter(handx, takes, tmp_path) -> None:
    store, new = tmp_path / "store", tmp_path / "new"
    handx("data", "import", "plain", takes, "--workers", "1", "--frames", "20",
          "--out", store)  # fmt: skip
    done = handx("data", "filter", store, "--hands", "both", "--out", new)
    assert done.code == 0, done.err
    assert "left: a hand is not there" in done.out
    assert all(clip.motion.present.all() for clip in Store(new).clips())
    assert json.loads((new / "store.json").read_text())["chosen"]["hands"] == "both"
    again = handx("data", "filter", store, "--hands", "both", "--out", new)
    assert "of them looked at before" in again.out
    none = handx("data", "filter", store, "--seconds", "5", "inf",
                 "--out", tmp_path / "none")  # fmt: skip
    assert none.code == 2
    assert "NO CLIP WAS TAKEN" in none.out
    assert "Exit code 2 if no clip was taken" in handx("data", "filter", "--help").out
    wrong = handx("data", "filter", store, "--text", "(", "--out", tmp_path / "wrong")
    assert wrong.code == 2
    assert "--text" in wrong.err


def test_most_of_it_dropped_is_loud(handx, tmp_path) -> None:
    joints = clip(200)
    joints[50:, 1] = np.nan
    np.savez(tmp_path / "take.npz", joints=joints, fps=30.0)
    words = ("data", "import", "plain", tmp_path / "take.npz", "--workers", "1")
    done = handx(*words, "--out", tmp_path / "store", "--hands", "both")
    assert done.code == 2
    assert "MOST OF IT WAS DROPPED" in done.out
    assert "0.0 % of 200 frames kept (missing)" in done.out


def test_bad_words_are_one_line_and_leave_nothing(handx, takes, tmp_path) -> None:
    store = tmp_path / "store"
    for words, complaint in (
        (("import", "nonesuch", takes), "unknown source"),
        (("import", "plain", tmp_path / "absent"), "no such"),
        (("import", "plain", takes, "--frames", "1"), "--frames"),
        (("import", "plain", takes, "--workers", "0"), "--workers"),
        (("stats", store), "no store here"),
        (("show", store, "abc"), "no store here"),
        (("show", store, "abc", "--out", "clip.gif"), "clip.gif"),
    ):
        out = ("--out", store) if words[0] == "import" else ()
        done = handx("data", *words, *out)
        assert done.code == 2
        assert complaint in done.err
        assert len(done.err.strip().splitlines()) == 1
        assert not store.exists()


def hub_server():
    path = ROOT / "tests" / "training" / "data_store" / "hub_server.py"
    spec = importlib.util.spec_from_file_location("hub_server", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def handx_clips(path: Path) -> bytes:
    """A small archive in HandX's own format: dictionaries in object arrays."""
    entries = {}
    for k in range(3):
        texts = [f"level {level} of clip {k}" for level in range(5)]
        entries[str(k)] = np.array(
            {
                "motion": clip(apart=0.2 + 0.03 * k),
                "left_annotation": texts,
                "right_annotation": texts,
                "interaction_annotation": texts,
            },
            dtype=object,
        )
    np.savez(path, **entries)
    return path.read_bytes()


def test_a_killed_fetch_goes_on_and_its_licence_reaches_the_clips(
    handx, tmp_path
) -> None:
    held = {
        "README.md": b"---\nlicense: cc-by-nc-4.0\n---\n",
        "test_can_pos_all_wotextfeat.npz": handx_clips(tmp_path / "made.npz"),
        "test_mano.npz": bytes(SIZE),
    }
    download, store = tmp_path / "download", tmp_path / "store"
    name = "alexzhang598/HandX"
    with hub_server().Hub(name, held, {"license": "cc-by-nc-4.0"}) as hub:
        hub.stall["test_mano.npz"] = SIZE // 2
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "hf"),
        }
        command = [sys.executable, "-m", "handx", "data", "fetch", "handx", "--out"]
        process = subprocess.Popen(
            [*command, download], cwd=ROOT, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert hub.stalled.wait(60)
        written = 0
        while written < CHUNK:  # what has arrived is written in steps of this
            clock.sleep(0.05)
            partial = download.glob(".partial/*")
            written = max((file.stat().st_size for file in partial), default=0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (download / "fetch.json").exists()
        done = subprocess.run(
            [*command, download], cwd=ROOT, env=environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        # What the killed run had written is not asked for again.
        assert [r for r in hub.ranges if re.match(r"test_mano.npz bytes=[1-9]", r)]
        commit = hub.commit
    for word in ("cc-by-nc-4.0", commit, "ARCTIC", "H2O", "data import arctic"):
        assert word in done.stdout
    assert json.loads((download / "fetch.json").read_text())["revision"] == commit
    imported = handx(
        "data", "import", "handx", download, "--out", store, "--workers", "1"
    )
    assert imported.code == 0, imported.out + imported.err
    clips = list(Store(store).clips())
    assert len(clips) == 3
    for stored in clips:
        assert stored.split == "test"
        assert stored.motion.provenance["revision"] == commit
        assert stored.motion.provenance["repository"] == name
        assert stored.licence == "cc-by-nc-4.0"
        assert stored.captions["relation"][0].startswith("level 0")
        assert stored.motion.provenance["caption_scope"] == "clip"
