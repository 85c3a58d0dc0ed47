// The formula in its place: gates and constants of it can be exchanged; the shape of the graph stays.

const LONGEST_FORMULA = 24; // gates of one that is written out
const INFIX = ["+", "-", "*", "/", "**"];

/** Whether a node has a line of its own: the root, what has a name, what is read twice. */
const stands = (i) => i === model.scene.root || named_(i) || readers.get(i) > 1;
const named_ = (i) => !/^v\d+$/.test(model.nodes[i].name);
const readers = new Map();

/** A node written out: its pieces, and how tightly it binds (by the table of constructs). */
function written(i, outermost) {
  const node = model.nodes[i], whole = (...pieces) => ({pieces, binds: Infinity});
  if (!outermost && (node.kind === "leaf" || (node.kind === "gate" && stands(i)))) return whole(node.name);
  if (node.kind === "constant") return whole(constant(i));
  const {show, inputs, word: called, rows} = model.graph.gates[i];
  const parts = node.parents.map((p) => written(p, false));
  const [construct, a, b] = Array.isArray(show[0]) ? show[0] : [];
  if (!rows && INFIX.includes(construct) && a === inputs[0] && b === inputs[1]) {
    const [binds] = BLACKBOARD[construct], least = construct === "**" ? WHOLE : binds;
    const put = (part, needed) => (part.binds < needed ? ["(", ...part.pieces, ")"] : part.pieces);
    return {pieces: [...put(parts[0], least), " ", gateField(i), " ", ...put(parts[1], least + 0.5)], binds};
  }
  return whole(rows ? called : gateField(i), "(", ...parts.flatMap(({pieces}, k) => (k ? [", ", ...pieces] : pieces)), ")");
}

function gateField(i) {
  const options = alternatives(i), {name, symbol} = model.graph.gates[i];
  if (options.length < 2) return symbol;
  const signs = options.map((key) => GATES[key].symbol);
  const called = (key) => (signs.filter((sign) => sign === GATES[key].symbol).length > 1 ? key : GATES[key].symbol);
  const field = html(
    "select",
    {
      class: "gate",
      "aria-label": `gate of ${model.nodes[i].name}`,
      onchange: (event) => {
        const chosen = event.target.value;
        forget();
        reshape(() => {
          exchange(i, chosen);
          model.refresh();
          model.run();
        });
        changed();
        find(`#formula [data-gate="${i}"]`).focus();
      },
      "data-gate": i,
    },
    options.map((key) => html("option", {value: key, selected: key === name}, called(key))),
  );
  field.style.width = `${called(name).length * 0.62 + 2.4}em`;
  return field;
}

function constant(i) {
  if (DATA.live) return model.nodes[i].name;
  const field = html("input", {
    type: "number",
    step: "any",
    class: "constant",
    value: model.graph.data[i],
    "aria-label": `constant ${model.nodes[i].name}`,
    "data-constant": i,
    onchange: (event) => {
      const x = event.target.valueAsNumber;
      refuse(Number.isFinite(x) ? "" : `A constant is a finite number; it stays ${number(model.graph.data[i])}.`, event.target);
      if (Number.isFinite(x)) setNumber(i, x);
      forget();
      reshape(() => model.run());
      changed();
      find(`#formula [data-constant="${i}"]`).focus();
    },
  });
  field.style.width = `${Math.max(4, String(model.graph.data[i]).length + 2.5)}em`;
  return field;
}

const isChanged = () => model.nodes.some(({gate, kind}, i) => gate !== gates[i] || (kind === "constant" && model.graph.data[i] !== start[i]));

/** One line for each node that stands by itself. */
function showFormula() {
  const order = reachable(), many = order.filter((i) => model.nodes[i].gate !== null);
  find("#title").textContent = DATA.title + (isChanged() ? " (changed)" : "");
  const inModules = order.some((i) => model.nodes[i].home >= 0);
  find("#formula-card").hidden = inModules || many.length > LONGEST_FORMULA || !many.length;
  if (find("#formula-card").hidden) return;
  readers.clear();
  for (const i of order) for (const p of model.nodes[i].parents) readers.set(p, (readers.get(p) || 0) + 1);
  const lines = many.filter(stands).map((i) => html("p", {class: "formula"}, `${model.nodes[i].name} = `, written(i, true).pieces));
  const wanted = document.activeElement;
  if (!find("#formula").contains(wanted)) find("#formula").replaceChildren(...lines);
  else {
    const key = wanted.dataset.gate ? `[data-gate="${wanted.dataset.gate}"]` : `[data-constant="${wanted.dataset.constant}"]`;
    find("#formula").replaceChildren(...lines);
    find(`#formula ${key}`)?.focus();
  }
}

/** The nodes that the root is made of, with every gate whole. */
function reachable() {
  const wanted = new Set([model.scene.root]);
  for (let i = model.nodes.length - 1; i >= 0; i--) if (wanted.has(i)) for (const p of model.nodes[i].parents) wanted.add(p);
  return [...wanted].sort((a, b) => a - b);
}

// ── all is there: show it ────────────────────────────────────────────────────────────────────

find("#exchange").hidden = DATA.live;
note();
offerAxes();
refreshInputs();
showFormula();
showLocals(state.locals);
