// A network as the graph of one example, fired and differentiated by the engine of the pages.

/** How a parameter moves, {usual rate, move(gradient, memory, step)}; the optimisers of nn. */
const OPTIMISERS = {
  sgd: {rate: 0.3, move: (g) => g},
  momentum: {rate: 0.05, move: (g, memory) => (memory.velocity = 0.9 * (memory.velocity || 0) + g)},
  adam: {
    rate: 0.02,
    move: (g, memory, step) => {
      memory.mean = 0.9 * (memory.mean || 0) + 0.1 * g;
      memory.square = 0.999 * (memory.square || 0) + 0.001 * g * g;
      return memory.mean / (1 - 0.9 ** step) / (Math.sqrt(memory.square / (1 - 0.999 ** step)) + 1e-8);
    },
  },
};

const gradients = new Map(); // of the losses, by their number of classes

/**
 * The probabilities of all classes from the logits (one logit: of two classes). The gradient of the
 * loss is softmax(t) − y, CS229 (7.71): where y is 0 throughout, it is they.
 */
function probabilities(logits) {
  const many = Math.max(2, logits.length), {nodes, inputs} = DATA.losses[many];
  if (!gradients.has(many)) gradients.set(many, new Graph(nodes));
  const graph = gradients.get(many);
  inputs.forEach((i, k) => (graph.data[i] = k < logits.length ? logits[k] : 0));
  graph.forward();
  graph.zeroGrad();
  graph.backward(nodes.length - 1);
  const found = logits.map((_, k) => graph.grad[inputs[k]]);
  return logits.length > 1 ? found : [1 - found[0], found[0]];
}

class Net {
  /** `plan`: {columns, features (places in DATA.features), widths of the hidden layers, activation, classes}. */
  constructor(plan, seed) {
    const {columns, widths, activation, classes} = plan, nodes = [];
    const draw = random(seed + 1);
    const add = (gate, parents, data, label) => nodes.push({gate, parents, data, label}) - 1;
    /** Join a small graph to this one; its inputs are nodes that there are, or new. */
    const join = (graph, inputs, label) => {
      const places = [], last = graph.nodes.length - 1;
      graph.nodes.forEach((node, k) => {
        const given = inputs[graph.inputs.indexOf(k)];
        const known = graph.inputs.includes(k) && given !== undefined;
        places.push(known ? given : add(node.gate, node.parents.map((p) => places[p]), node.data, k === last ? label : node.gate ? "" : node.name));
      });
      return places;
    };
    this.plan = plan;
    this.seed = seed;
    this.activation = activation;
    this.classes = classes;
    this.columns = Array.from({length: columns}, (_, k) => add(null, [], 0, columns === 2 ? `x${k + 1}` : `x[${k}]`));
    this.features = columns === 2 ? plan.features.map((k) => DATA.features[k]) : [];
    this.inputs = columns === 2 ? this.features.map((feature) => join(feature, this.columns, feature.name).at(-1)) : this.columns;
    this.widths = [...widths, classes && classes.length > 2 ? classes.length : 1];
    this.layers = [];
    this.parameters = [];
    this.weights = [];
    let row = this.inputs;
    this.widths.forEach((width, l) => {
      const span = Math.sqrt(6 / (row.length + width)), last = l === this.widths.length - 1;
      this.layers.push(Array.from({length: width}, (_, j) => {
        const w = row.map((_, i) => add(null, [], (2 * draw() - 1) * span, `w${l + 1}[${j},${i}]`));
        const b = add(null, [], 0, `b${l + 1}[${j}]`);
        this.weights.push(...w);
        this.parameters.push(...w, b);
        const z = add(DATA.neuron.gate, [...w, ...row, b], 0, last ? this.outputName(j) : `${activation.gate ? "z" : "a"}${l + 1}[${j}]`);
        const options = last || !activation.gate ? [] : activation.defaults.map(([x]) => add(null, [], x, String(x)));
        const a = last || !activation.gate ? z : add(activation.gate, [z, ...options], 0, `a${l + 1}[${j}]`);
        return {w, b, z, a, options, from: row};
      }));
      row = this.layers[l].map(({a}) => a);
    });
    this.outputs = row;
    const loss = DATA.losses[classes ? classes.length : "value"];
    const places = join(loss, this.outputs, "loss");
    this.targets = loss.inputs.slice(this.outputs.length).map((k) => places[k]);
    this.loss = places.at(-1);
    this.graph = new Graph(nodes);
    this.gates = [...nodes.keys()].filter((i) => nodes[i].gate !== null);
    this.scored = this.gates.filter((i) => i <= this.outputs.at(-1));
    this.penalty = new Graph(DATA.penalty.nodes);
    this.steps = 0;
  }

