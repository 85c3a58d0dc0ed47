// The studio's page: what the visitor types goes to Python, what Python tells is shown.
// The whole state is in the page's address.

const EXAMPLES = [
  ["Add, then multiply", "q = x + y; f = q * z", {x: "-2", y: "5", z: "-4"}],
  ["A sigmoid neuron", "σ(w0*x0 + w1*x1 + w2)", {w0: "2", x0: "-1", w1: "-3", x1: "-2", w2: "-3"}],
  ["Three patterns: + × max", "2 * (x*y + max(z, w))", {x: "3", y: "-4", z: "2", w: "-1"}],
  ["A fork: gradients add up", "q = x + y; f = q * x", {x: "3", y: "-4"}],
  ["Many forks", "(x + σ(y)) / (σ(x) + (x + y)^2)", {x: "3", y: "-4"}],
  ["A neuron of rows", "z = dot(w, x) + b; a = tanh(z)", {w: "2,-3,1", x: "-1,-2,0.5", b: "-3"}],
  ["Squared error", "y = w*x + b; L = (y - t)^2", {w: "0.5", x: "2", b: "-1", t: "3"}],
  ["Logistic loss", "z = w*x + b; L = softplus(-z)", {w: "1.5", x: "-0.5", b: "0.2"}],
  ["Softmax cross-entropy", "L = logsumexp(z) - z[0]", {z: "2,1,-1"}],
  ["Vanishing gradients", "a = σ(2x); b = σ(2a); c = σ(2b); d = σ(2c); e = σ(2d)", {x: "0.5"}, {flow: true}],
  ["A dead relu", "relu(w*x + b)", {w: "1", x: "-2", b: "0.5"}],
  ["Two layers", "h = tanh(w1*x + b1); y = w2*h + b2", {w1: "0.8", x: "1.5", b1: "-0.3", w2: "2", b2: "0.1"}],
];
const VIEWS = ["circuit", "explorer", "worksheet", "bug_zoo"];
const find = (id) => document.getElementById(id);
const looks = [...document.querySelectorAll("[data-look]")];
const initial = new Map(looks.map((one) => [one, one.type === "checkbox" ? one.checked : one.value]));

let values = {}; // every value that was typed, also of names that are gone for now
let view = "circuit";
let chain = "";
let hide = "gradients";
let kept = ""; // the state of the page in the frame
let told = null;

// ── the address ──────────────────────────────────────────────────────────────────────────────

function setting(one) {
  return one.type === "checkbox" ? one.checked : one.value;
}

function remember() {
  const address = new URLSearchParams({e: find("expression").value});
  const names = told && told.names ? told.names : Object.keys(values);
  const given = names.filter((name) => name in values).map((name) => `${name}=${values[name]}`);
  if (given.length) address.set("v", given.join(" "));
  if (view !== "circuit") address.set("view", view);
  for (const one of looks) {
    if (setting(one) !== initial.get(one)) address.set(one.dataset.look, setting(one) === true ? "1" : setting(one));
  }
  if (chain) address.set("chain", chain);
  if (find("paths").checked) address.set("paths", "1");
  if (hide !== "gradients") address.set("hide", hide);
  if (kept && view !== "circuit") address.set("state", kept);
  history.replaceState(null, "", `#${address}`);
}

function restore() {
  const address = new URLSearchParams(location.hash.slice(1)), [, expression, given] = EXAMPLES[0];
  find("expression").value = address.has("e") ? address.get("e") : expression;
  values = address.has("e") ? {} : {...given};
  for (const pair of (address.get("v") || "").split(" ").filter(Boolean)) {
    const [name, ...number] = pair.split("=");
    values[name] = number.join("=");
  }
  view = VIEWS.includes(address.get("view")) ? address.get("view") : "circuit";
  for (const one of looks) {
    const wanted = address.get(one.dataset.look);
    if (one.type === "checkbox") one.checked = wanted === "1";
    else one.value = [...one.options].some((option) => option.value === wanted) ? wanted : initial.get(one);
  }
  chain = address.get("chain") || "";
  find("paths").checked = address.has("paths");
  hide = address.get("hide") || "gradients";
  find("hide").value = hide;
  kept = address.get("state") || "";
  grow();
}

// ── Python ───────────────────────────────────────────────────────────────────────────────────

const worker = new Worker("worker.js", {type: "module"});
let ready = false, asking = 0, waiting = null, timer = 0;

