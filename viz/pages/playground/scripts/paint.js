// Numbers as colours: the maps of neurons, the surface, and the keys that say what a colour means.

const GRID = 32; // cells of a map, across and down
let colours = []; // of the classes, as red, green, blue
let reach = 2; // the plane goes from −reach to reach

function takeColours() {
  const probe = html("span", {hidden: true});
  document.body.append(probe);
  colours = Array.from({length: DATA.mostClasses}, (_, y) => {
    probe.style.color = `var(--class${y})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  });
  probe.remove();
}

/** Shades: [which colour, how strong from 0 to 1]. Of a number, by its sign and size up to `top`: */
const signed = (top) => ([x]) => [x > 0 ? 1 : 0, Math.min(1, Math.abs(x) / top)];

/** of the probabilities of classes, by the greatest, from 1/n (pale) to 1. */
function likeliest(p) {
  let k = 0;
  for (let i = 1; i < p.length; i++) if (p[i] > p[k]) k = i;
  return [k, (p[k] - 1 / p.length) / (1 - 1 / p.length)];
}

/** Without shades: which colour, and nothing else. */
const discrete = (shade) => (x) => [shade(x)[0], 0.6];

/** Paint channels of numbers (n × n each, row by row) as a picture of n × n pixels. */
function paint(canvas, channels, shade) {
  const n = Math.sqrt(channels[0].length), at = new Float64Array(channels.length);
  if (canvas.width !== n) canvas.width = canvas.height = n;
  const context = canvas.getContext("2d"), image = context.createImageData(n, n);
  for (let k = 0; k < n * n; k++) {
    for (let c = 0; c < at.length; c++) at[c] = channels[c][k];
    const [which, strength] = shade(at), colour = colours[which];
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = colour[c];
    image.data[4 * k + 3] = 200 * strength;
  }
  context.putImageData(image, 0, 0);
}

/** A map on a finer grid, of n × n pixels: straight between the cells' middles. */
function smooth(numbers, n) {
  const cells = Math.sqrt(numbers.length), found = new Float64Array(n * n);
  const places = Array.from({length: n}, (_, k) => {
    const at = Math.min(cells - 1, Math.max(0, ((k + 0.5) / n) * cells - 0.5)), low = Math.min(cells - 2, Math.floor(at));
    return [low, at - low];
  });
  for (let r = 0; r < n; r++) {
    const [top, down] = places[r];
    for (let c = 0; c < n; c++) {
      const [left, right] = places[c], k = top * cells + left;
      const above = numbers[k] + right * (numbers[k + 1] - numbers[k]);
      const below = numbers[k + cells] + right * (numbers[k + cells + 1] - numbers[k + cells]);
      found[r * n + c] = above + down * (below - above);
    }
  }
  return found;
}

/** Nodes of the network as maps over the plane, and the outputs as channels of the surface. */
function maps() {
  const nodes = [...net.inputs, ...net.layers.flat().map(({a}) => a)], {data} = net.graph;
  const found = new Map(nodes.map((i) => [i, new Float64Array(GRID * GRID)]));
  const channels = Array.from({length: task.classes ? task.classes.length : 1}, () => new Float64Array(GRID * GRID));
  for (let k = 0; k < GRID * GRID; k++) {
    const outputs = net.score([((k % GRID) + 0.5) / GRID * 2 * reach - reach, reach - (Math.floor(k / GRID) + 0.5) / GRID * 2 * reach]);
    for (const [i, numbers] of found) numbers[k] = data[i];
    (task.classes ? probabilities(outputs) : outputs).forEach((x, c) => (channels[c][k] = x));
  }
  return {found, channels};
}

/** For pictures: how each pixel moves each neuron's weighted sum; in the first layer, its weights. */
function slopes(example) {
  net.score(example.x);
  return {found: new Map(net.layers.flat().map(({a, z}) => [a, Float64Array.from(net.slopes(z))])), channels: []};
}

const most = (numbers) => numbers.reduce((top, x) => Math.max(top, Math.abs(x)), 0) || 1;

/** A bar of colour with the numbers at its ends and in its middle. */
const bar = (low, middle, high) => [
  html("span", {class: "bar-of-colour", "aria-hidden": "true"}),
  html("span", {class: "ends"}, html("span", {}, low), html("span", {}, middle), html("span", {}, high)),
];
