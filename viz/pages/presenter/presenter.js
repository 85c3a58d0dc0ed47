// The presenter: what is asked, then the rule, then the answer; number after number.

/** The circuit with its numbers; those that are asked for lie behind the blanks. */
class Told extends Model {
  run() {
    this.nodes.forEach(({data, grad}, i) => {
      this.graph.data[i] = data;
      this.graph.grad[i] = grad;
    });
  }
}

const STAGES = 3; // of a number: asked, with its rule, answered
let circuit = 0, step = 0, drawing = null;
const blanks = () => DATA.sheets[circuit].blanks;
const last = () => STAGES * blanks().length;

/** Everything as it is after `step` steps: 0 asks for nothing yet. */
function show() {
  const at = Math.floor((step - 1) / STAGES), stage = (step - 1) % STAGES;
  blanks().forEach(({key, truth}, k) => {
    drawing.reveals(key, k < at || (k === at && stage === STAGES - 1) ? number(truth) : null);
    drawing.point(key, step > 0 && k === at);
  });
  const question = find("#question"), rule = find("#rule");
  rule.replaceChildren();
  if (step === 0) question.textContent = DATA.sheets.length > 1 ? `Circuit ${circuit + 1} of ${DATA.sheets.length}` : DATA.title;
  else {
    const {key, name, truth, hint} = blanks()[at], answered = stage === STAGES - 1;
    const ink = key[0] === "v" ? "forward-ink" : key[0] === "g" ? "backward-ink" : "";
    question.replaceChildren(`${name} = `, html("b", {class: ink}, answered ? number(truth) : "?"));
    if (stage > 0) rule.append(...hint.map((text) => html("p", {}, text)));
  }
  find("#progress").max = last();
  find("#progress").value = step;
  find("#back").disabled = step === 0;
  find("#on").disabled = step === last();
}

function open(k) {
  circuit = Math.min(Math.max(k, 0), DATA.sheets.length - 1);
  step = 0;
  const host = find("#canvas"), {scene, blanks} = DATA.sheets[circuit];
  host.replaceChildren();
  drawing = new Drawing(host, new Told(scene), blanks, false, `Circuit ${circuit + 1}, filled in step by step`);
  find("#previous").disabled = circuit === 0;
  find("#next").disabled = circuit === DATA.sheets.length - 1;
  show();
}

function move(by) {
  step = Math.min(Math.max(step + by, 0), last());
  show();
}

const wholeScreen = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.());
const KEYS = {
  " ": () => move(1),
  ArrowRight: () => move(1),
  PageDown: () => move(1),
  ArrowLeft: () => move(-1),
  PageUp: () => move(-1),
  Home: () => move(-step),
  End: () => move(last()),
  n: () => open(circuit + 1),
  p: () => open(circuit - 1),
  f: wholeScreen,
};
document.addEventListener("keydown", (event) => {
  const does = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.closest("button")) return; // which it presses
  event.preventDefault();
  event.stopPropagation(); // the arrows would move in the diagram
  does();
}, true);

find("#title").textContent = DATA.title;
for (const name of ["previous", "next"]) find(`#${name}`).hidden = DATA.sheets.length < 2;
on("#previous", "click", () => open(circuit - 1));
on("#next", "click", () => open(circuit + 1));
on("#screen", "click", wholeScreen);
find("#screen").hidden = !document.fullscreenEnabled;
on("#back", "click", () => move(-1));
on("#on", "click", () => move(1));
offerSafeColours();
open(0);
