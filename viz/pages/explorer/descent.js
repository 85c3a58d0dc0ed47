// Gradient descent: step by step or by itself, with the curve of the loss and the path it took.

const descent = {losses: [], path: [], timer: null, axes: [0, 1]};
const MOST = 500; // steps of one run

function note() {
  find("#descent-note").textContent = `Moves ${trained.size} of ${leaves.length} inputs (the ticked ones) by −learning rate × gradient, so that ${model.name(model.scene.root)} falls.`;
  showDescent();
}

const moved = () => leaves.filter(({i}) => trained.has(i));
const place = () => new Map(moved().map(({i}) => [i, model.graph.data[i]]));

/** The steps that were taken no longer belong to what is shown. */
function forget() {
  descent.losses = [];
  descent.path = [];
}

/** One step; whether it could be taken. */
function descend() {
  const lr = find("#lr").valueAsNumber, {graph} = model;
  const taken = lr >= 0 && lr < Infinity;
  refuse(taken ? "" : "The learning rate is a number from 0; no step was taken.", find("#lr"));
  if (!taken) return false;
  if (!descent.losses.length) {
    descent.losses.push(graph.data[model.root]);
    descent.path.push(place());
  }
  for (const {i} of moved()) graph.data[i] -= lr * graph.grad[i];
  graph.forward();
  descent.losses.push(graph.data[model.root]);
  descent.path.push(place());
  changed();
  return true;
}

function halt() {
  clearInterval(descent.timer);
  descent.timer = null;
  find("#run").textContent = "Run";
}

on("#descend", "click", () => {
  halt();
  descend();
});
on("#run", "click", () => {
  if (descent.timer !== null) {
    halt();
    return;
  }
  let left = MOST;
  find("#run").textContent = "Stop";
  descent.timer = setInterval(() => {
    const before = descent.losses.at(-1);
    if (!descend()) {
      halt();
      return;
    }
    const now = descent.losses.at(-1);
    left -= 1;
    if (!left || !Number.isFinite(now) || now === before) halt();
  }, 40);
});

// ── the path ─────────────────────────────────────────────────────────────────────────────────

const WORK = 120000; // gates that may fire for one picture of the path
const BANDS = 7;

/** The root, were these inputs so; everything else as it is. */
function rootAt(...inputs) {
  const {graph} = model;
  for (const [i, x] of inputs) graph.data[i] = x;
  graph.forward(model.order);
  return graph.data[model.root];
}

/** What a number went through, with room around it. */
function rangeOf(i) {
  const xs = descent.path.map((at) => at.get(i)).filter(Number.isFinite);
  const low = Math.min(...xs), high = Math.max(...xs), room = Math.max((high - low) * 0.35, 0.1 * Math.abs(high), 0.1);
  return [low - room, high + room];
}

