// Worksheets: blanks on the wires, answers that are marked, hints from the gate table, a key.

const ASKED = DATA.hide === "all" ? ["values", "local", "gradients"] : [DATA.hide];
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

/** A, B … Z, AA, AB …: letters, since a number in a blank reads as an answer. */
const letters = (k) => (k < 26 ? "" : String.fromCharCode(64 + k / 26)) + String.fromCharCode(65 + (k % 26));

/**
 * What is asked of a circuit: each blank with its letter, place, name, answer, its hint, and the
 * numbers that a mistake would give. A hint is in symbols: it gives no other blank away.
 */
function blanks(model) {
  const {graph} = model, found = [];
  const order = [...model.units.values()].map((unit) => unit.node);
  const ask = (blank) => found.push({...blank, tag: letters(found.length)});
  const counted = (i) => model.nodes[i].kind !== "constant";
  const rule = ({parts, when}) => `${parts[0]} = ${parts[1]}${when ? ` (${when})` : ""}`;
  const atKink = "Here the slopes on both sides differ: which of them counts is a convention.";
  if (ASKED.includes("values")) {
    for (const i of order) {
      if (graph.gates[i] === null) continue;
      ask({
        key: `v${i}`,
        name: model.name(i),
        truth: graph.data[i],
        hint: () => [graph.gates[i].doc, rule(model.forwardLine(i))],
        slips: [],
      });
    }
  }
  if (ASKED.includes("local")) {
    for (const i of order) {
      model.parents[i].forEach((p, k) => counted(p) && ask({
        key: `l${i}/${k}`,
        name: model.partial(i, k),
        truth: graph.local[i][k],
        hint: () => [graph.gates[i].doc, rule(model.localLine(i, k)), model.atKink(i) && atKink],
        slips: [
          [graph.grad[i] * graph.local[i][k], "That is what comes back to the input; the local gradient is the gate's alone."],
          ...[...graph.local[i]].map((x) => [x, "That is the slope by another input of the gate."]),
        ],
      }));
    }
  }
  if (ASKED.includes("gradients")) {
    for (const i of order.slice().reverse()) {
      if (!counted(i) || i === model.root) continue;
      const ways = model.consumers.get(i), {grad, local} = graph;
      const paths = ways.map(([c, k]) => grad[c] * local[c][k]);
      const lost = "A path is missing: add up what comes back along every wire.";
      ask({
        key: `g${i}`,
        name: model.total(i),
        truth: grad[i],
        hint: () => [
          `${model.total(i)} = ${ways.map(([c, k]) => model.share(c, k)).join(" + ")}`,
          ...ways.map(([c, k]) => {
            const blank = found.find(({key}) => key === `l${c}/${k}`);
            return blank ? `${blank.name} is blank ${blank.tag}` : `with ${rule(model.localLine(c, k))}`;
          }),
          !ASKED.includes("local") && ways.some(([c]) => model.atKink(c)) && atKink,
          ways.length > 1 && `${model.name(i)} is read ${ways.length} times: what comes back adds up`,
        ],
        slips: [
          ...(ways.length > 1 ? paths.flatMap((x) => [[x, lost], [grad[i] - x, lost]]) : []),
          ...ways.map(([c, k]) => [local[c][k], "That is the local gradient; multiply it by what comes back to the gate."]),
          ...ways.map(([c]) => [grad[c], "That is what comes back to the gate; multiply it by the local gradient."]),
        ],
      });
    }
  }
  return found;
}

/** What is wrong with an answer, as far as it can be told. */
function diagnosis(answer, {truth, slips}) {
  if (agrees(-answer, truth)) return "Check the sign.";
  const found = slips.find(([number]) => agrees(answer, number));
  return found ? found[1] : "";
}

// ── the sheets ───────────────────────────────────────────────────────────────────────────────

const score = new Map();
let fieldCount = 0;

function tally() {
  const right = [...score.values()].filter(Boolean).length;
  find("#progress").max = score.size;
  find("#progress").value = right;
  find("#count").textContent = right === score.size ? `all ${right} right, well done` : `${right} of ${score.size} right`;
}

