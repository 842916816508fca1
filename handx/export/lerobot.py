"""Runs as a LeRobot data set (v3.0), written with pyarrow alone.

The layout is the one that LeRobot publishes (huggingface/lerobot, src/lerobot/datasets/
utils.py, dataset_metadata.py, dataset_writer.py): meta/info.json, meta/stats.json,
meta/tasks.parquet, and files of at most 1000 per chunk below meta/episodes, data and
videos. Every call adds files of its own and changes none, so that a data set grows
without being rewritten; it is assembled beside the old one, by hard links, and then takes
its place.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handx.export import dataset_folder
from handx.export.episode import Episode, Feature, episode, frame_times
from handx.export.extras import need
from handx.export.run_folder import RunRecord
from handx.export.statistics import Statistics, combine, describe
from handx_gen.errors import InputError
from sim.film import SIZE, Film
from sim.render import write_film

VERSION = "v3.0"
CAMERA = "observation.images.front"
CHUNK_SIZE = 1000
"""Most files in a folder."""
DATA_MB, VIDEO_MB = 100, 200
"""Sizes that LeRobot's own writer splits files at [MB]; readers take them as notes."""
GOP = 2
"""Every second video frame is a key frame, as LeRobot's are: any moment is found fast."""
PIECE = 256
"""Most episodes in one data file; some 20 MB of two-handed motion of 6 s each."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """What an export did.

    Attributes:
        added: Episodes that were added.
        known: Runs that the data set had already.
        episodes, frames, tasks: What it holds now.
    """

    added: int
    known: int
    episodes: int
    frames: int
    tasks: int


def write_lerobot(
    runs: Sequence[Callable[[], RunRecord]],
    out: Path,
    fps: int = 30,
    video: bool = False,
    told: Told = lambda line: None,
) -> Written:
    """Add runs to the data set `out`, which is made if it is not there.

    A run that the data set has already (the same trajectory) is passed over, so that an
    interrupted export is simply repeated.

    Args:
        runs: Each gives one run when it is called, one after the other.
        out: The data set's folder.
        fps: Frames per second [Hz].
        video: Whether each episode gets a video of the simulated hands.
        told: Told what is being done, for progress displays.

    Raises:
        MissingExtra: pyarrow is not installed.
        InputError: `out` is something else, or of another robot, rate or kind.
    """
    need("pyarrow", extra="train")
    if not 1 <= fps <= 100:
        raise InputError("--fps", "", f"{fps}", "give 1 to 100, the rollout's rate")
    with dataset_folder.replaced(out) as folder:
        book = _Book.open(folder, out, fps, video)
        batch: list[Episode] = []
        for number, load in enumerate(runs, start=1):
            told(f"run {number} of {len(runs)}")
            run = load()
            if run.trajectory.sha256() in book.known:
                book.passed_over += 1
                continue
            made = episode(run, fps)
            book.begin(run, made)
            if video:
                book.add_video(run)
            batch.append(made)
            if len(batch) == PIECE:
                book.add_data(batch)
                batch = []
        if batch:
            book.add_data(batch)
        return book.close()


class _Book:
    """The data set's books: what it holds, and where the next thing goes."""

    def __init__(self, folder: Path, info: dict[str, Any], stats: dict) -> None:
        self.folder, self.info, self.stats = folder, info, stats
        self.tasks: list[str] = []
        self.known: set[str] = set()
        self.passed_over = self.added = self.files = self.videos = 0
        self._rows: list[dict[str, Any]] = []
        self._video_rows: list[dict[str, Any]] = []

    @classmethod
    def open(cls, folder: Path, out: Path, fps: int, video: bool) -> "_Book":
        """The books of the data set in `folder`, or of a new one."""
        import pyarrow.parquet as pq

        path = folder / "meta/info.json"
        if not path.exists():
            return cls(folder, _new_info(fps, video), {})
        info = json.loads(path.read_text(encoding="utf-8"))
        for name, found, wanted in (
            ("codebase_version", info["codebase_version"], VERSION),
            ("fps", info["fps"], fps),
            ("video", CAMERA in info["features"], video),
        ):
            if found != wanted:
                raise InputError(
                    out, name, f"the data set has {found}, this export {wanted}",
                    "give the data set's own, or another folder",
                )  # fmt: skip
        stats = json.loads((folder / "meta/stats.json").read_text(encoding="utf-8"))
        book = cls(folder, info, {k: _arrays(v) for k, v in stats.items()})
        tasks = pq.read_table(folder / "meta/tasks.parquet").to_pydict()
        order = np.argsort(tasks["task_index"])
        book.tasks = [tasks[dataset_folder.TASK_INDEX][k] for k in order]
        files = sorted((folder / "meta/episodes").glob("*/*.parquet"))
        for file in files:
            column = pq.read_table(file, columns=["trajectory_sha256"])
            book.known |= set(column.column(0).to_pylist())
        book.files = len(files)
        book.videos = info["total_episodes"]
        return book

    def begin(self, run: RunRecord, made: Episode) -> None:
        """Check that an episode fits, and make its task known."""
        if made.task not in self.tasks:
            self.tasks.append(made.task)
        self.known.add(made.trajectory_sha256)
        features = {name: _declared(f) for name, f in made.features.items()}
        robot = run.robot.name
        if "action" not in self.info["features"]:
            self.info["robot_type"] = robot
            self.info["features"] = {**features, **self.info["features"]}
        held = {k: self.info["features"].get(k) for k in features}
        if self.info["robot_type"] != robot or held != features:
            raise InputError(
                run.folder, "robot", f"{robot} with {features['action']['shape'][0]} "
                f"numbers; the data set is of {self.info['robot_type']} with "
                f"{self.info['features']['action']['shape'][0]}",
                "give each robot, and each number of hands, a data set of its own",
            )  # fmt: skip

    def add_video(self, run: RunRecord) -> None:
        """A video of the episode, in a file of its own."""
        chunk, file = divmod(self.videos, CHUNK_SIZE)
        path = self.folder / self.info["video_path"].format(
            video_key=CAMERA, chunk_index=chunk, file_index=file
        )
        times = frame_times(run, self.info["fps"])
        with Film(run.rollout, run.robot) as film:
            write_film(film.picture, float(times[-1]), path, self.info["fps"], GOP)
            some = times[:: max(1, len(times) // 20)]
            pictures = [film.picture(float(time))[::4, ::4] for time in some]
        stats = {
            name: value if name == "count" else value.reshape(3, 1, 1)
            for name, value in describe(np.stack(pictures).reshape(-1, 3) / 255).items()
        }
        stats["count"] = np.array([len(some)])
        self._video_rows.append(
            {
                f"videos/{CAMERA}/chunk_index": chunk,
                f"videos/{CAMERA}/file_index": file,
                f"videos/{CAMERA}/from_timestamp": 0.0,
                f"videos/{CAMERA}/to_timestamp": len(times) / self.info["fps"],
                "stats": stats,
            }
        )
        self.videos += 1

    def add_data(self, batch: Sequence[Episode]) -> None:
        """A data file with these episodes, and a file with their metadata."""
        chunk, file = divmod(self.files, CHUNK_SIZE)
        where = {"chunk_index": chunk, "file_index": file}
        tables, rows = [], []
        for k, made in enumerate(batch):
            number, first = self.info["total_episodes"], self.info["total_frames"]
            columns = {**made.features, **self._indices(made, number, first)}
            stats = {name: describe(f.values) for name, f in columns.items()}
            row: dict[str, Any] = {
                "episode_index": number, "tasks": [made.task], "length": len(made),
                "data/chunk_index": chunk, "data/file_index": file,
                "dataset_from_index": first, "dataset_to_index": first + len(made),
                "meta/episodes/chunk_index": chunk, "meta/episodes/file_index": file,
                "trajectory_sha256": made.trajectory_sha256,
            }  # fmt: skip
            if self._video_rows:
                seen = self._video_rows[k]
                stats[CAMERA] = seen["stats"]
                row |= {name: v for name, v in seen.items() if name != "stats"}
            for name, of in stats.items():
                row |= {f"stats/{name}/{kind}": v.tolist() for kind, v in of.items()}
                parts = [self.stats[name], of] if name in self.stats else [of]
                self.stats[name] = combine(parts)
            tables.append(dataset_folder.table(columns))
            rows.append(row)
            self.info["total_episodes"] += 1
            self.info["total_frames"] += len(made)
        dataset_folder.write(
            self.folder / self.info["data_path"].format(**where), tables
        )
        path = f"meta/episodes/chunk-{chunk:03d}/file-{file:03d}.parquet"
        dataset_folder.write_rows(self.folder / path, rows)
        self._video_rows = []
        self.files += 1
        self.added += len(batch)

    def close(self) -> Written:
        """Write what is said about all episodes."""
        info = self.info
        if not info["total_episodes"]:
            raise InputError("RUN", "", "no run to export", "give a run's folder")
        info["total_tasks"] = len(self.tasks)
        info["splits"] = {"train": f"0:{info['total_episodes']}"}
        stats = {
            k: {n: v.tolist() for n, v in s.items()} for k, s in self.stats.items()
        }
        dataset_folder.write_json(self.folder / "meta/info.json", info)
        dataset_folder.write_json(self.folder / "meta/stats.json", stats)
        dataset_folder.write_tasks(self.folder / "meta/tasks.parquet", self.tasks)
        return Written(
            self.added, self.passed_over, info["total_episodes"],
            info["total_frames"], info["total_tasks"],
        )  # fmt: skip

    def _indices(self, made: Episode, number: int, first: int) -> dict[str, Feature]:
        """The columns that every LeRobot data set has."""
        frames = np.arange(len(made))[:, None]
        task = self.tasks.index(made.task)
        times = (frames / self.info["fps"]).astype(np.float32)
        return {
            "timestamp": Feature(times),
            "frame_index": Feature(frames),
            "episode_index": Feature(np.full_like(frames, number)),
            "index": Feature(first + frames),
            "task_index": Feature(np.full_like(frames, task)),
        }


def _new_info(fps: int, video: bool) -> dict[str, Any]:
    """meta/info.json of a data set without episodes."""
    pattern = "chunk-{chunk_index:03d}/file-{file_index:03d}"
    features: dict[str, Any] = {}
    if video:
        width, height = SIZE
        features[CAMERA] = {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": height, "video.width": width, "video.codec": "h264",
                "video.pix_fmt": "yuv420p", "video.fps": fps, "video.channels": 3,
                "video.is_depth_map": False, "has_audio": False,
            },
        }  # fmt: skip
    whole = {"dtype": "int64", "shape": [1], "names": None}
    features["timestamp"] = {**whole, "dtype": "float32"}
    for name in ("frame_index", "episode_index", "index", "task_index"):
        features[name] = whole
    return {
        "codebase_version": VERSION,
        "robot_type": None,
        "total_episodes": 0,
        "total_frames": 0,
        "total_tasks": 0,
        "chunks_size": CHUNK_SIZE,
        "data_files_size_in_mb": DATA_MB,
        "video_files_size_in_mb": VIDEO_MB,
        "fps": fps,
        "splits": {},
        "data_path": f"data/{pattern}.parquet",
        "video_path": f"videos/{{video_key}}/{pattern}.mp4" if video else None,
        "features": features,
    }


def _declared(feature: Feature) -> dict[str, Any]:
    """A feature as meta/info.json describes it."""
    values = feature.values
    return {
        "dtype": str(values.dtype),
        "shape": list(values.shape[1:]),
        "names": feature.names,
    }


def _arrays(stats: dict[str, Any]) -> Statistics:
    return {name: np.asarray(value) for name, value in stats.items()}
