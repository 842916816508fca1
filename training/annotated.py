"""Where clips to be annotated come from and their captions go: a store, or a folder."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from handx_gen import npz
from handx_gen.captions.schema import CaptionSet
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from training.annotate import Clips, Journal, Task, file_name
from training.data.corpus import CAPTIONS, Store

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = ".captions.json"
SCOPE = "clip, written by handx annotate"
"""What a store says of captions that were written here."""


def open_clips(path: str | Path, replace: bool = False) -> Clips:
    """The clips of a store, or of a folder (or file) of motions.

    Args:
        path: Where they are.
        replace: Also caption clips of a store that came with captions.

    Raises:
        InputError: Neither.
    """
    path = Path(path)
    if (path / "store.json").exists():
        return StoreClips(path, replace)
    return MotionFolder(path)


class StoreClips:
    """The clips of a store; captions go to `STORE/captions` and then into the shards.

    Args:
        folder: The store's folder.
        replace: Also caption clips that came with captions of their own.
    """

    def __init__(self, folder: Path, replace: bool = False) -> None:
        self.store, self.replace = Store(folder), replace

    def lock(self) -> Path:
        """File that one run at a time may hold."""
        return self.store.folder / "captions" / ".lock"

    def _journal(self, name: str) -> Journal:
        return Journal(self.store.folder / "captions" / f"{file_name(name)}.jsonl")

    def done(self, name: str) -> set[str]:
        """Ids in this writer's journal."""
        return set(self._journal(name).read())

    def tasks(self) -> Iterator[Task]:
        """All clips of all splits."""
        for clip in self.store.clips():
            scope = clip.motion.provenance["caption_scope"]
            if self.replace or _free(scope):
                yield clip.id, clip.motion

    def keep(self, clip: str, name: str, captions: CaptionSet) -> None:
        """A line in the journal."""
        self._journal(name).append(clip, captions)

    def finish(self, name: str) -> None:
        """Put the journal's captions into the shards that do not have them yet."""
        captions = self._journal(name).read()
        if captions:
            with self.store.writing():
                publish(self.store, captions, self.replace)


def _free(scope: str) -> bool:
    """Whether a clip has no captions but those that were written here."""
    return scope in ("", SCOPE)


def publish(
    store: Store, captions: dict[str, CaptionSet], replace: bool = False
) -> int:
    """Write captions into a store's shards; the caller holds `store.writing()`.

    Clips that came with captions keep them, unless `replace`.

    A shard is written under a new name, its page of the ledger is exchanged, then the
    old file goes: a crash leaves the old shard or the new one, and at most a file that
    nobody reads.

    Returns:
        Shards written.
    """
    written = 0
    pages = sorted((store.folder / "ledger").glob("[0-9]*.json"))
    for path, page in zip(pages, store.ledger(), strict=True):
        files, old = {}, []
        for name, about in page["files"].items():
            new = _recaptioned(store.folder / name, captions, replace)
            if new is None:
                files[name] = about
                continue
            old.append(store.folder / name)
            base = name.split(".c", 1)[0].removesuffix(".arrow")
            fresh, digest = _write(store.folder, base, new)
            files[fresh] = {**about, "sha256": digest}
        if old:
            npz.write_text(path, json.dumps({**page, "files": files}, indent=1))
            for file in old:
                file.unlink(missing_ok=True)
            written += len(old)
    return written


def _recaptioned(
    path: Path, captions: dict[str, CaptionSet], replace: bool
) -> "pa.Table | None":
    """A shard with its new captions, None where nothing changes."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all()
    changed = False
    columns = {name: table.column(name).to_pylist() for name in CAPTIONS}
    scopes = table.column("caption_scope").to_pylist()
    for row, clip in enumerate(table.column("id").to_pylist()):
        if clip not in captions or not (replace or _free(scopes[row])):
            continue
        scopes[row] = SCOPE
        for name, values in columns.items():
            said = [getattr(level, name) for level in captions[clip].levels]
            changed |= values[row] != said
            values[row] = said
    if not changed:
        return None
    for name, values in {**columns, "caption_scope": scopes}.items():
        place = table.schema.get_field_index(name)
        kind = table.schema.field(place)
        table = table.set_column(place, kind, pa.array(values, kind.type))
    return table


def _write(folder: Path, base: str, table: "pa.Table") -> tuple[str, str]:
    """Write a shard under a name that its content gives; returns name and sha256."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue().to_pybytes()
    digest = hashlib.sha256(data).hexdigest()
    name = f"{base}.c{digest[:8]}.arrow"
    with npz.atomic_path(folder / name) as temporary:
        temporary.write_bytes(data)
    return name, digest


class MotionFolder:
    """Motions on disk; each gets a `NAME.captions.json` beside it.

    Args:
        path: A folder, searched with its subfolders, or one `.npz`.

    Raises:
        InputError: There is no motion.
    """

    def __init__(self, path: Path) -> None:
        self.root = path if path.is_dir() else path.parent
        self.files = sorted(path.rglob("*.npz")) if path.is_dir() else [path]
        if not self.files or not self.files[0].exists():
            raise InputError(
                path, "", "neither a store nor a folder with motion.npz files",
                "make a store with `handx data import`",
            )  # fmt: skip

    def lock(self) -> Path:
        """File that one run at a time may hold."""
        return self.root / ".annotate.lock"

    def _captions(self, clip: str) -> Path:
        return self.root / f"{clip}{SUFFIX}"

    def done(self, name: str) -> set[str]:
        """Motions whose captions this writer has written (the grammar's help counts)."""
        found = set()
        for file in self.files:
            clip = self._id(file)
            path = self._captions(clip)
            if path.exists():
                try:
                    source = CaptionSet.from_json(
                        json.loads(path.read_text("utf-8"))
                    ).source
                except (ValueError, InputError):
                    continue  # damaged: written again
                if source.removesuffix("+grammar") == name:
                    found.add(clip)
        return found

    def _id(self, file: Path) -> str:
        return str(file.relative_to(self.root).with_suffix(""))

    def tasks(self) -> Iterator[Task]:
        """Every `.npz` of the folder that is a motion; others are passed over."""
        for file in self.files:
            reader = npz.Reader(file, "motion", 1 << 30)
            if "joints" in reader:
                yield self._id(file), BimanualMotion.load(file)

    def keep(self, clip: str, name: str, captions: CaptionSet) -> None:
        """A file beside the motion."""
        text = json.dumps(captions.to_json(), indent=1, ensure_ascii=False)
        npz.write_text(self._captions(clip), text)

    def finish(self, name: str) -> None:
        """Nothing is left to do."""
