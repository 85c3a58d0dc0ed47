// The playground: choose data and a network, train it, look into it.

const GRID = 32, FRAME = 12; // cells of a map, milliseconds of training between two pictures
const state = {timer: null, data: [], train: [], test: [], order: [], losses: [], chosen: null, backward: false, own: DATA.points, model: DATA.model};
const PLAIN = {centre: [0, 0], scale: [1, 1], classes: ["0", "1"]}; // how points became numbers
const inputs = {...PLAIN};
let net = null, buttons = [], lines = [], reach = 2, shuffle = random(0);

const value = (id) => find(id).valueAsNumber;

/** A setting that training reads; refused in words, not put right in silence. */
function setting(id, name, allowed, wish) {
  const x = value(id);
  if (!allowed(x)) throw new Error(`${name} is ${wish}; “${find(id).value || "nothing"}” is not.`);
  return x;
}
DATA.activations.forEach((row, k) => find("#activation").append(html("option", {value: k}, row.symbol)));

function complain(text) {
  find("#fault").textContent = text;
  find("#fault").hidden = !text;
}

function widths() {
  const text = find("#widths").value.trim();
  const list = text ? text.split(/[\s,]+/).filter(Boolean).map(Number) : [];
  if (list.length > 5 || list.some((n) => !Number.isInteger(n) || n < 1 || n > 16)) throw new Error("Give up to 5 hidden layers with 1 to 16 neurons each, such as 8, 8.");
  return list;
}

/** A network as it is before training; `renew` makes the data anew too. */
function reset(renew) {
  pause();
  try {
    const sizes = widths(), seed = setting("#seed", "The seed", (n) => Number.isInteger(n) && n >= 0, "a whole number from 0");
    const own = find("#shape").value === "own" && state.own;
    if (own === null) throw new Error("Choose a CSV file first: two columns of numbers, then one of classes.");
    const share = setting("#share", "The share of test points", (n) => n >= 0 && n <= 90, "a number from 0 to 90");
    if (renew) {
      const {data, ...told} = own || {data: points(find("#shape").value, value("#noise"), seed), ...PLAIN};
      const held = new Set(shuffled([...data], random(seed + 3)).slice(0, Math.round((share / 100) * data.length)));
      Object.assign(inputs, told);
      state.data = [...data];
      state.test = [...held];
      state.train = data.filter((point) => !held.has(point));
      reach = 1.15 * extent();
      inputs.classes.forEach((name, y) => {
        find(`#name${y}`).textContent = `class ${name}`;
        find("#class").options[y].textContent = name;
      });
    }
    net = new Net(sizes, DATA.activations[Number(find("#activation").value) || 0], seed);
    if (state.model) net.load(state.model.state);
    net.use(find("#optimiser").value);
    shuffle = random(seed + 2);
    complain("");
  } catch (error) {
    complain(error.message);
    return;
  }
  find("#noise").disabled = find("#shape").value === "own";
  state.order = [];
  state.losses = [];
  if (state.chosen && !(net.layers[state.chosen[0]] || [])[state.chosen[1]]) state.chosen = null;
  build();
  changed(Math.min(value("#example"), state.data.length - 1));
}

const extent = () => Math.max(...state.data.flatMap(({x}) => x.map(Math.abs)));

/** Points were added or removed: the losses are of others now, and the example is this one. */
function changed(example) {
  find("#example").max = state.data.length - 1;
  find("#example").value = example;
  state.order = [];
  record();
  show();
}

function add(x) {
  if (!x.every(Number.isFinite)) return complain("A point has two numbers, x1 and x2.");
  complain("");
  const point = {x, y: find("#class").selectedIndex};
  state.data.push(point);
  state.train.push(point);
  if (extent() > reach) reach = 1.15 * extent();
  changed(state.data.length - 1);
}

function remove() {
  const [point] = state.data.slice(value("#example")), rest = state.train.filter((other) => other !== point);
  if (!rest.length) return complain("One point to train on must stay.");
  complain("");
  state.train = rest;
  state.test = state.test.filter((other) => other !== point);
  state.data = state.data.filter((other) => other !== point);
  changed(Math.min(value("#example"), state.data.length - 1));
}

// ── training ─────────────────────────────────────────────────────────────────────────────────

