"""LeRobot data sets, read back by pyarrow and by Hugging Face's reader alone."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from handx.export.dataset_folder import replaced
from handx.export.lerobot import CAMERA, write_lerobot
from handx.export.run_folder import RunRecord, load_run
from handx.export.statistics import combine, describe
from handx_gen.errors import InputError

FPS = 10


@pytest.fixture(scope="module")
def run(finished) -> RunRecord:
    return load_run(finished.folder)


def another(run: RunRecord, text: str) -> RunRecord:
    """The run as if something else had been asked, and done a little differently."""
    provenance = {**run.trajectory.provenance, "text": text}
    poses = run.trajectory.T_world_base.copy()
    poses[..., 6] += 1e-6 * len(text)
    trajectory = replace(run.trajectory, provenance=provenance, T_world_base=poses)
    return replace(run, trajectory=trajectory)


@pytest.fixture(scope="module")
def runs(run) -> list[RunRecord]:
    return [run, another(run, "close the left hand"), another(run, "left fist, slow")]


@pytest.fixture(scope="module")
def dataset(runs, tmp_path_factory) -> Path:
    """Two runs at once, then the third added, with videos."""
    out = tmp_path_factory.mktemp("lerobot") / "set"
    for part in (runs[:2], runs[2:]):
        write_lerobot([partial(lambda r: r, r) for r in part], out, FPS, video=True)
    return out


def frames(dataset: Path) -> dict[str, np.ndarray]:
    """All data files, one after the other."""
    tables = [pq.read_table(file) for file in sorted(dataset.glob("data/*/*.parquet"))]
    return {
        name: np.concatenate([np.array(t[name].to_pylist()) for t in tables])
        for name in tables[0].column_names
    }


def test_the_layout_is_the_published_one(dataset) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert info["robot_type"] == "shadow"
    assert (info["fps"], info["chunks_size"]) == (FPS, 1000)
    pattern = "chunk-{chunk_index:03d}/file-{file_index:03d}"
    assert info["data_path"] == f"data/{pattern}.parquet"
    assert info["video_path"] == f"videos/{{video_key}}/{pattern}.mp4"
    assert (info["total_episodes"], info["total_tasks"]) == (3, 3)
    assert info["splits"] == {"train": "0:3"}
    columns = frames(dataset)
    assert info["total_frames"] == len(columns["index"])
    for name, feature in info["features"].items():
        assert set(feature) >= {"dtype", "shape", "names"}
        if feature["dtype"] == "video":
            continue
        shape = () if feature["shape"] == [1] else tuple(feature["shape"])
        assert columns[name].shape[1:] == shape, name
        if isinstance(feature["names"], list):
            assert len(feature["names"]) == feature["shape"][-1]
    assert set(columns) == set(info["features"]) - {CAMERA}
    whole = {"dtype": "int64", "shape": [1], "names": None}
    for name in ("frame_index", "episode_index", "index", "task_index"):
        assert info["features"][name] == whole
    assert info["features"]["timestamp"] == {**whole, "dtype": "float32"}


def test_indices_count_frames_and_episodes(dataset) -> None:
    columns = frames(dataset)
    episodes = [
        row
        for file in sorted(dataset.glob("meta/episodes/*/*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    tasks = pq.read_table(dataset / "meta/tasks.parquet").to_pydict()
    names = dict(zip(tasks["task_index"], tasks["task"]))
    assert [row["episode_index"] for row in episodes] == [0, 1, 2]
    np.testing.assert_array_equal(columns["index"], np.arange(len(columns["index"])))
    for row in episodes:
        part = slice(row["dataset_from_index"], row["dataset_to_index"])
        count = row["length"]
        assert (columns["episode_index"][part] == row["episode_index"]).all()
        np.testing.assert_array_equal(columns["frame_index"][part], np.arange(count))
        np.testing.assert_allclose(
            columns["timestamp"][part], np.arange(count) / FPS, atol=1e-5
        )
        (number,) = set(columns["task_index"][part])
        assert [names[number]] == row["tasks"]
        file = f"chunk-{row['data/chunk_index']:03d}/file-{row['data/file_index']:03d}"
        inside = pq.read_table(dataset / f"data/{file}.parquet")["episode_index"]
        assert row["episode_index"] in inside.to_pylist()
        place = (row["meta/episodes/chunk_index"], row["meta/episodes/file_index"])
        assert (dataset / "meta/episodes/chunk-{:03d}/file-{:03d}.parquet".format(
            *place)).exists()  # fmt: skip


def test_frames_say_what_was_measured_commanded_and_asked(dataset, run) -> None:
    columns = frames(dataset)
    info = json.loads((dataset / "meta/info.json").read_text())
    names = info["features"]["observation.state"]["names"]
    assert info["features"]["action"]["names"] == names
    rollout, joints = run.rollout, len(run.rollout.joint_names)
    assert tuple(names[:joints]) == rollout.joint_names
    for frame in (0, 7, 15):
        time = frame / FPS
        sample = int(np.abs(rollout.time - time).argmin())
        assert rollout.time[sample] == pytest.approx(time)  # 100 Hz holds every frame
        state, action = columns["observation.state"][frame], columns["action"][frame]
        np.testing.assert_allclose(
            state[:joints], rollout.joint_position[sample], atol=1e-6
        )
        np.testing.assert_allclose(
            action[:joints], rollout.commanded[sample], atol=1e-6
        )
        base = rollout.T_world_base[sample].ravel()
        np.testing.assert_allclose(np.abs(state[joints:]), np.abs(base), atol=1e-6)
        wanted = run.trajectory.sample_base(time)[0].ravel()
        np.testing.assert_allclose(np.abs(action[joints:]), np.abs(wanted), atol=1e-6)
        trajectory = run.trajectory
        moment = np.interp(time, trajectory.time_from_start, trajectory.source_time)
        near = run.human_joints[round(moment * run.motion.fps)]
        present = run.motion.present
        shown = columns["observation.human_joints"][frame]
        assert np.abs(shown - near)[present].max() < 0.02
        assert (shown[~present] == 0).all()
        error = np.sqrt(((state - action)[:joints] ** 2).mean())
        assert columns["tracking_error"][frame] == pytest.approx(error, abs=1e-6)
    assert columns["success"].all() == run.report.passed


def test_statistics_are_those_of_the_columns(dataset) -> None:
    stats = json.loads((dataset / "meta/stats.json").read_text())
    columns = frames(dataset)
    kinds = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}
    assert set(stats) == set(columns) | {CAMERA}
    for name, values in columns.items():
        found = {kind: np.array(value) for kind, value in stats[name].items()}
        assert set(found) == kinds
        values = values.astype(float).reshape(len(values), *found["mean"].shape)
        np.testing.assert_allclose(found["mean"], values.mean(0), atol=1e-6)
        np.testing.assert_allclose(found["std"], values.std(0), atol=1e-5)
        np.testing.assert_allclose(found["min"], values.min(0), atol=1e-6)
        np.testing.assert_allclose(found["max"], values.max(0), atol=1e-6)
        assert found["count"] == [len(values)]
    assert np.array(stats[CAMERA]["mean"]).shape == (3, 1, 1)
    assert 0 < np.array(stats[CAMERA]["mean"]).min() < 1


def test_every_frame_has_its_picture(dataset) -> None:
    import av

    for file in sorted(dataset.glob("meta/episodes/*/*.parquet")):
        for row in pq.read_table(file).to_pylist():
            place = [row[f"videos/{CAMERA}/{k}_index"] for k in ("chunk", "file")]
            name = "videos/{}/chunk-{:03d}/file-{:03d}.mp4".format(CAMERA, *place)
            with av.open(str(dataset / name)) as container:
                shown = [f for f in container.decode(video=0)]
            times = [float(f.pts * f.time_base) for f in shown]
            np.testing.assert_allclose(times, np.arange(row["length"]) / FPS, atol=1e-4)
            assert sum(f.key_frame for f in shown) >= len(shown) // 2
            assert row[f"videos/{CAMERA}/from_timestamp"] == 0
            assert row[f"videos/{CAMERA}/to_timestamp"] == row["length"] / FPS


def test_the_reader_of_hugging_face_takes_it(dataset, tmp_path) -> None:
    import datasets

    info = json.loads((dataset / "meta/info.json").read_text())

    def kind(feature: dict):
        # As LeRobot declares them (feature_utils.get_hf_features_from_features).
        shape, value = feature["shape"], datasets.Value(feature["dtype"])
        if shape == [1]:
            return value
        if len(shape) == 1:
            return datasets.Sequence(value, length=shape[0])
        return datasets.Array3D(tuple(shape), feature["dtype"])

    features = {
        n: kind(f) for n, f in info["features"].items() if f["dtype"] != "video"
    }
    files = [str(file) for file in sorted(dataset.glob("data/*/*.parquet"))]
    loaded = datasets.Dataset.from_parquet(
        files, features=datasets.Features(features), cache_dir=str(tmp_path)
    )
    assert len(loaded) == info["total_frames"]
    row = loaded.with_format("numpy")[5]
    assert row["observation.human_joints"].shape == (2, 21, 3)


def test_what_it_has_already_is_passed_over(dataset, runs) -> None:
    before = {file: file.read_bytes() for file in dataset.rglob("*.parquet")}
    done = write_lerobot([lambda: runs[1]], dataset, FPS, video=True)
    assert (done.added, done.known, done.episodes) == (0, 1, 3)
    assert {f: f.read_bytes() for f in dataset.rglob("*.parquet")} == before


@pytest.mark.parametrize(
    ("options", "field"), [({"fps": 30}, "fps"), ({"video": False}, "video")]
)
def test_another_rate_or_kind_is_refused(dataset, runs, options, field) -> None:
    wanted = {"fps": FPS, "video": True, **options}
    with pytest.raises(InputError, match=field):
        write_lerobot([lambda: runs[0]], dataset, **wanted)


def test_a_failure_in_the_middle_leaves_the_old_data_set(dataset, runs) -> None:
    before = {file: file.stat().st_mtime_ns for file in dataset.rglob("*")}

    def broken() -> RunRecord:
        raise KeyboardInterrupt

    fresh = another(runs[0], "something new")
    with pytest.raises(KeyboardInterrupt):
        write_lerobot([lambda: fresh, broken], dataset, FPS, video=True)
    assert {f: f.stat().st_mtime_ns for f in dataset.rglob("*")} == before
    assert [path.name for path in dataset.parent.iterdir()] == [dataset.name]


def test_another_robot_needs_its_own_data_set(run, tmp_path) -> None:
    out = tmp_path / "set"
    write_lerobot([lambda: run], out, FPS)
    other = replace(
        another(run, "x"), robot=replace(run.robot, name="copy", folder=tmp_path)
    )
    with pytest.raises(InputError, match="of its own"):
        write_lerobot([lambda: other], out, FPS)


def test_a_folder_with_something_else_is_not_touched(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="no LeRobot data set"), replaced(tmp_path):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_parts_combine_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(70, 3)) * [1, 5, 0.1]
    parts = combine([describe(values[:20]), describe(values[20:])])
    whole = describe(values)
    for kind in ("min", "max", "mean", "std", "count"):
        np.testing.assert_allclose(parts[kind], whole[kind], rtol=1e-12)


def test_the_command_takes_a_folder_of_runs(handx, finished, tmp_path) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished.folder, tmp_path / "runs" / name)
    out = tmp_path / "set"
    done = handx("export", "lerobot", tmp_path / "runs", "--out", out, "--fps", FPS)
    assert done.code == 0, done.err
    assert "1 episodes" in done.out  # the second is the same run
    empty = handx("export", "lerobot", tmp_path / "set", "--out", tmp_path / "other")
    assert empty.code == 2
    assert "rollout.npz" in empty.err
