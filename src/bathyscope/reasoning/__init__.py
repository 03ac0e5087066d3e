"""A long answer step by step: what each step and the final answer owe to what stands before."""