  outputName(j) {
    return this.plan.classes === null ? "h" : this.plan.classes.length === 2 ? "logit" : `logit[${j}]`;
  }

  set(x) {
    this.columns.forEach((i, k) => (this.graph.data[i] = x[k]));
  }

  aim(y) {
    this.targets.forEach((i, k) => (this.graph.data[i] = this.targets.length > 1 ? Number(k === y) : y));
  }

  /** The numbers of the output layer for one example. */
  score(x) {
    this.set(x);
    this.graph.forward(this.scored);
    return this.outputs.map((i) => this.graph.data[i]);
  }

  /** Both passes of one example; gradients of leaves add up. */
  run({x, y}) {
    this.set(x);
    this.aim(y);
    this.graph.forward(this.gates);
    this.graph.backward(this.loss, this.gates);
    return this.graph.data[this.loss];
  }

  /** How each column moves node i, for the example that went forward last. */
  slopes(i) {
    const {graph} = this;
    graph.zeroGrad();
    graph.backward(i, this.gates.filter((gate) => gate <= i));
    return this.columns.map((column) => graph.grad[column]);
  }

  /** Forget what an optimiser has gathered, and train with this one. */
  use(optimiser) {
    this.optimiser = OPTIMISERS[optimiser];
    this.memory = new Map(this.parameters.map((i) => [i, {}]));
    this.moves = 0;
  }

  /** What the penalty adds to the gradient of a weight. */
  pull(weight, l1, l2) {
    const {penalty} = this;
    DATA.penalty.inputs.forEach((i, k) => (penalty.data[i] = [weight, l1, l2][k]));
    penalty.forward();
    penalty.zeroGrad();
    penalty.backward(penalty.nodes.length - 1);
    return penalty.grad[DATA.penalty.inputs[0]];
  }

  /** One step of training on a batch; the penalty pulls weights, not biases, to 0. */
  step(batch, {lr, l1, l2}) {
    const {graph} = this;
    graph.zeroGrad();
    for (const example of batch) this.run(example);
    if (l1 || l2) for (const i of this.weights) graph.grad[i] += batch.length * this.pull(graph.data[i], l1, l2);
    this.steps += 1;
    this.moves += 1;
    for (const i of this.parameters) graph.data[i] -= lr * this.optimiser.move(graph.grad[i] / batch.length, this.memory.get(i), this.moves);
  }

  /** The class of greatest probability. */
  decide(outputs) {
    const found = probabilities(outputs);
    return found.indexOf(Math.max(...found));
  }

  /** Mean loss, and the share that is right, or for values R²: how much of their variance is explained. */
  measure(data) {
    let loss = 0, right = 0, rest = 0;
    const mean = data.reduce((sum, {y}) => sum + y, 0) / data.length;
    for (const {x, y} of data) {
      this.set(x);
      this.aim(y);
      this.graph.forward(this.gates);
      loss += this.graph.data[this.loss];
      const outputs = this.outputs.map((i) => this.graph.data[i]);
      if (this.classes) right += this.decide(outputs) === y;
      else rest += (outputs[0] - y) ** 2;
    }
    const whole = data.reduce((sum, {y}) => sum + (y - mean) ** 2, 0);
    return {loss: loss / data.length, score: this.classes ? right / data.length : 1 - rest / whole};
  }

