"""Does a deep beginning promise a right answer? Think@n on generated word problems, as JSON.

    python -m benchmarks.think --problems 200 -n 8 --output think.json

A batch with `--think`: every sample of every problem is written to its end once; the ways of
choosing among them are then compared on the same samples (`study.policies`). Costs are tokens
written. Where the batch is cut off, the same call goes on in the folder of --study.

An answer ends at a blank line, as the example's does. Answers are of about 25 tokens, so that the
50 tokens which the paper reads of its long chains of thought would leave nothing to save: 12 are
read.
"""

import argparse
import tempfile
from pathlib import Path

import bathyscope as bs
from bathyscope.study.policies import thought
from benchmarks.report import hand_over

TEMPLATE = (
    "Question: Ann has 3 pens and buys 4 more. How many pens has she?\n"
    "Answer: Ann has 3 + 4 = 7 pens. The answer is 7.\n\n"
    "Question: {{ question }}\nAnswer:"
)
STOP = "\n\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("--prefix", type=int, default=12)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="here")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--study", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    think = bs.ThinkSettings(
        n=options.n,
        prefix=options.prefix,
        max_new_tokens=options.max_new_tokens,
        stop=STOP,
        seed=options.seed,
    )
    settings = bs.BatchSettings(
        answer=think.answer,
        think=think,
        template=TEMPLATE,
        max_new_tokens=options.max_new_tokens,
        stop=STOP,
    )
    problems = bs.arithmetic_problems(options.problems, seed=options.seed)
    records = [problem.to_record() for problem in problems]
    with tempfile.TemporaryDirectory() as folder:
        place = options.study or Path(folder) / "study"
        doing = bs.Doing(options.engine, options.workers)
        done = bs.batch(records, place, settings=settings, doing=doing)
        found = thought(bs.StudyView(done.study), options.seed).to_document()
    report = {"settings": think.to_document(), "problems": options.problems, **found}
    hand_over(report, options.output)


if __name__ == "__main__":
    main()
