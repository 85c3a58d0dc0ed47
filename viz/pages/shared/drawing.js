// A circuit that stands still, with numbers on its wires and blanks for some of them.

/** The circuit on paper: it stands still, and some of its numbers are blanks. */
class Drawing extends Diagram {
  constructor(host, model, blanks, filled, label) {
    super(host, model, {}, label);
    host.classList.add("still");
    this.blanks = new Map(blanks.map((blank) => [blank.key, blank]));
    this.marks = new Map();
    this.known = new Map(); // what stands in the place of a blank
    if (filled) for (const {key, truth} of blanks) this.known.set(key, number(truth));
    this.taken = [];
    if (blanks.some((blank) => blank.key[0] === "l")) this.spread(1.55, 1.3);
    const top = 12, {w, h} = this.extent;
    this.picture.setAttribute("viewBox", `-8 ${-top} ${w + 16} ${h + top + 18}`);
    this.picture.style.maxWidth = `${Math.round((w + 16) * 1.5)}px`;
    this.picture.style.setProperty("--least", `${Math.round((w + 16) * 0.72)}px`);
    for (const unit of model.units.values()) this.fillUnit(unit);
    for (const wire of this.wires) this.fillWire(wire);
    this.say();
  }
  fit() {}
  reveal() {}
  listen() {
    this.picture.addEventListener("keydown", (event) => {
      const by = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.move(by);
    });
  }

  /** Room on the wires for what is to be written there. */
  spread(along, down) {
    const boxes = [...this.boxes.values()];
    for (const box of boxes) {
      box.x *= along;
      box.y *= down;
    }
    this.extent.w = Math.max(...boxes.map((box) => box.x + box.w));
    this.extent.h = Math.max(...boxes.map((box) => box.y + box.h));
    this.draw();
  }

  fillUnit(unit) {
    const i = unit.node, made = this.elements.get(unit.id), box = this.boxes.get(unit.id);
    made.hover.remove();
    const body = this.bodyWidth(unit.id);
    this.taken.push({x: box.x + body / 2, y: box.y + box.h / 2, width: body, height: box.h - 6});
    if (made.kind === "constant") return;
    const x = box.x + box.w - STUB / 2, middle = box.y + box.h / 2, {graph} = this.model;
    this.put(made.value, `v${i}`, graph.data[i], x, middle - 14, "value-slot");
    this.put(made.grad, `g${i}`, graph.grad[i], x, middle + 14, "grad-slot");
  }

  /** The local gradient on its wire. */
  fillWire(wire) {
    const [{gate, slot}] = wire.parts, width = 44;
    const key = `l${gate}/${slot}`;
    if (!this.blanks.has(key)) return;
    const {x, y} = this.spot(wire, this.taken, width);
    const text = svg("text", {class: "local", x, y: y + 4, "text-anchor": "middle"});
    this.world.append(text);
    this.put(text, key, NaN, x, y, "", width);
  }

  /** A number, or the blank that stands for it. */
  put(text, key, amount, x, y, kind, width = 52) {
    this.taken.push({x, y, width, height: 20});
    const blank = this.blanks.get(key);
    if (!blank) {
      text.textContent = number(amount);
      return;
    }
    const frame = svg(
      "g",
      {class: "blank"},
      svg("rect", {class: `slot ${kind}`, x: x - width / 2, y: y - 10, width, height: 20, rx: 4}),
      svg("text", {class: "tag", x: x - width / 2 + 4, y: y + 4, "aria-hidden": "true"}, blank.tag),
    );
    this.world.append(frame);
    this.marks.set(key, {frame, text, x, y, width});
    this.reveals(key, this.known.get(key) ?? null);
  }

  /** A field to type the answer in, where the blank is. */
  takes(key, field) {
    const {frame, x, y, width} = this.marks.get(key), indent = 6 + 8 * this.blanks.get(key).tag.length;
    field.style.paddingLeft = `${indent}px`;
    frame.append(svg("foreignObject", {x: x - width / 2, y: y - 10, width, height: 20}, field));
  }

  /** Show an answer instead of the blank, or with null the blank again. */
  reveals(key, answer) {
    const {frame, text} = this.marks.get(key);
    if (answer === null) this.known.delete(key);
    else this.known.set(key, answer);
    text.textContent = answer ?? "";
    frame.classList.toggle("filled", answer !== null);
    this.say();
  }

  /** What a screen reader hears at each node: given numbers, and blanks by their letters. */
  say() {
    const {model} = this;
    for (const unit of model.units.values()) {
      const i = unit.node, made = this.elements.get(unit.id);
      const told = (key, amount) => {
        const blank = this.blanks.get(key);
        return !blank ? number(amount) : this.known.get(key) ?? `blank ${blank.tag}`;
      };
      const said = made.kind === "constant"
        ? `number ${model.name(i)}`
        : `${this.spoken(i)}, value ${told(`v${i}`, model.graph.data[i])}, gradient ${told(`g${i}`, model.graph.grad[i])}`;
      made.handle.setAttribute("aria-label", said);
    }
  }
  point(key, on) {
    this.marks.get(key).frame.classList.toggle("pointed", on);
  }
}
