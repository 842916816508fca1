import numpy as np
import pytest
import tokenizers
import transformers

from handx_gen.errors import InputError
from handx_gen.prompt import Prompt
from handx_gen.text import (
    HashedEncoder,
    TextStates,
    encode_prompts,
    files,
    load_encoder,
)
from handx_gen.text.files import (
    MissingEncoder,
    check_minilm,
    minilm_folder,
    wheel_folder,
)

needs_minilm = pytest.mark.skipif(
    wheel_folder() is None,
    reason="MiniLM could not be fetched: `make install` tries again",
)


def test_branches_are_joined_in_order_and_padded():
    encoder = HashedEncoder(8)
    text = encode_prompts(
        encoder, [Prompt(left="bend", right="wave twice"), Prompt(sentence="clap")]
    )
    assert text.states.shape == (2, 3, 8)
    assert text.branch[0].tolist() == [1, 2, 2]
    assert text.mask.tolist() == [[True] * 3, [True, False, False]]
    assert not text.states[1, 1:].any()
    np.testing.assert_array_equal(text.states[0, 0], encoder.tokens(["bend"])[0][0])


def test_each_distinct_text_is_encoded_once():
    calls: list[str] = []

    class Counting(HashedEncoder):
        def tokens(self, texts):
            calls.extend(texts)
            return super().tokens(texts)

    encode_prompts(
        Counting(4), [Prompt(left="bend", right="bend"), Prompt(left="bend")]
    )
    assert calls == ["bend"]


def test_no_prompt_has_an_empty_batch():
    assert len(TextStates.join([])) == 0


def test_hashed_encoder_is_the_same_for_a_word_everywhere():
    a, b = HashedEncoder(16).tokens(["open the hand", "hand"])
    np.testing.assert_array_equal(a[2], b[0])
    assert abs(a[0] - a[1]).max() > 0.1


def test_too_long_text_is_refused_not_cut():
    with pytest.raises(InputError, match=r"200 tokens, at most 128.*Fix"):
        HashedEncoder().tokens(["wave " * 200])


def test_unknown_encoder_says_how_to_get_one():
    with pytest.raises(MissingEncoder, match=r"no-such-encoder.*pip install"):
        load_encoder("no-such-encoder")


def test_folder_without_weights_is_named(tmp_path):
    with pytest.raises(MissingEncoder, match=str(tmp_path)):
        minilm_folder(tmp_path)


def test_other_weights_are_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"not the official weights")
    with pytest.raises(
        InputError, match=r"model.safetensors \[sha256\].*expected 53aa"
    ):
        check_minilm(tmp_path)


def test_without_wheel_and_cache_the_encoder_is_missing(monkeypatch):
    monkeypatch.setattr(files, "wheel_folder", lambda: None)
    monkeypatch.setattr(files, "_hub_cache", lambda name: None)
    with pytest.raises(MissingEncoder, match=r"--model program"):
        minilm_folder()


@pytest.fixture(scope="module")
def minilm():
    return load_encoder("minilm")


@needs_minilm
def test_minilm_gives_384_channels_and_does_not_depend_on_the_batch(minilm):
    text = "bend the left index finger"
    alone = minilm.encode([text])[0]
    padded = minilm.encode([text, "clap the hands twice, then " + text])[0]
    assert alone.shape == (7, 384)  # [CLS], five words, [SEP]
    np.testing.assert_allclose(alone, padded, atol=1e-4)


@needs_minilm
def test_minilm_tokens_tell_left_from_right(minilm):
    left, right = minilm.tokens(["the left index bends", "the right index bends"])
    assert np.abs(left - right).max() > 0.1


@needs_minilm
def test_minilm_refuses_long_text(minilm):
    with pytest.raises(InputError, match="at most 128"):
        minilm.tokens(["wave " * 300])


def test_t5_encoder_is_read_from_a_folder(tmp_path):
    config = transformers.T5Config(
        vocab_size=8, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    transformers.T5EncoderModel(config).save_pretrained(tmp_path)
    words = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "open", "the", "hand"])}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, "[UNK]"))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="[UNK]", pad_token="[PAD]"
    ).save_pretrained(tmp_path)
    states = load_encoder(str(tmp_path)).tokens(["open the hand"])
    assert states[0].shape == (3, 16)
