// The playground: choose data and a network, train it, look into it.

const FRAME = 12; // milliseconds of training between two pictures
const state = {timer: null, data: [], train: [], test: [], order: [], losses: [], chosen: null, hovered: null, backward: false, drawn: null, own: DATA.points && taskOf(DATA.points), model: DATA.model};
let task = null, net = null, shuffle = random(0);

/** The example that is looked at: the drawing, or a point or picture of the data. */
const current = () => (state.drawn ? {x: state.drawn, y: find("#class").selectedIndex} : state.data[value("#example")]);

/** The data that is chosen, as a task. */
function chosenTask() {
  const shape = find("#shape").value;
  if (shape === "own") {
    if (!state.own) throw new Error("Choose a CSV file first: two columns of numbers, then one of classes.");
    return state.own;
  }
  if (shape === "digits") return digits();
  const many = shape in HEIGHTS ? 1 : Math.min(setting("many"), SHAPES[shape].most || Infinity);
  return points(shape, setting("noise"), setting("seed"), many);
}

/** A network as the settings ask for. */
function freshNet() {
  const made = new Net({
    columns: task.columns,
    features: chosenFeatures(),
    widths: widths(),
    activation: DATA.activations.find(({symbol}) => symbol === find("#activation").value),
    classes: task.classes,
  }, setting("seed"));
  const shapes = (parameters) => JSON.stringify(Object.entries(parameters).map(([name, array]) => [name, array.length, array[0].length]));
  const fits = state.model && shapes(made.state()) === shapes(state.model.state);
  if (fits) made.load(state.model.state);
  made.use(find("#optimiser").value);
  return made;
}

/** A network as it is before training; `renew` makes the data anew too. */
function reset(renew) {
  pause();
  try {
    if (renew) takeTask(chosenTask(), setting("share"), setting("seed"));
    net = freshNet();
    shuffle = random(setting("seed") + 2);
    complain("");
  } catch (error) {
    complain(error.message);
    return;
  }
  state.order = [];
  state.losses = [];
  settle();
}

/** Another network in the place of this one; what both have stays as it was learnt. */
function rebuild() {
  try {
    const made = freshNet();
    made.inherit(net);
    net = made;
    complain("");
  } catch (error) {
    complain(error.message);
    return;
  }
  settle();
}

function settle() {
  if (state.chosen && !(net.layers[state.chosen[0]] || [])[state.chosen[1]]) state.chosen = null;
  state.hovered = null;
  build();
  changed(Math.min(value("#example"), state.data.length - 1));
}

