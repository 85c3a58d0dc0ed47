// Pictures of 8 × 8 pixels: one to look at or to draw, and what the network takes it for.

const SIDE = 8, DOTS = 32; // a drawing is brought to 32 × 32 dots; a pixel is the share of ink in 4 × 4 of them
const BRUSH = 4.4, LONGEST_SIDE = 27; // in dots
const pen = {strokes: [], down: false, at: 27}; // `at`: the pixel that the keyboard is on

/** Strokes (lists of [x, y]) as a picture: as large and in the middle as the digits of the data are. */
function pictureOf(strokes) {
  const xs = strokes.flat().map(([x]) => x), ys = strokes.flat().map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = LONGEST_SIDE / Math.max(right - left, bottom - top, 1e-9);
  const place = ([x, y]) => [DOTS / 2 + scale * (x - (left + right) / 2), DOTS / 2 + scale * (y - (top + bottom) / 2)];
  const context = html("canvas", {width: DOTS, height: DOTS}).getContext("2d");
  draw(context, strokes.map((stroke) => stroke.map(place)), BRUSH);
  const {data} = context.getImageData(0, 0, DOTS, DOTS), block = DOTS / SIDE;
  const found = new Array(SIDE * SIDE).fill(0);
  for (let k = 0; k < DOTS * DOTS; k++) {
    if (data[4 * k + 3] > 127) found[Math.floor(Math.floor(k / DOTS) / block) * SIDE + Math.floor((k % DOTS) / block)] += 1 / block ** 2;
  }
  return found;
}

function draw(context, strokes, width) {
  Object.assign(context, {lineWidth: width, lineCap: "round", lineJoin: "round"});
  for (const stroke of strokes) {
    context.beginPath();
    stroke.forEach(([x, y], k) => context[k ? "lineTo" : "moveTo"](x, y));
    if (stroke.length === 1) context.lineTo(...stroke[0]);
    context.stroke();
  }
}

/** Ink on paper, from 0 to 1, into a canvas of 8 × 8. */
function drawInk(canvas, x) {
  if (canvas.width !== SIDE) canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d"), ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
  context.clearRect(0, 0, SIDE, SIDE);
  context.fillStyle = ink;
  x.forEach((p, k) => {
    context.globalAlpha = Math.min(1, Math.max(0, p));
    context.fillRect(k % SIDE, Math.floor(k / SIDE), 1, 1);
  });
}

/** The pad: the strokes, the example, or what a neuron that is pointed at looks for. */
function drawPad({found}) {
  const pad = find("#pad"), context = pad.getContext("2d"), n = pad.width, shown = pointed(), tile = html("canvas", {});
  context.clearRect(0, 0, n, n);
  context.imageSmoothingEnabled = false;
  if (shown) paint(tile, [found.get(shown.a)], signed(most(found.get(shown.a))));
  else drawInk(tile, current().x);
  if (shown || !pen.strokes.length) context.drawImage(tile, 0, 0, n, n);
  else {
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    draw(context, pen.strokes.map((stroke) => stroke.map(([x, y]) => [x * n, y * n])), n / 12);
  }
  if (!shown && document.activeElement === pad && pad.matches(":focus-visible")) {
    const cell = n / SIDE;
    Object.assign(context, {lineWidth: n / 110, strokeStyle: `rgb(${colours[1]})`});
    context.strokeRect((pen.at % SIDE) * cell, Math.floor(pen.at / SIDE) * cell, cell, cell);
  }
  find("#output-title").textContent = shown ? `${net.graph.nodes[shown.a].label}: what each pixel adds` : state.drawn ? "Your drawing" : "Picture";
  find("#seen").hidden = !state.drawn;
  if (state.drawn) drawInk(find("#seen canvas"), state.drawn);
  find("#key").classList.remove("pale");
  find("#key").replaceChildren(...(shown ? bar("less", "0", "more") : []));
  find("#key-text").textContent = shown ? "In the first layer these are its weights; further on, all paths together, for this picture." : "Draw a digit here: with the pointer, or with the arrow keys and the space bar.";
}

/** The probability of each class, as bars. */
function drawBars(p) {
  const best = p.indexOf(Math.max(...p));
  find("#bars").replaceChildren(...Array.from(p, (x, y) => html(
    "li",
    {class: y === best ? "best" : null},
    html("span", {}, task.classes[y]),
    html("span", {class: "track", "aria-hidden": "true"}, html("i", {style: `width: ${100 * x}%; background: var(--class${task.columns === 2 ? y : 0})`})),
    html("span", {}, `${(100 * x).toFixed(1)} %`),
  )));
}

function drawn(x) {
  state.drawn = x;
  show();
}

function clearPen() {
  pen.strokes = [];
  state.drawn = null;
}

function clearPad() {
  clearPen();
  show();
}

{
  const pad = find("#pad");
  const spot = ({clientX, clientY}) => {
    const {left, top, width, height} = pad.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    pen.down = true;
    if (!state.drawn) pen.strokes = [];
    pen.strokes.push([spot(event)]);
    drawn(pictureOf(pen.strokes));
  });
  pad.addEventListener("pointermove", (event) => {
    if (!pen.down) return;
    pen.strokes.at(-1).push(spot(event));
    drawn(pictureOf(pen.strokes));
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (pen.down = false));
  for (const turn of ["focus", "blur"]) pad.addEventListener(turn, () => show());
  pad.addEventListener("keydown", (event) => {
    const [across, down] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key] || [0, 0];
    if (!across && !down && ![" ", "Enter", "Delete"].includes(event.key)) return;
    event.preventDefault();
    const clamp = (k) => Math.min(SIDE - 1, Math.max(0, k)), row = clamp(Math.floor(pen.at / SIDE) + down), column = clamp((pen.at % SIDE) + across);
    pen.at = row * SIDE + column;
    if (event.key === "Delete") state.drawn = new Array(SIDE * SIDE).fill(0);
    if (event.key === " " || event.key === "Enter") state.drawn = current().x.map((p, k) => (k === pen.at ? Number(p < 0.5) : p));
    if (!across && !down) pen.strokes = [];
    find("#pad-text").textContent = current().x[pen.at] < 0.5 ? `row ${row + 1}, column ${column + 1}: paper` : `row ${row + 1}, column ${column + 1}: ink`;
    show();
  });
  on("#clear", "click", clearPad);
}
