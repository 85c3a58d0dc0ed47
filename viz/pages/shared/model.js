// The graph that is looked at: which groups are open, which nodes count, which steps there are.

class Model {
  constructor(scene) {
    this.scene = scene;
    this.nodes = scene.nodes;
    this.groups = scene.groups;
    this.graph = new Graph(scene.nodes);
    this.open = new Set();
    this.groups.forEach((group, g) => group.open && this.open.add(g));
    this.refresh();
    this.run();
  }

  /** What stands for node i: itself, or while it is unfolded the last of its finer gates. */
  resolve(i) {
    for (let group; (group = this.nodes[i].inner) !== undefined && this.open.has(group); ) {
      i = this.groups[group].out;
    }
    return i;
  }

  parents(i) {
    return this.resolved[i];
  }

  /** The nodes that count with the groups as they are, in topological order; units; steps. */
  refresh() {
    this.root = this.resolve(this.scene.root);
    this.resolved = [];
    const wanted = new Array(this.nodes.length).fill(false);
    wanted[this.root] = true;
    this.order = [];
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      if (!wanted[i]) continue;
      this.order.push(i);
      this.resolved[i] = this.nodes[i].parents.map((p) => this.resolve(p));
      for (const p of this.resolved[i]) wanted[p] = true;
    }
    this.order.reverse();
    this.consumers = new Map(this.order.map((i) => [i, []]));
    for (const i of this.order) {
      this.resolved[i].forEach((p, k) => this.consumers.get(p).push([i, k]));
    }
    this.unitOf = new Map();
    this.units = new Map();
    for (const i of this.order) {
      const folded = this.foldedAround(i);
      const id = folded >= 0 ? `g${folded}` : `n${i}`;
      this.unitOf.set(i, id);
      if (!this.units.has(id)) {
        this.units.set(id, {id, group: folded, node: folded >= 0 ? -1 : i, members: []});
      }
      this.units.get(id).members.push(i);
    }
    for (const unit of this.units.values()) {
      unit.gates = unit.members.filter((i) => this.nodes[i].gate !== null);
      unit.outputs = unit.members.filter(
        (i) => i === this.root || this.consumers.get(i).some(([c]) => this.unitOf.get(c) !== unit.id),
      );
    }
    this.steps = this.makeSteps();
  }

  /** The outermost folded module around node i, or -1. */
  foldedAround(i) {
    let folded = -1;
    for (let g = this.nodes[i].home; g >= 0; g = this.groups[g].parent) {
      if (!this.open.has(g)) folded = g;
    }
    return folded;
  }

  /** Forward through all units, the gradient of the root, backward through all units. */
  makeSteps() {
    const sources = (unit) => {
      const found = new Set();
      for (const i of unit.members) {
        for (const p of this.resolved[i]) {
          const id = this.unitOf.get(p);
          if (id !== unit.id) found.add(id);
        }
      }
      return found;
    };
    const sorted = [], state = new Map();
    const stack = [[...this.units.values()].find((unit) => unit.members.includes(this.root))];
    while (stack.length) {
      const unit = stack[stack.length - 1];
      if (!state.has(unit.id)) {
        state.set(unit.id, "open");
        for (const id of [...sources(unit)].reverse()) {
          if (!state.has(id)) stack.push(this.units.get(id));
        }
      } else {
        stack.pop();
        if (state.get(unit.id) === "open") sorted.push(unit);
        state.set(unit.id, "done");
      }
    }
    this.units = new Map(sorted.map((unit) => [unit.id, unit])); // in the order in which they fire
    const firing = sorted.filter((unit) => unit.gates.length);
    return [
      ...firing.map((unit) => ({pass: "forward", unit})),
      {pass: "seed", unit: this.units.get(this.unitOf.get(this.root))},
      ...firing.slice().reverse().map((unit) => ({pass: "backward", unit})),
    ];
  }

  /** Values and gradients of everything, from the leaves as they are now. */
  run() {
    this.graph.forward();
    this.graph.zeroGrad();
    this.graph.backward(this.root, this.order, (i) => this.resolved[i]);
  }

  fault() {
    return this.graph.fault(this.order);
  }

  toggle(g) {
    if (this.open.has(g)) this.open.delete(g);
    else this.open.add(g);
    this.refresh();
    this.run();
  }

  setAll(open, level = null) {
    this.groups.forEach((group, g) => {
      if (level !== null && group.level !== level) return;
      if (open) this.open.add(g);
      else this.open.delete(g);
    });
    this.refresh();
    this.run();
  }

  /** What is known after `count` steps: fired units, gradients that have arrived, their terms. */
  after(count) {
    const fired = new Set(), done = new Set(), terms = new Map(), grad = new Map();
    let current = null;
    for (let s = 0; s < count; s++) {
      const step = (current = this.steps[s]);
      if (step.pass === "forward") fired.add(step.unit.id);
      else if (step.pass === "seed") {
        grad.set(this.root, 1);
        terms.set(this.root, [{from: -1, slot: -1, amount: 1}]);
      } else {
        done.add(step.unit.id);
        for (let m = step.unit.gates.length - 1; m >= 0; m--) {
          const i = step.unit.gates[m], upstream = grad.get(i) || 0, local = this.graph.local[i];
          this.resolved[i].forEach((p, k) => {
            const amount = upstream * local[k];
            grad.set(p, (grad.get(p) || 0) + amount);
            if (!terms.has(p)) terms.set(p, []);
            terms.get(p).push({from: i, slot: k, amount});
          });
        }
      }
    }
    return {count, fired, done, terms, grad, current};
  }

  /** How many gradients a node is to receive. */
  expected(i) {
    return this.consumers.get(i).length + (i === this.root ? 1 : 0);
  }

  // ── telling it in formulas ─────────────────────────────────────────────────────────────────

  name(i) {
    const node = this.nodes[i];
    return node.kind === "constant" ? number(this.graph.data[i]) : node.name || node.label || "·";
  }

  rootName() {
    return this.name(this.scene.root);
  }

  /** The texts of a gate's inputs: their names, or their numbers. */
  texts(i, inNumbers) {
    const list = this.resolved[i].map((p) => (inNumbers ? number(this.graph.data[p]) : this.name(p)));
    const own = inNumbers ? number(this.graph.data[i]) : this.name(i);
    return {...named(this.graph.gates[i], list), out: own, n: String(list.length)};
  }

  numbers(i) {
    const list = this.resolved[i].map((p) => this.graph.data[p]);
    return {...named(this.graph.gates[i], list), out: this.graph.data[i]};
  }

  /** "q = x + y = −2 + 5 = 3", in parts. */
  forwardLine(i) {
    const gate = this.graph.gates[i], shape = gate.show[0], values = this.numbers(i);
    const symbols = write(shape, this.texts(i, false), values);
    const plugged = write(shape, this.texts(i, true), values);
    const parts = [this.name(i), symbols];
    if (plugged !== symbols) parts.push(plugged);
    const result = number(this.graph.data[i]);
    if (parts[parts.length - 1] !== result) parts.push(result);
    return {parts, since: because(shape, this.texts(i, true), values)};
  }

  /** The local gradient of gate i for its input k: "∂q/∂x", the rule, the number. */
  localLine(i, k) {
    const gate = this.graph.gates[i], parents = this.resolved[i];
    const [which, place] = partialAt(gate, k, parents.length);
    const pick = (given) => {
      if (place === null) return given;
      const row = {};
      gate.inputs.slice(0, gate.rows).forEach((name) => (row[name] = given[name][place]));
      return {...given, ...row};
    };
    const shape = gate.show[1 + which], values = pick(this.numbers(i));
    const symbols = write(shape, pick(this.texts(i, false)), values);
    const plugged = write(shape, pick(this.texts(i, true)), values);
    const result = number(this.graph.local[i][k]);
    const parts = [`∂${this.name(i)}/∂${this.name(parents[k])}`, symbols];
    if (plugged !== symbols) parts.push(plugged);
    if (parts[parts.length - 1] !== result) parts.push(result);
    return {parts, since: because(shape, pick(this.texts(i, true)), values)};
  }

  /** "∂f/∂x = ∂f/∂q · ∂q/∂x = −4 × 1 = −4", in parts. */
  chainLine(i, k, upstream) {
    const f = this.rootName(), q = this.name(i), x = this.name(this.resolved[i][k]);
    const local = this.graph.local[i][k];
    const factor = number(local);
    return [
      `∂${f}/∂${x}`,
      `∂${f}/∂${q} · ∂${q}/∂${x}`,
      `${number(upstream)} × ${factor.startsWith("−") ? `(${factor})` : factor}`,
      number(upstream * local),
    ];
  }
}
