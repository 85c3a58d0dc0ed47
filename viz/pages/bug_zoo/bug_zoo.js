// The bug zoo: walks with a mistake, step by step, their gradients beside the right ones.

/** The gradients after so many steps of a walk, and what the last of them did. */
function played(model, steps, count = steps.length) {
  const {graph} = model, grad = new Float64Array(model.nodes.length), data = Float64Array.from(graph.data);
  const local = graph.local.map((row) => Float64Array.from(row));
  let last = null;
  for (const [does, i, slot, gate = i, k = slot] of steps.slice(0, count)) {
    const p = model.parents[i][slot];
    last = {does, i, slot, p, before: grad[does === "add" || does === "set" ? p : i], upstream: grad[i], local: local[gate][k]};
    if (does === "seed" || does === "clear") grad[i] = Number(does === "seed");
    else if (does === "change") {
      data[i] += 1;
      last.data = data[i];
      for (const [c] of model.consumers.get(i)) graph.gates[c].fire(model.parents[c].map((q) => data[q]), local[c]);
    } else grad[p] = last.upstream * last.local + (does === "set" ? -0 : grad[p]);
    last.after = grad[p];
  }
  return {grad, last, data};
}

function differ(got, truth) {
  if (Number.isNaN(got) && Number.isNaN(truth)) return false;
  return !(got === truth || Math.abs(got - truth) <= Math.max(1e-12, 1e-9 * Math.max(Math.abs(got), Math.abs(truth))));
}

let count = 0;

class Exhibit {
  constructor(host, {title, scene, rows, right, bugs}) {
    const id = `exhibit-${++count}`;
    this.model = new Model(scene);
    this.rows = rows;
    this.walks = [{title: "right", code: "reversed(order), +=", why: "Each gate hands on when all of its own gradient has arrived.", steps: right}, ...bugs];
    this.at = {walk: this.walks.length > 2 ? 0 : 1, step: 0};
    this.at.step = this.walks[this.at.walk].steps.length;
    const canvas = html("div", {class: "canvas"});
    this.table = html("table", {});
    this.told = html("p", {class: "told", "aria-live": "polite"});
    this.count = html("output", {class: "quiet"});
    this.choice = html("div", {class: "row", role: "group", "aria-label": "Walk"});
    const button = (name, label, by) => html("button", {type: "button", "aria-label": label, onclick: () => this.go(by())}, name);
    const end = () => this.walks[this.at.walk].steps.length;
    this.buttons = [
      button("|◀", "To the beginning", () => 0),
      button("◀", "One step back", () => this.at.step - 1),
      button("▶", "One step on", () => this.at.step + 1),
      button("▶|", "To the end", end),
    ];
    this.about = html("div", {class: "card about"});
    const inputs = this.model.nodes.flatMap(({kind, name}, i) => (kind === "leaf" ? [this.field(i, name)] : []));
    host.append(html(
      "section",
      {class: "exhibit", id, "aria-label": title || DATA.title},
      title ? html("h2", {}, title) : null,
      canvas,
      html("div", {class: "row inputs", role: "group", "aria-label": "Inputs"}, inputs),
      this.choice,
      html("div", {class: "row steps", role: "group", "aria-label": "Steps"}, this.buttons, this.count),
      this.told,
      this.about,
      html("div", {class: "scroll", role: "region", "aria-label": "Gradients, right and wrong", tabindex: "0"}, this.table),
    ));
    this.drawing = new Drawing(canvas, this.model, [], true, `${title || DATA.title}: the circuit`);
    this.walks.forEach((walk, w) => this.choice.append(html("button", {type: "button", onclick: () => this.follow(w)}, walk.title)));
    this.show();
  }

  field(i, name) {
    const change = (event) => {
      const x = event.target.valueAsNumber;
      event.target.setAttribute("aria-invalid", !Number.isFinite(x));
      if (!Number.isFinite(x)) return;
      this.model.graph.data[i] = x;
      this.model.run();
      this.show();
    };
    return html("label", {}, `${name} = `, html("input", {type: "number", step: "any", value: this.model.graph.data[i], oninput: change}));
  }

  /** Another walk, from its beginning. */
  follow(w) {
    this.at = {walk: w, step: 0};
    this.show();
  }

