"""Noticed while a program runs: values that are not finite, and mistakes that raise no error."""
