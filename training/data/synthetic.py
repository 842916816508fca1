"""The synthetic training set: clips by the procedural teacher, in its words.

    python -m training.data.synthetic --out data/synth-v1 --clips 40000

Each clip gives many ways of asking for it: its free sentences, every other one with
left and right exchanged for the mirrored clip, and its triple both ways. Every distinct
text of a shard is encoded once. Seeds decide everything: a shard made again is the same.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.kinematics.contacts import PAIRS, contact_track
from handx_gen.text import TextEncoder, load_encoder
from training.data.store import Shard, text_variant
from training.data.words import swap_sides

Teacher = Callable[[int, str], Any]
"""(seed, split) → clip with joints (T, 2, 21, 3), sentences, triple and program."""


SENTENCES = 14
"""Wordings per clip: words are what a network meets too few of, and cost least."""


def procedural(seed: int, split: str) -> Any:
    """The shipped teacher."""
    from handx_gen.procedural import synthesize

    return synthesize(seed, split, SENTENCES)


def variants(clip: Any) -> list[tuple[bool, list[str]]]:
    """The prompts of a clip: (mirrored, texts by branch).

    A sentence serves either the clip or its mirror image: as many different sentences
    for half the texts to encode.
    """
    result = []
    for k, sentence in enumerate(dict.fromkeys(clip.sentences)):
        mirrored = k % 2 == 1
        text = swap_sides(sentence) if mirrored else sentence
        result.append((mirrored, text_variant("", "", "", text)))
    left, right, relation = clip.triple.left, clip.triple.right, clip.triple.relation
    if left or right or relation:
        swapped = swap_sides(right), swap_sides(left), swap_sides(relation)
        result.append((False, text_variant(left, right, relation)))
        result.append((True, text_variant(*swapped)))
    return result


def _make(seed: int, teacher: Teacher, split: str):
    clip = teacher(seed, split)
    joints = np.asarray(clip.joints, np.float32)
    primitives = tuple(sorted({step.primitive for step in clip.program.steps}))
    return joints, contact_track(joints).mask, variants(clip), primitives


def encode_all(encoder: TextEncoder, texts: list[str]) -> list[np.ndarray]:
    """Token states of many texts, the short ones together, in bfloat16 on a CPU."""
    import torch

    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    states: list[np.ndarray] = [np.zeros(0)] * len(texts)
    encode = getattr(encoder, "encode", encoder.tokens)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        with torch.autocast("cpu", torch.bfloat16):
            for row, value in zip(rows, encode([texts[i] for i in rows])):
                states[row] = value.astype(np.float16)
    return states


def make_shard(
    first: int,
    count: int,
    encoder: TextEncoder,
    teacher: Teacher = procedural,
    split: str = "train",
    pool: Any = None,
) -> Shard:
    """Clips of the seeds `first` … `first + count − 1` with their encoded prompts."""
    make = partial(_make, teacher=teacher, split=split)
    seeds = range(first, first + count)
    made: Iterator[Any] = pool.imap(make, seeds, 16) if pool else map(make, seeds)
    joints, contact, clip, mirrored, rows, names = [], [], [], [], [], []
    for number, (motion, mask, prompts, primitives) in enumerate(made):
        names.append(primitives)
        joints.append(motion)
        contact.append(mask)
        for flag, texts in prompts:
            clip.append(number)
            mirrored.append(flag)
            rows.append(texts)
    distinct = sorted({text for row in rows for text in row if text})
    index = {text: i for i, text in enumerate(distinct)} | {"": -1}
    states = encode_all(encoder, distinct)
    return Shard(
        np.stack(joints),
        np.stack(contact),
        np.array(clip, np.int32),
        np.array(mirrored),
        np.array([[index[text] for text in row] for row in rows], np.int32),
        np.concatenate(states),
        np.concatenate([[0], np.cumsum([len(s) for s in states])]).astype(np.int64),
        tuple(distinct),
        tuple(names),
    )


def main(arguments: list[str] | None = None) -> int:
    """Write shards until there are `--clips` clips."""
    parser = argparse.ArgumentParser(
        prog="python -m training.data.synthetic",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--clips", type=int, default=40_000)
    parser.add_argument("--shard", type=int, default=2_000, help="clips per shard")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--encoder", default="minilm")
    options = parser.parse_args(arguments)
    encoder = load_encoder(options.encoder)
    assert len(PAIRS) == 44  # the denoiser's contact head
    started = time.monotonic()
    with Pool(options.workers) as pool:
        for start in range(0, options.clips, options.shard):
            first = options.first_seed + start
            count = min(options.shard, options.clips - start)
            shard = make_shard(first, count, encoder, pool=pool)
            path = shard.save(options.out, first)
            done, spent = start + count, time.monotonic() - started
            sys.stderr.write(
                f"{path}: {done}/{options.clips} clips, {len(shard.texts)} texts, "
                f"{done / spent:.0f} clips/s\n"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
