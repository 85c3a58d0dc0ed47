// The plane: the surface of the output, or the map of one neuron, with the points on it.

const FINE = 160; // pixels of the surface, across and down

/** What the colours of the surface mean: of a neuron, of classes, of values. */
function drawKey(shown) {
  const {classes, middle, spread} = task, pale = find("#discrete").checked;
  const value = (x) => number(middle + spread * x, 3);
  let key;
  if (shown) key = bar("≤ −1", "0", "≥ 1");
  else if (!classes) key = bar(`≤ ${value(-1)}`, value(0), `≥ ${value(1)}`);
  else if (classes.length === 2) key = bar(`class ${classes[0]}`, "½", `class ${classes[1]}`);
  else key = classes.map((name, y) => html("span", {class: "swatch"}, html("i", {style: `background: var(--class${y})`}), `class ${name}`));
  find("#key").classList.toggle("pale", pale && !shown);
  find("#key").replaceChildren(...key);
  find("#key-text").textContent = pale && !shown ? "" : shown || !classes ? "The stronger the colour, the further from the middle." : "The stronger the colour, the more probable the class.";
}

/** Paint the surface, or the map of the neuron that the pointer is on. */
function drawPlane({found, channels}) {
  const shown = pointed(), canvas = find("#surface"), context = canvas.getContext("2d"), n = canvas.width;
  const shade = shown || !task.classes ? signed(1) : likeliest;
  const numbers = shown ? [found.get(shown.a)] : channels;
  paint(fine, numbers.map((row) => smooth(row, FINE)), find("#discrete").checked && !shown ? discrete(shade) : shade);
  context.clearRect(0, 0, n, n);
  context.drawImage(fine, 0, 0, n, n);
  drawPoints(context, n);
  drawKey(shown);
  const title = shown ? `${net.graph.nodes[shown.a].label} over the plane` : task.classes ? "Decision surface" : "Surface of values";
  find("#output-title").textContent = title;
  canvas.setAttribute("aria-label", `${title}, with the points`);
}

const fine = html("canvas", {width: FINE, height: FINE});

function drawPoints(context, n) {
  const style = getComputedStyle(document.documentElement), chosen = current(), held = new Set(state.test);
  const ink = style.getPropertyValue("--ink"), paper = style.getPropertyValue("--paper"), unit = n / 320;
  const shown = find("#show-test").checked ? state.data : state.train;
  const disc = ({x}, radius, fill) => {
    context.beginPath();
    context.arc(((x[0] + reach) / (2 * reach)) * n, ((reach - x[1]) / (2 * reach)) * n, radius * unit, 0, 7);
    context.fillStyle = fill;
    context.fill();
  };
  for (const dot of [...shown, chosen]) { // the ring comes last, on top of the others
    disc(dot, dot === chosen ? 6 : 3.2, paper);
    disc(dot, dot === chosen ? 6 : 3.2, colourOf(dot));
    context.lineWidth = (dot === chosen ? 2.5 : 1) * unit;
    context.strokeStyle = dot === chosen ? ink : paper;
    context.stroke();
    if (held.has(dot)) disc(dot, 1.8, paper); // a point of the test is hollow
  }
}

/** A class has its colour, a value that of its sign, as strong as it is far from the middle. */
function colourOf({y}) {
  if (task.classes) return `rgb(${colours[y]})`;
  const [which, strength] = signed(1)([y]);
  return `rgba(${colours[which]}, ${0.15 + 0.85 * strength})`;
}

on("#surface", "click", ({clientX, clientY}) => {
  const {left, top, width, height} = find("#surface").getBoundingClientRect();
  add([((clientX - left) / width) * 2 * reach - reach, reach - ((clientY - top) / height) * 2 * reach]);
});
