"""Files of problems as they are published, and files that nobody should publish."""

import json
from pathlib import Path
from typing import Any

import pytest

import bathyscope as bs
from bathyscope.problems.gym import gym_problems
from bathyscope.problems.shapes import SHAPES

GSM8K = {
    "question": "Ann sold clips to 48 friends, and then half as many. How many clips?",
    "answer": "She sold 48/2 = <<48/2=24>>24 clips.\nIn all 48+24 = <<48+24=72>>1,072.\n#### 1,072",
}
SVAMP = {
    "ID": "chal-1",
    "Body": "Each pack costs 76 dollars. ",
    "Question": "How much are 2 packs?",
    "Equation": "( 76.0 * 2.0 )",
    "Answer": 152.0,
    "Type": "Multiplication",
}
MULTIARITH = {
    "iIndex": 6,
    "lAlignments": [17],
    "lEquations": ["X=(64.0/8.0)"],
    "lSolutions": [8.0],
    "sQuestion": "64 slices, 8 each?",
}
AQUA = {
    "question": "What is 3 × 7?",
    "options": ["A)21", "B) 30", "C)(31)", "D)none of these"],
    "rationale": "Multiply.",
    "correct": "A",
}
FILES: dict[str, tuple[dict[str, Any], tuple[str, str, str | None]]] = {
    "gsm8k": (
        GSM8K,
        (GSM8K["question"], "1072", "She sold 48/2 = 24 clips.\nIn all 48+24 = 1,072."),
    ),
    "svamp": (
        SVAMP,
        ("Each pack costs 76 dollars. How much are 2 packs?", "152", "( 76.0 * 2.0 )"),
    ),
    "multiarith": (MULTIARITH, ("64 slices, 8 each?", "8", "X=(64.0/8.0)")),
    "final-answer": ({"question": "Of 9, 4 left?", "final_ans": "5"}, ("Of 9, 4 left?", "5", None)),
    "aqua": (
        AQUA,
        (
            "What is 3 × 7? Answer Choices: (A) 21 (B) 30 (C) (31) (D) none of these",
            "A",
            "Multiply.",
        ),
    ),
    "bathyscope": (
        {"question": " 1 + 1? ", "answer": 2, "tags": {"steps": 1}},
        ("1 + 1?", "2", None),
    ),
}


def written(folder: Path, content: str, name: str = "some.jsonl") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_every_shape_is_tried() -> None:
    assert set(FILES) == set(SHAPES.own())


@pytest.mark.parametrize("shape", FILES)
@pytest.mark.parametrize("layout", ["lines", "list", "one"])
@pytest.mark.parametrize("named", [True, False])
def test_a_shape_is_read(shape: str, layout: str, named: bool, tmp_path: Path) -> None:
    record, expected = FILES[shape]
    names: dict[str, Any] = {name: "another" for name in ("ID", "iIndex") if name in record}
    other = {**record, **names}
    content = {
        "lines": json.dumps(record) + "\r\n\n" + json.dumps(other) + "\n",
        "list": "\ufeff" + json.dumps([record, other], indent=1),
        "one": json.dumps(record, indent=2),
    }[layout]
    found = bs.read_problems(written(tmp_path, content), shape=shape if named else None)
    assert len(found) == (1 if layout == "one" else 2)
    assert (found[0].question, found[0].answer, found[0].solution) == expected
    assert found[0].id == {"svamp": "chal-1", "multiarith": "6"}.get(shape, "some-1")


