// Worksheets: blanks on the wires, answers that are marked where they are typed, hints; and the key.
//
// The sheet has no answers. It has a seal of each (viz/pages/worksheet/questions.py), and one of
// every number that a common mistake gives: what is typed is sealed alike, and compared.

const ICONS = {right: "M2.5 8.5l3.5 3.5 7.5-8", wrong: "M3.5 3.5l9 9M12.5 3.5l-9 9"};
const TITLES = {
  values: "Forward pass: the value of each gate",
  local: "Local gradients: each gate by each of its inputs",
  gradients: "Backward pass: the gradients",
};
const TASKS = {
  values: "Fill in the value of each gate.",
  local: "Fill in the local gradient on each wire into a gate.",
  gradients: "Fill in the gradients, from the result back to the inputs. A node that is read more than once adds up what comes back.",
  all: "Fill in the values, from the inputs to the result, then the local gradients, then the gradients from the result back to the inputs.",
};

/** The circuit with the numbers that it was given; what is asked is not computed. */
class Given extends Model {
  run() {
    this.nodes.forEach(({data, grad}, i) => {
      this.graph.data[i] = data === null ? NaN : data;
      this.graph.grad[i] = grad === null ? NaN : grad;
    });
  }
}

// ── seals ────────────────────────────────────────────────────────────────────────────────────

const [FIRST, ROUNDS] = [[], []];
for (let n = 2; ROUNDS.length < 64; n++) {
  if (Array.from({length: n - 2}, (_, k) => k + 2).some((d) => n % d === 0)) continue;
  if (FIRST.length < 8) FIRST.push(((n ** (1 / 2)) % 1) * 2 ** 32 | 0);
  ROUNDS.push(((n ** (1 / 3)) % 1) * 2 ** 32 | 0);
}

