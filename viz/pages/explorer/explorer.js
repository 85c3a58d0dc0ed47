// The explorer: step through the passes, change the inputs, take gradient steps.

const model = new Model(DATA);
const start = Float64Array.from(model.graph.data), opened = new Set(model.open);
const state = {at: 0, playing: null, selected: null, locals: false};
const leaves = model.nodes
  .map((node, i) => ({node, i}))
  .filter(({node, i}) => node.kind === "leaf" && model.consumers.has(i));
const settable = model.nodes.flatMap(({kind}, i) => (kind !== "gate" && model.consumers.has(i) ? [i] : []));
const gates = model.nodes.map(({gate}) => gate), inners = model.nodes.map(({inner}) => inner);
const anyParameter = leaves.some(({node}) => node.home >= 0);
const trained = new Set(leaves.filter(({node}) => !anyParameter || node.home >= 0).map(({i}) => i));

// ── the state in the page's address, so that a link brings it back ───────────────────────────

/** The step, the numbers and gates that were changed, the groups that were folded or unfolded. */
function remember() {
  const {data} = model.graph;
  const changed = settable.filter((i) => data[i] !== start[i]).map((i) => `${i}:${data[i]}`);
  const exchanged = model.nodes.flatMap(({gate}, i) => (gate === gates[i] ? [] : [`${i}:${gate}`]));
  const turned = [...model.groups.keys()].filter((g) => model.open.has(g) !== opened.has(g));
  const address = new URLSearchParams({step: state.at});
  if (changed.length) address.set("set", changed.join());
  if (exchanged.length) address.set("gates", exchanged.join());
  if (turned.length) address.set("turn", turned.join());
  if (state.locals) address.set("locals", 1);
  try {
    history.replaceState(null, "", `#${address}`);
  } catch {
    // a frame of a notebook has no address of its own
  }
}

function restore() {
  const address = new URLSearchParams(location.hash.slice(1)), list = (name) => (address.get(name) || "").split(",");
  for (const pair of list("set")) {
    const [i, x] = pair.split(":").map(Number);
    if (Number.isFinite(x) && settable.includes(i)) setNumber(i, x);
  }
  for (const pair of list("gates")) {
    const [i, name] = pair.split(":");
    if (model.nodes[i] && alternatives(Number(i)).includes(name)) exchange(Number(i), name);
  }
  model.refresh();
  const turned = new Set(list("turn"));
  model.fold(true, (_, g) => turned.has(String(g)) && !opened.has(g));
  model.fold(false, (_, g) => turned.has(String(g)) && opened.has(g));
  state.at = Math.max(0, Math.floor(Number(address.get("step"))) || 0);
  state.locals = address.has("locals");
}

/** A number that is no result of a gate. */
function setNumber(i, x) {
  model.graph.data[i] = x;
  if (model.nodes[i].kind === "constant") model.nodes[i].name = number(x);
}

/** The gates that could stand where gate i stands: they read as many inputs. Python keeps its own. */
function alternatives(i) {
  const gate = model.graph.gates[i];
  if (!gate || gate.rows || DATA.live) return [];
  return Object.keys(GATES).filter((name) => !GATES[name].rows && GATES[name].inputs.length === gate.inputs.length);
}

/** Put another gate in the place of gate i; only the one that stood there first can be unfolded. */
function exchange(i, name) {
  const node = model.nodes[i];
  node.gate = name;
  node.inner = name === gates[i] ? inners[i] : undefined;
  if (inners[i] !== undefined) model.open.delete(inners[i]);
  node.width = Math.max(node.size[0], [...GATES[name].symbol].length * 8 + 20 + STUB);
  model.graph.gates[i] = GATES[name];
}

restore();
find("#title").textContent = DATA.title;
const diagram = new Diagram(find("#canvas"), model, {select, toggle, why}, `Computational graph of ${DATA.title}`);

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
const quiet = (text) => html("p", {class: "quiet"}, text);
const what = (text) => html("p", {class: "what"}, text);
const up = {strong: "forward-ink"}, down = {strong: "backward-ink"};

function tellForward({group, node, gates, outputs}) {
  if (group >= 0) {
    const {title, level} = model.groups[group];
    const shown = outputs.slice(0, MANY).map((i) => line([model.name(i), number(model.graph.data[i])], up));
    return [what(`${title} fires: ${gates.length} gates in one ${level}`), shown];
  }
  const {parts, since} = model.forwardLine(node);
  return [what(model.graph.gates[node].doc), line(parts, {since, ...up})];
}

