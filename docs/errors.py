"""The errors that the catalogue shows, with their causes, remedies and examples; data alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One message. `example` is a program that raises it (or warns) in its last line."""

    title: str
    cause: str
    remedy: str
    example: str


SECTIONS: dict[str, list[Entry]] = {
    "Where a gate has no value · 定义域": [
        Entry(
            "log of a number that is not positive",
            "The logarithm has no value at 0 and below. In training it is nearly always a "
            "probability that was rounded to 0.",
            "Use the loss on logits, which never forms the logarithm: `losses.logistic`, "
            "`losses.softmax_cross_entropy`.",
            'from autodiff import Value\np = Value(-800.0, label="logit").sigmoid()\n-p.log()',
        ),
        Entry(
            "division by zero",
            "The divisor is 0.",
            "Find out why it became 0, or add a small number to it: `a / (b + 1e-8)`.",
            'from autodiff import Value\nx = Value(3.0, label="x")\n1 / (x - 3)',
        ),
        Entry(
            "exp of a large number",
            "e^710 does not fit into a float64.",
            "Work with the logarithm: `softplus`, `logsumexp`, the losses on logits. If the number "
            "grew during training, lower the learning rate.",
            "from autodiff import Value\nValue(1000.0).exp()",
        ),
        Entry(
            "a negative base with a fractional exponent",
            "(-8) ** (1/3) is a complex number; a Value is a real one.",
            "Keep the base positive, or use a whole exponent.",
            "from autodiff import Value\nValue(-8.0) ** (1 / 3)",
        ),
        Entry(
            "square root of a negative number",
            "√x is defined for x ≥ 0. A variance can become slightly negative by rounding.",
            "Add a small number under the root, or use `.max(0)` before it.",
            "from autodiff import Value\nValue(-1e-17).sqrt()",
        ),
        Entry(
            "NaN or inf, under detect_anomaly",
            "A gate made a number that is not finite. The message shows where and from what.",
            "It is in the message: usually a lower learning rate, smaller weights, or logits.",
            "from autodiff import Value, detect_anomaly\n"
            'with detect_anomaly():\n    w = Value(1e200, label="w")\n    loss = (w * 3) * w',
        ),
    ],
    "Numbers that are none · 非数值": [
        Entry(
            "text, None, a list or an array as a Value",
            "A Value holds one real number.",
            'Convert text with `float("2")`; for a list make one Value per element.',
            'from autodiff import Value\nValue("2")',
        ),
        Entry(
            "a Value of a Value",
            "It is a node already.",
            "Use it as it is, or a copy of its number: `Value(v.data)`.",
            "from autodiff import Value\nValue(Value(2.0))",
        ),
        Entry(
            "a gate with something else than numbers",
            "None is what a function without a `return` gives back.",
            "Look for a missing `return`; convert text with `float`.",
            "from autodiff import Value\nValue(1.0) + None",
        ),
        Entry(
            "float(), math.exp and round() of a Value",
            "They would give a plain number without parents, so no gradient would flow.",
            "Use the gate, `v.exp()`; or `v.data` where only the number is wanted.",
            "import math\nfrom autodiff import Value\nmath.exp(Value(1.0))",
        ),
        Entry(
            "a single number where a row is expected",
            "`sum`, `dot` and the like take rows: lists of Values.",
            "Put the numbers into a list.",
            'from autodiff import GATES, Value\nGATES["sum"](Value(1.0))',
        ),
        Entry(
            "an empty row",
            "A sum over nothing has no gradient, a mean over nothing no value.",
            "Give it at least one Value; look why the list is empty.",
            'from autodiff import GATES\nGATES["mean"]([])',
        ),
        Entry(
            "rows of different length",
            "A dot product pairs the elements of both rows.",
            "Make both rows equally long.",
            'from autodiff import GATES\nGATES["dot"]([1.0, 2.0], [3.0])',
        ),
        Entry(
            "calling a gate on something else",
            "A gate of the table takes Values and numbers.",
            "Give it Values; arrays of Values work with NumPy's functions: `np.exp(array)`.",
            'import numpy as np\nfrom autodiff import GATES\nGATES["mul"](2.0, np.array([1.0]))',
        ),
    ],
    "Your own gate · 自定义门": [
        Entry(
            "an unknown function in a formula",
            "Formulas may call the functions of `autodiff.formula.atoms.ATOMS` only.",
            "Spell it as in the list, or write it with those.",
            'from autodiff import gate\ngate("swish", "a * sigmod(a)", a="1.0")',
        ),
        Entry(
            "an input without its partial derivative",
            "Every input of the formula is named by the keyword that gives its partial.",
            "Add the keyword, here `b=...`.",
            'from autodiff import gate\ngate("area", "a * b", a="b")',
        ),
        Entry(
            "a partial without its input",
            "The formula does not use that name.",
            "Remove the keyword, or correct the formula.",
            'from autodiff import gate\ngate("double", "2 * a", a="2.0", b="1.0")',
        ),
        Entry(
            "a gate that is built in",
            "The built-in gates are proved by the tests and stay as they are.",
            "Choose another name.",
            'from autodiff import gate\ngate("mul", "a * b", a="b", b="a")',
        ),
        Entry(
            "no partial at all",
            "Without partials the gate would have no inputs.",
            "Give one partial derivative per input.",
            'from autodiff import gate\ngate("answer", "42")',
        ),
        Entry(
            "a name that means something else in formulas",
            "`out` is the gate's result, `n` the length of a row, and functions have their names.",
            "Rename the input.",
            'from autodiff import gate\ngate("scaled", "out * a", a="out", out="a")',
        ),
        Entry(
            "a formula that is no formula",
            "Formulas are arithmetic, comparisons, `x if test else y` and function calls.",
            "Write it with those.",
            'from autodiff import gate\ngate("first", "a[0]", a="1.0")',
        ),
        Entry(
            "unfolding a primitive gate",
            "Only coarse gates carry a rule that rebuilds them from finer ones.",
            "Ask `gate.decompose is not None` first.",
            'from autodiff import GATES, Value\nGATES["mul"].unfold(Value(1.0), Value(2.0))',
        ),
    ],
    "Gradients · 梯度": [
        Entry(
            "the gradient of a list",
            "`grad` differentiates one number by its inputs.",
            "Use `jacobian` for a list of outputs, or `vjp` for a weighted sum of them.",
            "from autodiff import grad\ngrad(lambda x: [x, x * x])(2.0)",
        ),
        Entry(
            "a gradient by nothing",
            "The function was called without a number to differentiate by.",
            "Call it with numbers: `grad(f)(2.0)`.",
            "from autodiff import grad\ngrad(lambda: 1.0)()",
        ),
        Entry(
            "vjp with the wrong number of weights",
            "The backward function needs ∂J/∂u for each output u.",
            "Give `v` the nesting of what the function returns.",
            "from autodiff import vjp\nvjp(lambda z: [z[0], z[1]], [1.0, 2.0], [1.0])",
        ),
        Entry(
            "a gradient read before backward()",
            "`.grad` is 0.0 until a backward pass reaches the node. `detect_anomaly` notices.",
            "Call `loss.backward()` first.",
            "from autodiff import Value, detect_anomaly\n"
            'with detect_anomaly():\n    w = Value(2.0, label="w")\n    print(w.grad)',
        ),
        Entry(
            "data changed after the forward pass",
            "The graph remembers the local gradients of the numbers it was computed with.",
            "Build the graph again after assigning to `.data`.",
            "from autodiff import Value, detect_anomaly\n"
            'with detect_anomaly():\n    w = Value(2.0, label="w")\n    loss = w * w\n'
            "    w.data = 5.0\n    loss.backward()",
        ),
        Entry(
            "a forgotten zero_grad()",
            "backward() adds to the gradients that are there, so those of the step before would "
            "be counted again. The optimisers notice, and so does `detect_anomaly`.",
            "Call `optimiser.zero_grad()` before each `backward()`.",
            "from autodiff import Value\nfrom nn import SGD\nw = Value(2.0)\n"
            "optimiser = SGD([w], lr=0.1)\nfor _ in range(2):\n    (w * w).backward()\n"
            "    optimiser.step()",
        ),
        Entry(
            "step() before backward()",
            "No parameter has a gradient yet.",
            "Call `loss.backward()` before `step()`.",
            "from autodiff import Value\nfrom nn import SGD\nSGD([Value(1.0)], lr=0.1).step()",
        ),
        Entry(
            "a parameter that no gradient reaches",
            "The loss does not depend on it: a layer was built, but not used.",
            "Use it in the forward pass, or do not hand it to the optimiser.",
            "from autodiff import Value\nfrom nn import SGD\n"
            'used, unused = Value(1.0), Value(0.0, "b")\n'
            "(used * 2).backward()\nSGD([used, unused], lr=0.1).step()",
        ),
    ],
    "Networks · 网络": [
        Entry(
            "a layer with the wrong number of inputs",
            "Each neuron has one weight per input.",
            "Compare `nin` with the length of a row of the data.",
            "from nn import Layer\nLayer(2, 3)([1.0, 2.0, 3.0])",
        ),
        Entry(
            "MLP with a number for the widths",
            "The widths of all layers are one list, the last is the number of outputs.",
            "Write `MLP(2, [16, 16, 1])`.",
            "from nn import MLP\nMLP(2, 16)",
        ),
        Entry(
            "an unknown activation",
            "An activation is the name of a gate with one input, or a function of a Value.",
            "Pick one from the list in the message.",
            'from nn import Layer\nLayer(2, 3, "rely")',
        ),
        Entry(
            "a function in Sequential",
            "Sequential chains modules.",
            'Wrap it: `Activation("tanh")`, `Activation(my_function)`.',
            "from autodiff import Value\nfrom nn import Sequential\nSequential(Value.tanh)",
        ),
        Entry(
            "a residual block that changes the width",
            "z + f(z) adds element by element.",
            "Let the last layer inside have as many outputs as the block has inputs.",
            "from nn import Layer, Residual\nResidual(Layer(3, 2))([1.0, 2.0, 3.0])",
        ),
        Entry(
            "an optimiser without parameters",
            "The list is empty; a generator that was used up is, too.",
            "Hand over `model.parameters()`.",
            "from nn import SGD\nSGD([], lr=0.1)",
        ),
        Entry(
            "an optimiser for something that is no parameter",
            "Only leaves can be moved: the data of other nodes follow from them.",
            "Hand over `model.parameters()`.",
            "from autodiff import Value\nfrom nn import SGD\nw = Value(1.0)\nSGD([w * 2], lr=0.1)",
        ),
        Entry(
            "a state that does not fit",
            "The saved network had another shape.",
            "Build the model as it was built when it was saved.",
            "from nn import MLP\nMLP(2, [3, 1]).load_state_dict(MLP(2, [4, 1]).state_dict())",
        ),
        Entry(
            "a size that is not a whole number",
            "Sizes are counted from 1.",
            "Use `//` instead of `/` when you compute them.",
            "from nn import Layer\nLayer(4, 4 / 2)",
        ),
        Entry(
            "an unknown initialisation",
            "The schemes have names, as listed in the message.",
            "Pick one, or leave it out: `init=None` fits the weights to the activation.",
            'from nn import MLP\nMLP(2, [3, 1], init="kaiming")',
        ),
        Entry(
            "a nested list where a flat one is expected",
            "A layer takes one example.",
            "Call it row by row, or use `nn.predict(model, X)`, which takes a table.",
            "from nn import Layer\nLayer(2, 1)([[1.0, 2.0], [3.0, 4.0]])",
        ),
        Entry(
            "the wrong number of channels",
            "A convolution takes a list of channels, each a list of numbers.",
            "Wrap a single channel in a list: `conv([z])`.",
            "from nn import Conv1D\nConv1D(1, 1, 3)([[1.0, 2.0], [3.0, 4.0]])",
        ),
        Entry(
            "a negative learning rate",
            "It would climb instead of descend.",
            "Take its absolute value.",
            "from autodiff import Value\nfrom nn import SGD\nSGD([Value(1.0)], lr=-0.1)",
        ),
        Entry(
            "a file that is not there",
            "There is no file of that name.",
            "Compare the path with what `save` was given.",
            'from nn import load\nload("missing.safetensors")',
        ),
    ],
    "Losses and data · 损失与数据": [
        Entry(
            "cross entropy of a probability of 0 or 1",
            "Its logarithm, or that of 1 - a, is infinite: the sigmoid was rounded.",
            "Take the loss of the logits: `losses.logistic`, `losses.softmax_cross_entropy`.",
            "from nn import losses\nlosses.cross_entropy(1.0, 1)",
        ),
        Entry(
            "a class that does not exist",
            "Classes are counted from 0.",
            "Use 0 ... K-1, and as many outputs as classes.",
            "from nn import losses\nlosses.softmax_cross_entropy([1.0, 2.0], 2)",
        ),
        Entry(
            "hinge with targets 0 and 1",
            "The hinge loss takes ±1.",
            "Use `2 * y - 1`.",
            "from nn import losses\nlosses.hinge(0.3, 0)",
        ),
        Entry(
            "NaN in the data",
            "One NaN makes every gradient NaN.",
            "Drop the row or fill the number in; the message names it.",
            "from nn import MLP, fit, losses\n"
            'fit(MLP(1, [1]), [[1.0], [float("nan")]], [1.0, 2.0], losses.squared_error)',
        ),
        Entry(
            "X and Y of different length",
            "Each example needs its target.",
            "Look where rows were dropped from one of them only.",
            "from nn import MLP, fit, losses\n"
            "fit(MLP(1, [1]), [[1.0], [2.0]], [1.0], losses.squared_error)",
        ),
        Entry(
            "rows of different length in X",
            "Every example has the same number of columns.",
            "Look at the row that the message names.",
            "from nn import MLP, fit, losses\n"
            "fit(MLP(2, [1]), [[1.0, 2.0], [3.0]], [1.0, 2.0], losses.squared_error)",
        ),
        Entry(
            "more targets than outputs",
            "Each output of the network needs its target.",
            "Compare the last layer's width with the target.",
            "from nn import losses\nlosses.squared_error([1.0, 2.0], [1.0])",
        ),
        Entry(
            "labels that the loss does not take",
            "The hinge and the logistic loss tell two classes apart, with one output.",
            "For more give the network an output for each, and take `softmax_cross_entropy`.",
            "from nn import MLP, fit\nfit(MLP(1, [1]), [[1.0], [2.0], [3.0]], [0, 1, 2], 'hinge')",
        ),
        Entry(
            "an unknown loss",
            "Losses have the names of the functions in `nn.losses`.",
            "Pick one from the message, or hand over a function.",
            "from nn import MLP, fit\nfit(MLP(1, [1]), [[1.0]], [1.0], 'huber')",
        ),
        Entry(
            "a batch that is larger than the data",
            "A batch is drawn without replacement.",
            "Use `batch_size=None` for all rows.",
            "from nn import MLP, fit, losses\n"
            "fit(MLP(1, [1]), [[1.0], [2.0]], [1.0, 2.0], losses.squared_error, batch_size=32)",
        ),
        Entry(
            "training that diverges",
            "The learning rate is too large: the cost grew until it no longer fitted.",
            "Lower the rate, standardise the inputs. The model holds the last good parameters.",
            "from nn import MLP, SGD, fit, losses\nmodel = MLP(1, [1], rng=0)\n"
            "fit(model, [[1000.0], [2000.0]], [1.0, 2.0], losses.squared_error,\n"
            "    SGD(model.parameters(), lr=10.0), epochs=100, progress=False)",
        ),
    ],
    "Expressions · 表达式": [
        Entry(
            "an expression with an unknown name",
            "Text that a user types goes through a small grammar of its own.",
            "Use the functions that the message lists, and give a value for each name.",
            'from autodiff import parse\nparse("sine(x)", x=1.0)',
        ),
        Entry(
            "an expression that does not close",
            "A parenthesis is missing; the message points at the place.",
            "Close it.",
            'from autodiff import parse\nparse("(x + 1 * 2", x=1.0)',
        ),
        Entry(
            "a value that is not used",
            "The name does not occur in the expression: usually a slip of the pen.",
            "Compare the spelling.",
            'from autodiff import parse\nparse("x * 2", x=1.0, y=3.0)',
        ),
    ],
    "The compiler · 编译器": [
        Entry(
            "an if on a Value",
            "The program is traced once, so it would keep the branch that this one example took.",
            "Write it with gates: `x.relu()`, `x.max(y)`, `abs(x)`.",
            "import autodiff\n"
            "def f(x):\n    return x if x > 0 else -x\n"
            "autodiff.compile(f)([1.0, -2.0])",
        ),
        Entry(
            "a compiled function that returns nothing",
            "A `return` is missing.",
            "Return a Value, or a (nested) list of Values.",
            "import autodiff\nautodiff.compile(lambda x: None)([1.0])",
        ),
        Entry(
            "arguments with different numbers of rows",
            "Every argument has one row per example.",
            "Compare the shapes in the message.",
            "import autodiff\nautodiff.compile(lambda x, y: x * y)([1.0, 2.0], [3.0])",
        ),
        Entry(
            "the gradient of a prediction",
            "A model by itself has no loss.",
            "Compile the loss: `compile(lambda x, y: loss(model(x), y))`.",
            "import autodiff\nfrom nn import MLP\n"
            "predict = autodiff.compile(MLP(2, [1]))\n"
            "predict.value_and_grad(predict.theta(), [[1.0, 2.0]])",
        ),
        Entry(
            "theta of the wrong length",
            "theta holds one number for each parameter.",
            "Start from `program.theta()`.",
            "import autodiff\nfrom autodiff import Value\nw = Value(2.0)\n"
            "program = autodiff.compile(lambda x: w * x)\nprogram([1.0])\n"
            "program.value_and_grad([1.0, 2.0], [1.0])",
        ),
        Entry(
            "text among the numbers",
            "Arrays of real numbers are wanted.",
            "Convert the column, as in `array.astype(float)`.",
            'import autodiff\nautodiff.compile(lambda x: x * 2)(["a", "b"])',
        ),
    ],
    "Pictures · 图形": [
        Entry(
            "drawing something that is no Value",
            "A picture starts from the root of a graph.",
            "Hand over one Value; of a list draw one element, or their sum.",
            "from autodiff import Value\nfrom viz import draw\ndraw([Value(1.0)])",
        ),
        Entry(
            "a graph that is too large to lay out",
            "Graphviz takes minutes for thousands of nodes.",
            'Use detail="auto", draw a smaller example, or fold along modules.',
            "from autodiff import Value\nfrom viz import draw\nx = Value(0.5)\n"
            'for _ in range(3000):\n    x = x.sin()\ndraw(x, detail="gate")',
        ),
        Entry(
            "an unknown level of detail",
            "The levels are model, layer, neuron, gate and primitive.",
            "Pick one of them, or auto.",
            "from autodiff import Value\nfrom viz import draw\n"
            'draw(Value(1.0) * 2, detail="atoms")',
        ),
        Entry(
            "explaining a node on which the root does not depend",
            "There is no path between them, so the gradient is 0.",
            "Look for the node that you meant; a copy is another node.",
            "from autodiff import Value\nfrom viz import explain\n"
            "x, y = Value(1.0), Value(2.0)\nexplain(x, y * 2)",
        ),
        Entry(
            "gradient flow before backward()",
            "There are no gradients yet.",
            "Call `loss.backward()` first.",
            "from nn import MLP\nfrom viz import plot_gradient_flow\n"
            "plot_gradient_flow(MLP(2, [3, 1]))",
        ),
    ],
}
