"""The store: what goes in comes out, once, in order, whatever happens on the way."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time as clock
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from training.data import importer
from training.data.corpus import Store
from training.data.importer import import_recordings, import_source
from training.data.parallel import ordered_map
from training.data.windows import Cut, cut, split_of

ROOT = Path(__file__).resolve().parents[3]
TEXT = {"left": ("open", "the left hand opens"), "relation": ("apart",)}


def takes(made, count: int, first: int = 0):
    """Short recordings, three of a group."""
    time = np.arange(135) / 30
    for k in range(first, first + count):
        joints = made.hands(time, apart=0.2 + 0.002 * k)
        if k % 4 == 1:
            joints[70:90, k % 2] = np.nan
        yield made.recording(
            joints, time, name=f"take {k}", group=f"subject {k // 3}", text=TEXT,
            licence="CC0-1.0", details={"file": f"{k}.bin", "rank": np.int64(k)},
        )  # fmt: skip


def content(store: Store) -> list[tuple]:
    """All rows of a store, joints included, in order."""
    rows = store.dataset().with_format("numpy")
    return [
        tuple(str(np.asarray(row[name]).tolist()) for name in sorted(row))
        for row in rows
    ]


def needs_ray(test):
    """Half a minute of starting up: `make test-ray`. Ray must not be imported here."""
    absent = importlib.util.find_spec("ray") is None
    return pytest.mark.slow(pytest.mark.skipif(absent, reason="no ray")(test))


@pytest.fixture
def small_shards(monkeypatch):
    """Several shards without much data."""
    monkeypatch.setattr(importer, "BATCH_SAMPLES", 500)


def test_a_clip_comes_back_with_all_that_is_known_of_it(made, tmp_path) -> None:
    (take,) = takes(made, 1)
    store = Store.create(tmp_path / "store", Cut())
    import_recordings([take], store, Cut())
    wanted = cut(take).clips
    found = list(Store(tmp_path / "store").clips())
    assert len(found) == len(wanted) == 2
    for clip, expected in zip(found, wanted):
        assert isinstance(clip.motion, BimanualMotion)
        np.testing.assert_array_equal(clip.motion.joints, expected.joints)
        np.testing.assert_allclose(clip.intensity, expected.intensity, rtol=1e-6)
        assert clip.motion.fps == 30
        assert clip.captions == {**TEXT, "right": ()}
        assert (clip.name, clip.group) == ("take 0", "subject 0")
        assert (clip.licence, clip.split) == ("CC0-1.0", split_of("test", "subject 0"))
        known = clip.motion.provenance
        assert known["details"] == {"file": "0.bin", "rank": 0}
        assert known["start"] == pytest.approx(expected.start)
        # A caption of the whole take need not fit each of its clips.
        assert known["caption_scope"] == "recording"
        turned = np.array(known["rotation"]) @ (
            take.joints[round(30 * expected.start), 1, 4] - np.array(known["origin"])
        )
        np.testing.assert_allclose(turned, expected.joints[0, 1, 4], atol=2e-5)
        assert store.clip(clip.id[:12]).id == clip.id


def test_shards_are_memory_mapped_and_stream_through_datasets(
    made, tmp_path, small_shards
) -> None:
    import datasets

    store = Store.create(tmp_path / "store", Cut())
    import_recordings(takes(made, 30), store, Cut())
    whole = store.dataset()
    assert len(whole.cache_files) > 5
    streamed = datasets.load_dataset(str(store.folder), streaming=True)
    names = {"train": "train", "validation": "val", "test": "test"}
    rows = [row for split in names if split in streamed for row in streamed[split]]
    assert [row["id"] for row in rows] == list(whole["id"])
    joints = np.array(rows[0]["joints"], np.float32).reshape(-1, 2, 21, 3)
    np.testing.assert_array_equal(joints, next(store.clips()).motion.joints)


def test_no_group_is_on_two_sides(made, tmp_path, small_shards) -> None:
    store = Store.create(tmp_path / "store", Cut())
    import_recordings(takes(made, 60), store, Cut())
    sides: dict[str, set[str]] = {}
    for clip in store.clips():
        sides.setdefault(clip.group, set()).add(clip.split)
    assert all(len(found) == 1 for found in sides.values())
    assert len(set().union(*sides.values())) > 1


def test_an_official_split_is_kept(made, tmp_path) -> None:
    time = np.arange(60) / 30
    joints = made.hands(time)
    take = made.recording(joints, time, details={"split": "test"}, text=TEXT)
    store = Store.create(tmp_path / "store", Cut())
    import_recordings([take], store, Cut())
    (clip,) = store.clips("test")
    assert clip.motion.provenance["caption_scope"] == "clip"


def test_importing_twice_adds_nothing(made, tmp_path, small_shards) -> None:
    store = Store.create(tmp_path / "store", Cut())
    first = import_recordings(takes(made, 10), store, Cut())
    before = content(store)
    again = import_recordings(takes(made, 12), store, Cut())
    assert again.before == 10
    assert again.recordings == 12
    after = content(store)
    assert len(after) > len(before)
    assert set(before) < set(after)
    assert len(set(after)) == len(after)
    known = import_recordings(takes(made, 10), store, Cut())
    assert content(store) == after
    for field in ("samples", "kept", "clips", "dropped"):
        assert getattr(known, field) == getattr(first, field)


def test_the_same_motion_under_another_name_is_a_duplicate(made, tmp_path) -> None:
    time = np.arange(60) / 30
    joints = made.hands(time)
    pair = [made.recording(joints, time, name=name) for name in ("one", "two")]
    store = Store.create(tmp_path / "store", Cut())
    tally = import_recordings(pair, store, Cut())
    assert tally.clips == len(store.dataset()) == 1
    assert tally.dropped == {"duplicate": 60}
    assert tally.kept + sum(tally.dropped.values()) == tally.samples


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_stopped_import_goes_on_and_ends_the_same(
    made, tmp_path, small_shards, stop_after
) -> None:
    straight = Store.create(tmp_path / "straight", Cut())
    import_recordings(takes(made, 16), straight, Cut())

    def stop(tally):
        if len(stopped.ledger()) == stop_after:
            raise KeyboardInterrupt

    stopped = Store.create(tmp_path / "stopped", Cut())
    with pytest.raises(KeyboardInterrupt):
        import_recordings(takes(made, 16), stopped, Cut(), report=stop)
    assert 0 < len(stopped.dataset()) < len(straight.dataset())
    # What a kill between data and ledger leaves behind is nobody's.
    (stopped.folder / "data" / f"train-{stop_after:05d}.arrow").write_bytes(b"half")
    import_recordings(takes(made, 16), stopped, Cut())
    assert content(stopped) == content(straight)
    assert stopped.recordings() == straight.recordings()


def test_two_processes_give_the_same_store(made, tmp_path, small_shards) -> None:
    stores = []
    for workers in (1, 2):
        store = Store.create(tmp_path / f"store {workers}", Cut())
        import_recordings(takes(made, 12), store, Cut(), workers=workers)
        stores.append(store)
    assert content(stores[0]) == content(stores[1])
    assert stores[0].recordings() == stores[1].recordings()


def test_a_ray_that_does_not_start_is_one_line(monkeypatch) -> None:
    def init(**options):
        raise Exception("The node timed out.\nand more")  # as Ray does

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    with pytest.raises(InputError, match=r"--ray.*did not start \(The node timed out"):
        next(ordered_map(str, iter([1]), 1, ray=True))


@needs_ray
def test_ray_gives_the_same_store(made, tmp_path, small_shards, monkeypatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    stores = []
    for ray in (False, True):
        store = Store.create(tmp_path / f"store {ray}", Cut())
        import_recordings(takes(made, 12), store, Cut(), workers=2, ray=ray)
        stores.append(store)
    assert content(stores[0]) == content(stores[1])
    assert stores[0].recordings() == stores[1].recordings()


def write_plain(folder: Path, made, names: str) -> None:
    folder.mkdir(exist_ok=True)
    time = np.arange(60) / 30
    for k, name in enumerate(names):
        np.save(folder / f"{name}.npy", made.hands(time, apart=0.2 + 0.01 * k))


def test_files_are_read_once_and_a_bad_one_spoils_no_other(made, tmp_path) -> None:
    folder, out = tmp_path / "takes", tmp_path / "store"
    write_plain(folder, made, "abd")
    bad = np.load(folder / "a.npy")
    bad[7, 1, 3] = np.nan
    np.save(folder / "c.npy", bad)
    tally = import_source("plain", folder, out, fps=30)
    assert (tally.clips, len(tally.refused)) == (3, 1)
    assert "c.npy" in tally.refused[0]
    again = import_source("plain", folder, out, fps=30)
    assert (again.clips, again.before, len(again.refused)) == (3, 3, 1)
    write_plain(folder, made, "abcd")
    mended = import_source("plain", folder, out, fps=30)
    assert not mended.refused
    assert len(Store(out).dataset()) == len({c.id for c in Store(out).clips()}) >= 4


def test_a_bad_file_alone_leaves_nothing_behind(tmp_path) -> None:
    (tmp_path / "bad.npy").write_bytes(b"no array at all")
    for path in (tmp_path / "bad.npy", tmp_path / "absent.npy"):
        with pytest.raises(InputError):
            import_source("plain", path, tmp_path / "store")
    with pytest.raises(InputError, match="unknown source"):
        import_source("nonesuch", tmp_path, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_store_holds_one_cut(made, tmp_path) -> None:
    Store.create(tmp_path / "store", Cut())
    with pytest.raises(InputError, match="frames 60, not 90"):
        Store.create(tmp_path / "store", Cut(frames=90))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        Store.create(tmp_path / "full", Cut())


def test_only_one_import_writes(made, tmp_path) -> None:
    store = Store.create(tmp_path / "store", Cut())
    with store.writing(), pytest.raises(InputError, match="another import"):
        import_recordings(takes(made, 1), store, Cut())


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("store.json", b"{", "description"),
        ("store.json", b'{"schema_version": 99, "cut": {}}', "newer"),
        ("ledger/00000.json", b"{", "damaged"),
        ("data/train-00000.arrow", b"ARROW?", "readable shard"),
    ],
)
def test_a_damaged_store_is_refused_by_file(
    made, tmp_path, name, damage, message
) -> None:
    store = Store.create(tmp_path / "store", Cut())
    import_recordings(takes(made, 2), store, Cut())
    (store.folder / name).write_bytes(damage)
    with pytest.raises(InputError, match=message):
        list(Store(store.folder).clips())


def test_a_killed_import_can_be_repeated(made, tmp_path) -> None:
    folder, out = tmp_path / "takes", tmp_path / "store"
    write_plain(folder, made, "abcdefgh")
    script = (
        "import sys; from pathlib import Path\n"
        "from training.data import importer\n"
        "importer.BATCH_PARTS = 1\n"
        "importer.import_source('plain', Path(sys.argv[1]), Path(sys.argv[2]), fps=30)"
    )
    command = [sys.executable, "-c", script, str(folder), str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((out / "ledger").glob("*.json"))) < 2:
        clock.sleep(0.002)
    process.kill()
    process.wait()
    assert all(json.loads(p.read_text()) for p in (out / "ledger").glob("0*.json"))
    subprocess.run(command, cwd=ROOT, check=True)
    straight = tmp_path / "straight"
    import_source("plain", folder, straight, fps=30)
    assert content(Store(out)) == content(Store(straight))


def address(task: int) -> str:
    import ray

    return ray.util.get_node_ip_address()


@needs_ray
def test_ray_stays_on_the_loopback(monkeypatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert set(ordered_map(address, iter(range(3)), 1, ray=True)) == {"127.0.0.1"}


def die(task: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_killed_worker_is_one_line() -> None:
    with pytest.raises(InputError, match="fewer"):
        list(ordered_map(die, iter(range(4)), 2, ray=False))


@pytest.mark.parametrize("large", [False, True])
def test_a_finished_file_is_not_opened_again(
    made, tmp_path, monkeypatch, small_shards, large
) -> None:
    if large:  # read here and handed on in pieces
        monkeypatch.setattr(importer, "BATCH_BYTES", 1000)
    folder, out = tmp_path / "takes", tmp_path / "store"
    write_plain(folder, made, "abc")
    first = import_source("plain", folder, out, fps=30)
    kept = content(Store(out))
    # Its stamp is all that is looked at: an unreadable file of the same stamp passes.
    for file in folder.iterdir():
        stamp = file.stat()
        file.write_bytes(b"\0" * stamp.st_size)
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    monkeypatch.setattr("training.data.sources.plain.sniff", lambda path: True)
    again = import_source("plain", folder, out, fps=30)
    assert (again.before, again.clips, again.refused) == (3, first.clips, [])
    # Another time of change, the same content: read, recognised, not added.
    write_plain(folder, made, "abc")
    third = import_source("plain", folder, out, fps=30)
    fourth = import_source("plain", folder, out, fps=30)
    assert third.before == fourth.before == 3
    assert third.kept == fourth.kept == first.kept
    assert content(Store(out)) == kept


def test_a_damaged_page_is_mended_by_removing_it_and_importing_again(
    made, tmp_path, small_shards
) -> None:
    store = Store.create(tmp_path / "store", Cut())
    import_recordings(takes(made, 12), store, Cut())
    before = sorted(content(store))
    (store.folder / "ledger" / "00001.json").unlink()
    assert len(store.dataset()) < len(before)
    import_recordings(takes(made, 12), store, Cut())
    assert sorted(content(store)) == before