function tellBackward({id, group, node: i, gates}, known) {
  if (group >= 0) {
    const sources = new Set(gates.flatMap((g) => model.parents[g]).filter((p) => model.unitOf.get(p) !== id));
    const lines = [...sources].slice(0, MANY).map((p) => line([model.total(p), number(known.grad.get(p) || 0)], down));
    return [what(`${model.groups[group].title} hands its gradient back, through ${gates.length} gates`), lines];
  }
  const upstream = known.grad.get(i) || 0, parents = model.parents[i];
  const lines = [line([`upstream ${model.total(i)}`, number(upstream)], down)];
  parents.slice(0, MANY).forEach((p, k) => {
    if (model.nodes[p].kind === "constant") return;
    const {parts, since} = model.localLine(i, k);
    lines.push(line(parts, {since}), line(model.chainLine(i, k, upstream), down));
    if (model.expected(p) > 1) lines.push(accumulated(p, known));
  });
  if (parents.length > MANY) lines.push(quiet(`… and ${parents.length - MANY} more inputs`));
  return [what(`Gate ${model.graph.gates[i].symbol}: upstream × local gradient`), lines];
}

/** What has arrived at a fork so far, as a sum. */
function accumulated(p, known) {
  const terms = known.terms.get(p) || [], expected = model.expected(p);
  const all = terms.length === expected, sum = summed(terms.map(({amount}) => amount));
  const said = (what) => `${model.name(p)} has received ${terms.length} of ${expected}: ${what}`;
  const parts = all ? [said(model.total(p)), sum, number(known.grad.get(p))] : [said(sum)];
  return line(parts, {...down, kind: "sum"});
}

function tell(known) {
  const target = find("#step"), {current} = known;
  const badge = (kind, text) => html("span", {class: `badge ${kind}-ink`}, text);
  let told;
  if (current === null) {
    told = [html("p", {}, "Only the inputs have values. Play, or step on, to fire the gates one by one: forward for the values, then backward for the gradients.")];
  } else if (current.pass === "forward") {
    told = [badge("forward", "forward"), tellForward(current.unit)];
  } else if (current.pass === "seed") {
    const {root} = model.scene;
    told = [badge("backward", "backward"), what(`The backward pass starts at ${model.name(root)}`), line([model.total(root), "1"], down)];
  } else told = [badge("backward", "backward"), tellBackward(current.unit, known)];
  target.replaceChildren(...told.flat(3));
  queueMicrotask(() => { // when it stands there in the reader's language
    find("#spoken").textContent = state.playing === null ? target.innerText : "";
  });
}

/** A node's gradient as a sum over the gates that it feeds; in numbers as far as they are known. */
function explain(id, known) {
  const unit = model.units.get(id);
  if (!unit) return;
  const told = [];
  for (const i of unit.outputs.slice(0, 3)) {
    if (model.nodes[i].kind === "constant") {
      told.push(html("p", {}, `${model.name(i)} is a constant: no gradient is of interest.`));
      continue;
    }
    const ways = model.consumers.get(i), arrived = known.terms.get(i) || [];
    const fired = !unit.gates.length || known.fired.has(id);
    told.push(fired ? whence(i) : line([`${model.name(i)} has not fired yet`], up));
    if (i === model.root && arrived.length) told.push(line([model.total(i), "1"], down));
    for (const [c, k] of ways.slice(0, MANY)) {
      const came = arrived.some(({from, slot}) => from === c && slot === k);
      told.push(line(model.chainLine(c, k, came ? known.grad.get(c) : undefined)));
    }
    if (ways.length > MANY) told.push(quiet(`… and ${ways.length - MANY} more`));
    if (ways.length > 1 && arrived.length) told.push(accumulated(i, known));
    if (!arrived.length) told.push(quiet("The numbers come with the backward pass."));
  }
  if (unit.outputs.length > 3) told.push(quiet(`… and ${unit.outputs.length - 3} more outputs`));
  find("#node").replaceChildren(...told);
}

/** How a value came about: the rule of its gate, in numbers. */
function whence(i) {
  if (!model.graph.gates[i]) return line([model.name(i), number(model.graph.data[i])], up);
  const {parts, since} = model.forwardLine(i);
  return line(parts, {since, ...up});
}