def test_what_is_printed_is_read_back(tmp_path: Path) -> None:
    made = bs.arithmetic_problems(12, seed=2)
    lines = "\n".join(json.dumps(problem.to_record()) for problem in made)
    assert bs.read_problems(written(tmp_path, lines)) == made


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        (8.0, "8"),
        (0.5, "0.5"),
        (-3, "-3"),
        ("12.50", "12.5"),
        (1e22, "10000000000000000000000"),
        ("yes", "yes"),
        ("1e999999", "1e999999"),
        ("nan", "nan"),
        ("0", "0"),
        (0.0, "0"),
        ("100", "100"),
    ],
)
def test_answers_are_written_in_one_way(answer: Any, plain: str, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"question": "?", "answer": answer}))
    assert bs.read_problems(path)[0].answer == plain


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("[]", "is empty"),
        ("hello", r"line 1 is no JSON"),
        ('{"question": "a", "answer": 1}\n{"question": ', "line 2 is no JSON"),
        ("[1]", "entry 1 holds a number"),
        ("null", "line 1 holds null"),
        (NESTED, "is no JSON"),
        ('{"question": "a", "answer": NaN}', "NaN is no number of JSON"),
        ('{"question": "a"}', "line 1 has the fields question; expected were"),
        ("{}", "has the fields none"),
        ('{"question": "  ", "answer": "1"}', "field 'question' is empty"),
        ('{"question": 5, "answer": "1"}', "field 'question' is a number"),
        ('{"question": "a", "answer": null}', "field 'answer' is null"),
        ('{"question": "a", "answer": true}', "field 'answer' is true or false"),
        ('{"question": "a", "answer": ["1"]}', "field 'answer' is a list"),
        ('{"question": "\\ud800", "answer": "1"}', "no valid Unicode"),
        ('{"question": "a", "answer": "1", "tags": [1]}', "tags are no object"),
        ('{"question": "a", "answer": "1", "tags": {"x": {}}}', "tags are no object"),
        ('{"question": "a", "answer": "1", "id": {}}', "is no name"),
        ('{"question": "a", "answer": "1", "solution": 3}', "'solution' is a number"),
        ('{"question": "a", "answer": "we get\\n####  "}', "no answer stands behind"),
        ('{"sQuestion": "a", "lSolutions": []}', "no list with an answer"),
        ('{"sQuestion": "a", "lSolutions": 7}', "no list with an answer"),
        ('{"question": "a", "options": ["21"], "correct": "A"}', "has no letter"),
        ('{"question": "a", "options": [3], "correct": "A"}', "has no letter"),
        ('{"question": "a", "options": [], "correct": "A"}', "no list of choices"),
        ('{"question": "a", "options": ["A)1", "A)2"], "correct": "A"}', "share a letter"),
        ('{"question": "a", "options": ["A)1"], "correct": "E"}', "not one of the choices"),
        (
            '{"question": "a", "answer": "1", "id": "x"}\n' * 2,
            "2 problems of .* have the id 'x'",
        ),
    ],
)
def test_what_is_no_problem_is_named_with_its_place(
    content: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(bs.InputError, match=sentence):
        bs.read_problems(written(tmp_path, content))


def test_a_solution_without_the_mark_of_the_others_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    lines = ['{"question": "a", "answer": "1 + 1\\n#### 2"}', '{"question": "b", "answer": "is 3"}']
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(bs.InputError, match=r"line 2: no answer stands behind ####"):
        bs.read_problems(path)
    path.write_text("\n".join([lines[0], '{"question": "b", "answer": "3"}']), "utf-8")
    assert [one.answer for one in bs.read_problems(path)] == ["2", "3"]


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.jsonl", "a\0b"):
        with pytest.raises(bs.InputError, match="cannot be read"):
            bs.read_problems(path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(bs.InputError, match="is not"):
        bs.read_problems(tmp_path / "bytes")
    with pytest.raises(bs.InputError, match="did you mean 'gsm8k'"):
        bs.read_problems(written(tmp_path, "{}"), shape="gsm")


def test_a_record_of_another_shape_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(bs.InputError, match=r"expected were those of svamp \(Answer, Body"):
        bs.read_problems(written(tmp_path, json.dumps(GSM8K)), shape="svamp")


def test_reasoning_gym_gives_problems_whose_answers_compute() -> None:
    made = gym_problems("chain_sum", 5, seed=1)
    assert len(made) == 5 and made == gym_problems("chain_sum", 5, seed=1)
    for problem in made:
        assert eval(str(problem.tags["expression"])) == int(problem.answer)
        assert problem.tags["dataset"] == "chain_sum"


@pytest.mark.parametrize(
    ("dataset", "n", "sentence"),
    [("chain_sums", 3, "did you mean 'chain_sum'"), ("chain_sum", 0, "at least 1")],
)
def test_what_reasoning_gym_has_not_is_refused(dataset: str, n: int, sentence: str) -> None:
    with pytest.raises(bs.InputError, match=sentence):
        gym_problems(dataset, n)
