// The page in another language: what stands in it is translated by the messages that came with it.
//
// The scripts write English. A text that is a message (viz/languages/catalogue.py), or of a form
// with holes, is shown in the reader's language; what is unknown stays. `translate="no"` keeps an
// element as it is; single words in a diagram are names.

const WEAK = 12; // letters up to which a form, as "{0} and {1}", fits too much: its holes hold no prose
const DEEP = 10; // messages inside one another that are looked for

const plain = (text) => text.replaceAll("{{", "{").replaceAll("}}", "}");

/** A text with numbered holes: their names, and what stands before, between and behind them. */
function form(text) {
  const names = [], literals = [""];
  for (const [part, name] of text.matchAll(/\{\{|\}\}|\{(\d+)\}|[^{}]+/g)) {
    if (name) names.push(name), literals.push("");
    else literals.push(literals.pop() + plain(part));
  }
  return {names, literals, weight: literals.join("").length};
}

/** What fills the holes of a form, each the least that fits; null if the text is not of it. By one
 * walk along the text, which anybody may have written: a pattern could go astray in it. */
function fitted(text, [first, ...between]) {
  if (!text.startsWith(first)) return null;
  const last = between.pop(), held = [];
  let at = first.length;
  for (const literal of between) {
    const end = text.indexOf(literal, at);
    if (end < 0) return null;
    held.push(text.slice(at, end));
    at = end + literal.length;
  }
  const end = text.length - last.length;
  return end < at || !text.endsWith(last) ? null : [...held, text.slice(at, end)];
}

/** The function that translates by the pairs of `messages`. */
function translator(messages) {
  const exact = new Map(), forms = [], seen = new Map();
  const closed = /^[，。；：（、！？]/;
  const endsWide = /[）\u4e00-\u9fff] ?$/, beginsWide = /^ ?[\u4e00-\u9fff]/; // no space between these
  for (const [english, other] of messages) {
    const made = form(english);
    if (made.names.length) forms.push({...made, other});
    else exact.set(plain(english), plain(other));
  }
  forms.sort((a, b) => b.weight - a.weight);
  let depth = 0;
  function hole(text) {
    if (depth === DEEP || !text.trim().includes(" ")) return text;
    depth++;
    const said = translated(text);
    depth--;
    return said;
  }
  const fill = (other, holes) => {
    let filled = "";
    for (const part of other.match(/\{\d+\}|\{\{|\}\}|[^{}]+/g) ?? []) {
      const name = /^\{(\d+)\}$/.exec(part)?.[1];
      const piece = name ? holes[name] ?? "" : /^(\{\{|\}\})$/.test(part) ? part[0] : part;
      const tight = name && closed.test(piece.trimStart());
      const wide = endsWide.test(filled) && beginsWide.test(piece);
      filled = tight || wide ? filled.replace(/ $/, "") + piece.trimStart() : filled + piece;
    }
    return filled;
  };
  const sentences = [["; ", "；"], [". ", "。"]];
  function whole(text) {
    if (exact.has(text)) return exact.get(text);
    for (const [joint, other] of sentences) {
      const pieces = text.split(joint), said = pieces.length > 1 ? pieces.map(whole) : [null];
      if (said.every((piece) => piece !== null)) return said.join(other);
    }
    for (const {literals, names, other, weight} of forms) {
      const held = fitted(text, literals);
      if (!held) continue;
      const said = held.map(hole);
      const prose = held.some((part, k) => part === said[k] && /[A-Za-z]+ [A-Za-z]+/.test(part));
      if (weight > WEAK || !prose) return fill(other, Object.fromEntries(names.map((name, k) => [name, said[k]])));
    }
    return null;
  }
  function inPart(text) {
    for (const [joint, other] of [...sentences, [": ", "："], [", ", "，"], [" · ", " · "], [" = ", " = "]]) {
      const [first, ...rest] = text.split(joint);
      if (!rest.length) continue;
      const known = rest.map((piece) => whole((joint + piece).trim())), said = rest.map(hole);
      const changed = hole(first) !== first || said.some((piece, k) => piece !== rest[k]);
      return hole(first) + said.map((piece, k) => known[k] ?? (changed ? other : joint) + piece).join("");
    }
    return text;
  }
  function translated(text) {
    const [, before, inner, after] = /^(\s*)([^]*?)(\s*)$/.exec(text);
    if (!/[A-Za-z]{2}/.test(inner)) return text;
    if (/\n\S/.test(inner)) return text.split("\n").map(translated).join("\n");
    const asked = inner.replace(/\s+/g, " ");
    if (!seen.has(asked)) {
      if (seen.size > 5000) seen.clear();
      const lines = inner.split("\n").map((line) => line.trim());
      seen.set(asked, whole(asked) ?? (lines.length > 1 ? lines.map(translated).join("\n") : inPart(asked)));
    }
    const found = seen.get(asked);
    return found === asked ? text : (closed.test(found) ? "" : before) + found + (closed.test(found.at(-1)) ? "" : after);
  }
  return translated;
}

