"""The clean store: Arrow shards of clips, with a ledger of what became of every recording.

    STORE/
      store.json                  how the clips were cut; one cut per store
      data/train-00000.arrow …    clips, one file per split and shard
      ledger/00000.json …         the recordings of that shard: kept, dropped and why

A shard counts once its page of the ledger is there. Both are written under another name
and renamed, data first, so a run that was killed leaves at most files that nobody reads;
the next import removes them. Shards are Arrow streams with the schema of HF `datasets`,
so `datasets.load_dataset(STORE, streaming=True)` reads them too.
"""

import contextlib
import fcntl
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handx_gen import npz
from handx_gen.errors import InputError, MissingExtra
from handx_gen.motion import BimanualMotion
from training.data.windows import SPLITS, Cut

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

SCHEMA_VERSION = 1
CAPTIONS = ("left", "right", "relation")
JOINT_VALUES = 2 * 21 * 3


@dataclass(frozen=True, eq=False)
class StoredClip:
    """A clip as it comes out of the store.

    Attributes:
        id: Hash of its joints, rate and present hands.
        motion: The clip; its provenance holds everything else about it.
        captions: "left", "right", "relation" → captions, shortest first.
        source, name, group, split, licence: As stored.
        intensity: (2,) of each hand [deg/s], 0 for an absent one.
    """

    id: str
    motion: BimanualMotion
    captions: dict[str, tuple[str, ...]]
    source: str
    name: str
    group: str
    split: str
    licence: str
    intensity: np.ndarray


def clip_id(joints: np.ndarray, fps: float, present: np.ndarray) -> str:
    """The content hash of a clip: 16 hexadecimal digits."""
    digest = hashlib.sha256(np.ascontiguousarray(joints, "<f4").tobytes())
    digest.update(np.float64(fps).tobytes() + np.asarray(present, bool).tobytes())
    return digest.hexdigest()[:16]


@functools.cache
def schema() -> "pa.Schema":
    """Columns of a shard, with the metadata that HF `datasets` reads.

    `joints` is (frames, 126) in C order of (frames, 2, 21, 3) [m].
    """
    try:
        from datasets import Features, List, Value
    except ModuleNotFoundError as error:
        raise MissingExtra("the data store", "train", "datasets") from error
    text = Value("string")
    features = Features(
        {
            "id": text,
            "joints": List(List(Value("float32"), length=JOINT_VALUES)),
            "fps": Value("float32"),
            "present": List(Value("bool"), length=2),
            **{name: List(text) for name in CAPTIONS},
            "caption_scope": text,
            "source": text,
            "name": text,
            "group": text,
            "split": text,
            "licence": text,
            "gravity_known": Value("bool"),
            "start": Value("float64"),
            "intensity": List(Value("float32"), length=2),
            "provenance": text,
        }
    )
    return features.arrow_schema


