"""Files that cannot be used: refused, with the file and the reason; nothing executed."""

import io
import json
import os
import pickle
import random
import zipfile

import numpy as np
import pytest

from handx_gen import safe_pickle
from handx_gen.errors import InputError
from training.data.sources import SOURCES, files, leap_lz, read_source, sniff_source

DATA_FILE = {
    "handx": "", "plain": "", "mediapipe_pickle": "", "webxr": "", "leap": "", "aria": "",
    "h2o": "cam4/hand_pose/000005.txt", "gigahands": "left.jsonl",
    "holoassist": "Left_sync.txt",
}  # fmt: skip
"""Format → which file of a written recording is damaged; "" for the only one."""


@pytest.fixture
def damaged(written, pair):
    """(format, path to read, one of its files)."""
    name, write = written
    path = write(pair)
    return name, path, path / DATA_FILE[name] if DATA_FILE[name] else path


def refused(name, path, file, match=r"\.", **given):
    with pytest.raises(InputError, match=match) as caught:
        list(read_source(name, path, **given))
    named = str(caught.value)
    assert file.name in named or file.parent.name in named, named
    assert len(named) < 800, "one clear line, not a dump"


@pytest.mark.parametrize("part", [0.03, 0.5, 0.97])
def test_truncated_files(damaged, part):
    name, path, file = damaged
    data = file.read_bytes()
    cut = data[: int(part * len(data))]
    if name == "holoassist":  # cut at a line's end it would be a shorter recording
        cut = cut.rstrip()[:-5]
    file.write_bytes(cut)
    refused(name, path, file)


def test_empty_files(damaged):
    name, path, file = damaged
    file.write_bytes(b"")
    if name == "gigahands":  # a hand that was never seen has an empty file
        (path / "right.jsonl").write_bytes(b"")
    refused(name, path, file)


def test_files_of_something_else(damaged):
    name, path, file = damaged
    rng = np.random.default_rng(0)
    for noise in (rng.bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(50), b"hello, world\n"):
        file.write_bytes(noise)
        refused(name, path, file)
        assert isinstance(sniff_source(path), list)


@pytest.mark.filterwarnings("error")
def test_any_damage_is_refused_or_harmless(damaged):
    """Bytes changed, cut out or put in at random: never another error than ours."""
    name, path, file = damaged
    draw, data = random.Random(0), file.read_bytes()
    pieces = [b"null", b'"x"', b"1e999", b"NaN", b"[]", b"{}", b"-5", b"\0", b"9" * 400]
    pieces += [b",", b"\n", b"\xff", b"1e30", b"true", b"99999999999999999999"]
    refusals: list[str] = []
    for _ in range(30):
        at = draw.randrange(len(data))
        bad = draw.choice(
            [
                data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :],
                data[:at] + data[at + draw.randrange(1, 200) :],
                data[:at] + draw.choice(pieces) + data[at:],
                data[:at] + draw.choice(pieces) + data[at + 4 :],
            ]
        )
        file.write_bytes(bad)
        sniff_source(path)
        try:
            raws = list(read_source(name, path))
        except InputError as error:
            refusals.append(str(error))
        else:
            assert all(np.abs(raw.joints[raw.seen]).max() < 1000 for raw in raws)
    assert len(refusals) > 5
    assert max(map(len, refusals)) < 800


def test_nan_among_numbers(damaged):
    name, path, file = damaged
    if name in ("handx", "plain"):
        key = "0" if name == "handx" else "joints"
        pair = dict(safe_pickle.load_npz(path))[key]
        pair = np.array(pair["motion"] if name == "handx" else pair)
        pair[4, 1, 3, 2] = np.nan
        np.savez(path, **{key: {"motion": pair} if name == "handx" else pair}, fps=30)
    elif name == "mediapipe_pickle":
        frames = [np.array(frame) for frame in safe_pickle.load_arrays(path)]
        frames[3][2, 1] = np.nan
        path.write_bytes(pickle.dumps(frames))
    elif name == "webxr":
        frames = safe_pickle.load_arrays(path)
        frames[3]["left_fingers"] = frames[3]["left_fingers"] * np.nan
        path.write_bytes(pickle.dumps(frames))
    elif name == "leap":
        text = leap_lz.decompress_base64(path.read_text())
        path = file = path.with_name("own.json")
        path.write_text(text.replace('"palmPosition": [', '"palmPosition": [NaN, ', 1))
    elif name == "holoassist":
        pytest.skip("NaN marks a joint that is not valid")
    else:
        text = file.read_text()
        for separator in (",", " "):
            cells = text.split(separator)
            if len(cells) > 60:
                cells[20 if name != "aria" else -20] = "NaN"
                file.write_text(separator.join(cells))
                break
    refused(name, path, file, "NaN|nan")