/** Show the page in a language, from now on; English is as the scripts wrote it. */
const speak = (() => {
  const NAMES = ["aria-label", "aria-valuetext", "label", "title", "placeholder", "alt", "aria-description"];
  const CODE = "script, style, code, kbd, pre, textarea, [translate=no]";
  const written = new WeakMap(); // by node (and name): what the script wrote, and what is shown
  let say = null;

  /** Put the translation of `english` where `now` stands, unless it is the one that was put there. */
  function show(node, key, now, put) {
    const kept = written.get(node) || {}, english = kept[key]?.shown === now ? kept[key].english : now;
    const other = say ? say(english) : english;
    if (other !== now) put(other);
    if (other !== english || kept[key]) written.set(node, {...kept, [key]: {english, shown: other}});
  }

  /** A sentence with elements in it, which another language may set in another order. */
  function sentence(element) {
    const parts = [...element.childNodes];
    const kept = written.get(element)?.parts;
    const own = kept && kept.shown.length === parts.length && kept.shown.every((part, k) => part === parts[k]);
    if (own && !say) element.replaceChildren(...kept.english), written.delete(element);
    if (own || !say) return own;
    if (!parts.some((part) => part.nodeType === 3 && part.data.trim())) return false;
    const inside = parts.filter((part) => part.nodeType === 1);
    if (!inside.length || element.closest("svg")) return false;
    let k = 0;
    const mark = (index) => String.fromCharCode(0xe000 + index);
    const text = parts.map((part) => (part.nodeType === 1 ? mark(k++) : part.data ?? "")).join("");
    const other = say(text);
    if (other === text || !inside.every((_, index) => other.split(mark(index)).length === 2)) return false;
    const pieces = other.split(/([\ue000-\uf8ff])/).filter(Boolean);
    const shown = pieces.map((piece) => inside[piece.charCodeAt(0) - 0xe000] ?? new Text(piece));
    element.replaceChildren(...shown);
    written.set(element, {...written.get(element), parts: {english: parts, shown}});
    return true;
  }

  function visit(node) {
    const element = node.nodeType === 1 ? node : node.parentElement;
    if (!element || (node === element ? element.parentElement : element)?.closest(CODE)) return;
    if (node.nodeType === 3) {
      const name = element.closest("svg.diagram text") && !node.data.trim().includes(" ");
      if (!name && !written.get(element)?.parts) show(node, "data", node.data, (text) => (node.data = text));
      return;
    }
    for (const name of NAMES) {
      if (node.hasAttribute(name)) show(node, name, node.getAttribute(name), (text) => node.setAttribute(name, text));
    }
    if (node.matches(CODE)) return;
    sentence(node);
    node.childNodes.forEach(visit);
  }

  const observer = new MutationObserver((records) => {
    for (const {type, target, addedNodes} of records) {
      if (type === "childList") {
        if (!target.isConnected) continue;
        const whole = sentence(target);
        (whole ? [...target.children] : addedNodes).forEach((node) => node.isConnected && visit(node));
      } else if (target.isConnected) visit(target);
    }
    observer.takeRecords(); // what was changed here
  });

  return (language) => {
    observer.disconnect();
    say = MESSAGES[language] ? translator(MESSAGES[language]) : null;
    document.documentElement.lang = language;
    visit(document.documentElement);
    if (say) observer.observe(document.documentElement, {
      subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: NAMES,
    });
  };
})();

// The language that the page was made in, else the one in its address, else the reader's; a button
// leads to the next.
{
  const languages = ["en", ...Object.keys(MESSAGES)];
  const fitting = (tag) => languages.find((language) => tag?.toLowerCase().startsWith(language));
  const asked = fitting(new URLSearchParams(location.search).get("lang"));
  let chosen = asked || LANGUAGE || fitting(navigator.language) || "en";
  const button = document.createElement("button");
  const label = () => {
    const next = languages[(languages.indexOf(chosen) + 1) % languages.length];
    const [name] = [...new Intl.DisplayNames([next], {type: "language"}).of(next).split("（")];
    Object.assign(button, {lang: next, textContent: name, value: next});
  };
  Object.assign(button, {type: "button", id: "language", className: "screen", translate: false});
  button.addEventListener("click", () => {
    chosen = button.value;
    speak(chosen);
    label();
    const address = new URL(location.href);
    address.searchParams.set("lang", chosen);
    try {
      history.replaceState(null, "", address);
    } catch {} // a frame without an address of its own
  });
  label();
  (document.querySelector(".bar .row") || document.body).append(button);
  speak(chosen);
}
