"""`python -m bathyscope`: the same as the command `bathyscope`."""

from bathyscope.cli import main

main()
