"""The grammar of the `openai` command (0.28.1, and 1.x/2.x where that added to it), for scripts that used it.

`fttool api fine_tunes.create …`, `fttool tools fine_tunes.prepare_data …`, `fttool wandb sync …`. Its options are
parsed with argparse, as the old tool did it: so abbreviated options, `-p A B` and `-g ROLE CONTENT` are what they were.
"""