/** The path in the plane of two inputs, over the height of the root; of one input, its curve. */
function showPath() {
  const picture = find("#path"), known = moved().filter(({i}) => descent.path[0]?.has(i));
  picture.toggleAttribute("hidden", descent.path.length < 2 || !known.length);
  find("#axes").hidden = picture.hasAttribute("hidden") || known.length < 3;
  if (picture.hasAttribute("hidden")) return;
  const [a, b] = descent.axes.map((k) => known[k] || known[0]);
  const count = Math.max(6, Math.min(30, Math.floor(Math.sqrt(WORK / (model.order.length + 1)))));
  const [left, right] = rangeOf(a.i), x = (v) => 34 + ((v - left) / (right - left)) * 256;
  const name = (leaf) => leaf.node.name, middle = (k, low, high) => low + ((k + 0.5) / count) * (high - low);
  const label = (at, text) => svg("text", at, text);
  const marks = [], now = [a, b].map(({i}) => [i, model.graph.data[i]]);
  let bottom, top, y, said;
  if (a === b) {
    const heights = Array.from({length: 4 * count + 1}, (_, k) => left + (k / (4 * count)) * (right - left)).map((v) => [v, rootAt([a.i, v])]);
    const seen = [...heights.map(([, v]) => v), ...descent.losses].filter(Number.isFinite);
    [bottom, top] = [Math.min(...seen), Math.max(...seen)];
    y = (v) => 172 - ((v - bottom) / (top - bottom || 1)) * 156;
    marks.push(svg("polyline", {class: "level", points: heights.filter(([, v]) => Number.isFinite(v)).map(([u, v]) => `${x(u).toFixed(1)},${y(v).toFixed(1)}`).join(" ")}));
    said = model.name(model.scene.root);
  } else {
    [bottom, top] = rangeOf(b.i);
    y = (v) => 172 - ((v - bottom) / (top - bottom)) * 156;
    const cells = Array.from({length: count * count}, (_, k) => {
      const [u, v] = [middle(k % count, left, right), middle(Math.floor(k / count), bottom, top)];
      return {u, v, f: rootAt([a.i, u], [b.i, v])};
    });
    const sorted = cells.map(({f}) => f).filter(Number.isFinite).sort((p, q) => p - q);
    const wide = 256 / count + 0.6, high = 156 / count + 0.6;
    for (const {u, v, f} of cells) {
      if (!Number.isFinite(f)) continue;
      const band = Math.floor((sorted.findIndex((other) => other >= f) / sorted.length) * BANDS);
      marks.push(svg("rect", {class: "band", x: (x(u) - wide / 2).toFixed(1), y: (y(v) - high / 2).toFixed(1), width: wide.toFixed(1), height: high.toFixed(1), style: `--share: ${Math.round((60 * band) / BANDS)}%`}));
    }
    said = name(b);
  }
  rootAt(...now);
  const at = (state, k) => [x(state.get(a.i)), y(a === b ? descent.losses[k] : state.get(b.i))];
  const points = descent.path.map(at).filter((point) => point.every(Number.isFinite)).map((point) => point.map((v) => v.toFixed(1)));
  const [first, last] = [points[0], points.at(-1)];
  marks.push(svg("polyline", {class: "way", points: points.map((point) => point.join()).join(" ")}));
  if (points.length < 80) marks.push(...points.map(([cx, cy]) => svg("circle", {class: "stop", cx, cy, r: 2})));
  marks.push(svg("circle", {class: "from", cx: first[0], cy: first[1], r: 4}), svg("circle", {class: "to", cx: last[0], cy: last[1], r: 4.5}));
  marks.push(
    svg("path", {class: "axis", d: "M34 16V172H290"}),
    label({x: 162, y: 190, "text-anchor": "middle"}, name(a)),
    label({x: 34, y: 190, "text-anchor": "middle"}, number(left, 2)),
    label({x: 290, y: 190, "text-anchor": "end"}, number(right, 2)),
    label({x: 30, y: 98, "text-anchor": "end"}, shorten(said, 5)),
    label({x: 30, y: 26, "text-anchor": "end"}, number(top, 2)),
    label({x: 30, y: 172, "text-anchor": "end"}, number(bottom, 2)),
  );
  picture.replaceChildren(...marks);
  const told = (state, k) => `${name(a)} = ${number(state.get(a.i))}, ${said} = ${number(a === b ? descent.losses[k] : state.get(b.i))}`;
  picture.setAttribute("aria-label", `The path of ${descent.path.length - 1} steps: from ${told(descent.path[0], 0)} to ${told(descent.path.at(-1), descent.path.length - 1)}`);
}

/** Which two of many inputs span the plane. */
function offerAxes() {
  const options = () => moved().map(({node}, k) => html("option", {value: k}, node.name));
  for (const [k, field] of [find("#across"), find("#up")].entries()) {
    field.replaceChildren(...options());
    field.value = Math.min(descent.axes[k], Math.max(0, moved().length - 1));
    field.onchange = () => {
      descent.axes[k] = Number(field.value);
      showPath();
    };
  }
}

function showDescent() {
  drawCurve(find("#curve"), model.name(model.scene.root), descent.losses, descent.losses.length - 1);
  showPath();
}
