// Writing: numbers with few digits, formulas with names or numbers plugged in, elements.

/** A number with at most `digits` significant digits, as viz/words/numbers.py writes it. */
function number(x, digits = 4) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return Object.is(x, -0) ? "−0" : "0";
  let text;
  if (Number.isInteger(x) && Math.abs(x) < 10 ** (digits + 2)) text = String(x);
  else {
    const [mantissa, power] = x.toExponential(digits - 1).split("e");
    const exponent = Number(power);
    if (exponent > -5 && exponent < digits + 1) {
      text = x.toFixed(Math.max(digits - 1 - exponent, 0));
      if (text.includes(".")) text = text.replace(/\.?0+$/, "");
    } else text = `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${exponent}`;
  }
  return text.replaceAll("-", "−");
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const TIGHTNESS = {"+": 1, "−": 1, "×": 2, "/": 2, neg: 3, "^": 4};

/**
 * Write a gate's formula (a `show` of the table). `names` gives the text of every input (a list
 * of texts for a row), `values` the numbers, by which conditions are decided: only the branch
 * that is taken is written.
 */
function write(shape, names, values) {
  const text = (node, tightness, element) => {
    const [written, binds] = put(node, element);
    // a minus sign may open a formula, but not follow an operator
    return binds < tightness || (tightness > 1 && written.startsWith("−")) ? `(${written})` : written;
  };
  const rowOf = (node) => {
    if (typeof node === "string") return Array.isArray(names[node]) ? names[node].length : 0;
    return Array.isArray(node) ? Math.max(0, ...node.slice(1).map(rowOf)) : 0;
  };
  function put(node, element) {
    if (typeof node === "number") return [number(node), node < 0 ? 3 : 5];
    if (typeof node === "string") {
      let name = names[node];
      if (name === undefined) name = {pi: "π", inf: "∞", nan: "NaN"}[node] || node;
      if (Array.isArray(name)) name = element === undefined ? name.join(", ") : name[element];
      name = String(name);
      return [name, /[ (]/.test(name) ? 0 : name.startsWith("−") ? 3 : 5];
    }
    const [sign, first, second] = node, binds = TIGHTNESS[sign];
    switch (sign) {
      case "+":
      case "−":
        return [`${text(first, 1, element)} ${sign} ${text(second, sign === "+" ? 1.5 : 2, element)}`, 1];
      case "×":
      case "/": {
        const left = put(first, element);
        return [`${left[1] < 2 ? `(${left[0]})` : left[0]} ${sign} ${text(second, sign === "×" ? 2.5 : 3, element)}`, 2];
      }
      case "^": {
        const base = text(first, 5, element);
        if (Number.isInteger(second) && second >= 0 && second < 10) return [base + SUPERSCRIPT[second], 4];
        const power = put(second, element)[0];
        return [`${base}^${/^[\w.]+$/.test(power) ? power : `(${power})`}`, 4];
      }
      case "neg":
        return [`−${text(first, 3, element)}`, 3];
      case "not":
        return [`not ${text(first, 5, element)}`, 0];
      case "and":
      case "or":
        return [node.slice(1).map((part) => text(part, 0, element)).join(` ${sign} `), 0];
      case "test":
        return [`${put(second, element)[0]} ${first} ${put(node[3], element)[0]}`, 0];
      case "if":
        return put(first(values) ? node[3] : node[4], element);
      case "Σ": {
        const n = rowOf(first);
        const term = (i) => text(first, 1.5, i);
        if (n > 4) return [`${term(0)} + ${term(1)} + … + ${term(n - 1)}`, 1];
        return [Array.from({length: n}, (_, i) => term(i)).join(" + "), n > 1 ? 1 : 0];
      }
      case "call":
        return [`${first}(${put(second, element)[0]})`, 5];
    }
    throw new Error(`a formula of unknown shape: ${sign}, ${binds}`);
  }
  return put(shape)[0];
}

/** The test that decides a formula, with numbers, or "" if nothing is decided. */
function because(shape, names, values) {
  if (!Array.isArray(shape) || shape[0] !== "if") return "";
  const taken = shape[1](values);
  const test = shape[2][0] === "or" ? shape[2][1] : shape[2];
  const said = write(test, names, values);
  return taken ? `since ${said}` : `since not ${said}`;
}

/** Which partial belongs to a gate's input number k, and its place in the row. */
function partialAt(gate, k, count) {
  const n = rowLength(gate, count);
  return k < n * gate.rows ? [Math.floor(k / n), k % n] : [gate.rows + k - n * gate.rows, null];
}

/** A number behind an operator. */
function factor(x) {
  const text = number(x);
  return text.startsWith("−") ? `(${text})` : text;
}

/** "−4 + 1 + (−2)"; of a long sum the middle is left out. */
function summed(numbers, most = 6) {
  const texts = numbers.map((x, k) => (k ? factor(x) : number(x)));
  return (texts.length > most ? [...texts.slice(0, 2), "…", texts.at(-1)] : texts).join(" + ");
}

// ── what a reader writes ─────────────────────────────────────────────────────────────────────

/** A number as students write it: 3, −0.5, 1/3, 0,25. NaN where it is none. */
function read(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll("–", "-").replace(",", ".");
  const fraction = plain.split("/");
  if (!plain || fraction.length > 2 || fraction.some((part) => !part.trim())) return NaN;
  const [top, bottom] = fraction.map(Number);
  return bottom === undefined ? top : top / bottom;
}

/** A whole number has to be met, any other to three digits. */
function agrees(answer, truth) {
  if (Number.isInteger(truth)) return Math.abs(answer - truth) <= 1e-9 * Math.max(1, Math.abs(truth));
  return Math.abs(answer - truth) <= 5e-3 * Math.abs(truth);
}

// ── elements ─────────────────────────────────────────────────────────────────────────────────

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; text is always text, never markup. */
function element(namespace, tag, attributes, children) {
  const made = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}
const html = (tag, attributes, ...children) => element(null, tag, attributes, children);
const svg = (tag, attributes, ...children) => element(SVG, tag, attributes, children);
const find = (selector, within = document) => within.querySelector(selector);

const on = (selector, type, act) => find(selector).addEventListener(type, act);

/** Hand a file to the reader. */
function download(name, part, type) {
  const url = URL.createObjectURL(new Blob([part], {type}));
  html("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** The button that takes colours told apart by any eye. */
function offerSafeColours() {
  on("#colours", "click", (event) => {
    const safe = document.documentElement.dataset.colours !== "safe";
    document.documentElement.dataset.colours = safe ? "safe" : "";
    event.currentTarget.setAttribute("aria-pressed", safe);
  });
}

/** Draw how a number fell: `numbers` as a line in an <svg viewBox="0 0 300 90">, its name and ends above. */
function drawCurve(curve, name, numbers, unit = "steps") {
  const finite = numbers.filter(Number.isFinite), many = numbers.length - 1, last = numbers[many];
  curve.toggleAttribute("hidden", finite.length < 2);
  if (finite.length < 2) return;
  const low = Math.min(...finite), span = Math.max(...finite) - low || 1;
  const x = (k) => (8 + (k / many) * 284).toFixed(1), y = (v) => (70 - ((v - low) / span) * 52).toFixed(1);
  curve.replaceChildren(
    svg("line", {x1: 8, y1: 74, x2: 292, y2: 74}),
    svg("text", {x: 8, y: 12}, `${name}: ${number(numbers[0])} → ${number(last)}`),
    svg("text", {x: 292, y: 87, "text-anchor": "end"}, unit),
    svg("polyline", {points: numbers.map((v, k) => (Number.isFinite(v) ? `${x(k)},${y(v)}` : "")).join(" ")}),
  );
  if (Number.isFinite(last)) curve.append(svg("circle", {cx: x(many), cy: y(last), r: 3.5}));
  curve.setAttribute("aria-label", `${name} went from ${number(numbers[0])} to ${number(last)} in ${unit}`);
}

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
