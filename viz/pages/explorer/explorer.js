// The explorer: step through the passes, change the inputs, take gradient steps.

const model = new Model(DATA);
const start = Float64Array.from(model.graph.data);
const state = {at: 0, playing: null, selected: null, losses: []};
const leaves = model.nodes
  .map((node, i) => ({node, i}))
  .filter(({node, i}) => node.kind === "leaf" && model.consumers.has(i));
const anyParameter = leaves.some(({node}) => node.home >= 0);
const trained = new Set(leaves.filter(({node}) => !anyParameter || node.home >= 0).map(({i}) => i));

find("#title").textContent = DATA.title;
const diagram = new Diagram(find("#canvas"), model, {select, toggle}, `Computational graph of ${DATA.title}`);

// ── telling a step ───────────────────────────────────────────────────────────────────────────

function line(parts, {since = "", strong = "", kind = ""} = {}) {
  const pieces = parts.flatMap((part, k) => [
    k ? html("span", {class: "eq"}, " = ") : null,
    k === parts.length - 1 ? html("b", {class: strong}, part) : part,
  ]);
  const note = since ? html("span", {class: "since"}, ` (${since})`) : null;
  return html("p", {class: `line ${kind}`}, pieces, note);
}

const MANY = 6;

function tellForward(unit) {
  if (unit.group >= 0) {
    const {title, level} = model.groups[unit.group];
    const shown = unit.outputs.slice(0, MANY).map((i) => line([model.name(i), number(model.graph.data[i])], {strong: "forward-ink"}));
    return [html("p", {class: "what"}, `${title} fires: ${unit.gates.length} gates in one ${level}`), shown];
  }
  const gate = model.graph.gates[unit.node], {parts, since} = model.forwardLine(unit.node);
  return [html("p", {class: "what"}, `${gate.doc}`), line(parts, {since, strong: "forward-ink"})];
}

function tellBackward(unit, known) {
  const f = model.rootName();
  if (unit.group >= 0) {
    const {title} = model.groups[unit.group];
    const sources = new Map();
    for (const i of unit.gates) {
      for (const p of model.parents(i)) {
        if (model.unitOf.get(p) !== unit.id) sources.set(p, known.grad.get(p) || 0);
      }
    }
    const lines = [...sources].slice(0, MANY).map(([p, g]) => line([`∂${f}/∂${model.name(p)}`, number(g)], {strong: "backward-ink"}));
    return [html("p", {class: "what"}, `${title} hands its gradient back, through ${unit.gates.length} gates`), lines];
  }
  const i = unit.node, upstream = known.grad.get(i) || 0;
  const lines = [line([`upstream ∂${f}/∂${model.name(i)}`, number(upstream)], {strong: "backward-ink"})];
  const parents = model.parents(i);
  parents.slice(0, MANY).forEach((p, k) => {
    if (model.nodes[p].kind === "constant") return;
    const local = model.localLine(i, k);
    lines.push(line(local.parts, {since: local.since}));
    lines.push(line(model.chainLine(i, k, upstream), {strong: "backward-ink"}));
    if (model.expected(p) > 1) lines.push(accumulated(p, known));
  });
  if (parents.length > MANY) lines.push(html("p", {class: "quiet"}, `… and ${parents.length - MANY} more inputs`));
  return [html("p", {class: "what"}, `Gate ${model.graph.gates[i].symbol}: upstream × local gradient`), lines];
}

/** What has arrived at a fork so far, as a sum. */
function accumulated(p, known) {
  const terms = known.terms.get(p) || [], expected = model.expected(p);
  const sum = terms.map(({amount}, k) => {
    const text = number(amount);
    return k && text.startsWith("−") ? `(${text})` : text;
  });
  const shown = sum.length > MANY ? [...sum.slice(0, 2), "…", sum[sum.length - 1]] : sum;
  const parts = [`${model.name(p)} has received ${terms.length} of ${expected}: ${shown.join(" + ")}`];
  if (terms.length > 1) parts.push(number(known.grad.get(p)));
  return line(parts, {strong: "backward-ink", kind: "sum"});
}

