"""The local backend, on a tiny random model: it loads, asks, and gives up honestly."""

import pytest

from handx_gen.captions.dialogue import CaptionError
from handx_gen.captions.local import LocalWriter
from handx_gen.errors import InputError
from handx_gen.kinematics.timeline_events import timeline
from handx_gen.procedural import perform

TEMPLATE = "{% for m in messages %}{{ m['content'] }} {% endfor %}"


@pytest.fixture
def tiny(tmp_path):
    """A chat model of a few thousand random weights, saved as models are."""
    import tokenizers
    import transformers

    words = {word: i for i, word in enumerate(["[UNK]", "{", "}", "the", "hand"])}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, "[UNK]"))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="[UNK]", pad_token="[UNK]"
    )
    tokenizer.chat_template = TEMPLATE
    config = transformers.LlamaConfig(
        vocab_size=5, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=4096, bos_token_id=None,
        eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_a_random_model_is_asked_thrice_and_given_up_on(tiny):
    writer = LocalWriter(str(tiny), max_tokens=8)
    events = timeline(perform("clap"))
    talk = [{"role": "user", "content": "the hand the hand"}]
    first, again = (writer._complete(talk, seed=3) for _ in range(2))
    assert first == again
    assert (first.prompt_tokens, first.completion_tokens) == (4, 8)
    with pytest.raises(CaptionError, match="3 tries"):
        writer.write(events)


def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot load"):
        LocalWriter(str(tmp_path / "nothing")).write(timeline(perform("clap")))