worker.onmessage = ({data}) => {
  if (data.loaded) find("progress").value = data.loaded;
  if (data.said) find("said").textContent = data.said;
  if (data.failed) fail(data.failed);
  if (data.ready) {
    ready = true;
    find("loading").hidden = true;
    document.body.dataset.ready = "yes";
  }
  if (data.told) {
    asking = 0;
    document.body.classList.remove("thinking");
    if (waiting) send();
    else show(data.told, data.took);
  }
};
worker.onerror = (event) => fail(event.message || "the files of Pyodide are missing");

function fail(why) {
  if (ready) return;
  find("loading").classList.add("failed");
  find("progress").hidden = true;
  find("said").textContent = `Python could not be loaded into this page (${why}). It needs a browser with WebAssembly, and Pyodide beside the page: make site puts it there.`;
}

/** Ask for what the page shows; while Python is busy only the latest question waits. */
function ask() {
  remember();
  const look = Object.fromEntries(looks.map((one) => [one.dataset.look, setting(one)]));
  waiting = {expression: find("expression").value, values, view, look, chain, paths: find("paths").checked, hide, lang: document.documentElement.lang};
  if (!asking) send();
}

function send() {
  asking += 1;
  worker.postMessage({id: asking, asked: waiting});
  waiting = null;
  clearTimeout(timer);
  timer = setTimeout(() => document.body.classList.toggle("thinking", asking > 0 && ready), 250);
}

// what Python says is said anew in another language
new MutationObserver(ask).observe(document.documentElement, {attributeFilter: ["lang"]});

// ── what is shown ────────────────────────────────────────────────────────────────────────────

function show(now, took) {
  told = {...now, names: now.names || []};
  const refused = "refused" in now;
  find("refused").hidden = !refused;
  find("refused").textContent = now.refused || "";
  find("expression").setAttribute("aria-invalid", String(refused));
  document.body.classList.toggle("stale", refused);
  if (!refused || now.names.length) fields(refused ? {} : now.values);
  find("result").replaceChildren();
  if (refused) {
    document.body.dataset.answered = "refused";
    return;
  }
  find("result").append("= ", Object.assign(document.createElement("b"), {textContent: now.value}));
  find("command").textContent = now.command;
  if ("svg" in now) showCircuit(now);
  if ("page" in now) showPage(now.page);
  remember();
  document.body.dataset.answered = view;
  document.body.dataset.took = Math.round(took);
}

/** One field for each name; those that are there stay, and what is being typed too. */
function fields(shown) {
  const host = find("values"), there = new Map([...host.children].map((row) => [row.dataset.name, row]));
  for (const [name, row] of there) if (!told.names.includes(name)) row.remove();
  told.names.forEach((name, k) => {
    let row = there.get(name);
    if (!row) {
      row = document.createElement("label");
      row.dataset.name = name;
      const field = Object.assign(document.createElement("input"), {type: "text", spellcheck: false, autocomplete: "off"});
      field.value = values[name] ?? "1";
      field.addEventListener("input", () => {
        values[name] = field.value;
        size(field);
        soon();
      });
      field.addEventListener("keydown", nudge);
      row.append(name, " = ", field);
      size(field);
    }
    if (host.children[k] !== row) host.insertBefore(row, host.children[k] || null);
    const field = row.querySelector("input");
    if (name in shown && field !== document.activeElement && field.value !== shown[name]) {
      field.value = shown[name];
      size(field);
    }
    values[name] ??= field.value;
  });
}

function size(field) {
  field.style.width = `${Math.min(18, Math.max(5, field.value.length + 2))}ch`;
}

/** ↑ and ↓ change a number by one, with Shift by a tenth. */
function nudge(event) {
  const by = {ArrowUp: 1, ArrowDown: -1}[event.key], field = event.target;
  if (!by || !field.value.trim() || !Number.isFinite(Number(field.value))) return;
  event.preventDefault();
  field.value = String(Number((Number(field.value) + by * (event.shiftKey ? 0.1 : 1)).toPrecision(12)));
  field.dispatchEvent(new Event("input"));
}

function showCircuit({svg, table, chains, explained, chain: chosen}) {
  const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const around = [parseFloat(picture.getAttribute("width")), parseFloat(picture.getAttribute("height"))];
  picture.style.width = `min(${Math.round(around[0] * 1.6)}px, max(100%, ${Math.round(around[0] * 0.9)}px))`;
  find("diagram").replaceChildren(document.adoptNode(picture));
  find("table").textContent = table;
  find("explained").textContent = explained || "There is no input: nothing to differentiate by.";
  find("chain").replaceChildren(...chains.map((name) => new Option(name, name, false, name === chosen)));
}

