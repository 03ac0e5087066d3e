"""Files that are either whole or not there: written in a hidden folder, then renamed into place.

writing     what all that is written goes through
outputs     what is refused, and what is tried before anything is computed
ownership   what bathyscope wrote, and may therefore replace when told to
renaming    a rename that replaces nothing, and one that exchanges
scratch     the hidden folder beside the place, and what killed processes left of theirs
"""
