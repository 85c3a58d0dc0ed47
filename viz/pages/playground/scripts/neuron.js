// One neuron: its formula, its gates with the numbers of the example, its parameters to edit.

const READABLE = 20; // inputs up to which its gates are drawn
let opened = null;

function choose(l, j) {
  state.chosen = [l, j];
  show();
  if (opened.diagram) opened.diagram.fit();
}

/** Fields for the parameters of a neuron: node -> field. */
function fields({w, b}) {
  const made = new Map([...w, b].map((i) => [i, html("input", {type: "number", step: "any"})]));
  for (const [i, field] of made) {
    field.addEventListener("change", (event) => {
      event.stopPropagation();
      if (!Number.isFinite(field.valueAsNumber)) return complain(`${net.graph.nodes[i].label} is a number; “${field.value || "an empty field"}” is not.`);
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
  find("#weights").hidden = state.chosen === null;
  if (state.chosen === null) {
    opened = null;
    host.hidden = find("#gate-note").hidden = true;
    host.replaceChildren();
    find("#gate-text").textContent = "Choose a neuron of the network, or a wire to edit its weight.";
    return;
  }
  const [l, j] = state.chosen, neuron = net.layers[l][j], scene = net.scene(l, j);
  host.hidden = find("#gate-note").hidden = neuron.w.length > READABLE;
  host.style.height = `${Math.min(440, 40 + scene.layouts[0].h)}px`;
  if (!opened || opened.neuron !== neuron) {
    host.replaceChildren();
    const model = new Model(scene), title = `Gates of ${scene.title}`;
    opened = {neuron, model, fields: fields(neuron), diagram: host.hidden ? null : new Diagram(host, model, {}, title)};
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
  if (diagram) diagram.show(known);
  const told = model.forwardLine(model.root).parts.join(" = ");
  find("#gate-text").textContent = `${told}; dloss/d${scene.title} = ${number(upstream)}`;
}
