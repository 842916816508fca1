"""Calibrate how sure a network is of knowing a request, and say how well that works.

    python -m training.evaluation.abstention --model synth-v1

Known requests are sentences of the teacher; unknown ones are written by hand
(outside_vocabulary.json: other parts of the body, objects, other languages, denials,
nonsense, hand movements that nothing here knows). Half of each fits the three weights,
the other half tells how well they do. The result lies beside the network's weights.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handx_gen.abstention import DRAWS, Abstention, agreement, pooled
from handx_gen.checkpoint import ASSETS
from handx_gen.errors import InputError
from handx_gen.generator import Generator, load_generator
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural.reader import read
from handx_gen.procedural.sample import synthesize
from handx_gen.procedural.vocabulary import PRIMITIVES
from handx_gen.prompt import Plan, Prompt
from training.evaluation.protocol import free_items

OUTSIDE = Path(__file__).with_name("outside_vocabulary.json")
REFERENCES = 600
FIRST_SEED = 20_000_000
"""Seeds of the reference sentences and of the known requests."""


def references() -> list[str]:
    """Taught sentences that new ones are compared with: examples and teacher's words."""
    texts = [text for p in PRIMITIVES.values() for text in p.examples]
    seed = FIRST_SEED
    while len(texts) < REFERENCES:
        texts.append(synthesize(seed, "train").sentences[0])
        seed += 1
    return list(dict.fromkeys(texts))


def known_requests(count: int) -> dict[str, list[str]]:
    """Sentences of the teacher by split, `count` each, and the free sentences."""
    found = {}
    for split in ("val", "heldout_combination", "heldout_wording"):
        clips = [synthesize(FIRST_SEED + k, split) for k in range(count)]
        found[split] = [clip.sentences[0] for clip in clips]
    return {**found, "free sentences": [item.sentence for item in free_items()]}


def outside(path: Path = OUTSIDE) -> dict[str, list[str]]:
    """Requests that nothing here knows: "calibrate" and "test".

    Raises:
        InputError: The file cannot be read, or a request is one that the rules read.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, "", f"cannot be read ({error})") from error
    for text in (text for texts in found.values() for text in texts):
        if read(text).requested.understood:
            raise InputError(path, "", f"{text!r} is in the vocabulary", "take it out")
    return found


def agreements(generator: Generator, texts: Sequence[str], seed: int) -> list[float]:
    """Agreement of `DRAWS` motions for each text."""
    result = []
    for number, text in enumerate(texts):
        seeds = [seed + DRAWS * number + k for k in range(DRAWS)]
        clips = generator.clips([Prompt(sentence=text)] * DRAWS, seeds)
        motions = [BimanualMotion(c, generator.config.fps) for c in clips]
        result.append(agreement(motions))
        sys.stderr.write(f"\r{number + 1} of {len(texts)} ")
    sys.stderr.write("\n")
    return result


def fitted(measures: np.ndarray, known: np.ndarray, steps: int = 50) -> np.ndarray:
    """Logistic regression by Newton's method with a weak ridge.

    Args:
        measures: (N, 3) rows of 1, likeness, agreement.
        known: (N,) bool.
        steps: Newton steps.

    Returns:
        (3,) weights.
    """
    weights = np.zeros(3)
    ridge = 1e-2 * np.eye(3)
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-np.clip(measures @ weights, -30, 30)))
        slope = measures.T @ (chance - known) + ridge @ weights
        curve = (measures * (chance * (1 - chance))[:, None]).T @ measures + ridge
        weights -= np.linalg.solve(curve, slope)
    return weights


def area_under_curve(known: Sequence[float], unknown: Sequence[float]) -> float:
    """Chance that a known request gets the higher number (Mann–Whitney U)."""
    a, b = np.asarray(known)[:, None], np.asarray(unknown)[None]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def false_passes(generator: Generator, texts: Sequence[str], seed: int) -> int:
    """Requests outside the vocabulary that the text verdict would pass."""
    passed = 0
    for number, text in enumerate(texts):
        motion = generator.motion(Plan.from_text(text), seed + number)
        passed += match(motion, read(text).requested).answer == "yes"
    return passed


def main(arguments: list[str] | None = None) -> int:
    """Calibrate, score, and write `abstention.npz`."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.abstention",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default="synth-v1", help="shipped name or folder")
    parser.add_argument("--requests", type=int, default=100, help="per split")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    generator = load_generator(options.model)
    folder = ASSETS / options.model
    folder = folder if folder.is_dir() else Path(options.model)
    blank = Abstention(pooled(generator.encoder, references()), np.zeros(3))
    sets = {f"outside ({k})": v for k, v in outside().items()}
    known = known_requests(options.requests)
    half = options.requests
    more = synthesize_more(half)
    measures = {}
    for name, texts in {**sets, **known, "val (calibrate)": more}.items():
        sys.stderr.write(f"{name}: ")
        rows = np.ones((len(texts), 3))
        rows[:, 1] = blank.likeness(generator.encoder, texts)
        rows[:, 2] = agreements(generator, texts, options.seed)
        measures[name] = rows
    yes, no = measures["val (calibrate)"], measures["outside (calibrate)"]
    answers = np.r_[np.ones(len(yes)), np.zeros(len(no))]
    weights = fitted(np.concatenate([yes, no]), answers)
    result = Abstention(blank.reference, weights)
    result.save(folder)
    lines = [
        "| requests | number | mean chance of known | called known (≥ 0.5) |",
        "|---" * 4 + "|",
    ]
    chances = {}
    for name, rows in measures.items():
        chances[name] = [result.known(a, b) for _, a, b in rows]
        share = np.mean(np.array(chances[name]) >= 0.5)
        lines.append(
            f"| {name} | {len(rows)} | {np.mean(chances[name]):.2f} | {share:.2f} |"
        )
    test = chances["outside (test)"]
    lines.append("")
    for name in known:
        area = area_under_curve(chances[name], test)
        lines.append(f"Area under the curve, {name} against outside (test): {area:.3f}")
    passes = false_passes(generator, outside()["test"], options.seed)
    lines.append(
        f"False text verdicts “yes” on outside (test): {passes} of {len(test)}"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def synthesize_more(count: int) -> list[str]:
    """Sentences of the teacher to calibrate with, other than those it is tested on."""
    start = FIRST_SEED + 1_000_000
    return [synthesize(start + k, "val").sentences[0] for k in range(count)]


if __name__ == "__main__":
    raise SystemExit(main())
