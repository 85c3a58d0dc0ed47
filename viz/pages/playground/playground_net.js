// A network as the graph of one example, and the points it learns from.

/** Random numbers in [0, 1) from a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A list put into a random order, in place. */
function shuffled(list, draw) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

const SHAPES = {
  moons: (u, y) => (y ? [0.5 - Math.cos(Math.PI * u), 0.25 - Math.sin(Math.PI * u)] : [Math.cos(Math.PI * u) - 0.5, Math.sin(Math.PI * u) - 0.25]),
  circles: (u, y) => [Math.cos(2 * Math.PI * u), Math.sin(2 * Math.PI * u)].map((c) => c * (y ? 0.6 : 1.4)),
  xor: (u, y, v) => [(2 * u - 1) * 1.4, Math.abs(2 * v - 1) * 1.4 * ((u < 0.5) === Boolean(y) ? 1 : -1)],
  spiral: (u, y) => {
    const angle = 3.5 * Math.PI * u + Math.PI * y, radius = 0.15 + 1.4 * u;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
};

/** `count` points of a shape: {x: [x1, x2], y: 0 or 1}. */
function points(shape, noise, seed, count = 200) {
  const draw = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  return Array.from({length: count}, (_, k) => {
    const y = k % 2, [a, b] = SHAPES[shape](draw(), y, draw());
    return {x: [a + noise * normal(), b + noise * normal()], y};
  });
}

/** Points of a table of two numbers and a class a line, and how they were brought to one scale. */
function readTable(text, most) {
  let rows = text.split(/\r?\n/).map((row) => row.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"))).filter((row) => row.some(Boolean));
  const numeric = (row) => row.length === 3 && row.slice(0, 2).every((cell) => cell !== "" && Number.isFinite(Number(cell)));
  if (rows.length && !numeric(rows[0])) rows = rows.slice(1);
  rows = rows.slice(0, most);
  const wrong = rows.findIndex((row) => !numeric(row));
  if (wrong >= 0) throw new Error(`Row ${wrong + 1} is “${rows[wrong].join(",")}”; give two numbers and a class, separated by commas.`);
  const classes = [...new Set(rows.map((row) => row[2]))].sort();
  if (classes.length !== 2) throw new Error(`The third column has ${classes.length} classes; give two.`);
  const columns = [0, 1].map((k) => rows.map((row) => Number(row[k])));
  const centre = columns.map((column) => column.reduce((s, x) => s + x, 0) / column.length);
  const scale = columns.map((column, k) => Math.sqrt(column.reduce((s, x) => s + (x - centre[k]) ** 2, 0) / column.length) || 1);
  const data = rows.map((row) => ({x: [0, 1].map((k) => (Number(row[k]) - centre[k]) / scale[k]), y: classes.indexOf(row[2])}));
  return {data, centre, scale, classes};
}

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

class Net {
  /** `widths` of the hidden layers; the output is one logit. */
  constructor(widths, activation, seed) {
    const draw = random(seed + 1), nodes = [];
    const add = (gate, parents, data, label) => nodes.push({gate, parents, data, label}) - 1;
    this.widths = [...widths, 1];
    this.activation = activation;
    this.inputs = ["x1", "x2"].map((label) => add(null, [], 0, label));
    this.layers = [];
    this.parameters = [];
    this.weights = [];
    let row = this.inputs;
    this.widths.forEach((width, l) => {
      const span = Math.sqrt(6 / (row.length + width)), last = l === this.widths.length - 1;
      const neurons = Array.from({length: width}, (_, j) => {
        const w = row.map((_, i) => add(null, [], (2 * draw() - 1) * span, `w${l + 1}[${j},${i}]`));
        const b = add(null, [], 0, `b${l + 1}[${j}]`);
        this.weights.push(...w);
        this.parameters.push(...w, b);
        const z = add(DATA.neuron.gate, [...w, ...row, b], 0, last ? "logit" : `z${l + 1}[${j}]`);
        const options = last ? [] : activation.defaults.map(([x]) => add(null, [], x, String(x)));
        const a = last ? z : add(activation.gate, [z, ...options], 0, `a${l + 1}[${j}]`);
        return {w, b, z, a, options, from: row};
      });
      this.layers.push(neurons);
      row = neurons.map(({a}) => a);
    });
    this.logit = row[0];
    const places = [], {loss} = DATA;
    loss.nodes.forEach((node, k) => {
      if (k === loss.logit) places.push(this.logit);
      else places.push(add(node.gate, node.parents.map((p) => places[p]), node.data, k === loss.target ? "y" : ""));
    });
    this.target = places[loss.target];
    this.loss = nodes.length - 1;
    this.graph = new Graph(nodes);
    this.gates = [...nodes.keys()].filter((i) => nodes[i].gate !== null);
    this.scored = this.gates.filter((i) => i <= this.logit);
    this.steps = 0;
  }

  set(x) {
    this.inputs.forEach((i, k) => (this.graph.data[i] = x[k]));
  }

  score(x) {
    this.set(x);
    this.graph.forward(this.scored);
    return this.graph.data[this.logit];
  }

  /** Both passes of one example; gradients of leaves add up. */
  run({x, y}) {
    this.set(x);
    this.graph.data[this.target] = y;
    this.graph.forward(this.gates);
    this.graph.backward(this.loss, this.gates);
    return this.graph.data[this.loss];
  }

  /** Forget what an optimiser has gathered, and train with this one. */
  use(optimiser) {
    this.optimiser = OPTIMISERS[optimiser];
    this.memory = new Map(this.parameters.map((i) => [i, {}]));
    this.moves = 0;
  }

  /** One step of training on a batch; `decay` pulls weights, not biases, to 0. */
  step(batch, lr, decay) {
    const {graph} = this;
    graph.zeroGrad();
    for (const example of batch) this.run(example);
    if (decay) for (const i of this.weights) graph.grad[i] += batch.length * decay * graph.data[i];
    this.steps += 1;
    this.moves += 1;
    for (const i of this.parameters) graph.data[i] -= lr * this.optimiser.move(graph.grad[i] / batch.length, this.memory.get(i), this.moves);
  }

  measure(data) {
    let loss = 0, right = 0;
    for (const {x, y} of data) {
      this.set(x);
      this.graph.data[this.target] = y;
      this.graph.forward(this.gates);
      loss += this.graph.data[this.loss];
      right += this.graph.data[this.logit] > 0 === (y === 1);
    }
    return {loss: loss / data.length, accuracy: right / data.length};
  }

  /** Under nn's names: an activation takes a number of its own. */
  state() {
    const found = {}, numbers = (list) => list.map((i) => this.graph.data[i]);
    this.layers.forEach((neurons, l) => {
      found[`${2 * l}.weight`] = neurons.map(({w}) => numbers(w));
      found[`${2 * l}.bias`] = numbers(neurons.map(({b}) => b));
    });
    return found;
  }

  /** Take parameters as `state` writes them. */
  load(state) {
    this.layers.forEach((neurons, l) => neurons.forEach(({w, b}, j) => {
      w.forEach((i, k) => (this.graph.data[i] = state[`${2 * l}.weight`][j][k]));
      this.graph.data[b] = state[`${2 * l}.bias`][j];
    }));
  }

  python({centre, scale, classes}) {
    const state = Object.entries(this.state()).map(([name, array]) => `    ${JSON.stringify(name)}: ${JSON.stringify(array)},`);
    return `from nn import MLP

model = MLP(2, ${JSON.stringify(this.widths).replaceAll(",", ", ")}, ${JSON.stringify(this.activation.gate)})
model.load_state_dict({
${state.join("\n")}
})
centre, scale = ${JSON.stringify(centre)}, ${JSON.stringify(scale)}
classes = ${JSON.stringify(classes)}


def predict(x1, x2):
    """The logit of a point; above 0 it is of classes[1]."""
    return model([(x1 - centre[0]) / scale[0], (x2 - centre[1]) / scale[1]]).data


def classify(x1, x2):
    """The class of a point."""
    return classes[predict(x1, x2) > 0]


if __name__ == "__main__":
    print(classify(0.5, -0.25))
`;
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
    left.forEach(([i], k) => add(i, null, [], DATA.leafSize, 100, 27 + 54 * k));
    add(z, DATA.neuron.gate, this.graph.nodes[z].parents, DATA.neuron.size, 340, height / 2);
    if (a !== z) {
      options.forEach((i, k) => add(i, null, [], this.activation.defaults[k][1], 340, height / 2 + 60 * (k + 1), true));
      add(a, this.activation.gate, [z, ...options], this.activation.size, 520, height / 2);
    }
    return {title: this.graph.nodes[a].label, root: nodes.length - 1, nodes, groups: [], layouts: [{items, w: a === z ? 440 : 620, h: height}]};
  }
}
