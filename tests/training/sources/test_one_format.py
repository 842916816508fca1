"""What is particular to a format: flags, clocks, variants, estimates, captions."""

import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.skeleton import HANDX_FROM_MEDIAPIPE, JOINT, SIDES, bone_lengths
from training.data.sources import orders, read_source


def test_h2o_stands_still_in_the_world_while_the_head_moves(write, pair):
    """Wrists of the moving camera's frame would move by more than 10 cm."""
    pair[:] = pair[:1]
    [raw] = read_source("h2o", write("h2o", pair))
    assert np.ptp(raw.joints, axis=0).max() < 1e-6
    assert raw.name == "subject1/h1/3"
    assert raw.details["split"] == "train"


def test_h2o_says_which_frames_lack_a_pose(write, pair, books_balance):
    path = write("h2o", pair)
    (path / "cam4/cam_pose/000004.txt").unlink()
    (path / "cam4/hand_pose/000007.txt").unlink()
    [raw] = read_source("h2o", path)
    assert books_balance(raw)
    assert raw.counts["without_camera_pose"] == 1
    assert raw.counts["numbers_left_out"] == 1
    assert not raw.seen[4].any()
    np.testing.assert_allclose(raw.time[[6, 7]], [6 / 30, 8 / 30])


def test_handx_captions_and_groups(tmp_path, pair):
    from handx_gen.hand_model import right_form

    clips, other = {}, right_form(pair[:, 0], 1) * 1.07
    for k in range(4):
        joints = pair if k < 2 else np.stack([other, pair[:, 1] * 1.07], 1)
        texts = {
            f"{side}_annotation": [f"{side} {k}"] for side in (*SIDES, "interaction")
        }
        clips[str(k)] = {"motion": joints, **texts}
    np.savez(tmp_path / "test_can_pos_all_wotextfeat.npz", **clips)
    raws = list(read_source("handx", tmp_path))
    assert [raw.name for raw in raws] == [f"test/{k}" for k in range(4)]
    assert raws[2].text == {
        "left": ("left 2",), "right": ("right 2",), "relation": ("interaction 2",)
    }  # fmt: skip
    first, second, third, fourth = (raw.group for raw in raws)
    assert first == second != third == fourth
    assert {raw.details["split"] for raw in raws} == {"test"}


def test_handx_hands_out_good_clips_before_it_complains(tmp_path, pair):
    bad = pair.copy()
    bad[3, 0, 5] = np.nan
    clips = {str(k): {"motion": bad if k in (1, 3) else pair} for k in range(5)}
    np.savez(tmp_path / "train_can_pos.npz", **clips)
    reader = read_source("handx", tmp_path)
    good = [next(reader).name for _ in range(3)]
    assert good == ["train/0", "train/2", "train/4"]
    with pytest.raises(InputError, match=r"2 of 5 clips refused.*clip 1: NaN"):
        next(reader)


def test_gigahands_rows_of_a_union_find_their_frames(write, pair):
    """Rows for the union of chosen frames are not rows per video frame."""
    path = write("gigahands", pair)
    left, right = [2, 3, 8, 9], [3, 4, 9, 11]
    union = sorted({*left, *right})
    for side, chosen in zip(SIDES, (left, right)):
        lines = (path / f"{side}.jsonl").read_text().splitlines()
        (path / f"{side}.jsonl").write_text("\n".join(lines[t] for t in union))
        (path / f"chosen_frames_{side}.json").write_text(json.dumps(chosen))
    [raw] = read_source("gigahands", path)
    assert len(raw.time) == 12
    for k, chosen in enumerate((left, right)):
        assert list(np.flatnonzero(raw.seen[:, k])) == chosen
        np.testing.assert_allclose(raw.joints[chosen, k], pair[chosen, k], atol=1e-5)
    assert raw.counts["not_chosen_left"] == 2
    (path / "left.jsonl").write_text("\n".join(lines[:5]))
    with pytest.raises(InputError, match="5 rows for 4 chosen"):
        list(read_source("gigahands", path))


def test_gigahands_sentences_travel_with_the_frames_they_describe(write, pair):
    path = write("gigahands", pair)
    rows = [
        {
            "scene": "p001-kitchen", "sequence": ["007"], "start_frame_id": 0,
            "end_frame_id": 9, "clarify_annotation": "Stir.",
            "rewritten_annotation": ["Stirs.", "He stirs."],
        },
        {"scene": "p001-kitchen", "sequence": "007", "clarify_annotation": "Buggy"},
        {"scene": "p002-desk", "sequence": "007", "clarify_annotation": "Other."},
    ]  # fmt: skip
    text = "\n".join(map(json.dumps, rows))
    (path.parents[2] / "annotations_v2.jsonl").write_text(text)
    [raw] = read_source("gigahands", path)
    [caption] = raw.details["captions"]
    assert caption == {"first": 0, "last": 9, "sentences": ["Stirs.", "He stirs."]}


