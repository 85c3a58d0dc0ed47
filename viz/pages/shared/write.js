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

// ── formulas, by the table of constructs that Python writes by (autodiff/formula/languages.py) ───

const RAISED = Object.fromEntries([..."0123456789−"].map((c, k) => [c, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[k]]));
const SYMBOLS = {pi: "π", inf: "∞", nan: "NaN"};
const OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="};
const WHOLE = 12; // how tightly a word binds

const bracketed = ({text, binds}, least = 0) => (binds < least ? `(${text})` : text);
const RAISED_END = /⁽[^⁽⁾]+⁾$/; // of a name: it needs brackets to be raised once more
const NAME = /^([\p{L}\d_.]+(\[[^[\]]*\])?|\p{L}[\p{L}\p{No}₊₋,]*|∞|…)$/u;
function word(text) {
  const plain = text.replace(RAISED_END, "");
  return {text, binds: text.startsWith("−") ? 10 : NAME.test(plain) ? WHOLE - (plain !== text) : 0};
}

/** A construct with its operands put in; what is negative gets brackets behind an operator. */
function fill(construct, operands) {
  const [binds, template] = BLACKBOARD[construct], last = operands.length - 1;
  const signed = ["+", "-", "*", "/", "neg", "log1p"].includes(construct);
  const given = operands.map((operand, k) => {
    const loose = operand.text.startsWith("−") && ((signed && k === last) || construct === "*");
    const divided = construct === "*" && k === 0 && operand.text.replace(/\([^()]*\)/g, "").includes(" / ");
    return loose || divided ? {...operand, binds: 0} : operand;
  });
  if (construct === "**" && /^−?\d+$/.test(given[1].text)) {
    return {text: bracketed(given[0], WHOLE) + [...given[1].text].map((c) => RAISED[c]).join(""), binds};
  }
  return {text: template.replace(/\{(\d)(?::(\d+))?\}/g, (_, k, least) => bracketed(given[k], least)), binds};
}

/**
 * Write a gate's formula (a `show` of the table), of the case that applies. `names` gives the
 * text of every input (a list of texts for a row), `values` the numbers, by which cases are
 * decided, `known` those that are constants: a reader would write x² for x ** (3 − 1).
 */
function write(shape, names, values, known) {
  const reckoned = (node) => {
    if (!Array.isArray(node)) return typeof node === "number" ? node : typeof known[node] === "number" ? known[node] : NaN;
    return node[0] === "-" ? reckoned(node[1]) - reckoned(node[2]) : NaN;
  };
  const rowOf = (node) => {
    if (Array.isArray(node)) return Math.max(0, ...node.slice(1).map(rowOf));
    return Array.isArray(names[node]) ? names[node].length : 0;
  };
  function put(node, at) {
    if (typeof node === "number") return word(number(node));
    if (typeof node === "string") {
      const name = names[node] === undefined ? SYMBOLS[node] || node : names[node];
      if (!Array.isArray(name)) return word(String(name));
      return at === undefined ? {text: name.join(", "), binds: WHOLE} : word(name[at]);
    }
    const [construct, ...parts] = node, [a, b] = parts.map(reckoned);
    if (construct === "if") return put(parts[0](values) ? parts[2] : parts[3], at);
    if (construct === "-" && !Number.isNaN(a - b)) return word(number(a - b));
    if ("* **".split(" ").includes(construct) && b === 1) return put(parts[0], at);
    if (construct === "*" && a === 1) return put(parts[1], at);
    if (construct === "**" && b === 0) return word("1");
    if (construct === "sum") {
      const n = rowOf(parts[0]), shown = n > 4 ? [0, 1, "…", n - 1] : [...Array(n).keys()];
      return shown.map((i) => (i === "…" ? word(i) : put(parts[0], i))).reduce((sum, term) => fill("+", [sum, term]));
    }
    return fill(construct, parts.map((part) => put(part, at)));
  }
  return put(shape).text;
}

/** The test that decided for a case, as it holds; "" where the case speaks for itself. */
function because(shape, names, values) {
  let test, holds;
  while (Array.isArray(shape) && shape[0] === "if") {
    holds = shape[1](values);
    test = shape[2];
    shape = shape[holds ? 3 : 4];
  }
  if (!test || (Array.isArray(shape) && shape[0] !== "neg")) return "";
  const tests = ["or", "and"].includes(test[0]) ? test.slice(1) : [test];
  const [only, ...more] = tests.filter(([sign]) => sign in OPPOSITE); // that NaN passes is not told
  if (!only || more.length) return "";
  return `since ${write(holds ? only : [OPPOSITE[only[0]], ...only.slice(1)], names, values, {})}`;
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

/** Draw how a number fell in so many steps: `numbers` as a line in an <svg viewBox="0 0 300 90">, its name and ends above. */
function drawCurve(curve, name, numbers, steps) {
  const finite = numbers.filter(Number.isFinite), many = numbers.length - 1, last = numbers[many];
  const unit = steps === 1 ? "1 step" : `${steps} steps`;
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