function takeTask(taken, share, seed) {
  const shape = find("#shape").value, {data} = taken;
  const held = new Set(shuffled([...data], random(seed + 3)).slice(0, Math.round((share / 100) * data.length)));
  task = taken;
  state.data = [...data];
  state.test = [...held];
  state.train = data.filter((point) => !held.has(point));
  clearPen();
  reach = 1.15 * extent();
  const plane = task.columns === 2, made = shape !== "own" && shape !== "digits";
  find("#noise").disabled = !made;
  find("#many").disabled = !made || shape in HEIGHTS || SHAPES[shape].most === 2;
  for (const id of ["#surface", "#plane-text", "#plane-view", "#features"]) find(id).hidden = !plane;
  for (const id of ["#x1", "#x2"]) find(id).parentElement.hidden = !plane;
  for (const id of ["#pad", "#pad-text", "#clear"]) find(id).hidden = plane;
  find("#add").textContent = plane ? "Add point" : "Add drawing";
  find("#add-text").hidden = !plane;
  find("#bars").hidden = !task.classes || (plane && task.classes.length < 3);
  find("#class").replaceChildren(...(task.classes || []).map((name) => html("option", {}, name)));
  find("#class").parentElement.hidden = !task.classes;
  find("#y").parentElement.hidden = Boolean(task.classes);
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
  const y = task.classes ? find("#class").selectedIndex : (value("#y") - task.middle) / task.spread;
  if (!x.every(Number.isFinite)) return complain("A point has two numbers, x1 and x2.");
  if (!Number.isFinite(y)) return complain("A point has a value, y.");
  complain("");
  const point = {x, y};
  state.data.push(point);
  state.train.push(point);
  clearPen();
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
  let size, rates;
  try {
    size = setting("batch");
    rates = {lr: setting("lr"), l1: setting("l1"), l2: setting("decay")};
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
  net.step(batch, rates);
  return true;
}

/** How good it is, by the measure of the task. */
function judged({score}, held) {
  if (task.classes) return held ? `test accuracy ${(100 * score).toFixed(1)} %` : `accuracy ${(100 * score).toFixed(1)} %`;
  const share = Number.isFinite(score) ? number(score, 3) : "—";
  return held ? `test R² ${share}` : `R² ${share}`;
}

function record() {
  const now = net.measure(state.train), held = state.test.length ? net.measure(state.test) : null;
  const last = state.losses[state.losses.length - 1];
  if (last && last.step === net.steps) state.losses.pop(); // points or weights were changed by hand
  state.losses.push({step: net.steps, training: now.loss, test: held ? held.loss : NaN});
  if (state.losses.length > 600) state.losses = state.losses.filter((_, k) => k % 2 === 0);
  const told = [`step ${net.steps}`, `loss ${number(now.loss, 3)}`, judged(now, false)];
  if (held) told.push(`test loss ${number(held.loss, 3)}`, judged(held, true));
  find("#status").replaceChildren(...told.flatMap((text, k) => [...(k ? [" · "] : []), html("span", {}, text)]));
  find("#status").dataset.accuracy = now.score;
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

/** Train, as many steps a second as the speed says, or as fast as pictures follow. */
function run() {
  if (state.timer !== null) return pause();
  find("#run").textContent = "Pause";
  let due = performance.now();
  const tick = (now) => {
    state.timer = requestAnimationFrame(tick);
    const speed = Number(find("#speed").value), end = performance.now() + FRAME;
    if (speed && now < due) return;
    due = Math.max(due, now - 100) + 1000 / speed;
    // at most once through the data, so that one can watch
    const last = net.steps + (speed ? 1 : Math.ceil(state.train.length / (Math.max(1, value("#batch")) || 1)));
    while (step() && net.steps < last && performance.now() < end);
    record();
    show();
  };
  tick(due);
}

// ── what is seen ─────────────────────────────────────────────────────────────────────────────

function described(example) {
  const {classes, middle, spread, columns} = task, {x, y} = example;
  const told = columns === 2 ? x.map((c, k) => `x${k + 1} = ${number(c, 3)}`) : [];
  told.push(classes ? `class ${classes[y]}` : `y = ${number(middle + spread * y, 3)}`);
  return state.test.includes(example) ? [...told, "test point"] : told;
}

function show() {
  const example = current(), {graph} = net, plane = task.columns === 2;
  const painted = plane ? maps() : slopes(example);
  graph.zeroGrad();
  net.run(example);
  (plane ? drawPlane : drawPad)(painted);
  if (!find("#bars").hidden) drawBars(probabilities(net.outputs.map((i) => graph.data[i])));
  find("#example-text").textContent = state.drawn ? "your drawing" : described(example).join(", ");
  drawNet(painted, example);
  drawLosses(find("#curve"), state.losses);
  look();
  if (!find("#code").hidden) find("#code").value = pythonCode(net, task);
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
on("#add", "click", () => add(task.columns === 2 ? [value("#x1"), value("#x2")] : current().x));
on("#remove", "click", remove);
on("#seed", "change", () => (state.model = null)); // another network than the given
for (const id of ["#shape", "#many", "#noise", "#seed", "#share"]) on(id, "change", () => reset(true));
on("#activation", "change", () => reset());
for (const id of ["#widths", "#features"]) on(id, "change", rebuild);
on("#optimiser", "change", ({target}) => {
  net.use(target.value); // each has a scale of its own, and so a rate to start from
  find("#lr").value = net.optimiser.rate;
});
on("#example", "input", clearPad);
for (const id of ["#discrete", "#show-test"]) on(id, "change", show);
for (const [id, backward] of [["#forward", false], ["#backward", true]]) {
  on(id, "click", () => {
    state.backward = backward;
    find("#forward").setAttribute("aria-pressed", !backward);
    find("#backward").setAttribute("aria-pressed", backward);
    show();
  });
}
on("main", "change", remember);

on("#file", "change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  event.target.value = "";  // the same file, mended, is news
  try {
    state.own = taskOf(readTable(await file.text()));
  } catch (error) {
    complain(error.message);
    return;
  }
  find("#shape").value = "own";
  reset(true);
});

on("#save-model", "click", () => {
  const {data, classes, ...scales} = task;
  const counts = (classes || []).map((_, k) => data.filter(({y}) => y === k).length);
  const file = modelFile(net, task, {...scales, counts, features: net.features.map(({text}) => text)});
  download("model.safetensors", file, "application/octet-stream");
});
on("#save-python", "click", () => download("model.py", pythonCode(net, task), "text/x-python"));
on("#show-python", "click", (event) => {
  find("#code").hidden = !find("#code").hidden;
  event.currentTarget.textContent = find("#code").hidden ? "Show Python code" : "Hide Python code";
  show();
});
on("#copy-link", "click", async () => {
  remember();
  try {
    await navigator.clipboard.writeText(location.href);
    find("#link-text").textContent = "Copied: it brings back the settings and the seed.";
  } catch {
    find("#link-text").textContent = "The address of this page holds the settings and the seed.";
  }
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  takeColours();
  show();
});

// ── start ────────────────────────────────────────────────────────────────────────────────────

DATA.activations.forEach(({symbol}) => find("#activation").append(html("option", {value: symbol}, symbol)));
DATA.features.forEach(({name, text}, k) => find("#features").append(html("label", {}, html("input", {type: "checkbox", id: `feature${k}`, name: text, checked: k < 2}), name)));
find("#activation").value = DATA.activations[1].symbol;
if (DATA.model) {
  const {activation, columns, outputs, widths} = DATA.model;
  find("#widths").value = widths.join(", ");
  if (activation) find("#activation").value = DATA.activations.find(({gate}) => (gate || "identity") === activation).symbol;
  find("#shape").value = columns > 2 ? "digits" : outputs > 1 ? "clusters" : "moons";
  find("#many").value = Math.max(2, outputs);
}
if (state.own) find("#shape").value = "own";
takeAsUsual();
takeColours();

/** As the address says; a link that is followed in the page does the same. */
function begin() {
  const vain = restore();
  reset(true);
  if (vain) complain(vain);
}
addEventListener("hashchange", begin);
begin();
