"""One question asked of many prompts: batches, their store, and what can be claimed of them.

reading, template, questions   from a file of records to prompts
work, rows, engines/           from prompts to rows, here or on many machines
store, batch                   rows on disk, and the verb that fills them
"""