function question(blank, drawing, context) {
  const id = `answer-${++fieldCount}`;
  const mark = html("span", {class: "mark", role: "status"});
  const slip = html("p", {class: "slip", role: "status"});
  const hint = html("div", {class: "hint", id: `${id}-hint`, hidden: true});
  const row = html("li", {class: "question", "data-key": blank.key});
  const judge = () => {
    const text = field.value, answer = read(text), given = text.trim() !== "";
    const right = given && agrees(answer, blank.truth);
    row.classList.toggle("right", right);
    row.classList.toggle("wrong", given && !right);
    const said = right ? "right" : Number.isNaN(answer) ? "not a number" : "not yet";
    const icon = () => svg("svg", {viewBox: "0 0 16 16", "aria-hidden": "true"}, svg("path", {d: ICONS[right ? "right" : "wrong"]}));
    mark.replaceChildren(...(given ? [icon(), said] : []));
    slip.textContent = given && !right ? diagnosis(answer, blank) : "";
    field.setAttribute("aria-invalid", given && !right);
    drawing.reveals(blank.key, right);
    score.set(id, right);
    tally();
  };
  const field = html("input", {
    type: "text",
    id,
    inputmode: "text",
    autocomplete: "off",
    "aria-label": `${context}blank ${blank.tag}: ${blank.name}`,
    "aria-describedby": `${id}-hint`,
    onchange: judge,
    oninput: () => {
      // what is being changed is not judged before it is finished
      if (!row.matches(".right, .wrong")) return;
      row.classList.remove("right", "wrong");
      field.removeAttribute("aria-invalid");
      mark.replaceChildren();
      slip.textContent = "";
      drawing.reveals(blank.key, false);
      score.set(id, false);
      tally();
    },
    onfocus: () => drawing.point(blank.key, true),
    onblur: () => drawing.point(blank.key, false),
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      judge();
      const all = [...document.querySelectorAll(".question input")];
      const next = all[all.indexOf(field) + 1];
      if (row.classList.contains("right") && next) next.focus();
    },
  });
  const ask = html("button", {
    type: "button",
    "aria-expanded": "false",
    "aria-controls": `${id}-hint`,
    "aria-label": `Hint for ${context}blank ${blank.tag}`,
    onclick: () => {
      hint.hidden = !hint.hidden;
      ask.setAttribute("aria-expanded", !hint.hidden);
      if (!hint.childElementCount) hint.append(...blank.hint().filter(Boolean).map((text) => html("p", {}, text)));
    },
  }, "Hint");
  score.set(id, false);
  row.append(html("span", {class: "tag", "aria-hidden": "true"}, blank.tag), html("label", {for: id}, `${blank.name} =`), field, mark, ask, slip, hint);
  return row;
}

const several = DATA.sheets.length > 1;
DATA.sheets.forEach((scene, s) => {
  const model = new Model(scene), asked = blanks(model);
  const heading = several ? `Circuit ${s + 1}` : "";
  const context = several ? `circuit ${s + 1}, ` : "";
  const canvas = html("div", {class: "canvas"}), parts = html("div", {class: "parts"});
  find("#sheets").append(html("section", {class: "sheet", "aria-label": heading || "Worksheet"}, heading ? html("h2", {}, heading) : null, canvas, parts));
  const drawing = new Drawing(canvas, model, asked, false, `Circuit ${s + 1} with blanks`);
  if (drawing.extent.w > 800) document.body.classList.add("wide"); // on paper lying on its side
  for (const kind of ASKED) {
    const rows = asked.filter(({key}) => key[0] === kind[0]).map((blank) => question(blank, drawing, context));
    if (rows.length) parts.append(html("fieldset", {}, html("legend", {}, TITLES[kind]), html("ol", {class: "questions"}, rows)));
  }
  const filled = html("div", {class: "canvas"});
  const answers = asked.map((blank) => html("li", {"data-key": blank.key, "data-truth": blank.truth}, html("span", {class: "tag"}, blank.tag), `${blank.name} = `, html("b", {}, number(blank.truth))));
  find("#keys").append(html("section", {class: "sheet key"}, html("h2", {}, `Answer key${heading ? `: ${heading}` : `: ${DATA.title}`}`), filled, html("ol", {class: "answers"}, answers)));
  new Drawing(filled, model, asked, true, `Circuit ${s + 1}, filled in`);
});

find("#title").textContent = DATA.title;
find("#task").textContent = `${TASKS[DATA.hide]} Whole numbers exactly, others to three digits; 1/3 is fine too.`;
tally();
on("#print", "click", () => window.print());
on("#show-key", "click", (event) => {
  const open = find("#keys").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", open);
  event.currentTarget.textContent = open ? "Hide answer key" : "Show answer key";
});
offerSafeColours();