/** SHA-256 of a text, in hexadecimal. */
function sha256(text) {
  const bytes = [...new TextEncoder().encode(text)], bits = bytes.length * 8;
  bytes.push(0x80);
  while (bytes.length % 64 !== 56) bytes.push(0);
  for (let k = 7; k >= 0; k--) bytes.push(Math.floor(bits / 256 ** k) % 256);
  const turn = (x, by) => (x >>> by) | (x << (32 - by));
  const hash = [...FIRST];
  for (let at = 0; at < bytes.length; at += 64) {
    const w = Array.from({length: 16}, (_, k) => bytes.slice(at + 4 * k, at + 4 * k + 4).reduce((word, b) => (word << 8) | b, 0));
    for (let k = 16; k < 64; k++) {
      const [a, b] = [w[k - 15], w[k - 2]];
      w[k] = (w[k - 16] + w[k - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let k = 0; k < 64; k++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[k] + w[k]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((word, k) => (hash[k] = (hash[k] + word) | 0));
  }
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const GRID = Math.log(1.0005), NEAR = 10; // cells on each side: half a percent

/** The seals under which an answer may be known: a whole number's, and those of the cells around. */
function seals(answer, {salt}) {
  if (!Number.isFinite(answer)) return [];
  const found = [], cell = Math.floor(Math.log(Math.abs(answer)) / GRID), whole = Math.round(answer);
  if (Math.abs(answer - whole) <= 1e-9 * Math.max(1, Math.abs(answer))) found.push(`${whole + 0}`);
  for (let k = cell - NEAR; answer && k <= cell + NEAR; k++) found.push(`${answer < 0 ? "-" : "+"}${k}`);
  return found.map((token) => sha256(`${salt}/${token}`).slice(0, 12));
}

/** What is wrong with an answer, as far as it can be told. */
function diagnosis(found, {negated, slips}) {
  if (found.includes(negated)) return "Check the sign.";
  const slip = found.find((seal) => seal in slips);
  return slip ? slips[slip] : "";
}

// ── the sheets ───────────────────────────────────────────────────────────────────────────────

const score = new Map();
const inside = []; // the fields in the diagrams, by their letters
let fieldCount = 0;

function tally() {
  if (DATA.exam) return;
  const right = [...score.values()].filter(Boolean).length;
  find("#progress").max = score.size;
  find("#progress").value = right;
  find("#count").textContent = right === score.size ? `all ${right} right, well done` : `${right} of ${score.size} right`;
}

/** A blank: a field on its wire, and below a row with another, a mark and a hint; they say the same. */
function question(blank, drawing, verdict, context) {
  const id = `answer-${++fieldCount}`;
  const mark = html("span", {class: "mark", role: "status"});
  const slip = html("p", {class: "slip", role: "status"});
  const hint = html("div", {class: "hint", id: `${id}-hint`, hidden: true});
  const row = html("li", {class: "question", "data-key": blank.key});
  const settle = (right, given) => {
    for (const place of [row, drawing.marks.get(blank.key).frame]) {
      place.classList.toggle("right", right);
      place.classList.toggle("wrong", given && !right);
    }
    for (const field of fields) {
      if (given) field.setAttribute("aria-invalid", !right);
      else field.removeAttribute("aria-invalid");
    }
    score.set(id, right);
    tally();
  };
  const judge = ({target}) => {
    if (DATA.exam) return;
    const text = target.value;
    const answer = read(text), given = text.trim() !== "", found = seals(answer, blank);
    const right = found.includes(blank.seal);
    for (const field of fields) field.value = text;
    const said = right ? "right" : Number.isNaN(answer) ? "not a number" : "not yet";
    const icon = () => svg("svg", {viewBox: "0 0 16 16", "aria-hidden": "true"}, svg("path", {d: ICONS[right ? "right" : "wrong"]}));
    mark.replaceChildren(...(given ? [icon(), said] : []));
    slip.textContent = given && !right ? diagnosis(found, blank) : "";
    drawing.reveals(blank.key, right ? number(answer) : null);
    const away = target === fields[1] && given; // the row may be out of sight
    const aloud = `${blank.tag}, ${blank.name}: ${right ? "this is right" : said}`;
    const why = slip.textContent;
    if (away) verdict.replaceChildren(aloud, ...(why ? [" · ", why] : [])); // each a message by itself
    verdict.classList.toggle("forward-ink", right);
    settle(right, given);
  };
  const field = (place, class_) => html("input", {
    type: "text",
    id: class_ ? null : id,
    class: class_,
    inputmode: "text",
    autocomplete: "off",
    "aria-label": `${context}blank ${blank.tag}: ${blank.name}${place}`,
    "aria-describedby": DATA.exam ? null : `${id}-hint`,
    onchange: judge,
    oninput: (event) => {
      for (const other of fields) if (other !== event.target) other.value = event.target.value;
      // what is being changed is not judged before it is finished
      if (!row.matches(".right, .wrong")) return;
      mark.replaceChildren();
      slip.textContent = "";
      drawing.reveals(blank.key, null);
      settle(false, false);
    },
    onfocus: () => drawing.point(blank.key, true),
    onblur: () => drawing.point(blank.key, false),
    onkeydown: (event) => {
      event.stopPropagation(); // arrows move within the field
      if (event.key !== "Enter") return;
      judge(event);
      const all = class_ ? inside : [...document.querySelectorAll(".question input")];
      const next = all[all.indexOf(event.target) + 1];
      if ((DATA.exam || row.classList.contains("right")) && next) next.focus();
    },
  });
  const fields = [field("", null), field(", in the diagram", "inside")];
  drawing.takes(blank.key, fields[1]);
  inside.push(fields[1]);
  const ask = html("button", {
    type: "button",
    "aria-expanded": "false",
    "aria-controls": `${id}-hint`,
    "aria-label": `Hint for ${context}blank ${blank.tag}`,
    onclick: () => {
      hint.hidden = !hint.hidden;
      ask.setAttribute("aria-expanded", !hint.hidden);
      if (!hint.childElementCount) hint.append(...blank.hint.map((text) => html("p", {}, text)));
    },
  }, "Hint");
  score.set(id, false);
  row.append(html("span", {class: "tag", "aria-hidden": "true"}, blank.tag), html("label", {for: id}, `${blank.name} =`), fields[0]);
  if (!DATA.exam) row.append(mark, ask, slip, hint);
  return row;
}

const all = [...DATA.sheets, ...DATA.spare], several = all.length > 1, {key: isKey = false} = DATA;

/** One circuit with its blanks, or in the key with the answers. */
function fillSheet(section, s, {scene, blanks}) {
  const heading = several ? `Circuit ${s + 1}` : "";
  const canvas = html("div", {class: "canvas"}), parts = html("div", {class: "parts"});
  const verdict = html("p", {class: "verdict", role: "status"});
  section.setAttribute("aria-label", heading || "Worksheet");
  section.replaceChildren(...(heading ? [html("h2", {}, heading)] : []), canvas, verdict, parts);
  const model = new Given(scene);
  const drawing = new Drawing(canvas, model, blanks, isKey, isKey ? `Circuit ${s + 1}, filled in` : `Circuit ${s + 1} with blanks`);
  if (drawing.extent.w > 800) document.body.classList.add("wide"); // on paper lying on its side
  if (isKey) {
    const answers = blanks.map(({key, tag, name, truth}) => html("li", {"data-key": key, "data-truth": truth}, html("span", {class: "tag"}, tag), `${name} = `, html("b", {}, number(truth))));
    parts.append(html("ol", {class: "answers"}, answers));
    return;
  }
  const context = several ? `circuit ${s + 1}, ` : "";
  for (const kind of DATA.kinds) {
    const rows = blanks.filter(({key}) => key[0] === kind[0]).map((blank) => question(blank, drawing, verdict, context));
    if (rows.length) parts.append(html("fieldset", {}, html("legend", {}, TITLES[kind]), html("ol", {class: "questions"}, rows)));
  }
}

const sections = DATA.sheets.map((sheet, s) => {
  const section = html("section", {class: "sheet"});
  find("#sheets").append(section);
  fillSheet(section, s, sheet);
  return section;
});

let shown = DATA.sheets.length;
find("#new").hidden = !DATA.spare.length;
on("#new", "click", () => {
  score.clear();
  inside.length = 0;
  sections.forEach((section, s) => fillSheet(section, (shown + s) % all.length, all[(shown + s) % all.length]));
  shown += sections.length;
  find("#count").textContent = "";
  tally();
  inside[0].focus();
});

// ── handing in ───────────────────────────────────────────────────────────────────────────────

/** What `viz.mark` reads: "answers of Ada: 1A=-4; 1B=3". */
function handedIn() {
  const given = sections.flatMap((section, s) => {
    const rows = [...section.querySelectorAll(".question")];
    return rows.map((row) => `${s + 1}${row.querySelector(".tag").textContent}=${row.querySelector("input").value.trim()}`);
  });
  return `answers of ${DATA.student}: ${given.join("; ")}`;
}

if (DATA.student) find(".who span").textContent = DATA.student;
find("#copy").hidden = isKey || !DATA.student;
on("#copy", "click", () => {
  const field = find("#answers");
  field.hidden = false;
  field.value = handedIn();
  field.select();
  // where a page may not copy, the text stands there, selected
  navigator.clipboard?.writeText(field.value).then(() => (find("#count").textContent = "copied"), () => {});
});

find("#title").textContent = isKey ? `Answer key: ${DATA.title}` : DATA.title;
document.body.classList.toggle("key", isKey);
find("#progress").hidden = Boolean(DATA.exam);
const task = TASKS[DATA.kinds.length > 1 ? "all" : DATA.kinds[0]];
find("#task").textContent = isKey ? "" : `${task} Whole numbers exactly, others to three digits; 1/3 is fine too.`;
tally();
on("#print", "click", () => window.print());
offerSafeColours();
