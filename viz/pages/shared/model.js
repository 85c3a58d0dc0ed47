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

  /** The nodes that count with the groups as they are, in topological order; units; steps. */
  refresh() {
    this.root = this.resolve(this.scene.root);
    this.parents = [];
    const wanted = new Array(this.nodes.length).fill(false);
    wanted[this.root] = true;
    this.order = [];
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      if (!wanted[i]) continue;
      this.order.push(i);
      this.parents[i] = this.nodes[i].parents.map((p) => this.resolve(p));
      for (const p of this.parents[i]) wanted[p] = true;
    }
    this.order.reverse();
    this.consumers = new Map(this.order.map((i) => [i, []]));
    for (const i of this.order) {
      this.parents[i].forEach((p, k) => this.consumers.get(p).push([i, k]));
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
        for (const p of this.parents[i]) {
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
    for (const [i, grad] of this.after(this.steps.length).grad) this.graph.grad[i] = grad;
  }

  fault() {
    return this.graph.fault(this.order);
  }

  /** Open, or fold, every group that `which` names. */
  fold(open, which = () => true) {
    this.groups.forEach((group, g) => which(group, g) && (open ? this.open.add(g) : this.open.delete(g)));
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
          this.parents[i].forEach((p, k) => {
            const amount = 0 + upstream * local[k]; // as in Python −0 becomes 0
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
    return (this.consumers.get(i) || []).length + (i === this.root ? 1 : 0);
  }

  // ── telling it in formulas ─────────────────────────────────────────────────────────────────

  name(i) {
    return this.nodes[i].name;
  }

  /** The derivative of the root by node i, along all paths: df/dx. */
  total(i) {
    return `d${this.name(this.scene.root)}/d${this.name(i)}`;
  }

  /** The local gradient of gate i for its input k: ∂q/∂x, or ∂q/∂x|a where it reads x twice. */
  partial(i, k) {
    const parents = this.parents[i], {inputs} = this.graph.gates[i];
    const [which, place] = partialAt(this.graph.gates[i], k, parents.length);
    const slot = `|${inputs[which]}${place === null ? "" : `[${place}]`}`;
    const twice = parents.filter((p) => p === parents[k]).length > 1;
    return `∂${this.name(i)}/∂${this.name(parents[k])}${twice ? slot : ""}`;
  }

  /** For a formula of gate i: what `tell` says of each input, by name; `place` picks from rows. */
  given(i, tell, place = null) {
    const gate = this.graph.gates[i], found = named(gate, this.parents[i].map(tell));
    if (place !== null) for (const name of gate.inputs.slice(0, gate.rows)) found[name] = found[name][place];
    return {...found, out: tell(i)};
  }

  /** "q = x + y = −2 + 5 = 3" in parts, and the case that decides it. */
  equation(left, i, shape, result, place = null) {
    const {data, gates} = this.graph, values = this.given(i, (p) => data[p], place);
    const known = this.given(i, (p) => (this.nodes[p].kind === "constant" ? data[p] : null), place);
    const names = this.given(i, (p) => this.name(p), place);
    const numbers = this.given(i, (p) => number(data[p]), place);
    const told = ({n, out, ...inputs}) => `${gates[i].word}(${Object.values(inputs).join(", ")})`;
    const cases = shape === gates[i].show[0] && shape[0] === "if"; // they are told by the slopes
    const texts = [names, numbers].map((given) => (cases ? told(given) : write(shape, given, values, known)));
    if (Number.isNaN(result)) { // nothing equals it
      const none = "has no value (NaN)";
      return {parts: texts[0] === "NaN" ? [`${left} ${none}`] : [left, `${texts[0]}, which ${none}`], since: ""};
    }
    const parts = [left, ...texts, number(result)].filter((part, k, all) => part !== all[k - 1]);
    return {parts, since: cases ? "" : because(shape, numbers, values)};
  }

  forwardLine(i) {
    return this.equation(this.name(i), i, this.graph.gates[i].show[0], this.graph.data[i]);
  }

  /** The local gradient of gate i for its input k: "∂q/∂x", the rule, the number. */
  localLine(i, k) {
    const gate = this.graph.gates[i], [which, place] = partialAt(gate, k, this.parents[i].length);
    return this.equation(this.partial(i, k), i, gate.show[1 + which], this.graph.local[i][k], place);
  }

  /** "df/dq · ∂q/∂x": what comes back to input k of gate i. */
  share(i, k) {
    return i === this.root ? this.partial(i, k) : `${this.total(i)} · ${this.partial(i, k)}`;
  }

  /**
   * "df/dx = df/dq · ∂q/∂x = (−4) · 1 = −4", in parts; without the numbers while `upstream` is
   * not known, and without df/dx where the product is only a share of it.
   */
  chainLine(i, k, upstream) {
    const p = this.parents[i][k], local = this.graph.local[i][k], parts = [this.share(i, k)];
    if (upstream !== undefined) {
      if (i !== this.root) parts.push(`${factor(upstream)} · ${factor(local)}`);
      parts.push(number(0 + upstream * local));
    }
    return this.expected(p) > 1 ? parts : [this.total(p), ...parts];
  }
}
