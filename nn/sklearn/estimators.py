"""Networks as scikit-learn's estimators: for pipelines, cross validation and searches.

Each is `nn.fit` and `nn.predict` under scikit-learn's conventions: the constructor takes the
options of `fit` and keeps them as they are, what is learnt ends in an underscore. The network
itself is `module_`, an `nn.Module` like any other, and `history_` what `fit` returned.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        'nn.sklearn needs scikit-learn 1.6 or newer: pip install "glassgrad[demo]"'
    ) from error

from ..activations import ActivationLike
from ..initialisation import Init
from ..layers import MLP
from ..module import Module
from ..training.data import output_shape
from ..training.loop import fit, predict, predict_proba

__all__ = ["MLPClassifier", "MLPRegressor", "ModuleClassifier", "ModuleRegressor"]

Self = TypeVar("Self", bound="_Estimator")

_NOT_KEPT = "model", "X", "Y", "loss", "optimiser", "optimizer", "sample_weight", "rng", "unknown"
_OPTIONS = [
    parameter.replace(default={"epochs": 200, "progress": False}.get(name, parameter.default))
    for name, parameter in inspect.signature(fit).parameters.items()
    if name not in _NOT_KEPT
]
_KEPT = [option.name for option in _OPTIONS]


def _and_those_of_fit(init: Callable[..., None]) -> Any:
    """A constructor that takes and keeps the options of `nn.fit` besides its own."""
    own = inspect.signature(init)
    signature = own.replace(parameters=[*own.parameters.values(), *_OPTIONS])

    @functools.wraps(init)
    def constructor(self: Any, *given: Any, **options: Any) -> None:
        bound = signature.bind(self, *given, **options)
        bound.apply_defaults()
        for name, value in [*bound.arguments.items()][1:]:
            setattr(self, name, value)

    constructor.__signature__ = signature  # type: ignore[attr-defined]
    return constructor


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What all four share."""

    def _make(self, nin: int, nout: int, rng: random.Random) -> Module:
        raise NotImplementedError

    def _train(
        self, X: Any, y: Any, nout: int, sample_weight: Any, classes: tuple[Any, ...] = ()
    ) -> None:
        rng = random.Random(int(check_random_state(self.random_state).randint(2**31)))
        self.module_ = self._make(X.shape[1], nout, rng)
        self.module_.classes = classes
        self.loss_ = self.loss or self._usual_loss(math.prod(output_shape(self.module_, X)))
        options: dict[str, Any] = {name: getattr(self, name) for name in _KEPT}
        weight = None if sample_weight is None else np.asarray(sample_weight)
        options |= {"sample_weight": weight, "rng": rng}
        self.history_ = fit(self.module_, X, y, self.loss_, self.optimiser, **options)

    def _usual_loss(self, outputs: int) -> str:
        raise NotImplementedError

    def _outputs(self, X: Any, decide: Callable[..., Any], *loss: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return decide(self.module_, X, *loss, engine=self.engine)


class _Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """The side of classes."""

    def fit(self: Self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the rows of X and their labels, of any kind; returns itself."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"{type(self).__name__} needs at least 2 classes, got 1 class")
        labels = tuple(self.classes_.tolist())
        self._train(X, y, 1 if count == 2 else count, sample_weight, labels)
        return self

    def predict(self, X: Any) -> Any:
        """The label of each row."""
        decided = self._outputs(X, predict, getattr(self, "loss_", None))
        return decided.astype(self.classes_.dtype)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, in the order of `classes_`."""
        return self._outputs(X, predict_proba, getattr(self, "loss_", None))

    def decision_function(self, X: Any) -> Any:
        """The network's outputs: of two classes one number a row, above 0 for the second."""
        outputs = self._outputs(X, predict)
        if len(self.classes_) > 2:
            return outputs
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]

    def _usual_loss(self, outputs: int) -> str:
        return "logistic" if outputs == 1 else "softmax_cross_entropy"


class _Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """The side of numbers."""

    def fit(self: Self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on the rows of X and their numbers, one or several a row; returns itself."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._width = y.shape[1:]
        self._train(X, y, math.prod(self._width), sample_weight)
        return self

    def predict(self, X: Any) -> Any:
        """The numbers of each row, in the shape of y."""
        outputs = self._outputs(X, predict)
        return outputs.reshape(len(outputs), *self._width)

    def _usual_loss(self, outputs: int) -> str:
        return "squared_error"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class _MLP(_Estimator):
    @_and_those_of_fit
    def __init__(
        self,
        hidden: Sequence[int] = (16, 16),
        activation: ActivationLike | Sequence[ActivationLike] = "relu",
        *,
        init: Init = None,
        loss: Any = None,
        optimiser: Any = "adam",
        random_state: Any = None,
    ) -> None: ...

    def _make(self, nin: int, nout: int, rng: random.Random) -> Module:
        return MLP(nin, [*self.hidden, nout], self.activation, init=self.init, rng=rng)


class _AnyModule(_Estimator):
    @_and_those_of_fit
    def __init__(
        self,
        build: Module | Callable[[int, int, random.Random], Module] | None = None,
        *,
        loss: Any = None,
        optimiser: Any = "adam",
        random_state: Any = None,
    ) -> None: ...

    def _make(self, nin: int, nout: int, rng: random.Random) -> Module:
        made = copy.deepcopy(self.build) if isinstance(self.build, Module) else self.build
        if made is not None and not isinstance(made, Module):
            made = made(nin, nout, rng)
        if not isinstance(made, Module):
            raise TypeError(
                f"{type(self).__name__}: build is a Module, which is copied, or a function "
                f"(inputs, outputs, rng) -> Module; got {self.build!r}"
            )
        return made


class MLPClassifier(_Classifier, _MLP):
    """An MLP that tells classes apart.

    hidden        widths of the hidden layers
    activation    of all of them, or a list with one for each
    loss          None: logistic for two classes, softmax cross entropy for more
    random_state  seed of the weights, the batches and the rows held out

    Every other option is that of `nn.fit`.

    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "other", "other", "same"]
    >>> model = MLPClassifier([8], "tanh", lr=0.1, random_state=0).fit(X, y)
    >>> model.predict(X).tolist()
    ['same', 'other', 'other', 'same']
    """


class MLPRegressor(_Regressor, _MLP):
    """An MLP that predicts numbers; options as of `MLPClassifier`, the loss is squared error.

    >>> X, y = [[0.0], [0.5], [1.0]], [0.0, 1.0, 0.0]
    >>> model = MLPRegressor([8], "tanh", lr=0.05, random_state=0).fit(X, y)
    >>> model.predict([[0.5]]).round(1)
    array([1.])
    """


class ModuleClassifier(_Classifier, _AnyModule):
    """Any module that tells classes apart.

    build  the module, whose copy is trained, or a function (inputs, outputs, rng) -> Module. For
           two classes it is asked for one output, for more for as many as there are

    Every other option is that of `MLPClassifier`.

    >>> from nn import Layer
    >>> model = ModuleClassifier(Layer(1, 1, rng=0), lr=0.1, random_state=0)
    >>> model.fit([[-1.0], [1.0]], [False, True]).predict([[-3.0], [2.0]])
    array([False,  True])
    """


class ModuleRegressor(_Regressor, _AnyModule):
    """Any module that predicts numbers; options as of `ModuleClassifier`.

    >>> from nn import Layer
    >>> model = ModuleRegressor(Layer(1, 1, rng=0), lr=0.1, random_state=0)
    >>> model.fit([[-1.0], [1.0]], [3.0, 7.0]).predict([[2.0]]).round(2)
    array([9.])
    """
