"""Score a checkpoint beside its baselines, and write the table.

    python -m training.evaluation.report --model synth-v1 --data data/synth-v1

The network reads the raw sentence through its text encoder; no rule and no keyword is in
its path. Every row is scored by the same `match()` against the same requests. The table
goes to training/RESULTS.md, all numbers to a JSON file.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.generator import load_generator
from training.data.store import Shard, shard_paths
from training.data.synthetic import procedural
from training.evaluation import baselines
from training.evaluation.contacts import contact_scores
from training.evaluation.protocol import SPLITS, Item, free_items, split_items
from training.evaluation.score import Estimate, Scores, mean_jerk, score
from training.evaluation.swaps import exchanged_words, swap_rate

FIRST_SEED = 10_000_000
"""Seeds of the evaluation clips: no training clip has one."""

RESULTS = Path(__file__).parent.parent / "RESULTS.md"


@dataclass(frozen=True)
class Measured:
    """What a model was measured to do on one set of sentences.

    Attributes:
        scores: Events, by both readers.
        contacts: Contact F1 "at its time" and "at any time".
        swaps: Items whose motion does the mirror image of the request better.
        jerk_ratio: Jerk in units of that of the teacher's clips of the same sentences;
            None where they have none.
    """

    scores: Scores
    contacts: dict[str, Estimate]
    swaps: Estimate
    jerk_ratio: float | None


def measured(motions: Sequence[np.ndarray | None], items: Sequence[Item]) -> Measured:
    """Everything that is measured on motions for `items`."""
    scores = score(motions, [item.requested for item in items])
    taught = [item.reference for item in items if item.reference is not None]
    return Measured(
        scores,
        contact_scores(motions, items),
        Estimate.of_share(*swap_rate(motions, items)),
        scores.jerk / mean_jerk(taught) if taught else None,
    )


Table = Mapping[str, Mapping[str, Measured]]
"""Model → set of sentences → what was measured."""


def evaluate(
    models: Mapping[str, baselines.Model],
    sets: Mapping[str, Sequence[Item]],
    seed: int,
) -> Table:
    """What every model does on every set."""
    table: dict[str, dict[str, Measured]] = {}
    for name, model in models.items():
        table[name] = {}
        for set_name, items in sets.items():
            motions = model([item.sentence for item in items], seed)
            table[name][set_name] = row = measured(motions, items)
            sys.stderr.write(f"{name:>14} {set_name:>20} {row.scores.f1}\n")
    return table


def _grid(head: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += [
        f"| {name} | " + " | ".join(map(str, row)) + " |" for name, row in rows.items()
    ]
    return lines


def _ratio(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


SECTIONS: tuple[tuple[str, Callable[[Measured], Any]], ...] = (
    (
        "Event F1 by `handx_gen.kinematics.requests.match` (rules switched off in the "
        "network's path: the raw sentence is encoded), mean and 95 % bootstrap interval "
        "over items.\n\n"
        "The row `program` is no held-out score: its rules were written with both sets of "
        "templates and the free sentences in view. The free sentences themselves were "
        "written before any training and chosen by nobody's score.",
        lambda m: m.scores.f1,
    ),
    (
        "The same by the second reader (`handx_gen.kinematics.second_reader`: angles of a "
        "fitted hand, surface gaps, level crossings), which no clip was made or chosen "
        "with:",
        lambda m: m.scores.second,
    ),
    (
        "Share of items done exactly, nothing missing and nothing extra:",
        lambda m: m.scores.yes,
    ),
    (
        "Contact F1 at the asked time (`training.evaluation.contacts`): fingertips and "
        "palms that the sentence asks to touch, over the items that ask for one. The "
        "teacher's own clip says when: within five frames of its contact, or sharing a "
        "third of it. The procedural mode plays at ease instead of in two seconds, so its "
        "row says nothing about time.",
        lambda m: m.contacts["at its time"],
    ),
    ("Contact F1 at any time:", lambda m: m.contacts["at any time"]),
    (
        "Swaps: share of the items with a left and a right whose motion does the mirror "
        "image of the request better than the request (95 % score interval):",
        lambda m: m.swaps,
    ),
    (
        "Jerk, in units of the teacher's clips of the same sentences (1 is theirs; they "
        "hurry into two seconds, the procedural mode does not):",
        lambda m: _ratio(m.jerk_ratio),
    ),
)
"""(words, what a cell shows) of the tables that have a row per model, a column per set."""


def markdown(
    table: Table, exchanged: Mapping[str, Mapping[str, Estimate]], facts: dict
) -> str:
    """The report as Markdown."""
    first = next(iter(table))
    counts = {name: row.scores.yes.count for name, row in table[first].items()}
    sets = list(counts)
    lines = [
        "# Results",
        "",
        f"`{facts['command']}`, {facts['date']}. Model: {json.dumps(facts['trained'])}.",
        "",
        "Synthetic clips only: these numbers say that the method follows text; they say "
        "nothing about human motion, and none belongs beside the paper's.",
    ]
    if clips := facts["retrieval_clips"]:
        lines += ["", f"`retrieval` looks among the sentences of {clips:,} clips."]
    for words, cell in SECTIONS:
        head = ["model", *(f"{s} ({n})" for s, n in counts.items())]
        rows = {name: [cell(row[s]) for s in sets] for name, row in table.items()}
        lines += ["", words, "", *_grid(head, rows)]
    lines += [
        "",
        "Left and right exchanged in the sentences of `val`: event F1 against the exchanged "
        "and against the original events, and the share of items that do the original "
        "better:",
        "",
        *_grid(
            ["model", "exchanged", "original", "kept sides", "items"],
            {
                n: [*row.values(), row["exchanged"].count]
                for n, row in exchanged.items()
            },
        ),
        "",
        f"Requested events of each kind that happened, {first}:",
        "",
    ]
    found = {name: row.scores.kinds for name, row in table[first].items()}
    rows = {
        kind: [
            f"{found[s][kind][0]:.2f} of {found[s][kind][1]}"
            if kind in found[s]
            else ""
            for s in sets
        ]
        for kind in sorted({kind for kinds in found.values() for kind in kinds})
    }
    lines += _grid(["kind", *sets], rows)
    jerk = {
        n: np.mean([m.scores.jerk for m in row.values()]) for n, row in table.items()
    }
    told = ", ".join(f"{name} {value:.0f}" for name, value in jerk.items())
    return "\n".join([*lines, "", f"Mean jerk [m/s³]: {told}.", ""])


def main(arguments: list[str] | None = None) -> int:
    """Evaluate and write the report."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default="synth-v1", help="shipped name or folder")
    parser.add_argument("--data", type=Path, help="shards, for the retrieval row")
    parser.add_argument("--clips", type=int, default=200, help="items per split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="Markdown file")
    options = parser.parse_args(arguments)
    generator = load_generator(options.model)
    sets = {
        split: split_items(split, options.clips, procedural, FIRST_SEED)
        for split in SPLITS
    }
    sets["free sentences"] = free_items()
    net = baselines.network(generator)
    models: dict[str, baselines.Model] = {generator.config.name: net}
    models["program"] = baselines.program
    if options.data:
        models["retrieval"] = baselines.retrieval(generator.encoder, options.data)
    models["shuffled"] = baselines.shuffled(net)
    models["zeroed"] = baselines.zeroed(generator)
    table = evaluate(models, sets, options.seed)
    exchanged = {
        name: exchanged_words(models[name], sets["val"], options.seed)
        for name in models
        if name in (generator.config.name, "program", "retrieval")
    }
    given = [f"--model {options.model}", f"--clips {options.clips}"]
    if options.data:
        given.append("--data SHARDS")
    facts = {
        "command": " ".join(["python -m training.evaluation.report", *given]),
        "date": time.strftime("%Y-%m-%d"),
        "retrieval_clips": sum(
            len(Shard.load(path).joints) for path in shard_paths(options.data)
        )
        if options.data
        else 0,
        "trained": generator.config.trained,
    }
    options.out.write_text(markdown(table, exchanged, facts))
    numbers = {
        **facts,
        "scores": {
            name: {
                s: {**asdict(m.scores), **{k: v for k, v in asdict(m).items()
                                           if k != "scores"}}
                for s, m in row.items()
            }
            for name, row in table.items()
        },
        "swap": {n: {k: asdict(v) for k, v in p.items()} for n, p in exchanged.items()},
    }  # fmt: skip
    options.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n")
    sys.stderr.write(f"written: {options.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
