"""What the truths of both families of worlds must hold."""

import polars as pl


def check_bought(truth: pl.DataFrame, accounts: pl.DataFrame) -> None:
    """Only operators buy accounts, and none before it was opened."""
    bought = truth.drop_nulls("controlled_since").join(accounts, on="account_id")
    assert bought.height
    assert set(bought["kind"]) == {"single_operator"}
    assert (bought["controlled_since"] > bought["created_at"]).all()