class Store:
    """A store on disk, for reading and for appending.

    Args:
        folder: The store's folder.

    Raises:
        InputError: It is no store, or one of a newer version.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        path = self.folder / "store.json"
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
            version = int(described["schema_version"])
            self.cut = described["cut"]
            self.chosen = described.get("chosen")
        except FileNotFoundError:
            raise InputError(
                folder, "", "no store here", "make one: handx data import SOURCE PATH"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                path, "", f"not a store's description ({error})"
            ) from error
        if version > SCHEMA_VERSION:
            raise InputError(
                path, "schema_version", f"{version}, newer than {SCHEMA_VERSION}",
                "update handx",
            )  # fmt: skip

    @classmethod
    def create(
        cls, folder: str | Path, how: Cut, chosen: dict[str, Any] | None = None
    ) -> "Store":
        """Make a store, or open the one that is there.

        Args:
            folder: The store's folder.
            how: How its clips are cut.
            chosen: Of which store it is a choice, and by what (`selection.choose`).

        Raises:
            InputError: The store there was cut or chosen in another way, or the folder
                holds other things.
        """
        folder = Path(folder)
        asked = json.loads(json.dumps(asdict(how)))
        path = folder / "store.json"
        if not path.exists():
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                raise InputError(
                    folder, "--out", "is not empty and not a store",
                    "choose a new folder",
                )  # fmt: skip
            written = {"schema_version": SCHEMA_VERSION, "cut": asked}
            written |= {} if chosen is None else {"chosen": chosen}
            npz.write_text(path, json.dumps(written, indent=1))
        store = cls(folder)
        if store.cut != asked:
            differing = [key for key in asked if store.cut.get(key) != asked[key]]
            raise InputError(
                folder, "--out",
                "holds clips of another cut: "
                + ", ".join(f"{k} {store.cut.get(k)}, not {asked[k]}" for k in differing),
                "choose another folder, or the same options",
            )  # fmt: skip
        if store.chosen != chosen:
            raise InputError(
                folder, "--out",
                "holds another choice of clips" if store.chosen else "holds a whole store",
                "choose another folder, or the same options",
            )  # fmt: skip
        return store

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store alone; leftovers of a killed run are removed first.

        Raises:
            InputError: Someone else is writing to it.
        """
        with open(self.folder / ".lock", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    self.folder, "--out", "another import is writing to this store",
                    "wait for it, or choose another folder",
                ) from error  # fmt: skip
            counted = {name for page in self.ledger() for name in page["files"]}
            data = self.folder / "data"
            for file in data.iterdir() if data.exists() else ():
                if f"data/{file.name}" not in counted:
                    file.unlink()
            yield

    def ledger(self) -> list[dict[str, Any]]:
        """The pages of the ledger, in order.

        Raises:
            InputError: A page is damaged.
        """
        pages = []
        for path in sorted((self.folder / "ledger").glob("[0-9]*.json")):
            try:
                pages.append(json.loads(path.read_text(encoding="utf-8")))
            except ValueError as error:
                raise InputError(
                    path, "", f"damaged ({error})", "remove it and import again"
                ) from error
        return pages

    def recordings(self) -> list[dict[str, Any]]:
        """What became of every recording, in order of import."""
        return [entry for page in self.ledger() for entry in page["recordings"]]

    def finished(self) -> dict[str, list[str]]:
        """Stamp of every file that was imported to its end → digests of its recordings."""
        found = {}
        for page in self.ledger():
            found |= page["finished"]
        return found

    def append(
        self,
        entries: Sequence[dict[str, Any]],
        rows: Sequence[dict[str, Any]],
        finished: Mapping[str, Sequence[str]],
    ) -> None:
        """Write one shard: the ledger's entries and the rows of their clips.

        Args:
            entries: One per recording; `clips` lists the ids of its rows.
            rows: One per clip, columns as `schema`; `joints` is (frames, 126).
            finished: Files that end here: stamp → digests of all their recordings.
        """
        import pyarrow as pa

        pages = sorted((self.folder / "ledger").glob("[0-9]*.json"))
        number = int(pages[-1].stem) + 1 if pages else 0
        files = {}
        for split in SPLITS:
            of_split = [row for row in rows if row["split"] == split]
            if not of_split:
                continue
            name = f"data/{split}-{number:05d}.arrow"
            table = _table(of_split)
            with npz.atomic_path(self.folder / name) as temporary:
                with (
                    pa.OSFile(str(temporary), "wb") as sink,
                    pa.ipc.new_stream(sink, table.schema) as writer,
                ):
                    writer.write_table(table)
                digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
            files[name] = {"rows": table.num_rows, "sha256": digest}
        page = {
            "recordings": list(entries),
            "files": files,
            "finished": {stamp: list(all_of) for stamp, all_of in finished.items()},
        }
        npz.write_text(
            self.folder / "ledger" / f"{number:05d}.json", json.dumps(page, indent=1)
        )

    def dataset(self, split: str | None = None) -> "datasets.Dataset":
        """The clips of a split (or all), memory-mapped.

        Raises:
            InputError: There is no such split, or the store has no clip in it.
        """
        from datasets import concatenate_datasets

        if split is not None and split not in SPLITS:
            raise InputError("--split", "", f"{split!r}", f"choose of {SPLITS}")
        names = [
            name
            for wanted in SPLITS
            for page in self.ledger()
            for name in page["files"]
            if name.startswith(f"data/{wanted}-") and split in (None, wanted)
        ]
        if not names:
            what = f"no clip in the split {split!r}" if split else "no clip"
            raise InputError(self.folder, "", f"{what}", "import more recordings")
        return concatenate_datasets([self._shard(name) for name in names])

    def _shard(self, name: str) -> "datasets.Dataset":
        """A file of the store.

        Raises:
            InputError: It is damaged or gone.
        """
        from datasets import Dataset

        path = self.folder / name
        try:
            return Dataset.from_file(str(path))
        except (OSError, ValueError) as error:
            raise InputError(
                path, "", f"not a readable shard ({error})", "make the store again"
            ) from error

    def rows(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The rows of some files of the store, columns as `schema`.

        `joints` is (frames, 2, 21, 3) [m].
        """
        for name in names:
            for batch in self._shard(name).with_format("arrow").iter(256):
                yield from _rows(batch)

    def clips(self, split: str | None = None) -> Iterator[StoredClip]:
        """The clips of a split (or all), in order."""
        for batch in self.dataset(split).with_format("arrow").iter(256):
            yield from map(_stored, _rows(batch))

    def clip(self, wanted: str) -> StoredClip:
        """The clip whose id begins with `wanted`.

        Raises:
            InputError: None or several do.
        """
        data = self.dataset().with_format("arrow")
        ids = data.data.column("id").to_pylist()
        found = [k for k, name in enumerate(ids) if name.startswith(wanted)]
        if len(found) != 1:
            problem = "no clip" if not found else f"{len(found)} clips"
            some = ", ".join(ids[k] for k in (found or range(len(ids)))[:3])
            raise InputError(
                self.folder, "ID", f"{problem} with an id that begins with {wanted!r}",
                f"there are for example {some}",
            )  # fmt: skip
        return _stored(_rows(data[found[0] : found[0] + 1])[0])


def _table(rows: Sequence[dict[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    columns = []
    for column in schema():
        values = [row[column.name] for row in rows]
        if column.name == "joints":
            flat = np.concatenate([v.reshape(-1) for v in values]).astype(np.float32)
            frames = pa.FixedSizeListArray.from_arrays(pa.array(flat), JOINT_VALUES)
            ends = np.cumsum([0, *(len(v) for v in values)]).astype(np.int32)
            array = pa.ListArray.from_arrays(pa.array(ends), frames)
            columns.append(array.cast(column.type))
        else:
            columns.append(pa.array(values, column.type))
    return pa.Table.from_arrays(columns, schema=schema())


def _rows(table: "pa.Table") -> list[dict[str, Any]]:
    """Rows of a table, with `joints` as (frames, 2, 21, 3) arrays without copying."""
    joints = table.column("joints").combine_chunks()
    rows = table.drop_columns(["joints"]).to_pylist()
    for row, value in zip(rows, joints):
        flat = value.values.flatten().to_numpy(zero_copy_only=True)
        row["joints"] = flat.reshape(-1, 2, 21, 3)
    return rows


def _stored(row: dict[str, Any]) -> StoredClip:
    about = {k: row[k] for k in ("id", "source", "name", "group", "split", "licence")}
    more = {k: row[k] for k in ("gravity_known", "start", "caption_scope")}
    provenance = {**json.loads(row["provenance"]), **about, **more}
    motion = BimanualMotion(row["joints"], row["fps"], row["present"], provenance)
    captions = {name: tuple(row[name]) for name in CAPTIONS}
    speed = np.array(row["intensity"])
    return StoredClip(motion=motion, captions=captions, intensity=speed, **about)