/** The page that Python made, as an address of its own, so that it can keep its state there. */
function showPage(html) {
  const frame = document.createElement("iframe");
  const address = URL.createObjectURL(new Blob([html], {type: "text/html"}));
  frame.title = document.querySelector(`[data-view=${view}]`).textContent;
  frame.src = address + (kept ? `#${kept}` : "");
  frame.addEventListener("load", () => {
    const inner = frame.contentWindow, keep = () => setTimeout(() => {
      if (!frame.isConnected) return;
      kept = inner.location.hash.slice(1);
      remember();
    }, 300); // a page may take its time with its address
    for (const event of ["click", "input", "change", "keyup", "pointerup"]) inner.addEventListener(event, keep);
    frame.dataset.loaded = "yes";
  });
  const old = find("frame").querySelector("iframe");
  if (old) URL.revokeObjectURL(old.src.split("#")[0]);
  find("frame").replaceChildren(frame);
}

function open(chosen) {
  view = chosen;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const here = tab.dataset.view === view;
    tab.setAttribute("aria-selected", String(here));
    tab.tabIndex = here ? 0 : -1;
  }
  find("circuit").hidden = view !== "circuit";
  find("page").hidden = view === "circuit";
  find("page").setAttribute("aria-labelledby", `tab-${view}`);
  find("hiding").hidden = view !== "worksheet";
}

// ── saving ───────────────────────────────────────────────────────────────────────────────────

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function png() {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas"), scale = Math.min(3, 8000 / Math.max(image.width, image.height));
    canvas.width = image.width * scale;
    canvas.height = image.height * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save("circuit.png", blob));
  };
  image.src = `data:image/svg+xml,${encodeURIComponent(told.svg)}`;
}

find("save-svg").addEventListener("click", () => told.svg && save("circuit.svg", new Blob([told.svg], {type: "image/svg+xml"})));
find("save-png").addEventListener("click", () => told.svg && png());
find("save-tex").addEventListener("click", () => told.tex && save("circuit.tex", new Blob([told.tex], {type: "text/plain"})));
find("save-page").addEventListener("click", () => told.page && save(`${view}.html`, new Blob([told.page], {type: "text/html"})));

find("link").addEventListener("click", async () => {
  remember();
  const button = find("link");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "It is in the address bar";
  }
  setTimeout(() => (button.textContent = "Copy link"), 1600);
});

// ── what the visitor does ────────────────────────────────────────────────────────────────────

let typed = 0;

function soon() {
  kept = "";
  clearTimeout(typed);
  typed = setTimeout(ask, 120);
}

function grow() {
  const area = find("expression");
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

find("expression").addEventListener("input", () => {
  find("examples").value = "";
  chain = "";
  grow();
  soon();
});
find("expression").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey) return;
  event.preventDefault();
  ask();
});
for (const one of looks) one.addEventListener("change", ask);
find("paths").addEventListener("change", ask);
find("chain").addEventListener("change", ({target}) => {
  chain = target.value;
  ask();
});
find("hide").addEventListener("change", ({target}) => {
  hide = target.value;
  kept = "";
  ask();
});
const tabs = [...document.querySelectorAll("[role=tab]")];
for (const tab of tabs) {
  tab.addEventListener("click", () => {
    kept = "";
    open(tab.dataset.view);
    ask();
  });
  tab.addEventListener("keydown", (event) => {
    const by = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!by) return;
    const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
find("examples").append(new Option("choose …", ""), ...EXAMPLES.map(([title], k) => new Option(title, k)));
find("examples").addEventListener("change", ({target}) => {
  if (!target.value) return;
  const [, expression, given, wanted = {}] = EXAMPLES[target.value];
  find("expression").value = expression;
  values = {...given};
  chain = kept = "";
  for (const one of looks) {
    const how = wanted[one.dataset.look] ?? initial.get(one);
    if (one.type === "checkbox") one.checked = how;
    else one.value = how;
  }
  find("values").replaceChildren();
  grow();
  ask();
});
addEventListener("hashchange", begin);

function begin() {
  restore();
  find("values").replaceChildren();
  told = null;
  open(view);
  ask();
}

find("progress").max = Number(document.body.dataset.bytes) || 13e6;
begin();