/** The sentence of one number, beside it: of a value, a gradient, or a local gradient (by its slot). */
function why(id, what, text) {
  const bubble = find("#why"), unit = model.units.get(id);
  bubble.hidden = !unit;
  if (!unit) return;
  const known = model.after(state.at), told = [];
  for (const i of unit.outputs.slice(0, 1)) {
    if (what === "value") told.push(whence(i));
    else if (what === "gradient") {
      const arrived = known.terms.get(i) || [];
      if (i === model.root) told.push(line([model.total(i), "1"], down));
      for (const {from, slot} of arrived.filter(({from}) => from >= 0).slice(0, MANY)) told.push(line(model.chainLine(from, slot, known.grad.get(from))));
      if (model.expected(i) > 1) told.push(accumulated(i, known));
    } else {
      const {parts, since} = model.localLine(unit.node, what);
      told.push(line(parts, {since}));
    }
  }
  bubble.replaceChildren(...told);
  const at = text.getBoundingClientRect(), stage = find(".stage").getBoundingClientRect();
  const {width, height} = bubble.getBoundingClientRect();
  const left = Math.max(8, Math.min(stage.width - width - 8, at.left + at.width / 2 - width / 2 - stage.left));
  const above = at.top - stage.top - height - 8;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${above > 4 ? above : at.bottom - stage.top + 8}px`;
}

function select(id) {
  state.selected = id;
  diagram.highlight(id);
  explain(id, model.after(state.at));
}

// ── steps ────────────────────────────────────────────────────────────────────────────────────

function render() {
  state.at = Math.min(state.at, model.steps.length);
  const known = model.after(state.at);
  diagram.show(known);
  tell(known);
  showSlopes(known);
  if (state.selected) explain(state.selected, known);
  const n = model.steps.length;
  const position = find("#position");
  position.max = n;
  position.value = state.at;
  const pass = known.current === null ? "start" : known.current.pass === "forward" ? "forward" : "backward";
  const at = `step ${state.at} of ${n}`;
  position.setAttribute("aria-valuetext", `${at}; ${pass === "start" ? "at the start" : `${pass} pass`}`);
  find("#count").replaceChildren(html("span", {}, at), " · ", html("span", {}, pass));
  for (const id of ["#first", "#back"]) find(id).disabled = state.at === 0;
  for (const id of ["#last", "#next"]) find(id).disabled = state.at === n;
  const play = find("#play");
  play.textContent = state.playing !== null ? "Pause" : state.at === n ? "Replay" : "Play";
  const fault = model.fault();
  find("#fault").hidden = fault === null;
  find("#fault").textContent = fault || "";
  clearTimeout(state.remembering); // browsers take only so many addresses a second
  state.remembering = setTimeout(remember, 200);
}

function go(at) {
  const before = state.at;
  state.at = Math.max(0, Math.min(model.steps.length, at));
  render();
  if (state.at === before + 1) diagram.pulse();
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

/** What there is to predict of a step: a name and its number; null where there is no single one. */
function question({pass, unit: {node, outputs}}) {
  const {graph} = model;
  if (pass === "seed") return [model.total(model.scene.root), 1];
  if (pass === "forward") return outputs.length === 1 ? [model.name(outputs[0]), graph.data[outputs[0]]] : null;
  const k = node < 0 ? -1 : model.parents[node].findIndex((p) => model.nodes[p].kind !== "constant");
  return k < 0 ? null : [model.chainLine(node, k)[0], 0 + graph.grad[node] * graph.local[node][k]];
}

/** One step on; who wants to predict is asked first, and told how it was. */
function next() {
  pause();
  const step = model.steps[state.at], asks = find("#predict").checked && step && !find("#answer");
  const asked = asks ? question(step) : null;
  if (!asked) {
    go(state.at + 1);
    return;
  }
  const [name, truth] = asked;
  const reveal = () => {
    const given = field.value.trim(), right = agrees(read(given), truth);
    go(state.at + 1);
    const said = right ? `You said ${given}: right.` : `You said ${given}; ${name} = ${number(truth)}.`;
    if (given) find("#step").prepend(html("p", {class: `verdict ${right ? "forward" : "backward"}-ink`}, said));
    find("#next").focus();
  };
  const onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // or it would press the button that gets the focus
    reveal();
  };
  const field = html("input", {type: "text", id: "answer", autocomplete: "off", onkeydown});
  const label = html("label", {for: "answer"}, `Predict: ${name} =`);
  find("#step").replaceChildren(html("div", {class: "row"}, label, field, html("button", {type: "button", onclick: reveal}, "Reveal")));
  field.focus();
}

const by = (step) => () => {
  pause();
  go(state.at + step);
};
on("#first", "click", by(-Infinity));
on("#back", "click", by(-1));
on("#next", "click", next);
on("#last", "click", by(Infinity));
on("#play", "click", play);
on("#position", "input", (event) => {
  pause();
  go(Number(event.target.value));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const busy = event.target.closest("input, select, textarea, summary, button");
  const keys = {ArrowRight: next, ArrowLeft: by(-1), Home: by(-Infinity), End: by(Infinity), " ": play};
  if (!(event.key in keys)) return;
  if (busy && (event.key === " " || !busy.matches("button, [type=checkbox]"))) return;
  event.preventDefault();
  keys[event.key]();
});

// ── folding ──────────────────────────────────────────────────────────────────────────────────

function reshape(change) {
  pause();
  const share = state.at / model.steps.length, atEnd = state.at === model.steps.length;
  change();
  find("#why").hidden = true;
  state.at = atEnd ? model.steps.length : Math.round(share * model.steps.length);
  diagram.redraw();
  refreshInputs();
  render();
}

function toggle(g) {
  const opening = !model.open.has(g), {of} = model.groups[g];
  reshape(() => model.fold(opening, (_, k) => k === g));
  const shown = [...model.units.values()].find(({members}) => members.some((i) => within(i, g)));
  const id = !opening && of >= 0 ? model.unitOf.get(of) : shown.id;
  diagram.elements.get(id).handle.focus({preventScroll: true});
}

function within(i, g) {
  for (let at = model.nodes[i].home; at >= 0; at = model.groups[at].parent) if (at === g) return true;
  return false;
}

if (model.groups.length) {
  find("#unfold").hidden = find("#fold").hidden = false;
  const modules = model.groups.some(({level}) => level !== "gate");
  const all = (open, which) => () => {
    reshape(() => model.fold(open, which));
    diagram.fit();
  };
  on("#unfold", "click", all(true, ({level}) => !modules || level !== "gate"));
  on("#fold", "click", all(false));
}
on("#in", "click", () => diagram.zoom(1.25));
on("#out", "click", () => diagram.zoom(0.8));
on("#fit", "click", () => diagram.fit(0.1));
function showLocals(shown) {
  state.locals = shown;
  find("#locals").setAttribute("aria-pressed", shown);
  diagram.redraw(shown);
  diagram.fit();
  render();
}
on("#locals", "click", () => showLocals(!state.locals));
offerSafeColours();
diagram.fitsPaper();
on("#save-svg", "click", () => download("diagram.svg", diagram.asFile(), "image/svg+xml"));
on("#save-png", "click", () => {
  const image = new Image();
  image.onload = () => {
    const canvas = html("canvas", {width: 2 * image.width, height: 2 * image.height});
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download("diagram.png", blob, "image/png"));
  };
  image.src = `data:image/svg+xml,${encodeURIComponent(diagram.asFile())}`;
});

// ── inputs ───────────────────────────────────────────────────────────────────────────────────

const fields = new Map();

/** Say why what was entered is not taken; "" takes the words back. */
function refuse(words, source) {
  find("#refused").textContent = words;
  find("#refused").hidden = !words;
  source.setAttribute("aria-invalid", Boolean(words));
}

function field({node, i}) {
  const span = Math.max(2, 2 * Math.abs(start[i]));
  const {name} = node;
  const change = (event) => {
    const x = event.target.valueAsNumber;
    refuse(Number.isFinite(x) ? "" : `${name} is a finite number; it stays ${number(model.graph.data[i])}.`, event.target);
    if (!Number.isFinite(x)) return;
    model.graph.data[i] = x;
    changed(event.target);
  };
  const made = {
    slider: html("input", {type: "range", min: -span, max: span, step: span / 200, "aria-label": `${name}, slider`, "data-leaf": i, oninput: change}),
    box: html("input", {type: "number", step: "any", "aria-label": `${name}, number`, "data-leaf": i, oninput: change, onchange: () => refreshInputs()}),
    slope: html("span", {class: "slope backward-ink"}),
    trained: html("input", {
      type: "checkbox",
      checked: trained.has(i),
      "aria-label": `gradient steps move ${name}`,
      title: "moved by gradient steps",
      onchange: (event) => {
        if (event.target.checked) trained.add(i);
        else trained.delete(i);
        forget(); // a path of other inputs
        offerAxes();
        note();
      },
    }),
  };
  fields.set(i, made);
  return html("div", {class: "input"}, made.trained, html("span", {class: "name", title: name}, name), made.slider, made.box, made.slope);
}

/** The leaves were changed, by `source`: everything is computed and shown anew. */
function changed(source = null) {
  model.run();
  if (state.at === 0) state.at = model.steps.length;
  refreshInputs(source);
  showDescent();
  showFormula();
  render();
  dispatchEvent(new Event("changed")); // for whoever follows
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
    if (made.box !== source) {
      made.box.value = Number(x.toPrecision(6));
      made.box.title = x;
    }
    made.slider.setAttribute("aria-valuetext", number(x));
  }
}

/** A gradient is listed once all of it has arrived. */
function showSlopes(known) {
  for (const [i, {slope}] of fields) {
    const whole = (known.terms.get(i) || []).length === model.expected(i), grad = known.grad.get(i);
    slope.textContent = whole ? `${model.total(i)} = ${number(grad)}` : "";
    slope.dataset.grad = whole ? grad : "";
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
        if (list.length > LARGEST) details.append(quiet(`only the first ${LARGEST} are listed`));
        refreshInputs();
        showSlopes(model.after(state.at));
      }
    };
    details.addEventListener("toggle", fill);
    host.append(details);
  }
}
if (!leaves.length) host.append(quiet("This graph has constants only."));
on("#reset", "click", () => {
  for (const {i} of leaves) model.graph.data[i] = start[i];
  forget();
  changed();
});
