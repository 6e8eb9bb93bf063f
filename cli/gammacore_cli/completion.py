"""`gammacore completion SHELL`: what a shell needs to complete commands and options. Rule: OP-903.

The lines are click's own: they call gammacore with the words typed so far, so that they never go out of date.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from gammacore_cli.frame import Frame, common_options
from gammacore_cli.output import emit

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_GAMMACORE_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@common_options
def completion(frame: Frame, shell: str) -> None:
    """Print the lines that complete commands and options in a shell.

    \b
    bash   gammacore completion bash > ~/.local/share/bash-completion/completions/gammacore
    zsh    gammacore completion zsh > ~/.zfunc/_gammacore       (a folder of $fpath)
    fish   gammacore completion fish > ~/.config/fish/completions/gammacore.fish
    """
    from gammacore_cli.main import gammacore

    known = get_completion_class(shell)
    assert known is not None
    lines = known(gammacore, {}, "gammacore", VARIABLE).source()
    if frame.as_json:
        emit({"shell": shell, "lines": lines}, as_json=True, render=lambda: None)
    else:
        click.echo(lines)
