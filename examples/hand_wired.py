"""The hand-wired house-price network of CS229 (7.13), built, differentiated and drawn.

    python examples/hand_wired.py [picture.svg]

Three ReLU neurons with a meaning each, which see only what that meaning depends on, and a linear
output: twelve parameters.
"""

import sys
from pathlib import Path

from autodiff import Value
from nn import Module, Neuron
from viz import draw


class HousePrice(Module):
    """Price of a house from its size, bedrooms, zip code, and the wealth of the neighbourhood."""

    def __init__(self) -> None:
        self.family_size = Neuron(2, "relu", rng=1)
        self.walkability = Neuron(1, "relu", rng=2)
        self.school_quality = Neuron(2, "relu", rng=3)
        self.price = Neuron(3, rng=4)

    def forward(self, x: list[Value]) -> Value:
        """The three meanings, then the price."""
        size, bedrooms, zip_code, wealth = x
        family = self.family_size([size, bedrooms])
        walking = self.walkability([zip_code])
        school = self.school_quality([zip_code, wealth])
        price: Value = self.price([family, walking, school])
        return price


def main(picture: Path) -> HousePrice:
    """Print the parameters' gradients and draw the network."""
    model = HousePrice()
    names = {"size": 2.1, "bedrooms": 3.0, "zip code": 0.7, "wealth": 0.4}
    price = model([Value(number, label=name) for name, number in names.items()])
    price.backward()
    print(f"price {price.data:.4f}; gradients of the {len(model.parameters())} parameters:")
    for name, parameter in model.named_parameters():
        print(f"  {name:18} {parameter.data:+.4f}  {parameter.grad:+.4f}")
    picture.parent.mkdir(parents=True, exist_ok=True)
    drawing = draw(price, detail="neuron")
    drawing.render(outfile=picture)
    print(f"wrote {picture}")
    return model


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/hand_wired.svg"))
