"""Conversations on the command line: --chat, --system, --no-system, --messages, --target-turn."""

import json
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from tests.cli.conftest import call
from tests.conftest import byte_tokenizer, random_model
from tests.model.test_chat import QWEN

SAID: list[dict[str, Any]] = [
    {"role": "user", "content": "Who?"},
    {"role": "assistant", "content": "<think>Hm.</think>\n\nMe."},
    {"role": "user", "content": "Why so?"},
]
OPENING = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na b c<|im_end|>\n"
CHATML = "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\nMe.<|im_end|>\n"


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tiny model that has a chat template."""
    folder = tmp_path_factory.mktemp("models") / "chatty"
    random_model("llama").save_pretrained(folder)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = QWEN
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def said(tmp_path: Path) -> str:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(SAID), encoding="utf-8")
    return str(path)


def asked(chatty: str, verb: str, *arguments: str) -> Any:
    result = call(verb, *arguments, "--model", chatty, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def ranked(chatty: str, *arguments: str) -> set[str]:
    """Return the features; `rank` draws no figure, which takes longest."""
    parts = asked(chatty, "rank", *arguments, "--method", "leave_one_out")
    return {one["label"] for one in parts}


def settled(chatty: str, *arguments: str) -> dict[str, Any]:
    """Return what depth without its map says of prompt and target."""
    found: dict[str, Any] = asked(chatty, "depth", *arguments, "--ratio-only")["provenance"]
    return found


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        (["--target-turn"], {"user: Who?", "assistant, thinking: <think>Hm.</think>"}),
        (
            ["--target-turn", "1", "--features", "turns"],
            {"assistant, thinking: <think>Hm.</think>"},
        ),
        (["--target-turn", "--features", "words"], {"Who?", "<think>Hm.</think>"}),
        (["--features", "turns", "--target", "x"], {"turn 1: Who?"}),
        (
            ["--target", "x", "--system", "S"],
            {"system: S", "user: Who?", "assistant: Me.", "user: Why so?"},
        ),
    ],
)
def test_features_of_a_conversation(
    here: Path, chatty: str, said: str, arguments: list[str], labels: set[str]
) -> None:
    assert ranked(chatty, "--messages", said, *arguments) == labels


def test_a_map_of_a_conversation(here: Path, chatty: str, said: str) -> None:
    found = asked(chatty, "attribute", "--messages", said, "--target-turn")
    assert found["heatmap"]["columns"]["labels"][1] == "assistant, thinking: <think>Hm.</think>"
    assert found["provenance"]["target"] == "Me."
    (folder,) = (here / "bathyscope-runs").iterdir()
    again = bs.open_run(folder)
    assert again.heatmap.columns.labels[0] == "user: Who?"
    assert bs.rerun(folder, bs.load(chatty)).agrees()


def test_a_system_is_given_or_left_out(here: Path, chatty: str) -> None:
    for arguments, begin in (
        (["--chat"], "<|im_start|>system\nYou are a model.<|im_end|>\n"),
        (["--system", "Be kind."], "<|im_start|>system\nBe kind.<|im_end|>\n"),
        (["--no-system"], ""),
    ):
        assert settled(chatty, "a b", "--response", "x", *arguments)["prompt"] == (
            f"{begin}<|im_start|>user\na b<|im_end|>\n<|im_start|>assistant\n"
        )


def test_messages_of_a_prompt_with_a_system(here: Path, chatty: str) -> None:
    arguments = ["a b", "--target", "x", "--system", "S", "--features", "messages"]
    assert ranked(chatty, *arguments) == {"system: S", "user: a b"}


def test_a_pasted_conversation_and_its_turn(here: Path, chatty: str) -> None:
    assert ranked(chatty, CHATML, "--target-turn") == {"user: Who?"}
    found = settled(chatty, CHATML, "--target-turn")
    assert found["target"] == "Me." and found["prompt"] + "Me.<|im_end|>\n" == CHATML
    again = settled(chatty, CHATML, "--target-turn", "--chat")
    assert again["prompt"].startswith("<|im_start|>system\nYou are a model.")
    assert again["target"] == "Me."


def test_other_verbs_take_conversations(here: Path, chatty: str, said: str) -> None:
    depth = settled(chatty, "--messages", said, "--target-turn")
    assert depth["target"] == "Me." and depth["prompt"].endswith("<think>Hm.</think>\n\n")
    few = ["-n", "2", "--prefix", "2", "--max-new-tokens", "2"]
    thought = asked(chatty, "think", "--messages", said, *few)
    assert thought["provenance"]["prompt"].endswith("Why so?<|im_end|>\n<|im_start|>assistant\n")
    chain = asked(chatty, "chain", "--messages", said, "--response", "One. Two.")
    assert chain["provenance"]["feature_names"][0] == "user: Who?"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give a PROMPT (a text, a file, or -), or a conversation with --messages FILE"),
        (["a [[b]]", "--messages", "{said}"], "one of the two"),
        (["--messages", "none.json"], "none.json cannot be read"),
        (["a [[b]]", "--target-turn"], "--target-turn is a turn of a conversation"),
        (["--messages", "{said}", "--target-turn", "--target", "x"], "leave it out, or --target"),
        (["--messages", "{said}", "--target-turn", "3"], "There is no turn 3 of the assistant"),
        (["a [[b]]", "--system", "S", "--no-system"], "--no-system none; choose"),
        (["--messages", "{said}", "--features", "phrases"], "'phrases' are not known"),
        (["a", "--features", "messages"], "No conversation was recognised in the prompt"),
    ],
)
def test_wrong_use_is_one_sentence(
    here: Path, chatty: str, said: str, arguments: list[str], sentence: str
) -> None:
    given = [one.replace("{said}", said) for one in arguments]
    result = call("attribute", *given, "--model", chatty)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr and "Traceback" not in result.stderr
    assert list(here.iterdir()) == []


def test_a_batch_puts_all_that_it_asks_into_the_template(
    here: Path, chatty: str, tmp_path: Path
) -> None:
    (tmp_path / "one.jsonl").write_text('{"id": "a", "prompt": "a [[b]] c", "answer": "1"}\n')
    asking = [
        "--attribute",
        "--depth",
        "--think",
        "--answer",
        "-n",
        "2",
        "--max-new-tokens",
        "2",
        "--prefix",
        "2",
    ]
    arguments = [str(tmp_path / "one.jsonl"), "-o", "study", *asking, "--model", chatty]
    result = call("batch", *arguments, "--chat", "--system", "S")
    assert result.exit_code == 0, result.stderr
    study = bs.open_study("study")
    asked_of = f"{OPENING}<|im_start|>assistant\n"
    runs = {run.kind: run for run in study.runs("a")}
    assert {kind: run.prompt for kind, run in runs.items()} == {
        "attribution": asked_of, "depth": asked_of
    }  # fmt: skip
    model = bs.load(chatty)
    alone = bs.think(model, "a b c", system="S", n=2, max_new_tokens=2, prefix=2, compare=True)
    assert alone.prompt == asked_of
    samples = study.table("samples").to_pylist()
    assert [one["text"] for one in samples] == [one.text for one in alone.samples]
    other = bs.think(model, "a b c", n=2, max_new_tokens=2, prefix=2, compare=True)
    assert [one.text for one in other.samples] != [one.text for one in alone.samples]
    record = study.record("a")
    written = model.generate(asked_of, 2).target_ids
    assert record["text"] == model.tokens.decode(written)
