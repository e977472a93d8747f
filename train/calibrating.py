"""Confidence that means what it says: of letters with score .9, the model itself reads nine in ten as the text does.

A logistic curve over the logit of a raw score, fitted by maximum likelihood (Platt 1999, Probabilistic Outputs for
Support Vector Machines), on writers that the model was not trained on: a letter counts as right where the model's own
free reading, laid beside the text by edit distance, has it in its place.
"""

import numpy as np
from numpy.typing import NDArray

from stackmix.alignment import AlignmentError, align_batch, encode
from stackmix.cutting import logit
from stackmix.train.ctc import CTCModel, greedy, predict
from stackmix.train.packing import Packed

RIDGE = 1e-3  # keeps the curve finite where every letter is right
Curve = tuple[float, float]  # slope and offset


def read_right(true: str, read: str) -> NDArray[np.bool_]:
    """(L,) which letters of the true text stand in what was read: read_right("cat", "at") -> [False, True, True].

    Of equally short edit paths, the one that keeps letters as far right as it can.
    """
    rows = [list(range(len(read) + 1))]
    for i, letter in enumerate(true, 1):
        rows.append([i])
        for j, other in enumerate(read, 1):
            rows[i].append(min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (letter != other)))
    right = np.zeros(len(true), bool)
    i, j = len(true), len(read)
    while i and j:
        if rows[i][j] == rows[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            right[i - 1] = true[i - 1] == read[j - 1]
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return right


def fit_logistic(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> Curve:
    """(slope, offset) of the likeliest sigmoid(slope * logit(score) + offset), by Newton's method.

    A step that overshoots is halved until it helps: far from the optimum, plain Newton runs away.
    """
    design = np.column_stack([logit(scores), np.ones(len(scores))])
    start = weights = np.array([1.0, 0.0])

    def cost(at: NDArray[np.float64]) -> float:
        raw = design @ at
        return float(np.logaddexp(0, np.where(right, -raw, raw)).sum() + RIDGE / 2 * ((at - start) ** 2).sum())

    for _ in range(50):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - chance) - RIDGE * (weights - start)
        hessian = (design * (chance * (1 - chance))[:, None]).T @ design + RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while np.abs(step).max() >= 1e-6 and cost(weights + step) > cost(weights):
            step /= 2
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return round(float(weights[0]), 4), round(float(weights[1]), 4)


def calibrate(model: CTCModel, val: Packed) -> Curve:
    """Slope and offset for the letter scores of a model, from a packed validation set; (1, 0) where nothing aligns."""
    scores, right = [], []
    alphabet = model.config.alphabet
    for indices, log_probs in predict(model, val):
        for i, row in zip(indices.tolist(), log_probs, strict=True):
            text = str(val.texts[i])
            try:
                (found,) = align_batch([row], [encode(text, alphabet)])
            except AlignmentError:
                continue
            if isinstance(found, AlignmentError):
                continue
            scores.append(found.scores)
            right.append(read_right(text, greedy(row, alphabet)))
    if not scores:
        return 1.0, 0.0
    return fit_logistic(np.concatenate(scores), np.concatenate(right))
