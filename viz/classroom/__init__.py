"""A class: a variant for each student, marks with the mistakes behind them, a quiz for Moodle."""
