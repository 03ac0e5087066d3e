"""One short chain for tiny models, whose tokens are bytes."""

import bathyscope as bs

PROMPT = bs.Prompt.marked("Q: [[3 x 2.]] [[Bob: 9.]]\nA:\n")
RESPONSE = "3 of 2.\nSo 6.\nFun!\nIt is 6."
ROWS = ("3 of 2.", "So 6.", "Fun!", "It is 6.")
FAMILIES = ("llama", "gpt-neox", "olmo2", "qwen3", "granite")