function tell(known) {
  const target = find("#step"), {current} = known;
  const badge = (kind, text) => html("span", {class: `badge ${kind}`}, text);
  let told;
  if (current === null) {
    told = [html("p", {}, "Only the inputs have values. Play, or step on, to fire the gates one by one: forward for the values, then backward for the gradients.")];
  } else if (current.pass === "forward") {
    told = [badge("forward-ink", "forward"), tellForward(current.unit)];
  } else if (current.pass === "seed") {
    const f = model.rootName();
    told = [badge("backward-ink", "backward"), html("p", {class: "what"}, `The backward pass starts at ${f}`), line([`∂${f}/∂${f}`, "1"], {strong: "backward-ink"})];
  } else told = [badge("backward-ink", "backward"), tellBackward(current.unit, known)];
  target.replaceChildren(...told.flat(3));
  find("#spoken").textContent = state.playing === null ? target.textContent : "";
}

/** A node's gradient as a sum over the gates that it feeds. */
function explain(id) {
  const unit = model.units.get(id);
  if (!unit) return;
  const f = model.rootName(), {graph} = model, told = [];
  const shown = unit.outputs.slice(0, 3);
  for (const i of shown) {
    if (model.nodes[i].kind === "constant") {
      told.push(html("p", {}, `${number(graph.data[i])} is a constant: no gradient is of interest.`));
      continue;
    }
    const x = model.name(i), terms = model.consumers.get(i);
    told.push(line([x, number(graph.data[i])], {strong: "forward-ink"}));
    if (i === model.root) told.push(line([`∂${f}/∂${f}`, "1"], {strong: "backward-ink"}));
    terms.slice(0, MANY).forEach(([c, k]) => told.push(line(model.chainLine(c, k, graph.grad[c]))));
    if (terms.length > MANY) told.push(html("p", {class: "quiet"}, `… and ${terms.length - MANY} more`));
    if (terms.length > 1) {
      const sum = terms.slice(0, MANY).map(([c, k]) => {
        const text = number(graph.grad[c] * graph.local[c][k]);
        return text.startsWith("−") ? `(${text})` : text;
      });
      sum[0] = sum[0].replace(/^\((.*)\)$/, "$1");
      if (terms.length > MANY) sum.push("…");
      told.push(line([`∂${f}/∂${x}`, sum.join(" + "), number(graph.grad[i])], {strong: "backward-ink", kind: "sum"}));
    }
  }
  if (unit.outputs.length > 3) told.push(html("p", {class: "quiet"}, `… and ${unit.outputs.length - 3} more outputs`));
  find("#node").replaceChildren(...told);
}

function select(id) {
  state.selected = id;
  diagram.highlight(id);
  explain(id);
}

// ── steps ────────────────────────────────────────────────────────────────────────────────────

function render() {
  state.at = Math.min(state.at, model.steps.length);
  const known = model.after(state.at);
  diagram.show(known);
  tell(known);
  const n = model.steps.length;
  const position = find("#position");
  position.max = n;
  position.value = state.at;
  const pass = known.current === null ? "start" : known.current.pass === "forward" ? "forward" : "backward";
  position.setAttribute("aria-valuetext", `step ${state.at} of ${n}, ${pass}`);
  find("#count").textContent = `step ${state.at} of ${n} · ${pass}`;
  for (const id of ["#first", "#back"]) find(id).disabled = state.at === 0;
  for (const id of ["#last", "#next"]) find(id).disabled = state.at === n;
  const play = find("#play");
  play.textContent = state.playing !== null ? "Pause" : state.at === n ? "Replay" : "Play";
  const fault = model.fault();
  find("#fault").hidden = fault === null;
  find("#fault").textContent = fault || "";
}

function go(at) {
  state.at = Math.max(0, Math.min(model.steps.length, at));
  render();
}

function pause() {
  clearInterval(state.playing);
  state.playing = null;
}

function play() {
  if (state.playing !== null) {
    pause();
    render();
    return;
  }
  if (state.at === model.steps.length) state.at = 0;
  const pace = Math.max(60, Math.min(1100, 24000 / model.steps.length));
  state.playing = setInterval(() => {
    if (state.at + 1 >= model.steps.length) pause();
    go(state.at + 1);
  }, pace);
  go(state.at + 1);
}

