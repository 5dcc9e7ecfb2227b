"""`fttool create`: the options; what happens with them is in `creating`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fttool.cli import costs, options
from fttool.cli.connection import Connection, connected
from fttool.cli.follow import GiveUpAfter, Notify
from fttool.cli.follow_tracking import Track

EXAMPLES = """\b
Examples:
  fttool create -t people_prepared.jsonl --local
  fttool create -t train.jsonl -v valid.jsonl -m gpt-4.1-mini-2025-04-14 --suffix people
  fttool create -t file-abc123 -m gpt-4.1-mini-2025-04-14 --n_epochs 4 --no-follow
  fttool create -t pairs.jsonl -m gpt-4.1-mini-2025-04-14 --method dpo --beta 0.1
  fttool create -t train.jsonl -m gpt-4.1-mini-2025-04-14 --dry-run"""

_TrainingFile = Annotated[
    str,
    typer.Option(
        *("-t", "--training-file", "--training_file"),
        metavar="FILE|ID|URL",
        help="Training examples: a JSONL file (`-` is standard input), the id of one on the service, or an address.",
    ),
]
_ValidationFile = Annotated[
    str | None,
    typer.Option(
        *("-v", "--validation-file", "--validation_file"),
        metavar="FILE|ID|URL",
        help="Validation examples, likewise.",
    ),
]
_Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="MODEL", help="Base model, or a fine-tuned one to go on from."),
]


def _number(*names: str, what: str, metavar: str = "N|auto") -> Any:
    return typer.Option(*names, metavar=metavar, help=what)


_Epochs = Annotated[
    str | None, _number("--n_epochs", "--n-epochs", what="How often to go through the examples (1 to 50).")
]
_BatchSize = Annotated[
    str | None, _number("--batch_size", "--batch-size", what="How many examples make a step (1 to 256).")
]
_LearningRate = Annotated[
    str | None,
    _number("--learning_rate_multiplier", "--learning-rate-multiplier", what="Learning rate, as a multiple."),
]
_Beta = Annotated[str | None, _number("--beta", what="How much weight the preferences have: above 0 to 2 (dpo).")]
_Compute = Annotated[
    str | None, _number("--compute_multiplier", "--compute-multiplier", what="How much to explore (reinforcement).")
]
_EvalInterval = Annotated[
    str | None, _number("--eval_interval", "--eval-interval", what="Steps between evaluations (reinforcement).")
]
_EvalSamples = Annotated[
    str | None, _number("--eval_samples", "--eval-samples", what="Samples of each evaluation (reinforcement).")
]
_Effort = Annotated[
    str | None,
    _number(
        *("--reasoning_effort", "--reasoning-effort"),
        metavar="WORD",
        what="How much to think: default, low, medium or high (reinforcement).",
    ),
]
_Suffix = Annotated[str | None, typer.Option(metavar="TEXT", help="Your part of the new model's name.")]
_Seed = Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same training.")]
_Method = Annotated[str | None, typer.Option(metavar="NAME", help="supervised (if not given), dpo or reinforcement.")]
_MethodJson = Annotated[
    Path | None, typer.Option("--method-json", metavar="FILE", help="The method as JSON: graders, for instance.")
]
_Metadata = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A note to keep with the job (repeat for more).")
]
_Integration = Annotated[
    list[str] | None, typer.Option(metavar="wandb:PROJECT[:NAME[:ENTITY]]", help="Send the metrics there too.")
]
_Hyperparameter = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A hyperparameter that only this service has (repeat for more)."),
]
_Extra = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Any other field of the request: trainingType=… of Azure."),
]
_NoCheck = Annotated[bool, typer.Option("--no-check", help="Send the examples without looking at them.")]
_NoLook = Annotated[
    bool,
    typer.Option(
        *("--no-check-if-files-exist", "--no_check_if_files_exist"),
        help="Send files even if the service has them already.",
    ),
]
_NoFollow = Annotated[bool, typer.Option("--no-follow", "--no_follow", help="Print the job's id and do not wait.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the request as JSON and send nothing.")]
_Wait = Annotated[
    bool, typer.Option("--wait-in-queue", help="If too many jobs are active, try again until there is room.")
]
_Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only the new model's name, or the job's id.")]

_Metrics = Annotated[
    bool,
    typer.Option(
        *("--compute_classification_metrics", "--compute-classification-metrics"),
        help="When the job has succeeded, measure its model on the validation file.",
    ),
]
_Classes = Annotated[
    int | None,
    typer.Option(
        *("--classification_n_classes", "--classification-n-classes"),
        metavar="N",
        help="How many classes there should be.",
    ),
]
_Positive = Annotated[
    str | None,
    typer.Option(
        *("--classification_positive_class", "--classification-positive-class"),
        metavar="LABEL",
        help="Of two, the class that precision, recall, F, AUROC and AUPRC are about.",
    ),
]
_Betas = Annotated[
    list[float] | None,
    typer.Option(
        *("--classification_betas", "--classification-betas"),
        metavar="N",
        help="Also the F-score of this beta (repeat for more).",
    ),
]
_Checkpoints = Annotated[bool, typer.Option("--checkpoints", help="Measure every checkpoint too.")]

# The legacy API had this; no service of today is known to.
_PromptLoss = Annotated[
    float | None, typer.Option("--prompt_loss_weight", "--prompt-loss-weight", metavar="N", help="Legacy.")
]


@connected
def create(
    connection: Connection,
    training_file: _TrainingFile,
    validation_file: _ValidationFile = None,
    model: _Model = None,
    suffix: _Suffix = None,
    n_epochs: _Epochs = None,
    batch_size: _BatchSize = None,
    learning_rate_multiplier: _LearningRate = None,
    seed: _Seed = None,
    method: _Method = None,
    method_json: _MethodJson = None,
    beta: _Beta = None,
    compute_multiplier: _Compute = None,
    eval_interval: _EvalInterval = None,
    eval_samples: _EvalSamples = None,
    reasoning_effort: _Effort = None,
    hyperparameter: _Hyperparameter = None,
    metadata: _Metadata = None,
    integration: _Integration = None,
    extra: _Extra = None,
    no_check: _NoCheck = False,
    no_check_if_files_exist: _NoLook = False,
    no_follow: _NoFollow = False,
    dry_run: _DryRun = False,
    wait_in_queue: _Wait = False,
    max_cost: costs.MaxCost = None,
    yes: options.Yes = False,
    notify: Notify = None,
    give_up_after: GiveUpAfter = None,
    track: Track = None,
    quiet: _Quiet = False,
    json: options.Json = False,
    no_input: options.NoInput = False,
    compute_classification_metrics: _Metrics = False,
    classification_n_classes: _Classes = None,
    classification_positive_class: _Positive = None,
    classification_betas: _Betas = None,
    checkpoints: _Checkpoints = False,
    prompt_loss_weight: _PromptLoss = None,
) -> int:
    """Start a fine-tuning job and follow it.

    Files are checked, and sent unless the service has them already. Ends with the job's own success or failure.
    """
    from fttool.cli import create_metrics, creating
    from fttool.cli.json_files import read_object
    from fttool.jobs.requests import JobOptions, pairs

    wish = creating.Wish(
        training=training_file,
        validation=validation_file,
        check=not no_check,
        reuse=not no_check_if_files_exist,
        follow=not no_follow,
        dry_run=dry_run,
        wait_in_queue=wait_in_queue,
        notify=notify,
        give_up_after=creating.patience(notify, give_up_after),
        track=track or (),
        quiet=quiet,
        json=json,
        no_input=no_input,
        yes=yes,
        max_cost=max_cost,
        metrics=create_metrics.after_training(
            compute_classification_metrics,
            classes=classification_n_classes,
            positive=classification_positive_class,
            betas=classification_betas,
            validation=validation_file,
            checkpoints=checkpoints,
        ),
    )
    job = JobOptions(
        model=model or "",
        suffix=suffix,
        seed=seed,
        method=method,
        method_json=None if method_json is None else read_object(method_json, "the method"),
        metadata=pairs(metadata or (), "--metadata"),
        integrations=integration or (),
        extra=pairs(extra or (), "--extra"),
        hyperparameters={
            "n_epochs": n_epochs,
            "batch_size": batch_size,
            "learning_rate_multiplier": learning_rate_multiplier,
            "beta": beta,
            "compute_multiplier": compute_multiplier,
            "eval_interval": eval_interval,
            "eval_samples": eval_samples,
            "reasoning_effort": reasoning_effort,
        },
        extra_hyperparameters=pairs(hyperparameter or (), "--hyperparameter"),
        legacy={"prompt_loss_weight": prompt_loss_weight},
    )
    return creating.run(connection, wish, job)