/** One step of training; false if a setting was refused. */
function step() {
  let size, lr, decay;
  try {
    size = setting("#batch", "The batch size", (n) => Number.isInteger(n) && n > 0, "a whole number from 1");
    lr = setting("#lr", "The learning rate", (x) => x > 0 && x < Infinity, "a number above 0");
    decay = setting("#decay", "L2", (x) => x >= 0 && x < Infinity, "a number from 0");
  } catch (error) {
    pause();
    complain(error.message);
    return false;
  }
  complain("");
  const batch = [];
  while (batch.length < Math.min(size, state.train.length)) {
    if (!state.order.length) state.order = shuffled([...state.train], shuffle);
    batch.push(state.order.pop());
  }
  net.step(batch, lr, decay);
  return true;
}

const percent = ({accuracy}) => `${(100 * accuracy).toFixed(1)} %`;

function record() {
  const now = net.measure(state.train), held = state.test.length ? net.measure(state.test) : null;
  const last = state.losses[state.losses.length - 1];
  if (last && last.step === net.steps) state.losses.pop(); // points or weights were changed by hand
  state.losses.push({step: net.steps, training: now.loss, test: held ? held.loss : NaN});
  if (state.losses.length > 600) state.losses = state.losses.filter((_, k) => k % 2 === 0);
  find("#status").textContent = `step ${net.steps} · loss ${number(now.loss, 3)} · accuracy ${percent(now)}${held ? ` · test loss ${number(held.loss, 3)} · test accuracy ${percent(held)}` : ""}`;
  find("#status").dataset.accuracy = now.accuracy;
  if (!Number.isFinite(now.loss)) {
    pause();
    complain("The loss is no longer a number; take a smaller learning rate and reset.");
  }
}

function pause() {
  cancelAnimationFrame(state.timer);
  state.timer = null;
  find("#run").textContent = "Run";
}

function run() {
  if (state.timer !== null) return pause();
  find("#run").textContent = "Pause";
  const tick = () => {
    state.timer = requestAnimationFrame(tick);
    const end = performance.now() + FRAME;
    // at most once through the data, so that one can watch
    const last = net.steps + Math.ceil(state.train.length / (Math.max(1, value("#batch")) || 1));
    while (step() && net.steps < last && performance.now() < end);
    record();
    show();
  };
  tick();
}

// ── pictures ─────────────────────────────────────────────────────────────────────────────────

const channel = (name) => {
  const probe = html("span", {class: name, hidden: true});
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
};
let colours = [channel("class0"), channel("class1")];

/** A map of numbers as a picture: the colour says the sign, the strength the size. */
function paint(canvas, numbers) {
  const context = canvas.getContext("2d"), image = context.createImageData(GRID, GRID);
  numbers.forEach((t, k) => {
    const colour = colours[t > 0 ? 1 : 0];
    image.data.set([...colour, 190 * Math.tanh(Math.abs(t))], 4 * k);
  });
  context.clearRect(0, 0, GRID, GRID);
  context.putImageData(image, 0, 0);
}

function maps() {
  const nodes = [...net.inputs, ...net.layers.flat().map(({a}) => a)];
  const found = new Map(nodes.map((i) => [i, new Float64Array(GRID * GRID)]));
  for (let k = 0; k < GRID * GRID; k++) {
    net.score([((k % GRID) + 0.5) / GRID * 2 * reach - reach, reach - (Math.floor(k / GRID) + 0.5) / GRID * 2 * reach]);
    for (const [i, numbers] of found) numbers[k] = net.graph.data[i];
  }
  return found;
}

const small = html("canvas", {width: GRID, height: GRID});

function surface(numbers) {
  paint(small, numbers);
  const canvas = find("#surface"), context = canvas.getContext("2d"), n = canvas.width;
  context.clearRect(0, 0, n, n);
  context.drawImage(small, 0, 0, n, n);
  const chosen = value("#example"), style = getComputedStyle(document.documentElement);
  const dots = [...state.data.entries()], held = new Set(state.test);
  for (const [k, dot] of [...dots, dots[chosen]]) { // the ring comes last, on top of the others
    const {x, y} = dot;
    context.beginPath();
    context.arc(((x[0] + reach) / (2 * reach)) * n, ((reach - x[1]) / (2 * reach)) * n, k === chosen ? 6 : 3.2, 0, 7);
    context.fillStyle = `rgb(${colours[y]})`;
    context.fill();
    context.lineWidth = k === chosen ? 2.5 : 1;
    context.strokeStyle = style.getPropertyValue(k === chosen ? "--ink" : "--paper");
    context.stroke();
    if (!held.has(dot)) continue;
    context.beginPath(); // a point of the test is hollow
    context.arc(((x[0] + reach) / (2 * reach)) * n, ((reach - x[1]) / (2 * reach)) * n, 2, 0, 7);
    context.fillStyle = style.getPropertyValue("--paper");
    context.fill();
  }
}