  // ── its parameters ─────────────────────────────────────────────────────────────────────────

  /** What layer l is called in nn: an activation takes a number of its own. */
  nameOf(l) {
    return l * (this.activation.gate ? 2 : 1);
  }

  state() {
    const found = {}, numbers = (list) => list.map((i) => this.graph.data[i]);
    this.layers.forEach((neurons, l) => {
      found[`${this.nameOf(l)}.weight`] = neurons.map(({w}) => numbers(w));
      found[`${this.nameOf(l)}.bias`] = numbers(neurons.map(({b}) => b));
    });
    return found;
  }

  /** Take parameters as `state` writes them. */
  load(state) {
    this.layers.forEach((neurons, l) => neurons.forEach(({w, b}, j) => {
      w.forEach((i, k) => (this.graph.data[i] = state[`${this.nameOf(l)}.weight`][j][k]));
      this.graph.data[b] = state[`${this.nameOf(l)}.bias`][j];
    }));
  }

  /** What neuron j of layer l reads and is called by, however many there are beside it. */
  place(l, j) {
    const names = l ? this.layers[l - 1].map((_, k) => `${l}/${k}`) : this.inputs.map((i) => this.graph.nodes[i].label);
    return {key: `${l === this.layers.length - 1 ? "out" : l + 1}/${j}`, from: names};
  }

  /**
   * Take over what another network has learnt, neuron by neuron and wire by wire. What is new
   * beside it starts without a say: the outputs stay as they were.
   */
  inherit(other) {
    const known = new Map();
    other.layers.forEach((neurons, l) => neurons.forEach(({w, b}, j) => {
      const {key, from} = other.place(l, j);
      known.set(key, {bias: other.graph.data[b], weights: new Map(from.map((name, k) => [name, other.graph.data[w[k]]]))});
    }));
    this.layers.forEach((neurons, l) => neurons.forEach(({w, b}, j) => {
      const {key, from} = this.place(l, j), old = known.get(key);
      if (!old || !from.some((name) => old.weights.has(name))) return;
      this.graph.data[b] = old.bias;
      w.forEach((i, k) => (this.graph.data[i] = old.weights.get(from[k]) ?? 0));
    }));
    this.steps = other.steps;
  }

  /** The neuron's own graph, as a diagram knows it; its root's gradient is that of the loss. */
  scene(l, j) {
    const {w, b, z, a, options, from} = this.layers[l][j], nodes = [], items = [];
    const left = [...from.flatMap((x, k) => [[x, "x"], [w[k], "w"]]), [b, "b"]], height = left.length * 54;
    const places = new Map();
    const add = (i, gate, parents, size, x, y, constant = false) => {
      const own = this.graph.nodes[i];
      places.set(i, nodes.length);
      items.push(["n", nodes.length, x, y]);
      nodes.push({gate, parents: parents.map((p) => places.get(p)), data: this.graph.data[i], name: own.label, kind: gate ? "gate" : constant ? "constant" : "leaf", home: -1, size});
    };
    left.forEach(([i], k) => add(i, null, [], DATA.leafSize, 70, 27 + 54 * k));
    add(z, DATA.neuron.gate, this.graph.nodes[z].parents, DATA.neuron.size, 240, height / 2);
    if (a !== z) {
      options.forEach((i, k) => add(i, null, [], this.activation.defaults[k][1], 240, height / 2 + 60 * (k + 1), true));
      add(a, this.activation.gate, [z, ...options], this.activation.size, 374, height / 2);
    }
    return {title: this.graph.nodes[a].label, root: nodes.length - 1, nodes, groups: [], layouts: [{items, w: a === z ? 306 : 438, h: height}]};
  }
}
