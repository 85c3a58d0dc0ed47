// The diagram: gates with their values above the wire and their gradients below it.

const STUB = 66; // viz/pages/placement.py leaves this much room for the numbers
const LONGEST = 22, LONGEST_TITLE = 30;
const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "opacity", "font-family", "font-size", "font-weight", "font-style", "marker-start", "marker-end"];
const CROWD = 300; // units from which on wires go straight
const FEW_WIRES = 80; // up to which numbers on them keep clear of all others
const PADDING = 14, HEADING = 24; // around and above what an open group holds
const OVERHANG = 80; // how far names and numbers stand out beyond what they belong to

/**
 * A rubber sheet: opening a group stretches the stretch of the axis that it covered while folded,
 * and everything beyond moves aside. `spans` are [from, to, needed length].
 */
function stretched(spans) {
  const cuts = [...new Set(spans.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((to, k) => {
    const from = cuts[k], middle = (from + to) / 2;
    const over = spans.filter(([a, b]) => a < middle && middle < b);
    return [from, to, Math.max(0, ...over.map(([a, b, needed]) => needed / (b - a) - 1))];
  });
  return (x) => {
    let moved = x;
    for (const [from, to, extra] of pieces) {
      if (x > from) moved += (Math.min(x, to) - from) * extra;
    }
    return moved;
  };
}

function shorten(text, longest = LONGEST) {
  const letters = [...text];
  return letters.length > longest ? letters.slice(0, longest - 1).join("") + "…" : text;
}

/** A piece of a wire: a Bézier curve that starts and ends level. */
const piece = (x1, y1, x2, y2, bend) => [x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2];

/** A point of a wire, which is a list of pieces; `t` goes from 0 to 1. */
function pointOf(wire, t) {
  const k = Math.min(wire.length - 1, Math.floor(t * wire.length)), u = t * wire.length - k, v = 1 - u;
  const [x1, y1, x2, y2, x3, y3, x4, y4] = wire[k];
  const [a, b, c, d] = [v ** 3, 3 * u * v * v, 3 * u * u * v, u ** 3];
  return {x: a * x1 + b * x2 + c * x3 + d * x4, y: a * y1 + b * y2 + c * y3 + d * y4};
}

const crosses = (wire, {x, y, w, h}) =>
  Array.from({length: 24 * wire.length + 1}, (_, k) => pointOf(wire, k / (24 * wire.length)))
    .some((at) => at.x > x && at.x < x + w && at.y > y && at.y < y + h);

/** A wire between two points: straight on, or above or below what would lie in its way. */
function routed(x1, y1, x2, y2, boxes) {
  const bend = Math.max(18, Math.min(90, Math.abs(x2 - x1) / 2));
  const near = boxes.filter(({x, w}) => x < x2 && x + w > x1);
  const hits = (wire) => near.filter((box) => crosses(wire, box)).length;
  let best = [piece(x1, y1, x2, y2, bend)], least = hits(best);
  const levels = least ? near.flatMap(({y, h}) => [y - 3, y + h + 3]) : [];
  levels.sort((a, b) => Math.abs(a - y1) + Math.abs(a - y2) - Math.abs(b - y1) - Math.abs(b - y2));
  for (const y of levels.slice(0, 24)) {
    for (const turn of [56, 26].map((wide) => Math.min(wide, (x2 - x1) / 3))) {
      const a = x1 + turn, b = x2 - turn;
      const wire = [piece(x1, y1, a, y, turn / 2), piece(a, y, b, y, 0), piece(b, y, x2, y2, turn / 2)];
      const count = hits(wire);
      if (count < least) [best, least] = [wire, count];
      if (!least) return best;
    }
  }
  return best;
}

/** Enter and the space bar press what stands for a button. */
const pressed = (act) => (event) => {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  act();
};

class Diagram {
  /** `on` may have select(unit id or null), toggle(group), why(unit id or null, what, text). */
  constructor(host, model, on = {}, label = "Computational graph") {
    this.model = model;
    this.on = on;
    this.host = host;
    this.world = svg("g", {class: "world"});
    const arrow = (id) => svg(
      "marker",
      {id, viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 4.2, markerHeight: 4.2, orient: "auto-start-reverse"},
      svg("path", {class: id, d: "M0,0L10,5L0,10z"}),
    );
    this.picture = svg(
      "svg",
      {class: "diagram", role: "group", "aria-label": label, tabindex: "-1"},
      svg("defs", {}, ...["plain", "forward", "backward"].map((pass) => arrow(`arrow-${pass}`))),
      this.world,
    );
    host.append(this.picture);
    this.view = {x: 0, y: 0, scale: 1};
    this.size = {width: 0, height: 0};
    this.boxes = new Map();
    this.elements = new Map();
    this.focused = null;
    this.room = 1; // how far apart the columns stand
    this.layOut();
    this.listen();
    this.draw();
    this.fit();
  }

  // ── places ─────────────────────────────────────────────────────────────────────────────────

  layOut() {
    const {model} = this;
    this.boxes.clear();
    this.frames = [];
    const measured = new Map();
    const opened = (kind, index) => {
      const g = kind === "g" ? index : model.nodes[index].inner;
      return g !== undefined && model.open.has(g) ? g : -1;
    };
    const measure = (g) => {
      const plan = model.scene.layouts[g + 1];
      const entries = plan.items.map(([kind, index, x, y]) => {
        const inner = opened(kind, index);
        const size = kind === "n" ? model.nodes[index].size : model.groups[index].size;
        const inside = inner >= 0 ? measure(inner) : null;
        const w = inside ? inside.w + 2 * PADDING : (kind === "n" && model.nodes[index].width) || size[0];
        const h = inside ? inside.h + 2 * PADDING + HEADING : size[1];
        return {kind, index, x: this.room * x, y, inner, size, w, h};
      });
      const grown = entries.filter((entry) => entry.inner >= 0 || entry.w > entry.size[0]);
      const along = stretched(grown.map(({x, size, w}) => [x - size[0] / 2, x + size[0] / 2, w + 16]));
      const down = stretched(grown.map(({y, size, h}) => [y - size[1] / 2, y + size[1] / 2, h + 16]));
      for (const entry of entries) {
        const {x, y, size} = entry;
        entry.X = (along(x - size[0] / 2) + along(x + size[0] / 2)) / 2;
        entry.Y = (down(y - size[1] / 2) + down(y + size[1] / 2)) / 2;
      }
      const result = {w: along(this.room * plan.w), h: down(plan.h), entries};
      measured.set(g, result);
      return result;
    };
    const put = (g, left, top, depth) => {
      for (const {kind, index, inner, w, h, X, Y} of measured.get(g).entries) {
        const x = left + X - w / 2, y = top + Y - h / 2;
        if (inner >= 0) {
          this.frames.push({group: inner, x, y, w, h, depth});
          put(inner, x + PADDING, y + PADDING + HEADING, depth + 1);
        } else this.boxes.set(kind + index, {x, y, w, h});
      }
    };
    const whole = measure(-1);
    this.extent = {w: whole.w, h: whole.h};
    put(-1, 0, 0, 0);
  }

  /** Where a unit's wire starts. */
  exit(id) {
    const box = this.boxes.get(id);
    return [box.x + box.w, box.y + box.h / 2];
  }

  bodyWidth(id) {
    const box = this.boxes.get(id);
    const constant = id[0] === "n" && this.model.nodes[id.slice(1)].kind === "constant";
    return constant ? box.w : box.w - STUB;
  }

  // ── drawing ────────────────────────────────────────────────────────────────────────────────

  draw() {
    const {model} = this;
    const active = this.focused;
    this.elements.clear();
    this.wires = [];
    this.pieces = []; // elements, and the corners of what they cover
    const frames = svg("g", {}), wires = svg("g", {class: "wires"}), units = svg("g", {});
    for (const frame of this.frames) frames.append(this.drawFrame(frame));
    const arriving = new Map();
    for (const unit of model.units.values()) {
      const seen = new Map();
      for (const i of unit.gates) {
        model.parents[i].forEach((p, k) => {
          const from = model.unitOf.get(p);
          if (from === unit.id) return;
          const key = unit.group >= 0 || from[0] === "g" ? from : `${p}/${k}`;
          if (!seen.has(key)) seen.set(key, {from, to: unit.id, parts: []});
          seen.get(key).parts.push({parent: p, gate: i, slot: k});
        });
      }
      arriving.set(unit.id, [...seen.values()]);
    }
    // what no wire should cross: bodies, the numbers above and below their stubs, names
    const around = ([unit, {x, y, w, h}]) => {
      const all = [{unit, x, y: y + h / 2 - 25, w, h: 50}];
      const node = unit[0] === "n" ? model.nodes[unit.slice(1)] : null;
      if (!node || node.kind !== "gate") return all;
      const wide = 6.5 * node.name.length;
      return [...all, {unit: "", x: x + this.bodyWidth(unit) / 2 - wide / 2, y: y + h - 3, w: wide, h: 11}];
    };
    const obstacles = model.units.size > CROWD ? [] : [...this.boxes].flatMap(around);
    for (const [id, list] of arriving) {
      const box = this.boxes.get(id);
      list.sort((a, b) => this.exit(a.from)[1] - this.exit(b.from)[1] || a.parts[0].slot - b.parts[0].slot);
      const spread = Math.min(9, 26 / Math.max(1, list.length - 1));
      list.forEach((wire, k) => {
        const offset = (k - (list.length - 1) / 2) * spread;
        const radius = (box.h - 10) / 2;
        const round = id[0] === "n" ? radius - Math.sqrt(Math.max(0, radius ** 2 - offset ** 2)) : 0;
        const [x1, y1] = this.exit(wire.from), x2 = box.x + round, y2 = box.y + box.h / 2 + offset;
        const others = obstacles.filter(({unit}) => unit !== wire.from && unit !== id);
        wire.way = routed(x1, y1, x2, y2, others);
        const curves = wire.way.map(([, , ...rest]) => `C${rest.join(" ")}`).join("");
        wire.path = svg("path", {class: "wire", d: `M${x1} ${y1}${curves}`});
        wire.share = svg("text", {class: "share", x: x1 + 5, y: y1 + 17});
        this.asks(wire.share, wire.from, "gradient");
        wires.append(wire.path, wire.share);
        this.wires.push(wire);
        const ends = (end) => [0, 1].map((axis) => end(...wire.way.flat().filter((_, n) => n % 2 === axis)));
        this.pieces.push({elements: [wire.path, wire.share], from: ends(Math.min), to: ends(Math.max)});
      });
    }
    for (const unit of model.units.values()) units.append(this.drawUnit(unit));
    this.world.replaceChildren(frames, wires, units);
    if (active && this.elements.has(active)) this.makeTabStop(active);
    else this.makeTabStop(model.unitOf.get(model.root));
  }

  /** Where on a wire there is room for a number: near its gate, and where nothing is in the way. */
  spot({way, parts: [{slot}]}, taken, width = 36, height = 20) {
    const free = (margin) => (spot) => taken.every((other) =>
      Math.abs(spot.x - other.x) >= (width + other.width) / 2 + margin || Math.abs(spot.y - other.y) >= (height + other.height) / 2 + margin);
    const clear = ({x, y}) => this.wires.every((wire) => wire.way === way || !crosses(wire.way, {x: x - width / 2 - 3, y: y - 14, w: width + 6, h: 28}));
    const wished = way.at(-1)[6] - way[0][0] > 150 ? 0.8 : 0.5; // on a long wire near the gate
    const along = Array.from({length: 35}, (_, k) => 0.1 + k / 40).sort((a, b) => Math.abs(a - wished) - Math.abs(b - wished));
    const side = slot ? 1 : -1; // above a gate's first wire, else below
    const spots = [0, 21, -21, 30, -30].map((dy) => side * dy).flatMap((dy) => along.map((t) => pointOf(way, t)).map(({x, y}) => ({x, y: y + dy})));
    const alone = this.wires.length > FEW_WIRES ? spots : spots.filter(clear);
    return alone.find(free(3)) || alone.find(free(0)) || spots.find(free(0)) || spots[0];
  }

  /** The local gradients on their wires. */
  drawLocals() {
    const {model} = this, taken = [];
    for (const id of model.units.keys()) {
      const {x, y, w, h} = this.boxes.get(id);
      taken.push({x: x + w / 2, y: y + h / 2, width: w, height: h + 4});
    }
    for (const wire of this.wires) {
      const [{parent, gate, slot}] = wire.parts;
      if (wire.parts.length > 1 || model.nodes[parent].kind === "constant") continue;
      const width = 12 + 7 * number(model.graph.local[gate][slot]).length, {x, y} = this.spot(wire, taken, width);
      taken.push({x, y, width, height: 20});
      wire.local = svg("text", {class: "local", x, y: y + 4, "text-anchor": "middle", "aria-hidden": "true"});
      this.asks(wire.local, wire.to, slot);
      this.world.append(wire.local);
      this.pieces.push({elements: [wire.local], from: [x, y], to: [x, y]});
    }
  }

  /** Who points at a number asks why. */
  asks(text, id, what) {
    text.addEventListener("pointerenter", () => this.on.why && text.textContent && this.on.why(id, what, text));
    text.addEventListener("pointerleave", () => this.on.why && this.on.why(null));
  }

  /** A dot along each wire that is at work, in the direction in which it works. */
  pulse() {
    this.world.querySelectorAll(".pulse").forEach((dot) => dot.remove());
    if (calm() || !this.world.animate) return;
    for (const {path, way} of this.wires) {
      const back = path.classList.contains("backward");
      if (!back && !path.classList.contains("forward")) continue;
      const dot = svg("circle", {class: `pulse ${back ? "backward" : "forward"}`, r: 5});
      const places = Array.from({length: 25}, (_, k) => pointOf(way, back ? 1 - k / 24 : k / 24));
      this.world.append(dot);
      const moving = dot.animate(places.map(({x, y}) => ({transform: `translate(${x}px, ${y}px)`})), {duration: 520, easing: "ease-in-out"});
      moving.finished.then(() => dot.remove(), () => dot.remove());
    }
  }

  drawFrame({group, x, y, w, h, depth}) {
    const {title, level} = this.model.groups[group];
    const fold = () => this.on.toggle && !this.dragged && this.on.toggle(group);
    const width = Math.min(w - 8, 24 + 8 * title.length);
    const handle = svg("rect", {
      class: "hit",
      x: x + 4,
      y: y + 3,
      width,
      height: 22,
      rx: 6,
      role: "button",
      tabindex: "0",
      "aria-label": `Fold ${title}`,
      "aria-expanded": "true",
      onkeydown: pressed(fold),
    });
    return svg(
      "g",
      {class: `frame depth${depth % 3}`},
      svg("rect", {class: "ground", x, y, width: w, height: h, rx: 10}),
      svg(
        "g",
        {class: "fold", onclick: fold},
        handle,
        svg(
          "g",
          {"aria-hidden": "true"},
          svg("text", {class: "mark", x: x + 16, y: y + 19, "text-anchor": "middle"}, "−"),
          svg("text", {class: "title", x: x + 26, y: y + 18}, shorten(title, Math.floor((w - 34) / 7))),
          svg("title", {}, `${level}: ${title}`),
        ),
      ),
    );
  }

  drawUnit(unit) {
    const {model} = this, {x, y, w, h} = this.boxes.get(unit.id);
    const bw = this.bodyWidth(unit.id), middle = y + h / 2, end = x + w;
    const node = unit.node >= 0 ? model.nodes[unit.node] : null;
    const kind = node ? node.kind : "group";
    const group = node ? node.inner : unit.group;
    const text = {
      constant: () => node.name,
      leaf: () => shorten(node.name),
      gate: () => shorten(model.graph.gates[unit.node].symbol),
      group: () => shorten(model.groups[group].title, LONGEST_TITLE),
    }[kind]();
    const height = {leaf: 28, gate: h - 10, group: 38}[kind], rx = {leaf: 7, gate: height / 2, group: 8}[kind];
    const body = (shift, look) => svg("rect", {class: look, x: x + shift, y: middle - height / 2 + shift, width: bw, height, rx});
    const word = (look, at, y, text) => svg("text", {class: look, x: at, y, "text-anchor": "middle"}, text);
    const parts = [];
    if (kind === "group") parts.push(body(3, "body shade"));
    if (kind !== "constant") parts.push(body(0, "body"));
    if (kind === "group") parts.push(word("mark", x + 13, middle + 5, "+"));
    const look = kind === "constant" ? "text number" : kind === "gate" && text.length < 3 ? "text large" : "text";
    const shift = {leaf: bw / 2 - 5, group: 8}[kind] ?? 0; // a leaf's name stands at its wire
    const label = word(look, x + bw / 2 + shift, middle, text);
    label.setAttribute("dominant-baseline", "central");
    if (text === "^") label.setAttribute("dy", ".3em"); // which stands above the middle of its line
    parts.push(label);
    if (kind === "gate") parts.push(word("name", x + bw / 2, y + h + 6, shorten(node.name)));
    const made = {kind};
    if (kind !== "constant") {
      made.value = word("value", end - STUB / 2, middle - 6, "");
      made.grad = word("grad", end - STUB / 2, middle + 17, "");
      this.asks(made.value, unit.id, "value");
      this.asks(made.grad, unit.id, "gradient");
      parts.push(svg("path", {class: "wire stub", d: `M${x + bw},${middle} H${end}`}), made.value, made.grad);
      if (unit.members.includes(model.root)) parts.push(svg("circle", {class: "end", cx: end, cy: middle, r: 4}));
    }
    if (group !== undefined && kind === "gate") parts.push(word("mark small", x + bw - 3, y + 10, "+"));
    made.hover = svg("title", {});
    parts.push(made.hover);
    const select = () => this.on.select && this.on.select(unit.id);
    const unfold = () => group !== undefined && this.on.toggle && this.on.toggle(group);
    made.handle = svg("rect", {
      class: "hit",
      x: x - 3,
      y: y - 3,
      width: w + 3,
      height: h + 6,
      role: group !== undefined ? "button" : "img",
      "aria-expanded": group !== undefined ? "false" : null,
      tabindex: "-1",
      onfocus: () => {
        this.makeTabStop(unit.id);
        this.reveal(unit.id);
        select();
      },
      onkeydown: pressed(unfold),
    });
    const picture = svg("g", {"aria-hidden": "true"}, parts); // the handle's label says it all
    this.pieces.push({elements: [picture], from: [x, y], to: [end, y + h]});
    made.element = svg(
      "g",
      {
        class: `unit ${kind}${group !== undefined ? " folded" : ""}`,
        "data-unit": unit.id,
        onpointerenter: select,
        onclick: () => {
          made.handle.focus({preventScroll: true});
          if (!this.dragged) unfold();
        },
      },
      made.handle,
      picture,
    );
    this.elements.set(unit.id, made);
    return made.element;
  }

  /** Show what is known: `state` from Model.after, `shown(i)` may hide numbers (worksheets). */
  show(state) {
    const {model} = this, {graph} = model, current = state.current;
    for (const unit of model.units.values()) {
      const made = this.elements.get(unit.id);
      const known = !unit.gates.length || state.fired.has(unit.id);
      const only = unit.outputs.length === 1 ? unit.outputs[0] : -1;
      const name = unit.node >= 0 ? this.spoken(unit.node) : model.groups[unit.group].title;
      const said = [name];
      // most units look as they did a step ago: to write them all again would cost the page a frame
      const arrived = (state.terms.get(only) || []).length;
      const now = [known, current !== null && current.unit === unit, graph.data[only], state.grad.get(only), arrived, graph.faults[only]].join("|");
      if (made.now === now) continue;
      made.now = now;
      made.element.classList.toggle("current", current !== null && current.unit === unit);
      made.element.classList.toggle("waiting", !known);
      if (made.kind === "constant") {
        made.handle.setAttribute("aria-label", `number ${model.name(unit.node)}`);
        continue;
      }
      if (only < 0) {
        made.value.textContent = known ? `× ${unit.outputs.length}` : "";
        made.grad.textContent = "";
      } else {
        made.value.textContent = known ? number(graph.data[only]) : "";
        made.element.dataset.value = known ? graph.data[only] : "";
        made.element.dataset.grad = state.grad.has(only) ? state.grad.get(only) : "";
        const faulty = graph.faults[only] !== null;
        made.element.classList.toggle("faulty", faulty);
        if (known) said.push(`value ${number(graph.data[only])}`);
        const terms = state.terms.get(only) || [];
        const expected = model.expected(only);
        const partial = terms.length > 0 && terms.length < expected;
        made.grad.textContent = terms.length ? number(state.grad.get(only)) : "";
        made.grad.classList.toggle("partial", partial);
        if (partial) {
          made.grad.append(svg("tspan", {class: "count", dx: 4}, `${terms.length}/${expected}`));
          said.push(`${terms.length} of ${expected} gradients have arrived, together ${number(state.grad.get(only))}`);
        } else if (terms.length) said.push(`gradient ${number(state.grad.get(only))}`);
        if (faulty) said.push(graph.faults[only]);
      }
      made.handle.setAttribute("aria-label", said.join(", "));
      made.hover.textContent = said.join("\n");
    }
    for (const {path, share, local, from, to, parts} of this.wires) {
      if (local) local.textContent = state.fired.has(to) ? number(graph.local[parts[0].gate][parts[0].slot]) : "";
      const here = current !== null && current.unit.id === to && current.pass !== "seed";
      if (!here && !path.classList.contains("forward") && !path.classList.contains("backward")) continue;
      path.classList.toggle("forward", here && current.pass === "forward");
      path.classList.toggle("backward", here && current.pass === "backward");
      const fork = parts.some(({parent}) => model.expected(parent) > 1);
      const shared = here && current.pass === "backward" && from[0] === "n" && fork;
      const sum = parts.reduce((s, {parent, gate, slot}) => {
        const term = (state.terms.get(parent) || []).find((t) => t.from === gate && t.slot === slot);
        return s + (term ? term.amount : 0);
      }, 0);
      share.textContent = shared ? `+ ${number(sum)}` : "";
    }
    if (current !== null) this.reveal(current.unit.id);
  }

  spoken(i) {
    const node = this.model.nodes[i];
    return node.kind === "gate" ? `${node.name}, gate ${this.model.graph.gates[i].name}` : node.name;
  }

  /** Emphasise the wires that leave a unit: the ways its gradient comes back. */
  highlight(id) {
    for (const wire of this.wires) wire.path.classList.toggle("traced", wire.from === id);
    for (const [unit, made] of this.elements) made.element.classList.toggle("selected", unit === id);
  }

  /** Draw it anew, on request with the local gradients, for which the columns move apart. */
  redraw(locals = this.room > 1) {
    const before = new Map(this.boxes);
    this.room = locals ? 1.4 : 1;
    this.layOut();
    this.draw();
    if (locals) this.drawLocals();
    this.apply();
    if (calm() || !this.world.animate) return;
    for (const [id, made] of this.elements) {
      const old = before.get(id), now = this.boxes.get(id);
      const frames = old
        ? [{transform: `translate(${old.x - now.x}px, ${old.y - now.y}px)`}, {transform: "none"}]
        : [{opacity: 0}, {opacity: 1}];
      made.element.animate(frames, {duration: 260, easing: "ease-out"});
    }
  }

  /** The whole picture as the text of a file: every style that the page gives it is written out. */
  asFile() {
    const copy = this.picture.cloneNode(true), twins = copy.querySelectorAll("*"), {w, h} = this.extent;
    this.picture.querySelectorAll("*").forEach((element, k) => {
      const style = getComputedStyle(element);
      twins[k].setAttribute("style", LOOKS.map((name) => `${name}: ${style.getPropertyValue(name)}`).join("; "));
    });
    copy.querySelectorAll(".hit").forEach((handle) => handle.remove());
    find(".world", copy).removeAttribute("transform");
    const size = {viewBox: `-20 -20 ${w + 40} ${h + 40}`, width: w + 40, height: h + 40};
    const ground = getComputedStyle(document.body).backgroundColor;
    for (const [name, value] of Object.entries({...size, style: `background: ${ground}`})) copy.setAttribute(name, value);
    return new XMLSerializer().serializeToString(copy);
  }

  /** On paper all of it is seen, wherever the reader had moved it. */
  fitsPaper() {
    window.addEventListener("beforeprint", () => {
      const {w, h} = this.extent;
      this.onPaper = true;
      this.picture.setAttribute("viewBox", `-20 -20 ${w + 40} ${h + 40}`);
      this.world.removeAttribute("transform");
      document.body.classList.toggle("wide", w > 1.5 * h && w > 700); // on paper lying on its side
    });
    window.addEventListener("afterprint", () => {
      this.onPaper = false;
      this.picture.removeAttribute("viewBox");
      this.apply();
    });
  }

  // ── panning and zooming ────────────────────────────────────────────────────────────────────

  apply() {
    if (this.onPaper) return;
    const {x, y, scale} = this.view;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
    // what is out of view costs no frame; on paper and in files is all of it
    const {width, height} = this.size;
    for (const piece of this.pieces) {
      const {elements, from, to, away = false} = piece;
      piece.away = x + scale * (to[0] + OVERHANG) < 0 || x + scale * (from[0] - OVERHANG) > width
        || y + scale * (to[1] + OVERHANG) < 0 || y + scale * (from[1] - OVERHANG) > height;
      if (piece.away !== away) for (const element of elements) element.classList.toggle("away", piece.away);
    }
  }

  /** All of it, if that takes no smaller a scale than `smallest`; else at a readable size, with the root. */
  fit(smallest = this.host.clientWidth < 500 ? 0.5 : 0.6, largest = 1.6) {
    const {width, height} = (this.size = this.picture.getBoundingClientRect());
    if (!width || !height) return;
    const margin = width < 500 ? 14 : 32, top = 52; // below the legend and the buttons
    const {w, h} = this.extent;
    const across = (width - 2 * margin) / w, down = height - top - margin, all = Math.min(across, down / h);
    const scale = Math.min(largest, all < smallest ? 0.75 : all);
    this.view = {
      scale,
      x: w * scale > width - 2 * margin ? margin : (width - w * scale) / 2,
      y: top + (down - h * scale) / 2,
    };
    // how high a page would be on which all is seen that fits in width
    const tall = across < smallest ? 0 : Math.ceil(h * Math.min(largest, across) + top + margin);
    document.documentElement.style.setProperty("--tall", `${tall}px`);
    this.apply();
    this.reveal(this.model.unitOf.get(this.model.root));
  }

  zoom(factor, at = null) {
    const box = this.picture.getBoundingClientRect();
    const [px, py] = at || [box.width / 2, box.height / 2];
    const scale = Math.min(4, Math.max(0.1, this.view.scale * factor));
    const ratio = scale / this.view.scale;
    this.view = {scale, x: px - (px - this.view.x) * ratio, y: py - (py - this.view.y) * ratio};
    this.apply();
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.apply();
  }

  /** Move the picture so that a unit can be seen. */
  reveal(id) {
    const box = this.boxes.get(id);
    const {width, height} = this.size;
    if (!box || !width) return;
    const {x, y, scale} = this.view;
    const left = x + box.x * scale, top = y + box.y * scale;
    const right = left + box.w * scale, bottom = top + box.h * scale;
    const push = (low, high, size, margin) =>
      low < margin ? margin - low : high > size - 20 ? Math.max(size - 20 - high, margin - low) : 0;
    const dx = push(left, right, width, 20), dy = push(top, bottom, height, 60); // below the buttons
    if (dx || dy) this.pan(dx, dy);
  }

  makeTabStop(id) {
    if (this.focused && this.elements.has(this.focused)) {
      this.elements.get(this.focused).handle.setAttribute("tabindex", "-1");
    }
    this.focused = id;
    if (this.elements.has(id)) this.elements.get(id).handle.setAttribute("tabindex", "0");
  }

  /** Move the focus to the next or previous unit, in the order in which they fire. */
  move(by) {
    const ids = [...this.elements.keys()];
    const at = ids.indexOf(this.focused);
    const next = ids[Math.min(ids.length - 1, Math.max(0, at + by))];
    this.elements.get(next).handle.focus({preventScroll: true});
  }

  listen() {
    const pointers = new Map();
    let distance = 0;
    this.dragged = false;
    this.picture.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      distance = 0;
      this.dragged = false;
    });
    this.picture.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      if (pointers.size === 1) {
        distance += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
        if (distance > 5 && !this.dragged) {
          this.dragged = true;
          this.picture.setPointerCapture(event.pointerId);
        }
        if (this.dragged) this.pan(now[0] - before[0], now[1] - before[1]);
      } else {
        const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
        const length = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
        const box = this.picture.getBoundingClientRect();
        this.zoom(length(now) / Math.max(1, length(before)), [other[0] - box.left, other[1] - box.top]);
      }
      pointers.set(event.pointerId, now);
    });
    const release = (event) => pointers.delete(event.pointerId);
    this.picture.addEventListener("pointerup", release);
    this.picture.addEventListener("pointercancel", release);
    // A wheel scrolls the page, until the reader has turned to the diagram.
    this.picture.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey && !this.picture.contains(document.activeElement)) return;
        event.preventDefault();
        const box = this.picture.getBoundingClientRect();
        this.zoom(Math.exp(-event.deltaY * 0.002), [event.clientX - box.left, event.clientY - box.top]);
      },
      {passive: false},
    );
    this.picture.addEventListener("keydown", (event) => {
      const keys = {
        ArrowDown: () => this.move(1),
        ArrowUp: () => this.move(-1),
        "+": () => this.zoom(1.25),
        "=": () => this.zoom(1.25),
        "-": () => this.zoom(0.8),
        0: () => this.fit(),
      };
      if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    if (window.ResizeObserver) new ResizeObserver(() => this.fit()).observe(this.host);
  }
}
