"""Python runs this at its start where this folder is on PYTHONPATH: so workers know the toy trainer."""

from fttool.service.trainers import TRAINERS

TRAINERS["toy"] = "toy_trainer:TOY"
