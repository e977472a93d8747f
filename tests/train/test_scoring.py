"""The error rate over a whole set."""

import pytest

from stackmix.train.scoring import cer


def test_error_rate_is_no_mean_of_means() -> None:
    assert cer(["a", "bcdefghij"], ["x", "bcdefghij"]) == pytest.approx(0.1)
    assert cer(["aaaa"], ["a"]) == 3
    assert cer([], []) == 0 and cer([""], ["ab"]) == 1 and cer(["ab"], [""]) == 2
    with pytest.raises(ValueError, match="zip"):
        cer(["a"], [])
