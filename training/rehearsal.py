"""A full-size run in small: a store as large as the published data, a few steps on it.

    python -m training.rehearsal --folder runs/rehearsal --clips 94000 --steps 5

The store has the true format (Arrow shards, ledger, five levels of captions for left,
right and both) and the true number of clips, but its content is cheap: a few hundred
synthetic clips over and over, each copy moved and shaken a little, each caption with a
number that makes it a text of its own. Words are encoded by fixed random vectors as wide
as MiniLM's, and a copy has the contacts of its original. What is measured is therefore
size and the speed of reading and training, never quality, nor the speed of encoding.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.text import HashedEncoder

COPIED = 300
"""Different clips in the store."""
PAGE = 2_000
"""Clips per shard of the store."""
LEVELS = (
    "",
    "slowly ",
    "with care ",
    "once more and slowly ",
    "as it was shown before ",
)


class QuickWords(HashedEncoder):
    """The encoder of tests, each word drawn once."""

    def __init__(self) -> None:
        super().__init__(384)
        self._word = cache(self._word)


def originals(count: int) -> list[Any]:
    """Clips by the procedural teacher."""
    from handx_gen.procedural import synthesize

    found = []
    for seed in range(2 * count):
        try:
            found.append(synthesize(seed, "train"))
        except AssertionError:  # the teacher refused its own clip
            continue
        if len(found) == count:
            break
    return found


def rows(clips: list[Any], count: int, random: np.random.Generator) -> Iterator[dict]:
    """Rows of the store, columns as `training.data.corpus.schema`."""
    from training.data.corpus import CAPTIONS, clip_id

    for number in range(count):
        clip = clips[number % len(clips)]
        joints = np.asarray(clip.joints, np.float32)
        moved = random.normal(0, 0.02, 3) + random.normal(0, 2e-4, joints.shape)
        joints = joints + moved.astype(np.float32)
        words = {name: getattr(clip.triple, name) for name in CAPTIONS}
        yield {
            "id": clip_id(joints, 30.0, np.ones(2, bool)),
            "joints": joints.reshape(len(joints), -1),
            "fps": 30.0,
            "present": [True, True],
            **{
                name: [f"{level}{text} in take {number}" for level in LEVELS if text]
                for name, text in words.items()
            },
            "caption_scope": "clip",
            "source": "rehearsal",
            "name": f"take {number}",
            "group": f"subject {number // 100}",
            "split": "train",
            "licence": "CC0-1.0",
            "gravity_known": True,
            "start": 0.0,
            "intensity": [50.0, 50.0],
            "provenance": json.dumps({"details": {"copy": number}}),
        }


def make_store(folder: Path, count: int) -> float:
    """Write the store unless it is there; returns the seconds it took."""
    from training.data.corpus import Store
    from training.data.windows import Cut

    started = time.monotonic()
    store = Store.create(folder, Cut())
    written = sum(sum(f["rows"] for f in p["files"].values()) for p in store.ledger())
    if written >= count:
        return 0.0
    source = rows(originals(COPIED), count, np.random.default_rng(0))
    with store.writing():
        while page := list(islice(source, PAGE)):
            store.append([], page, {})
    return time.monotonic() - started


class Contacts:
    """Contacts of a copy: those of the first copy of the same clip."""

    def __init__(self) -> None:
        self._known: dict[int, np.ndarray] = {}

    def __call__(self, clip: Any) -> np.ndarray:
        """Which pairs touch, (T, P) bool."""
        from training.data.prepare import touching

        number = int(clip.name.split()[-1]) % COPIED
        if number not in self._known:
            self._known[number] = touching(clip)
        return self._known[number]


def memory() -> dict[str, float]:
    """Memory of this process [GiB]: its own, of mapped files, and the most at once."""
    status = dict(
        line.split(":", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
    )
    own, mapped = (int(status[k].split()[0]) / 2**20 for k in ("RssAnon", "RssFile"))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"own": own, "of mapped files": mapped, "most at once": most}


def size(folder: Path) -> float:
    """Bytes under a folder [GiB]."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**30


def main(arguments: list[str] | None = None) -> int:
    """Make, encode, train; prints one table."""
    parser = argparse.ArgumentParser(
        prog="python -m training.rehearsal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=94_000)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)

    from dataclasses import replace

    from training.configs import CONFIGS
    from training.data.batch import Loader
    from training.data.corpus import Store
    from training.data.prepare import prepare
    from training.loop import Run

    def say(name: str, value: str) -> None:
        sys.stdout.write(f"{name:<28}{value}\n")
        sys.stdout.flush()

    folder = options.folder / "store"
    spent = make_store(folder, options.clips)
    say("store", f"{size(folder / 'data'):.2f} GiB, written in {spent:.0f} s")
    started = time.monotonic()
    ready = prepare(Store(folder), QuickWords(), contacts=Contacts())
    spent = time.monotonic() - started
    say(
        "encoded", f"{size(ready.folder):.2f} GiB, {ready.clips:,} clips, {spent:.0f} s"
    )
    started = time.monotonic()
    loader = Loader(ready.folder)
    say("opened", f"{loader.clips:,} clips in {time.monotonic() - started:.1f} s")
    config = replace(
        CONFIGS[options.preset], encoder=loader.encoder, compile=False, minutes=None,
        steps=options.steps, batch=options.batch or CONFIGS[options.preset].batch,
    )  # fmt: skip
    started = time.monotonic()
    reads = 20
    for step in range(reads):
        loader.draw(step, config.batch)
    speed = reads * config.batch / (time.monotonic() - started)
    say("drawing alone", f"{speed:.0f} clips/s")
    run = Run(config, loader, options.folder / "run", options.device)
    started = time.monotonic()
    run.train()
    speed = options.steps * config.batch / (time.monotonic() - started)
    say(
        f"{options.steps} steps of {config.batch}",
        f"{speed:.0f} clips/s, {options.preset}",
    )
    say("memory [GiB]", ", ".join(f"{k} {v:.2f}" for k, v in memory().items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
