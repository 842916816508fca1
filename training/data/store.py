"""Shards of training clips on disk: motion, contacts, prompts and their token states.

A shard is a folder `shard_<first seed>` with plain `.npy` arrays and two JSON lists. It is
written under another name and renamed at the end, so a reader never sees half of one and
training can start while later shards are still being made.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from handx_gen.errors import InputError
from handx_gen.skeleton import SIDES
from handx_gen.text.encoder import BRANCHES

ARRAYS = ("joints", "contact", "clip", "mirrored", "text_ids", "tokens", "offsets")


def mirrored_pairs(pairs: Sequence[str]) -> np.ndarray:
    """Where each pair comes from when left and right are swapped.

    Returns:
        (P,) indices: `contact_mirrored = contact[..., result]`.
    """
    index = {pair: i for i, pair in enumerate(pairs)}
    other = dict(zip(SIDES, SIDES[::-1]))

    def swap(pair: str) -> str:
        points = [point.split(".") for point in pair.split("|")]
        points = [f"{other[side]}.{name}" for side, name in points]
        # Intra-hand pairs keep their order; between hands the left point comes first.
        if points[0].split(".")[0] == points[1].split(".")[0]:
            return "|".join(points)
        return "|".join(sorted(points))

    return np.array([index[swap(pair)] for pair in pairs])


@dataclass(frozen=True, eq=False)
class Shard:
    """Clips and the ways in which each can be asked for.

    Attributes:
        joints: (N, T, 2, 21, 3) float32 [m].
        contact: (N, T, P) bool.
        clip: (V,) int32, the clip of each variant (a prompt and whether to mirror).
        mirrored: (V,) bool, the prompt describes the mirrored clip.
        text_ids: (V, 4) int32, text of each branch (`BRANCHES`), −1 where empty.
        tokens: (M, D) float16, the token states of all texts, one after another.
        offsets: (texts + 1,) int64, where each text's tokens start.
        texts: The distinct texts.
        primitives: What each clip is made of: the names of its primitives.
    """

    joints: np.ndarray
    contact: np.ndarray
    clip: np.ndarray
    mirrored: np.ndarray
    text_ids: np.ndarray
    tokens: np.ndarray
    offsets: np.ndarray
    texts: tuple[str, ...]
    primitives: tuple[tuple[str, ...], ...]

    def save(self, folder: Path, first: int) -> Path:
        """Write to `folder/shard_<first>`."""
        path = folder / f"shard_{first:08d}"
        partial = folder / f".partial_{first:08d}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name in ARRAYS:
            np.save(partial / f"{name}.npy", getattr(self, name))
        (partial / "texts.json").write_text(json.dumps(self.texts))
        (partial / "primitives.json").write_text(json.dumps(self.primitives))
        if path.exists():
            shutil.rmtree(path)
        return partial.rename(path)

    @classmethod
    def load(cls, path: Path) -> "Shard":
        """Open a shard, its arrays memory-mapped."""
        arrays = {n: np.load(path / f"{n}.npy", mmap_mode="r") for n in ARRAYS}
        texts = json.loads((path / "texts.json").read_text())
        primitives = json.loads((path / "primitives.json").read_text())
        return cls(
            **arrays, texts=tuple(texts), primitives=tuple(map(tuple, primitives))
        )


@dataclass(frozen=True)
class About:
    """What a folder of shards holds; synthetic clips unless its `about.json` says.

    Attributes:
        description: Where the clips come from, in words.
        encoder: Whose token states they are; empty if it is not said.
        fps: Rate of the clips [Hz].
    """

    description: str = "synthetic, made by handx_gen.procedural"
    encoder: str = ""
    fps: float = 30.0

    def save(self, folder: Path) -> None:
        """Write `about.json`."""
        partial = folder / "about.partial"
        partial.write_text(json.dumps(asdict(self), indent=1) + "\n")
        partial.replace(folder / "about.json")


def about_shards(folder: Path) -> About:
    """What a folder of shards says of itself.

    Raises:
        InputError: `about.json` is damaged.
    """
    path = folder / "about.json"
    if not path.exists():
        return About()
    try:
        return About(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            path, "", f"damaged ({error})", "make the data again"
        ) from error


def shard_paths(folder: Path) -> list[Path]:
    """Finished shards, oldest seeds first.

    Raises:
        InputError: There is none.
    """
    paths = sorted(folder.glob("shard_*"))
    if not paths:
        raise InputError(
            folder, "", "no shard of training clips",
            "make some with: python -m training.data.synthetic --out " + str(folder),
        )  # fmt: skip
    return paths


def text_variant(left: str, right: str, relation: str, sentence: str = "") -> list[str]:
    """A prompt's texts in the order of `BRANCHES`."""
    fields = dict(left=left, right=right, relation=relation, sentence=sentence)
    return [fields[branch] for branch in BRANCHES]