function build() {
  const columns = [net.inputs.map((a) => ({a})), ...net.layers], host = find("#net");
  const place = (l, j) => [(100 * (l + 0.5)) / columns.length, (100 * (j + 0.5)) / columns[l].length];
  lines = [];
  buttons = [];
  const picture = svg("svg", {viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true"});
  host.replaceChildren(picture);
  columns.forEach((neurons, l) => neurons.forEach((neuron, j) => {
    const [x, y] = place(l, j);
    (neuron.w || []).forEach((w, k) => {
      const [x1, y1] = place(l - 1, k), line = svg("line", {x1, y1, x2: x, y2: y});
      lines.push({line, w, z: neuron.z, slot: neuron.w.length + k});
      const wide = svg("line", {class: "grip", x1, y1, x2: x, y2: y}, svg("title", {}, `${net.graph.nodes[w].label}: click to edit`));
      wide.addEventListener("click", () => {
        choose(l - 1, j);
        opened.fields.get(w).select();
      });
      picture.append(line, wide);
    });
    const canvas = html("canvas", {width: GRID, height: GRID}), text = html("span", {});
    const made = html(l ? "button" : "div", {class: `neuron ${columns[l].length > 8 ? "crowded" : ""}`, style: `left: ${x}%; top: ${y}%`}, canvas, text);
    if (l) {
      made.type = "button";
      made.addEventListener("click", () => choose(l - 1, j));
    }
    host.append(made);
    buttons.push({made, canvas, text, a: neuron.a, l: l - 1, j});
  }));
  host.style.minWidth = `${80 * columns.length}px`;
}

function show() {
  const painted = maps();
  surface(painted.get(net.logit));
  const example = state.data[value("#example")], {graph} = net;
  graph.zeroGrad();
  net.run(example);
  find("#example-text").textContent = `x1 = ${number(example.x[0], 3)}, x2 = ${number(example.x[1], 3)}, class ${inputs.classes[example.y]}${state.test.includes(example) ? ", test" : ""}`;
  const strength = ({w, z, slot}) => (state.backward ? graph.grad[z] * graph.local[z][slot] : graph.data[w]);
  const most = state.backward ? Math.max(...lines.map((row) => Math.abs(strength(row)))) || 1 : 2;
  for (const row of lines) {
    const x = strength(row);
    row.line.setAttribute("stroke-width", 0.4 + 5 * Math.min(1, Math.abs(x) / most));
    row.line.setAttribute("stroke", x > 0 ? "var(--class1)" : "var(--class0)");
    row.line.setAttribute("stroke-opacity", 0.25 + 0.6 * Math.min(1, Math.abs(x) / most));
  }
  find("#net").className = `net ${state.backward ? "backward" : "forward"}`;
  for (const {made, canvas, text, a, l, j} of buttons) {
    paint(canvas, painted.get(a));
    const shown = number(state.backward ? graph.grad[a] : graph.data[a], 2);
    text.textContent = shown;
    if (l < 0) continue;
    const picked = state.chosen !== null && state.chosen[0] === l && state.chosen[1] === j;
    made.setAttribute("aria-pressed", picked);
    made.setAttribute("aria-label", `${graph.nodes[a].label}, ${state.backward ? "gradient" : "value"} ${shown}; open at gate level`);
  }
  const told = state.backward
    ? "Wires: gradient of the example's loss that flows back on each wire. Numbers: gradient of each output."
    : "Wires: weights. Numbers: each output for the example.";
  find("#legend").textContent = `${told} Orange is positive, blue negative.`;
  drawLosses(find("#curve"), state.losses);
  look();
  if (!find("#code").hidden) find("#code").value = net.python(inputs);
}

// ── one neuron ───────────────────────────────────────────────────────────────────────────────

let opened = null;

function choose(l, j) {
  state.chosen = [l, j];
  show();
  opened.diagram.fit();
}

/** Fields for the parameters of a neuron: node -> field. */
function fields({w, b}) {
  const made = new Map([...w, b].map((i) => [i, html("input", {type: "number", step: "any"})]));
  for (const [i, field] of made) {
    field.addEventListener("change", () => {
      if (!Number.isFinite(field.valueAsNumber)) return complain(`${net.graph.nodes[i].label} is a number; “${field.value || "nothing"}” is not.`);
      complain("");
      net.graph.data[i] = field.valueAsNumber;
      record();
      show();
    });
  }
  find("#weights").replaceChildren(...[...made].map(([i, field]) => html("label", {}, net.graph.nodes[i].label, field)));
  return made;
}

function look() {
  const host = find("#gates");
  host.hidden = find("#weights").hidden = state.chosen === null;
  if (state.chosen === null) {
    opened = null;
    host.replaceChildren();
    find("#gate-text").textContent = "Choose a neuron of the network, or a wire to edit its weight.";
    return;
  }
  const [l, j] = state.chosen, neuron = net.layers[l][j], scene = net.scene(l, j);
  if (!opened || opened.neuron !== neuron) {
    host.replaceChildren();
    const model = new Model(scene);
    opened = {neuron, model, fields: fields(neuron), diagram: new Diagram(host, model, {}, `Gates of ${scene.title}`)};
  }
  const {model, diagram} = opened;
  for (const [i, field] of opened.fields) {
    if (field !== document.activeElement) field.value = Number(net.graph.data[i].toPrecision(4));
  }
  scene.nodes.forEach(({data}, i) => (model.graph.data[i] = data));
  model.run();
  // The diagram seeds its root with 1; here what the rest of the network sends back stands there.
  const known = model.after(model.steps.length), upstream = net.graph.grad[neuron.a];
  for (const [i, g] of known.grad) known.grad.set(i, upstream * g);
  for (const terms of known.terms.values()) for (const term of terms) term.amount *= upstream;
  known.current = null;
  diagram.show(known);
  const told = model.forwardLine(model.root).parts.join(" = ");
  find("#gate-text").textContent = `${told}; dloss/d${scene.title} = ${number(upstream)}. Values above the wires, gradients of the example's loss below.`;
}

// ── controls ─────────────────────────────────────────────────────────────────────────────────

on("#run", "click", run);
on("#step", "click", () => {
  pause();
  if (!step()) return;
  record();
  show();
});
on("#reset", "click", () => reset());
on("#add", "click", () => add([value("#x1"), value("#x2")]));
on("#remove", "click", remove);
on("#surface", "click", ({clientX, clientY}) => {
  const {left, top, width, height} = find("#surface").getBoundingClientRect();
  add([((clientX - left) / width) * 2 * reach - reach, reach - ((clientY - top) / height) * 2 * reach]);
});
for (const id of ["#widths", "#activation", "#seed"]) on(id, "change", () => (state.model = null)); // another network than the given
for (const id of ["#shape", "#noise", "#seed", "#share"]) on(id, "change", () => reset(true));
for (const id of ["#widths", "#activation"]) on(id, "change", () => reset());
on("#optimiser", "change", ({target}) => {
  net.use(target.value); // each has a scale of its own, and so a rate to start from
  find("#lr").value = net.optimiser.rate;
});
on("#example", "input", show);
for (const [id, backward] of [["#forward", false], ["#backward", true]]) {
  on(id, "click", () => {
    state.backward = backward;
    find("#forward").setAttribute("aria-pressed", !backward);
    find("#backward").setAttribute("aria-pressed", backward);
    show();
  });
}

function own(text) {
  try {
    state.own = readTable(text, DATA.most);
  } catch (error) {
    complain(error.message);
    return;
  }
  find("#shape").value = "own";
  reset(true);
}
on("#file", "change", async (event) => {
  const [file] = event.target.files;
  if (file) own(await file.text());
});

on("#save-json", "click", () => download("model.json", JSON.stringify({widths: net.widths, activation: net.activation.gate, ...inputs, state: net.state()}, null, 1), "application/json"));
on("#save-python", "click", () => download("model.py", net.python(inputs), "text/x-python"));
on("#show-python", "click", (event) => {
  find("#code").hidden = !find("#code").hidden;
  event.currentTarget.textContent = find("#code").hidden ? "Show Python code" : "Hide Python code";
  show();
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours = [channel("class0"), channel("class1")];
  show();
});

find("#activation").value = Math.min(1, DATA.activations.length - 1);
if (DATA.model) {
  find("#widths").value = DATA.model.widths.join(", ");
  if (DATA.model.activation) find("#activation").value = DATA.activations.findIndex(({gate}) => gate === DATA.model.activation);
}
if (DATA.points) find("#shape").value = "own";
if (DATA.csv === null) reset(true);
else own(DATA.csv);