@pytest.mark.parametrize("columns", [473, 470, 420])
def test_holoassist_variants(write, pair, columns):
    path = write("holoassist", pair)
    for file in path.glob("*.txt"):
        lines = []
        for line in file.read_text().splitlines():
            cells = line.split()
            seconds, ticks, active, body, flags = (
                cells[:1], cells[1:2], cells[2:3], cells[3:419], cells[419:]
            )  # fmt: skip
            lines.append(
                {
                    473: [*seconds, *ticks, "0", "0", *active, *body, *flags],
                    470: [*ticks, *active, *body, *flags],
                    420: [*ticks, "0", "0", *active, *body],
                }[columns]
            )
        if columns == 420:  # a row of nothing tracked is short
            lines[3] = lines[3][:3] + ["0"]
        name = file.name if columns == 473 else file.name.replace("_sync", "")
        file.unlink()
        (path / name).write_text("\n".join("\t".join(cells) for cells in lines))
    [raw] = read_source("holoassist", path)
    whole = [t for t in range(len(pair)) if not (columns == 420 and t == 3)]
    np.testing.assert_allclose(raw.joints[whole], pair[whole], atol=1e-5)
    if columns == 420:
        assert raw.counts["inactive_left"] == 1
        assert not raw.seen[3].any()


def test_holoassist_flags_beat_numbers(write, pair, books_balance):
    """An invalid joint holds an old value: only its flag tells."""
    path = write("holoassist", pair)
    file = path / "Right_sync.txt"
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    lines[6][419 + orders.OPENXR.index("ring_tip")] = "0"
    lines[7][445:] = ["0"] * 26  # tracked nowhere: guessed
    lines = lines[:-4]  # the left file is longer
    file.write_text("\n".join("\t".join(cells) for cells in lines))
    [raw] = read_source("holoassist", path)
    assert books_balance(raw)
    assert np.isnan(raw.joints[6, 1, JOINT["ring_tip"]]).all()
    assert raw.counts["partial_right"] == 1
    assert raw.counts["low_confidence_right"] == 1
    assert raw.counts["missing_right"] == 4
    assert len(raw.time) == len(pair)


def test_two_clocks_become_one(write, pair, books_balance):
    """Each row twice, 0.08 ms apart, each time with one hand, and one row too late."""
    path = write("aria", pair)
    header, *rows = path.read_text().splitlines()
    twice = []
    for row in rows:
        cells = row.split(",")
        left = [*cells[:65], "-1", *["0"] * 63]
        right = [str(int(cells[0]) + 80), "-1", *["0"] * 63, *cells[65:]]
        twice += [",".join(left), ",".join(right)]
    twice.append(twice[4])
    path.write_text("\n".join([header, *twice]))
    [raw] = read_source("aria", path)
    assert books_balance(raw)
    assert raw.counts["lost_same_time"] == len(pair)
    assert raw.counts["lost_time_backwards"] == 1
    assert raw.seen.all()
    path.write_text("\n".join([header, *rows[::-1]]))
    with pytest.raises(InputError, match="runs backwards"):
        list(read_source("aria", path))


def test_aria_thumb_is_a_thumb(write, pair):
    [raw] = read_source("aria", write("aria", pair))
    assert raw.details["thumb_cmc"] == "estimated"
    error = np.linalg.norm((raw.joints - pair)[:, :, JOINT["thumb_cmc"]], axis=-1)
    # Another hand model than the one it was fitted to, whose CMC lies 16 mm nearer.
    assert error.max() < 0.03
    mirrored = raw.joints[:, 0] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored[0], raw.joints[0, 1], atol=0.01)


def webxr_line(hand, side, milliseconds, *names):
    """A line of handy.js: 25 joints in whole millimetres from the wrist."""
    from handx_gen.skeleton import CHAINS, FINGERS

    palm = (hand[0] + hand[JOINT["middle_mcp"]]) / 2
    points = [hand[0], *(hand[JOINT[j]] for j in CHAINS["thumb"][1:])]
    for finger in FINGERS[1:]:
        points += [palm, *(hand[JOINT[j]] for j in CHAINS[finger][1:])]
    millimetres = np.rint(1000 * (np.array(points) - hand[0])).astype(int)
    line = {"names": names, "handedness": side, "time": milliseconds}
    return json.dumps(line | {"jointPositions": millimetres.tolist()})


