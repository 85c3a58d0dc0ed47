// The settings: read by training, refused in words, kept in the page's address.

const value = (id) => find(id).valueAsNumber;
const whole = (least, most = Infinity) => (n) => Number.isInteger(n) && n >= least && n <= most;

/** Number fields: what they are called, which numbers they take, and that in words. */
const RULES = {
  seed: ["The seed", whole(0), "a whole number from 0"],
  many: ["The number of classes", whole(2, DATA.mostClasses), `a whole number from 2 to ${DATA.mostClasses}`],
  share: ["The share of test points", (n) => n >= 0 && n <= 90, "a number from 0 to 90"],
  noise: ["The noise", (n) => n >= 0 && n <= 0.5, "a number from 0 to 0.5"],
  batch: ["The batch size", whole(1), "a whole number from 1"],
  lr: ["The learning rate", (x) => x > 0 && x < Infinity, "a number above 0"],
  l1: ["L1", (x) => x >= 0 && x < Infinity, "a number from 0"],
  decay: ["L2", (x) => x >= 0 && x < Infinity, "a number from 0"],
};

/** A setting that training reads; refused in words, not put right in silence. */
function setting(id) {
  const x = value(`#${id}`), [name, allowed, wish] = RULES[id];
  if (!allowed(x)) throw new Error(`${name} is ${wish}; “${find(`#${id}`).value || "an empty field"}” is not.`);
  return x;
}

function complain(text) {
  find("#fault").textContent = text;
  find("#fault").hidden = !text;
}

function widths() {
  const text = find("#widths").value.trim();
  const list = text ? text.split(/[\s,]+/).filter(Boolean).map(Number) : [];
  if (list.length > DEEPEST || !list.every(whole(1, WIDEST))) throw new Error(`Give up to ${DEEPEST} hidden layers with 1 to ${WIDEST} neurons each, such as 8, 8.`);
  return list;
}

/** The places of the input features that are chosen, in DATA.features. */
function chosenFeatures() {
  const found = [...DATA.features.keys()].filter((k) => find(`#feature${k}`).checked);
  if (!found.length) throw new Error("One input feature must stay.");
  return found;
}

// ── the address ──────────────────────────────────────────────────────────────────────────────

const kept = () => [...document.querySelectorAll("main [name]")];
const held = (field) => (field.type === "checkbox" ? String(Number(field.checked)) : field.value);

/** From now on these settings are the usual ones, which need no word in the address. */
function takeAsUsual() {
  for (const field of kept()) field.dataset.usual = held(field);
}

/** Put what differs from the usual into the address; points of one's own do not fit there. */
function remember() {
  const address = new URLSearchParams();
  for (const field of kept()) {
    if (held(field) !== field.dataset.usual && held(field) !== "own") address.set(field.name, held(field));
  }
  try {
    history.replaceState(null, "", `#${address}`);
  } catch {
    // a frame of a notebook has no address of its own
  }
}

/** Take the settings from the address; what it asks for in vain is told. */
function restore() {
  const address = new URLSearchParams(location.hash.slice(1)), vain = [];
  for (const field of kept()) {
    const wish = address.get(field.name) ?? field.dataset.usual;
    if (field.type === "checkbox") field.checked = wish === "1";
    else field.value = wish;
    if (held(field) === wish) continue;
    field.value = field.dataset.usual;
    vain.push(`${field.name}=${wish}`);
  }
  return vain.length ? `The address asks for what there is not: ${vain.join(", ")}.` : "";
}