const by = (step) => () => {
  pause();
  go(state.at + step);
};
const on = (id, type, act) => find(id).addEventListener(type, act);
on("#first", "click", by(-Infinity));
on("#back", "click", by(-1));
on("#next", "click", by(1));
on("#last", "click", by(Infinity));
on("#play", "click", play);
on("#position", "input", (event) => {
  pause();
  go(Number(event.target.value));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const busy = event.target.closest("input, select, textarea, summary, button");
  const keys = {ArrowRight: by(1), ArrowLeft: by(-1), Home: by(-Infinity), End: by(Infinity), " ": play};
  if (!(event.key in keys)) return;
  if (busy && (event.key === " " || busy.tagName !== "BUTTON")) return;
  event.preventDefault();
  keys[event.key]();
});

// ── folding ──────────────────────────────────────────────────────────────────────────────────

function reshape(change) {
  pause();
  const share = state.at / model.steps.length, atEnd = state.at === model.steps.length;
  change();
  state.at = atEnd ? model.steps.length : Math.round(share * model.steps.length);
  diagram.redraw();
  refreshInputs();
  render();
}

function toggle(g) {
  const opening = !model.open.has(g);
  reshape(() => model.toggle(g));
  const {of} = model.groups[g];
  const inside = [...model.units.values()].find((unit) => unit.members.some((i) => within(i, g)));
  const id = !opening ? (of >= 0 ? model.unitOf.get(of) : model.unitOf.get(inside.members[0])) : inside && inside.id;
  if (id && diagram.elements.has(id)) diagram.elements.get(id).handle.focus({preventScroll: true});
}

function within(i, g) {
  for (let at = model.nodes[i].home; at >= 0; at = model.groups[at].parent) if (at === g) return true;
  return false;
}

const modules = model.groups.some(({level}) => level !== "gate");
if (model.groups.length) {
  find("#unfold").hidden = find("#fold").hidden = false;
  const level = (group) => !modules || group.level !== "gate";
  const all = (open) => () => {
    reshape(() => {
      model.groups.forEach((group, g) => {
        if (open && level(group)) model.open.add(g);
        if (!open) model.open.delete(g);
      });
      model.refresh();
      model.run();
    });
    diagram.fit();
  };
  on("#unfold", "click", all(true));
  on("#fold", "click", all(false));
}
on("#in", "click", () => diagram.zoom(1.25));
on("#out", "click", () => diagram.zoom(0.8));
on("#fit", "click", () => diagram.fit(0.1));
on("#colours", "click", (event) => {
  const safe = document.documentElement.dataset.colours !== "safe";
  document.documentElement.dataset.colours = safe ? "safe" : "";
  event.currentTarget.setAttribute("aria-pressed", safe);
});

// ── inputs ───────────────────────────────────────────────────────────────────────────────────

const fields = new Map();

function field({node, i}) {
  const span = Math.max(2, 2 * Math.abs(start[i]));
  const name = node.label || "input";
  const change = (event) => {
    const x = event.target.valueAsNumber;
    if (Number.isNaN(x)) return;
    setLeaf(i, x, event.target);
  };
  const made = {
    slider: html("input", {type: "range", min: -span, max: span, step: span / 200, "aria-label": `${name}, slider`, "data-leaf": i, oninput: change}),
    box: html("input", {type: "number", step: "any", "aria-label": `${name}, number`, "data-leaf": i, oninput: change}),
    slope: html("span", {class: "slope"}),
    trained: html("input", {
      type: "checkbox",
      checked: trained.has(i),
      "aria-label": `gradient steps move ${name}`,
      title: "moved by gradient steps",
      onchange: (event) => {
        if (event.target.checked) trained.add(i);
        else trained.delete(i);
        note();
      },
    }),
  };
  fields.set(i, made);
  return html("div", {class: "input"}, made.trained, html("span", {class: "name", title: name}, name), made.slider, made.box, made.slope);
}

function setLeaf(i, x, source = null) {
  model.graph.data[i] = x;
  model.run();
  if (state.at === 0) state.at = model.steps.length;
  refreshInputs(source);
  render();
  if (state.selected) explain(state.selected);
}

