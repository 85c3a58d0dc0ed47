// The engine in the page: what autodiff/value.py does in Python, on the gates of the table above.
//
// A node is {gate, parents, data, label}: `gate` is a name in GATES or null for a leaf, `parents`
// are indices of earlier nodes, in the order of the gate's inputs and with repeats.

/** How long the rows of a gate with so many inputs are. */
const rowLength = (gate, count) => (gate.rows ? (count - gate.inputs.length) / gate.rows + 1 : 0);

/** What is given for a gate's inputs, by name: a list for a row; `n` is the length of a row. */
function named(gate, list) {
  const n = rowLength(gate, list.length);
  const found = {n};
  gate.inputs.forEach((name, k) => {
    found[name] = k < gate.rows ? list.slice(k * n, (k + 1) * n) : list[gate.rows * n + k - gate.rows];
  });
  return found;
}

/** Where a gate has no value Python raises; a page shows NaN and this sentence. */
function faultAt(gate, inputs) {
  const given = named(gate, inputs);
  const written = gate.inputs.map((name, k) => {
    return `${name} = ${k < gate.rows ? `[${given[name].slice(0, 8).join(", ")}]` : given[name]}`;
  });
  const needs = gate.domain ? `; it needs ${gate.domain}` : "";
  return `${gate.name}: ${gate.formula} has no value at ${written.join(", ")}${needs}`;
}

class Graph {
  constructor(nodes) {
    this.nodes = nodes;
    this.gates = nodes.map((node) => (node.gate === null ? null : GATES[node.gate]));
    this.data = Float64Array.from(nodes, (node) => node.data);
    this.grad = new Float64Array(nodes.length);
    this.local = nodes.map((node) => new Float64Array(node.parents.length));
    this.inputs = nodes.map((node) => new Array(node.parents.length));
    this.faults = new Array(nodes.length).fill(null);
  }

  /** Fire one gate: its value and, at the same moment, its local gradients. */
  fire(i) {
    const gate = this.gates[i];
    if (gate === null) return;
    const parents = this.nodes[i].parents, inputs = this.inputs[i];
    let finite = true;
    for (let k = 0; k < parents.length; k++) {
      inputs[k] = this.data[parents[k]];
      finite = finite && Number.isFinite(inputs[k]);
    }
    const out = gate.fire(inputs, this.local[i]);
    this.faults[i] = null;
    this.data[i] = out;
    if (gate.canFail && finite && !Number.isFinite(out)) {
      this.faults[i] = faultAt(gate, inputs);
      this.data[i] = NaN;
      this.local[i].fill(NaN);
    }
  }

  /** Every node comes after its parents, so one pass in order is a forward pass. */
  forward(order = this.nodes.keys()) {
    for (const i of order) this.fire(i);
  }

  /**
   * Gradients of `root` for all nodes of `order` (default: all), in reverse topological order.
   * Leaves accumulate over several calls, interior nodes start from 0: as in Python.
   */
  backward(root, order = this.nodes.keys()) {
    const reverse = Array.from(order).reverse();
    for (const i of reverse) if (this.gates[i] !== null) this.grad[i] = 0;
    this.grad[root] += 1;
    for (const i of reverse) {
      if (this.gates[i] === null) continue;
      const upstream = this.grad[i], {parents} = this.nodes[i], local = this.local[i];
      for (let k = 0; k < parents.length; k++) this.grad[parents[k]] += upstream * local[k];
    }
  }

  zeroGrad() {
    this.grad.fill(0);
  }

  /** The first gate, in order, that has no value. */
  fault(order = this.nodes.keys()) {
    for (const i of order) if (this.faults[i]) return this.faults[i];
    return null;
  }
}