def test_webxr_lines_far_apart_are_poses_and_near_ones_a_motion(
    tmp_path, pair, books_balance
):
    lines = [
        webxr_line(pair[0, 0], "left", 1_600_000_000_000, "rest", "open"),
        webxr_line(pair[9, 1], "right", 1_600_000_040_000, "fist"),
    ]
    for t in range(6):
        stamp = 1_600_000_090_000 + 33 * t
        lines += [webxr_line(pair[t, k], SIDES[k], stamp) for k in range(2)]
    (tmp_path / "poses.jsonl").write_text("\n".join(lines))
    rest, fist, moving = read_source("webxr", tmp_path)
    assert all(books_balance(raw) for raw in (rest, fist, moving))
    assert (len(rest.time), len(fist.time), len(moving.time)) == (1, 1, 6)
    assert rest.details["names"] == ["rest", "open"]
    assert rest.name.endswith("-rest")
    assert not fist.seen[0, 0]
    assert fist.seen[0, 1]
    assert moving.seen.all(), "both hands of one instant are one frame"
    assert moving.counts["lost_same_time"] == 6
    local = pair[:6] - pair[:6, :, :1]
    np.testing.assert_allclose(moving.joints, local, atol=6e-4)


@pytest.mark.parametrize("packed", [False, True])
def test_leap_formats_say_the_same(tmp_path, pair, leap, packed):
    content, _ = leap
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(content(pair, packed)))
    [raw] = read_source("leap", path)
    assert raw.seen.all()
    assert raw.details["wrist"] == {"left": ["recorded"], "right": ["recorded"]}
    np.testing.assert_allclose(bone_lengths(raw.joints), bone_lengths(pair), atol=1e-5)


def test_leap_wrists_are_estimated_and_it_says_so(tmp_path, pair, leap):
    content = leap[0](pair)
    for frame in content["frames"]:
        frame["timestamp"] -= frame["timestamp"] % 7
        for hand in frame["hands"]:
            wrist = np.array(hand.pop("wrist"))
            back, down = np.array(hand["direction"]), np.array(hand["palmNormal"])
            hand["palmPosition"] = (wrist + 53 * back).tolist()
            if hand["type"] == "left":
                for finger in frame["pointables"]:
                    if finger["handId"] == hand["id"]:
                        finger["carpPosition"] = (
                            wrist + 9.1 * back - 7.3 * down
                        ).tolist()
    content["frames"][4]["pointables"].pop()
    (tmp_path / "recording.json").write_text(json.dumps(content))
    [raw] = read_source("leap", tmp_path / "recording.json")
    said = raw.details["wrist"]
    assert "estimated from the carpals" in said["left"]
    assert "rough" in said["right"][0]
    assert raw.counts["incomplete_hands"] == 1
    assert raw.counts["missing_right"] == 1
    error = bone_lengths(raw.joints) - bone_lengths(pair)
    assert np.nanmax(np.abs(error)) < 1e-5


def test_the_side_of_a_webcam_hand_shows_in_its_bend(tmp_path, pair):
    import pickle

    for k, side in enumerate(SIDES):
        path = tmp_path / f"take{k}.pkl"
        order = np.argsort(HANDX_FROM_MEDIAPIPE)
        path.write_bytes(pickle.dumps(list(pair[:, k, order])))
        [raw] = read_source("mediapipe_pickle", path)
        assert raw.details["side"].startswith(side)
        assert raw.seen[:, k].all()
        assert not raw.seen[:, 1 - k].any()


def test_plain_arrays_need_a_rate_from_somewhere(tmp_path, pair):
    np.save(tmp_path / "a.npy", pair)
    with pytest.raises(InputError, match=r"a\.npy.*no time stamps"):
        list(read_source("plain", tmp_path / "a.npy"))
    [raw] = read_source("plain", tmp_path / "a.npy", fps=120)
    assert raw.time[-1] == pytest.approx(23 / 120)
    time = np.cumsum(np.r_[0, np.tile([0.01, 0.03], 12)[:-1]])
    np.savez(
        tmp_path / "b.npz", motion=pair, time=time, confidence=np.full((24, 2), 0.3)
    )
    [raw] = read_source("plain", tmp_path / "b.npz")
    np.testing.assert_allclose(raw.time, time)
    assert raw.counts["low_confidence_left"] == 24


def test_plain_reads_motions_of_the_project(tmp_path, pair):
    from handx_gen.motion import BimanualMotion

    pair[:, 0] = 0
    motion = BimanualMotion(pair, 25.0, np.array([False, True]))
    motion.save(tmp_path / "motion.npz")
    [raw] = read_source("plain", tmp_path)
    assert list(raw.seen.all(0)) == [False, True]
    assert raw.time[1] == pytest.approx(1 / 25)
