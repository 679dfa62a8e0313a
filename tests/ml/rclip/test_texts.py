import pickle
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models

from ml.rclip.config import RClipConfig
from ml.rclip.errors import RClipError
from ml.rclip.model import build_rclip
from ml.rclip.texts import JsonTokenizer, load_tokenizer, train_tokenizer

from .towers import TEXT, VIT, tiny_rclip, tokenizer_file, tower

WORDS = ["a cat", "a dog", "a red fire hydrant", "two small houses"]


@pytest.fixture
def tokenizer(tmp_path: Path) -> JsonTokenizer:
    return JsonTokenizer(Path(tokenizer_file(tmp_path)), context_length=10, vocabulary=320)


def test_training_is_repeatable_and_keeps_to_its_size() -> None:
    one, other = train_tokenizer(WORDS, 300), train_tokenizer(WORDS, 300)
    assert one.to_str() == other.to_str()
    assert one.get_vocab_size() <= 300


def test_a_text_stands_between_start_and_end_and_the_end_is_the_highest_id(tokenizer: JsonTokenizer) -> None:
    ids = tokenizer(["a cat", "a red fire hydrant"])
    assert ids.dtype == torch.long
    assert ids.shape == (2, 10)
    ends = ids.argmax(dim=1)
    for row, end in zip(ids, ends, strict=True):
        assert row[0] == row[end] - 1, "the start token"
        assert (row[end + 1 :] == 0).all(), "padding"
        assert (row[1:end] > 0).all()


def test_case_and_spaces_at_the_ends_do_not_matter(tokenizer: JsonTokenizer) -> None:
    ids = tokenizer(["a cat", " A Cat ", "ａ cat"])
    assert torch.equal(ids[0], ids[1])
    assert torch.equal(ids[0], ids[2])


def test_every_character_can_be_written(tokenizer: JsonTokenizer) -> None:
    ids = tokenizer(["猫", "🦊", "", "ñandú\n\x00"])
    assert (ids[2] > 0).sum() == 2, "an empty text is start and end"
    assert len({tuple(row.tolist()) for row in ids}) == 4


def test_a_long_text_loses_its_end_but_not_the_end_token(tokenizer: JsonTokenizer) -> None:
    long = "a red fire hydrant " * 20
    ids = tokenizer([long, "a cat"])
    assert ids[0, -1] == ids[1].max()
    assert tokenizer.truncated([long, "a cat", ""]) == [True, False, False]


def test_special_tokens_inside_a_text_are_text(tokenizer: JsonTokenizer) -> None:
    ids = tokenizer(["<end> a cat", "<pad>"])
    end = int(ids.max())
    assert (ids == end).sum(dim=1).tolist() == [1, 1]


def test_a_tokenizer_can_be_sent_to_a_worker(tokenizer: JsonTokenizer) -> None:
    again = pickle.loads(pickle.dumps(tokenizer))  # noqa: S301  (as torch's data workers do)
    assert torch.equal(again(WORDS), tokenizer(WORDS))
    assert torch.equal(again(["<end>"]), tokenizer(["<end>"]))


def test_no_text_gives_no_row(tokenizer: JsonTokenizer) -> None:
    assert tokenizer([]).shape == (0, 10)
    assert tokenizer.truncated([]) == []
    assert load_tokenizer(None, {"context_length": 12})([]).shape == (0, 12)


def test_open_clips_own_tokenizer_is_the_default() -> None:
    own = load_tokenizer(None, {"context_length": 8})
    ids = own(["a cat", "a photo of a very large red fire hydrant"])
    assert ids.shape == (2, 8)
    assert ids.max(dim=1).values.tolist() == [49407, 49407]
    assert own.truncated(["a cat", "a photo of a very large red fire hydrant", "one two three four five six"]) == [
        False,
        True,
        False,
    ]
    assert own.name is None


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = tmp_path / "words.json"
    with pytest.raises(RClipError, match=r"words\.json is no tokenizer file"):
        JsonTokenizer(path, 10, 320)
    path.write_text("{}")
    with pytest.raises(RClipError, match=r"words\.json is no tokenizer file"):
        JsonTokenizer(path, 10, 320)
    Tokenizer(models.WordLevel({"<start>": 0, "cat": 1}, unk_token="cat")).save(str(path))
    with pytest.raises(RClipError, match="has no token <end>"):
        JsonTokenizer(path, 10, 320)
    Tokenizer(models.WordLevel({"<start>": 0, "<end>": 1, "cat": 2}, unk_token="cat")).save(str(path))
    with pytest.raises(RClipError, match="end token has id 1, but it must have the highest, 2"):
        JsonTokenizer(path, 10, 320)
    train_tokenizer(WORDS, 320).save(str(path))
    with pytest.raises(RClipError, match="the text tower only 100"):
        JsonTokenizer(path, 10, 100)
    with pytest.raises(RClipError, match="no-such-folder holds no tokenizer"):
        load_tokenizer(str(tmp_path / "no-such-folder"), {})


def test_the_text_tower_reads_up_to_the_end_token(tmp_path: Path) -> None:
    """What stands after the end cannot change the embedding."""
    model = tiny_rclip(tmp_path, VIT)
    ids = model.tokenize(["a cat"])
    padded = ids.clone()
    padded[0, int(ids.argmax()) + 1 :] = 7
    with torch.no_grad():
        assert torch.equal(model.encode_texts(ids), model.encode_texts(padded))


def test_a_transformers_tokenizer_serves_and_is_saved(tmp_path: Path) -> None:
    import transformers

    end = {"bos_token": "<start>", "eos_token": "<end>", "pad_token": "<pad>"}
    words = train_tokenizer(WORDS, 320)
    from tokenizers.processors import TemplateProcessing

    words.post_processor = TemplateProcessing(
        single="<start> $A <end>", special_tokens=[(name, words.token_to_id(name)) for name in ("<start>", "<end>")]
    )
    folder = tmp_path / "words"
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **end).save_pretrained(folder)
    model = build_rclip(RClipConfig(tower(VIT), tokenizer=str(folder)))
    expected = JsonTokenizer(Path(tokenizer_file(tmp_path)), TEXT["context_length"], 320)(WORDS)  # type: ignore[arg-type]
    assert torch.equal(model.tokenize(WORDS), expected)
    assert model.tokenizer.truncated(["a cat", "a red fire hydrant " * 9]) == [False, True]
    model.save_assets(tmp_path)
    assert model.config.tokenizer == "tokenizer"
    again = load_tokenizer(str(tmp_path / "tokenizer"), TEXT)
    assert torch.equal(again(WORDS), expected)
