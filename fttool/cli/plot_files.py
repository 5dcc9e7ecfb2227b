"""Loss and accuracy as a picture: with matplotlib, which is imported only for this."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.errors import UsageError

if TYPE_CHECKING:
    from fttool.jobs.results import Results

_KINDS = (".png", ".svg")
_SIZE = (8.0, 6.0)  # inches
_DOTS = 150  # an inch


def check_plot_file(path: Path) -> None:
    """Raise UsageError if no picture can be drawn, or not of that kind: said before anything is downloaded."""
    from importlib.util import find_spec

    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"`{path}`: a picture is a {' or '.join(_KINDS)} file")
    if find_spec("matplotlib") is None:
        raise UsageError(
            "`--plot-file` needs matplotlib, which is not installed",
            hint="install it: `python -m pip install matplotlib`; `--plot` draws on the terminal without it",
        )


def draw(found: Results, path: Path, *, overwrite: bool) -> None:
    """Write the charts of a result file to `path`, whole or not at all. Raises OutputError."""
    import io

    from fttool.dataset.output import Draft

    picture = io.BytesIO()
    _figure(found).savefig(picture, format=path.suffix.lower()[1:], dpi=_DOTS)
    with Draft(path.parent) as draft:
        draft.write(picture.getvalue(), 0)
        draft.finish()
        draft.publish(path, overwrite=overwrite)


def _figure(found: Results) -> Any:
    from matplotlib.figure import Figure  # without pyplot: no display, no state

    from fttool.cli.results_views import CHARTS
    from fttool.jobs.result_summary import points

    drawn = []
    for title, curves in CHARTS:
        series = [
            (name, next((measured for metric in metrics if (measured := points(found.rows, metric))), []), mark)
            for name, metrics, mark in curves
        ]
        if any(measured for _, measured, _ in series):
            drawn.append((title, series))
    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.suptitle(found.job.fine_tuned_model or found.job.id)
    for at, (title, series) in enumerate(drawn, 1):
        axes = figure.add_subplot(len(drawn), 1, at)
        for name, measured, mark in series:
            if measured:
                axes.plot(*zip(*measured, strict=True), label=name, marker=mark, linewidth=1, markersize=3)
        axes.set_ylabel(title)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend()
    return figure
