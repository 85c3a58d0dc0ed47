"""Estimators for scikit-learn: `from nn.sklearn import MLPClassifier`. They need scikit-learn."""

from .estimators import MLPClassifier, MLPRegressor, ModuleClassifier, ModuleRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "ModuleClassifier", "ModuleRegressor"]