  go(step) {
    this.at.step = Math.max(0, Math.min(this.walks[this.at.walk].steps.length, step));
    this.show();
  }

  show() {
    const {model, drawing, at} = this, walk = this.walks[at.walk], n = walk.steps.length;
    const now = played(model, walk.steps, at.step), truth = played(model, this.walks[0].steps).grad;
    const finished = at.step === n;
    for (const unit of model.units.values()) {
      const i = unit.node, made = drawing.elements.get(unit.id);
      if (made.kind === "constant") continue;
      made.value.textContent = number(now.data[i]);
      const wrong = finished && differ(now.grad[i], truth[i]);
      made.grad.textContent = `${wrong ? "✗ " : ""}${number(now.grad[i])}`;
      made.grad.classList.toggle("wrong", wrong);
      made.element.classList.toggle("current", now.last !== null && now.last.i === i);
      made.handle.setAttribute("aria-label", `${drawing.spoken(i)}, value ${number(now.data[i])}, gradient ${number(now.grad[i])}${wrong ? ", wrong" : ""}`);
    }
    for (const {path, parts: [{gate, slot}]} of drawing.wires) {
      const here = now.last !== null && now.last.i === gate && now.last.slot === slot && "add set".includes(now.last.does);
      path.classList.toggle("backward", here);
    }
    this.count.textContent = `step ${at.step} of ${n}`;
    this.buttons.forEach((button, k) => (button.disabled = k < 2 ? at.step === 0 : finished));
    [...this.choice.children].forEach((button, w) => button.setAttribute("aria-pressed", w === at.walk));
    this.told.textContent = this.sentence(now.last);
    const wrong = (w) => this.rows.filter((i) => differ(played(model, this.walks[w].steps).grad[i], truth[i])).length;
    const verdict = (w) => (wrong(w) ? `✗ ${wrong(w)} of ${this.rows.length} gradients are wrong here.` : "✓ Here it goes unnoticed: this circuit does not show the bug.");
    this.about.replaceChildren(html("p", {}, html("code", {}, walk.code)), html("p", {}, walk.why), ...(at.walk ? [html("p", {class: "verdict"}, verdict(at.walk))] : []));
    this.fillTable(truth);
  }

  /** What a step did. */
  sentence(last) {
    const {model} = this;
    if (last === null) return "All gradients are 0. Step on.";
    const {does, i, p, before, upstream, local, after} = last, name = model.name(does === "add" || does === "set" ? p : i);
    if (does === "seed") return `${name}.grad = 1: here the backward pass begins.`;
    if (does === "clear") return `${name}.grad = 0: a second pass begins; the gradients of inputs stay.`;
    if (does === "change") return `${name}.data += 1: from now on ${name} = ${number(last.data)}, and local gradients are computed from it.`;
    const product = `${factor(upstream)} · ${factor(local)}`;
    return does === "set"
      ? `${model.name(i)} → ${name}: ${name}.grad = ${product} = ${number(after)}${before ? `; the ${number(before)} that stood there is lost` : ""}`
      : `${model.name(i)} → ${name}: ${name}.grad = ${number(before)} + ${product} = ${number(after)}`;
  }

  fillTable(truth) {
    const {model} = this, bugs = this.walks.slice(1).map(({title, steps}) => ({title, grad: played(model, steps).grad}));
    const wrong = (got) => [html("span", {role: "img", "aria-label": "wrong: "}, "✗ "), number(got)];
    this.table.replaceChildren(
      html("thead", {}, html("tr", {}, html("th", {scope: "col"}, "gradient"), html("th", {scope: "col"}, "right"), bugs.map(({title}) => html("th", {scope: "col"}, title)))),
      html("tbody", {}, this.rows.map((i) => html(
        "tr",
        {"data-name": model.name(i)},
        html("th", {scope: "row"}, model.total(i)),
        html("td", {class: "right"}, number(truth[i])),
        bugs.map(({grad}) => (differ(grad[i], truth[i]) ? html("td", {class: "wrong"}, wrong(grad[i])) : html("td", {}, number(grad[i])))),
      ))),
    );
  }
}

find("#title").textContent = DATA.title;
for (const exhibit of DATA.exhibits) new Exhibit(find("#exhibits"), exhibit);
