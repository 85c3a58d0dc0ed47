"""A playground that is played with: trained, set, and read back."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from nn import MLP, Module, load


def train(page: Page) -> None:
    """Until 95 % of the points are on their side."""
    page.click("#run")
    right = re.compile(r"accuracy (9[5-9]\.|100)")
    expect(page.locator("#status")).to_have_text(right, timeout=60000)
    page.click("#run")
    expect(page.locator("#status")).to_have_text(right)


def exported(page: Page, tmp_path: Path) -> MLP:
    """The page's network, through its file."""
    with page.expect_download() as download:
        page.click("#save-model")
    path = tmp_path / "model.safetensors"
    download.value.save_as(path)
    model = load(path)
    assert isinstance(model, MLP)
    return model


def weights(model: Module) -> dict[str, Any]:
    return {name: array.tolist() for name, array in model.state_dict().items()}


def python(page: Page) -> dict[str, Any]:
    page.click("#show-python")
    names: dict[str, Any] = {"__name__": "exported"}
    exec(page.input_value("#code"), names)
    page.click("#show-python")
    return names


def set_to(page: Page, **settings: object) -> None:
    """Fill fields, as a user does who leaves each of them."""
    for field, text in settings.items():
        element = page.locator(f"#{field}")
        if element.evaluate("e => e.tagName") == "SELECT":
            element.select_option(str(text))
        else:
            element.fill(str(text))
            element.blur()


def state(page: Page) -> tuple[str, str]:
    """What the network does: its losses, and its code."""
    page.click("#show-python")
    code = page.input_value("#code")
    page.click("#show-python")
    return page.inner_text("#status"), code
