"""A real Ctrl-C, sent to a real process in the middle of its work."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(
    tmp_path: Path, llama_folder: str
) -> None:
    many = " ".join(f"[[{number}]]" for number in range(12)) + " sum:"
    command = [sys.executable, "-m", "bathyscope", "attribute", many, "--target", " 66"]
    command += ["-m", llama_folder, "-o", "run", "--cache", "--batch-tokens", "64"]
    environment = {**os.environ, "BATHYSCOPE_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("evaluate coalitions"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted" in rest and "Traceback" not in rest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache"]
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".sqlite"]
