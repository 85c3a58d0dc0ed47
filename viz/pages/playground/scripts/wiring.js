// The network as a drawing: a column for each layer, its neurons with their maps, wires between them.

const DEEPEST = 6, WIDEST = 16; // hidden layers and their neurons; playground/given.py takes as many
let buttons = [], lines = [];

/** The neuron that the pointer or the keyboard is on, whose map is shown large; or null. */
function pointed() {
  const [l, j] = state.hovered || [];
  return (net.layers[l] || [])[j] || null;
}

function hover(place) {
  if (String(place) === String(state.hovered)) return; // a button that goes loses the focus first
  state.hovered = place;
  show();
}

/** Another number of neurons in a layer, or of layers; what was learnt stays. */
function widen(l, by) {
  const list = widths();
  if (l < list.length) list[l] += by;
  else list.splice(by > 0 ? list.length : -1, by > 0 ? 0 : 1, ...(by > 0 ? [4] : []));
  find("#widths").value = list.join(", ");
  rebuild();
  remember();
}

const placed = (x, y) => `left: ${x}%; top: ${y}%`;

/** "− 8 +" above a layer. */
function head(l, x) {
  const many = net.layers[l].length;
  const press = (sign, by, told, allowed) => html("button", {type: "button", "aria-label": told, title: told, disabled: !allowed, onclick: () => {
    widen(l, by);
    [...document.querySelectorAll(".head")][l].querySelectorAll("button")[by > 0 ? 1 : 0].focus();
  }}, sign);
  return html("div", {class: "head", role: "group", "aria-label": `hidden layer ${l + 1}`, style: placed(x, 0)},
    press("−", -1, `one neuron fewer in hidden layer ${l + 1}`, many > 1),
    html("span", {}, String(many)),
    press("+", 1, `one neuron more in hidden layer ${l + 1}`, many < WIDEST));
}

function build() {
  const picture = task.columns > 2, first = picture ? [{a: null}] : net.inputs.map((a) => ({a}));
  const columns = [first, ...net.layers], host = find("#net");
  const place = (l, j) => [(100 * (l + 0.5)) / columns.length, 7 + (93 * (j + 0.5)) / columns[l].length];
  lines = [];
  buttons = [];
  const drawing = svg("svg", {viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true"});
  host.replaceChildren(drawing);
  columns.forEach((neurons, l) => {
    if (l && l < columns.length - 1) host.append(head(l - 1, place(l, 0)[0]));
    neurons.forEach((neuron, j) => {
      const [x, y] = place(l, j);
      if (picture && l === 1) drawing.append(svg("line", {class: "bundle", x1: place(0, 0)[0], y1: place(0, 0)[1], x2: x, y2: y}));
      else (neuron.w || []).forEach((w, k) => {
        const [x1, y1] = place(l - 1, k), line = svg("line", {x1, y1, x2: x, y2: y}), title = svg("title", {});
        lines.push({line, w, z: neuron.z, slot: neuron.w.length + k});
        const wide = svg("line", {class: "grip", x1, y1, x2: x, y2: y}, title);
        wide.addEventListener("pointerenter", () => (title.textContent = `${net.graph.nodes[w].label} = ${number(net.graph.data[w])}; click to edit`));
        wide.addEventListener("click", () => {
          choose(l - 1, j);
          opened.fields.get(w).select();
        });
        drawing.append(line, wide);
      });
      const canvas = html("canvas", {width: 1, height: 1}), text = html("span", {class: "number"});
      const crowded = columns[l].length > 8 ? "crowded" : "";
      const made = html(l ? "button" : "div", {class: `neuron ${crowded} ${l ? "" : "input"}`, style: placed(x, y)}, canvas, text);
      if (l) {
        made.type = "button";
        made.addEventListener("click", () => choose(l - 1, j));
        made.addEventListener("pointerenter", ({pointerType}) => pointerType === "mouse" && hover([l - 1, j]));
        made.addEventListener("pointerleave", () => hover(null));
        made.addEventListener("focus", () => made.matches(":focus-visible") && hover([l - 1, j]));
        made.addEventListener("blur", () => hover(null));
      }
      host.append(made);
      const tag = l === columns.length - 1 && neurons.length > 1 ? task.classes[j] : "", said = shorten(tag, 8);
      if (tag) host.append(html("span", {class: `tag ${crowded}`, "aria-hidden": "true", style: placed(x, y)}, said));
      buttons.push({made, canvas, text, a: neuron.a, l: l - 1, j, name: tag && `class ${tag}`, tagged: said.length});
    });
  });
  host.style.minWidth = `${76 * columns.length}px`;
  host.style.marginRight = `${8 * Math.max(...buttons.map(({tagged}) => tagged))}px`;
  const deep = net.layers.length - 1;
  find("#depth").textContent = deep === 1 ? "1 hidden layer" : `${deep} hidden layers`;
  find("#shallower").disabled = !deep;
  find("#deeper").disabled = deep >= DEEPEST;
}

/** Wires and neurons as they are now, for the example that ran last. */
function drawNet({found}, example) {
  const {graph} = net;
  const strength = ({w, z, slot}) => (state.backward ? graph.grad[z] * graph.local[z][slot] : graph.data[w]);
  const top = state.backward ? most(lines.map(strength)) : 2;
  for (const row of lines) {
    const x = strength(row), part = Math.min(1, Math.abs(x) / top);
    row.line.setAttribute("stroke-width", 0.4 + 5 * part);
    row.line.setAttribute("stroke", x > 0 ? "var(--class1)" : "var(--class0)");
    row.line.setAttribute("stroke-opacity", 0.25 + 0.6 * part);
  }
  find("#net").classList.toggle("backward", state.backward);
  find("#net").classList.toggle("of-pictures", task.columns > 2);
  for (const {made, canvas, text, a, l, j, name} of buttons) {
    if (a === null) {
      const grads = net.columns.map((i) => graph.grad[i]);
      if (state.backward) paint(canvas, [grads], signed(most(grads)));
      else drawInk(canvas, example.x);
      text.textContent = "picture";
      continue;
    }
    paint(canvas, [found.get(a)], signed(task.columns > 2 ? most(found.get(a)) : 1));
    const shown = number(state.backward ? graph.grad[a] : graph.data[a], 2), {label} = graph.nodes[a];
    text.textContent = shown;
    if (l < 0) {
      made.title = label;
      text.textContent = `${label} ${shown}`;
      continue;
    }
    made.setAttribute("aria-pressed", state.chosen !== null && state.chosen[0] === l && state.chosen[1] === j);
    const called = name ? `${label}, ${name}` : label;
    made.setAttribute("aria-label", state.backward ? `${called}, gradient ${shown}; open at gate level` : `${called}, value ${shown}; open at gate level`);
  }
  const told = state.backward
    ? "Wires: gradient of the example's loss that flows back on each wire. Numbers: gradient of each output."
    : "Wires: weights. Numbers: each output for the example.";
  find("#legend").textContent = `${told} Orange is positive, blue negative.`;
}

on("#deeper", "click", () => widen(net.layers.length - 1, 1));
on("#shallower", "click", () => widen(net.layers.length - 1, -1));
