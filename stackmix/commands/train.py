"""`stackmix train KIND`: a model learns from sample folders; each kind of model is a command of its own."""

import typer

from stackmix.commands import train_ctc, train_language, train_trocr, train_words

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def train() -> None:
    """Train a model on the train split of sample folders; what does best on val is kept."""


KINDS = (train_ctc.ctc, train_trocr.trocr, train_language.language, train_words.words)
for kind in KINDS:
    app.command()(kind)
