import json

import numpy as np
import pytest

from handx_gen.checkpoint import ASSETS, load_checkpoint
from handx_gen.generator import available_models, generate, load_generator
from handx_gen.kinematics.requests import match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import Program, Step
from handx_gen.prompt import Plan, Prompt
from handx_gen.skeleton import mirror
from handx_gen.text.files import wheel_folder
from training.data.words import swap_sides

FOLDER = ASSETS / "synth-v1"
needs_minilm = pytest.mark.skipif(
    wheel_folder() is None,
    reason="MiniLM could not be fetched: `make install` tries again",
)


def test_shipped_checkpoint_is_small_whole_and_says_what_it_is():
    assert "synth-v1" in available_models()
    assert (FOLDER / "model.safetensors").stat().st_size <= 16 * 2**20
    denoiser, config = load_checkpoint(FOLDER)
    assert config.name == "synth-v1"
    assert config.trained["steps"] > 1000
    card = (FOLDER / "README.md").read_text()
    assert "never seen a human hand" in card
    log = json.loads((FOLDER / "log.json").read_text())
    assert abs(log[-1]["step"] - config.trained["steps"]) <= 50
    assert sum(p.numel() for p in denoiser.parameters()) < 8e6


SENTENCES = {
    "make a fist with the right hand": Step("shape", "right"),
    "open both hands": Step("shape", "both", ("index", "middle", "ring", "pinky")),
    "bend the left index finger": Step("bend", "left", ("index",)),
    "press the palms together": Step("press", "both"),
    "move the left hand up": Step("move", "left", direction="up"),
    "turn the right hand palm up": Step("turn", "right", direction="palm_up"),
    "move your hands apart": Step("part", "both"),
    "clap your hands": Step("clap", "both"),
}


@needs_minilm
def test_network_does_what_plain_sentences_ask_and_others_do_not():
    generator = load_generator("synth-v1")
    prompts = [Prompt(sentence=text) for text in SENTENCES]
    clips = generator.clips(prompts, list(range(len(prompts))))
    requests = [Program((step,)).requested for step in SENTENCES.values()]

    def mean_recall(asked):
        results = [match(BimanualMotion(c), r) for c, r in zip(clips, asked)]
        return float(np.mean([result.recall for result in results]))

    assert mean_recall(requests) >= 0.6
    assert mean_recall(requests[3:] + requests[:3]) < 0.4


@needs_minilm
def test_mirrored_prompts_mirror_the_motion():
    generator = load_generator("synth-v1")
    one_sided = {t: s for t, s in SENTENCES.items() if s.hand != "both"}
    assert len(one_sided) == 4
    prompts = [Prompt(sentence=swap_sides(text)) for text in one_sided]
    clips = generator.clips(prompts, list(range(len(prompts))))
    done = {True: 0.0, False: 0.0}
    for clip, step in zip(clips, one_sided.values()):
        asked = Program((step,)).requested
        for mirrored in done:
            motion = BimanualMotion(mirror(clip) if mirrored else clip)
            done[mirrored] += (match(motion, asked).recall or 0.0) / len(clips)
    assert done[True] >= 0.75
    assert done[False] <= 0.25


@needs_minilm
def test_auto_takes_the_network_and_says_so():
    motion = generate(Plan.from_text("clap once"), seed=1)[0]
    assert motion.provenance["model"] == "synth-v1"
    assert "warning" not in motion.provenance


def test_auto_without_encoder_falls_back_to_the_program_and_warns(monkeypatch):
    from handx_gen import generator
    from handx_gen.text.files import MissingEncoder

    def missing(model, device):
        raise MissingEncoder("minilm")

    monkeypatch.setattr(generator, "load_generator", missing)
    motion = generate(Plan.from_text("clap once"))[0]
    assert "minilm" in motion.provenance["warning"]
    with pytest.raises(MissingEncoder):
        generate(Plan.from_text("clap once"), model="synth-v1")
