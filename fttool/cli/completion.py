"""Shell completion: Typer's own scripts and protocol, under our own command."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated, Any

import typer


class Shell(str, Enum):
    """The shells that can complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


#: Where each script is checked in.
FILES = {Shell.bash: "fttool.bash", Shell.zsh: "_fttool", Shell.fish: "fttool.fish", Shell.powershell: "fttool.ps1"}

# zsh calls an autoloaded file as if it were the function: without this the first Tab completes nothing.
_ZSH_FIRST_TAB = '\n\n[[ $zsh_eval_context[-1] == loadautofunc ]] && _fttool_completion "$@"'


def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]) -> None:
    """Print the completion script of a shell.

    Put it where your shell looks for such scripts:

    \b
      bash        fttool completion bash > ~/.local/share/bash-completion/completions/fttool
      zsh         fttool completion zsh > ~/.zfunc/_fttool   (with ~/.zfunc in $fpath)
      fish        fttool completion fish > ~/.config/fish/completions/fttool.fish
      PowerShell  fttool completion powershell >> $PROFILE
    """
    from fttool.cli import output

    output.answer(script(shell))


def script(shell: Shell) -> str:
    """The completion script of a shell."""
    from typer import completion as typers

    from fttool.cli.app import COMPLETE_VARIABLE, PROGRAM

    text = typers.get_completion_script(  # type: ignore[attr-defined] # Typer does not list it
        prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    text = "\n".join(line.rstrip() for line in text.splitlines())
    return text + _ZSH_FIRST_TAB if shell is Shell.zsh else text


def complete(root: Any, instruction: str) -> int:
    """Answer a shell that asks what could come next (`_FTTOOL_COMPLETE=complete_bash fttool`)."""
    from typer import completion as typers

    from fttool.cli.app import COMPLETE_VARIABLE, PROGRAM

    register = typers.completion_init  # type: ignore[attr-defined] # Typer does not list it
    register()
    # Typer renders help texts with rich before it hands them to the shell: 60 ms at each Tab, and our texts hold
    # no markup. Should the name ever change, completion still works, only slower (and a test says so).
    classes = sys.modules.get(register.__module__)
    if hasattr(classes, "_sanitize_help_text"):
        classes._sanitize_help_text = str  # type: ignore[union-attr]
    return int(typers.shell_complete(root, {}, PROGRAM, COMPLETE_VARIABLE, instruction))