function refreshInputs(source = null) {
  for (const [i, made] of fields) {
    const x = model.graph.data[i];
    if (made.slider !== source) {
      if (Math.abs(x) > made.slider.max) {
        made.slider.min = -2 * Math.abs(x);
        made.slider.max = 2 * Math.abs(x);
      }
      made.slider.value = x;
    }
    if (made.box !== source) made.box.value = x;
    made.slider.setAttribute("aria-valuetext", number(x));
    const grad = model.consumers.has(i) ? model.graph.grad[i] : NaN;
    made.slope.textContent = "";
    made.slope.append(html("span", {class: "backward-ink", "data-grad": grad}, `∂${model.rootName()}/∂${model.name(i)} = ${number(grad)}`));
  }
}

const FEW = 12, LARGEST = 400;
const outside = leaves.filter(({node}) => node.home < 0 || !anyParameter);
const inside = leaves.filter(({node}) => node.home >= 0 && anyParameter);
const host = find("#inputs");
for (const [list, title] of [[outside, "inputs"], [inside, "parameters"]]) {
  if (list.length <= FEW) host.append(...list.map(field));
  else {
    const details = html("details", {}, html("summary", {}, `${list.length} ${title}`));
    const fill = () => {
      if (details.open && details.children.length === 1) {
        details.append(...list.slice(0, LARGEST).map(field));
        if (list.length > LARGEST) details.append(html("p", {class: "quiet"}, `only the first ${LARGEST} are listed`));
        refreshInputs();
      }
    };
    details.addEventListener("toggle", fill);
    host.append(details);
  }
}
if (!leaves.length) host.append(html("p", {class: "quiet"}, "This graph has constants only."));
on("#reset", "click", () => {
  for (const {i} of leaves) model.graph.data[i] = start[i];
  state.losses = [];
  model.run();
  refreshInputs();
  drawCurve();
  render();
  if (state.selected) explain(state.selected);
});

// ── gradient descent ─────────────────────────────────────────────────────────────────────────

function note() {
  const f = model.rootName();
  find("#descent-note").textContent = `Moves ${trained.size} of ${leaves.length} inputs (the ticked ones) by −learning rate × gradient, so that ${f} falls.`;
}

on("#descend", "click", () => {
  const lr = find("#lr").valueAsNumber;
  if (!(lr >= 0)) return;
  if (!state.losses.length) state.losses.push(model.graph.data[model.root]);
  for (const i of trained) {
    if (model.consumers.has(i)) model.graph.data[i] -= lr * model.graph.grad[i];
  }
  model.run();
  state.losses.push(model.graph.data[model.root]);
  if (state.at === 0) state.at = model.steps.length;
  refreshInputs();
  drawCurve();
  render();
  if (state.selected) explain(state.selected);
});

function drawCurve() {
  const curve = find("#curve"), losses = state.losses, f = model.rootName();
  const finite = losses.filter(Number.isFinite);
  if (finite.length < 2) {
    curve.replaceChildren();
    curve.setAttribute("aria-label", "No step taken yet");
    curve.style.display = "none";
    return;
  }
  curve.style.display = "";
  const low = Math.min(...finite), high = Math.max(...finite), span = high - low || 1;
  const x = (k) => 8 + (k / Math.max(1, losses.length - 1)) * 284;
  const y = (v) => 70 - ((v - low) / span) * 52;
  const points = losses.map((v, k) => (Number.isFinite(v) ? `${x(k).toFixed(1)},${y(v).toFixed(1)}` : null)).filter(Boolean);
  const lastValue = losses[losses.length - 1];
  curve.replaceChildren(
    svg("line", {x1: 8, y1: 74, x2: 292, y2: 74}),
    svg("text", {x: 8, y: 12}, `${f}: ${number(losses[0])} → ${number(lastValue)}`),
    svg("text", {x: 292, y: 87, "text-anchor": "end"}, `${losses.length - 1} ${losses.length === 2 ? "step" : "steps"}`),
    svg("polyline", {points: points.join(" ")}),
  );
  if (Number.isFinite(lastValue)) curve.append(svg("circle", {cx: x(losses.length - 1), cy: y(lastValue), r: 3.5}));
  curve.setAttribute("aria-label", `${f} fell from ${number(losses[0])} to ${number(lastValue)} in ${losses.length - 1} steps`);
}

note();
drawCurve();
refreshInputs();
render();