class Hostile:
    """Makes a folder when unpickled as a pickle is meant to be."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("name", ["handx", "mediapipe_pickle", "webxr", "plain"])
def test_hostile_pickles_execute_nothing(tmp_path, pair, name):
    mark = tmp_path / "executed"
    hostile = Hostile(mark)
    path = tmp_path / (
        "right.pkl" if name in ("mediapipe_pickle", "webxr") else "x.npz"
    )
    if name == "handx":
        np.savez(
            path, **{"0": {"motion": pair}, "1": {"motion": pair, "left": hostile}}
        )
    elif name == "plain":
        np.savez(path, fps=30, joints=np.array([hostile], object))
    else:
        frame = {"time": 0.0, "left_wrist": hostile, "left_fingers": hostile}
        path.write_bytes(pickle.dumps([pair[0, 1], hostile, frame]))
    refused(name, path, path, "mkdir")
    sniff_source(path)
    assert not mark.exists()


def test_hostile_plain_npy(tmp_path):
    mark, path = tmp_path / "executed", tmp_path / "x.npy"
    np.save(path, np.array(Hostile(mark)), allow_pickle=True)
    refused("plain", path, path, "mkdir", fps=30)
    sniff_source(path)
    assert not mark.exists()


def test_archives_that_explode(tmp_path):
    for name, entry in (("handx", "0.npy"), ("plain", "joints.npy")):
        path = tmp_path / f"{name}_can_pos.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(entry, bytes(40 << 20))
        refused(name, path, path, "would expand")


def test_arrays_that_claim_more_than_they_hold(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 2, 21, 3)}
    )
    (tmp_path / "x.npy").write_bytes(header.getvalue() + bytes(1000))
    refused("plain", tmp_path / "x.npy", tmp_path / "x.npy", "truncated", fps=30)


def test_texts_that_explode(tmp_path, monkeypatch):
    """LZ-string can write n² characters into n: a limit stands between."""
    monkeypatch.setattr(leap_lz, "MAX_CHARACTERS", 5000)
    path = tmp_path / "bomb.json.lz"
    # 'a', then always the phrase that the decoder is about to add.
    bits, code, room, width = [0, 0, *(ord("a") >> k & 1 for k in range(8))], 4, 4, 3
    for _ in range(200):
        bits += [code >> k & 1 for k in range(width)]
        code, room = code + 1, room - 1
        if room == 0:
            room, width = 1 << width, width + 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bits += [0] * (-len(bits) % 6)
    sixes = [bits[k : k + 6] for k in range(0, len(bits), 6)]
    path.write_text("".join(letters[int("".join(map(str, six)), 2)] for six in sixes))
    refused("leap", path, path, "more than 5000 characters")


def test_texts_beyond_all_size(damaged, monkeypatch):
    name, path, file = damaged
    for module, limit in ((files, "MAX_LINE"), (safe_pickle, "MAX_BYTES")):
        monkeypatch.setattr(module, limit, 100)
    monkeypatch.setattr(safe_pickle, "MAX_ARCHIVE_BYTES", 100)
    if name in ("h2o", "leap", "aria"):
        monkeypatch.setattr(files, "read_text", _small(files.read_text))
    refused(name, path, file, "more than|characters|grows beyond")


def _small(read):
    return lambda path, limit=0: read(path, 100)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("frames",), {}),
        (("frames", 1, "timestamp"), "soon"),
        (("frames", 1, "hands"), None),
        (("frames", 1, "hands", 0, "type"), ["left"]),
        (("frames", 1, "hands", 0, "confidence"), "high"),
        (("frames", 1, "hands", 0, "wrist"), [1, 2]),
        (("frames", 1, "pointables"), 3),
        (("frames", 1, "pointables", 0, "id"), None),
        (("frames", 1, "pointables", 0, "type"), 7),
        (("frames", 1, "pointables", 0, "mcpPosition"), ["a", "b", "c"]),
        (("frames", 1, "pointables", 0, "mcpPosition"), [1e300, 0, 0]),
        (("metadata",), []),
    ],
)
def test_values_of_another_kind(tmp_path, pair, leap, path, value):
    content = leap[0](pair[:3])
    if path[-1] == "id":
        del content["frames"][1]["pointables"][0]["type"]
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file = tmp_path / "own.json"
    file.write_text(json.dumps(content))
    refused("leap", file, file, str(path[0]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "value",
    [np.array("x"), np.zeros(3, complex), np.zeros(3, "M8[s]"), b"x", {}, [None]],
    ids=str,
)
def test_pickles_of_another_kind(tmp_path, pair, value):
    path = tmp_path / "right.pkl"
    path.write_bytes(pickle.dumps(value))
    refused("mediapipe_pickle", path, path)
    frame = {"time": 0.0, "left_wrist": np.eye(4)[None], "left_fingers": value}
    path.write_bytes(pickle.dumps([frame]))
    refused("webxr", path, path)


def test_json_that_nests_without_end(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    refused("leap", path, path, "JSON")


@pytest.mark.parametrize(
    "shape", [(24, 21, 3), (24, 1, 21, 3), (24, 2, 20, 3), (0, 2, 21, 3), (126,)]
)
def test_wrong_shapes(tmp_path, shape):
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(shape))
    refused("plain", path, path, "shape|no frames|no hand", fps=30)
    path = tmp_path / "x_can_pos.npz"
    np.savez(path, **{"0": {"motion": np.zeros(shape)}})
    refused("handx", path, path, "shape|no frames|no hand")


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ({"left_pose": np.zeros((60, 48))}, "MANO parameters"),
        ([1, 2], "no `motion`"),
        ({"motion": "text"}, "numbers"),
        ({"motion": np.ones((4, 2, 21, 3)), "left_annotation": [1]}, "strings"),
    ],
)
def test_handx_entries_of_another_kind(tmp_path, clip, said):
    path = tmp_path / "x_can_pos.npz"
    np.savez(path, **{"0": np.array(clip, object) if isinstance(clip, dict) else clip})
    refused("handx", path, path, said)


def test_h2o_without_or_with_impossible_camera_poses(write, pair):
    path = write("h2o", pair)
    pose = path / "cam4/cam_pose/000002.txt"
    pose.write_text(" ".join(["1"] * 16))
    refused("h2o", path, pose, "not a rigid transform")
    for file in pose.parent.iterdir():
        file.unlink()
    refused("h2o", path, path, "this camera moves")


def test_holoassist_lines_of_other_lengths(write, pair):
    path = write("holoassist", pair)
    file = path / "Right_sync.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], lines[3] + "\t1", *lines[4:]]))
    refused("holoassist", path, file, "line 4.*472 columns")
    file.write_text(lines[0].replace("63780", "6.378e17\t", 1).replace("\t\t", "\t"))
    refused("holoassist", path, file)


def test_aria_files_of_the_other_kind(tmp_path):
    path = tmp_path / "hand_tracking_results.csv"
    path.write_text("tracking_timestamp_us,left_tracking_confidence\n1,1\n")
    refused("aria", path, path, "columns are missing")


def test_aria_cells_without_end(write, pair):
    path = write("aria", pair)
    path.write_text(path.read_text() + "9" * 200_000)
    refused("aria", path, path, "not a table")


def test_a_side_that_cannot_be_told(tmp_path, pair):
    flat = np.tile(pair[:1, 1], (5, 1, 1))
    flat[..., 2] = 0  # pressed into a plane: no finger bends out of it
    path = tmp_path / "take.pkl"
    path.write_bytes(pickle.dumps(list(flat)))
    refused("mediapipe_pickle", path, path, "too straight")


def test_hands_that_are_never_seen(tmp_path, write, pair):
    pair[:] = np.nan
    for name in ("aria", "holoassist", "h2o", "webxr"):
        path = write(name, pair)
        refused(name, path, path, "no hand in any of its 24 rows")


def test_refusals_of_webxr_lines(tmp_path):
    path = tmp_path / "poses.jsonl"
    line = {"handedness": "left", "time": 1, "jointPositions": [[0, 0, 0]] * 24}
    for change, said in (
        ({}, r"line 1\.jointPositions.*shape"),
        ({"handedness": "both"}, "handedness"),
        ({"jointPositions": [[0, 0, "x"]] * 25}, "expected numbers"),
    ):
        path.write_text(json.dumps(line | change))
        refused("webxr", path, path, said)


def test_plain_folder_names_the_arrays_it_cannot_read(tmp_path, pair):
    """They are handed to the importer, which lists them; other arrays are none of it."""
    np.save(tmp_path / "good.npy", np.nan_to_num(pair))
    np.save(tmp_path / "weights.npy", np.ones(7))
    np.save(tmp_path / "short.npy", np.nan_to_num(pair)[:, :, :20])
    (tmp_path / "torn.npy").write_bytes((tmp_path / "good.npy").read_bytes()[:60])
    (tmp_path / "empty.npz").write_bytes(b"")
    found = {path.name for path in SOURCES["plain"].recordings(tmp_path)}
    assert found == {"good.npy", "torn.npy", "empty.npz", "short.npy"}
    for name in ("torn.npy", "empty.npz", "short.npy"):
        with pytest.raises(InputError, match=name):
            list(read_source("plain", tmp_path / name, fps=30))
    (tmp_path / "good.npy").unlink()
    assert "plain" not in sniff_source(tmp_path)
