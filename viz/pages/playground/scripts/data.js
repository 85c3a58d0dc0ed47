// What a network learns from: points of the plane with classes or values, pictures of digits, tables.
//
// A task is {data: [{x, y}], classes, columns, centre, scale, middle, spread}: `y` is the index of a
// class, or where `classes` is null a value; the others say how the numbers were brought to one scale.

/** Random numbers in [0, 1) from a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A list put into a random order, in place. */
function shuffled(list, draw) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

const turn = (angle, radius) => [radius * Math.cos(angle), radius * Math.sin(angle)];

/** Where a point of class y of so many lies, from two random numbers; `most` classes there can be. */
const SHAPES = {
  moons: {most: 2, at: (u, v, y) => (y ? [0.5 - Math.cos(Math.PI * u), 0.25 - Math.sin(Math.PI * u)] : [Math.cos(Math.PI * u) - 0.5, Math.sin(Math.PI * u) - 0.25])},
  circles: {at: (u, v, y, many) => turn(2 * Math.PI * u, 1.4 - (0.8 * y) / (many - 1))},
  clusters: {at: (u, v, y, many) => turn(2 * Math.PI * (y / many + 1 / 8), 1.1).map((c, k) => c + turn(2 * Math.PI * u, 0.35 * Math.sqrt(v))[k])},
  xor: {most: 2, at: (u, v, y) => [(2 * u - 1) * 1.4, Math.abs(2 * v - 1) * 1.4 * ((u < 0.5) === Boolean(y) ? 1 : -1)]},
  spiral: {at: (u, v, y, many) => turn(3.5 * Math.PI * u + (2 * Math.PI * y) / many, 0.15 + 1.4 * u)},
};

/** The value at a point, from −1 to 1. */
const HEIGHTS = {
  plane: ([a, b]) => (a + b) / 3,
  hills: ([a, b]) => Math.exp(-2 * ((a - 0.6) ** 2 + (b - 0.6) ** 2)) - Math.exp(-2 * ((a + 0.6) ** 2 + (b + 0.6) ** 2)),
  waves: ([a, b]) => Math.sin(2 * a) * Math.cos(2 * b),
};

const PLAIN = {columns: 2, centre: [0, 0], scale: [1, 1], middle: 0, spread: 1};

/** Points of a shape or of a height. */
function points(name, noise, seed, many) {
  const draw = random(seed), count = Math.max(200, 60 * many);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  if (name in HEIGHTS) {
    const data = Array.from({length: count}, () => {
      const x = [3 * draw() - 1.5, 3 * draw() - 1.5];
      return {x, y: HEIGHTS[name](x) + noise * normal()};
    });
    return {...PLAIN, data, classes: null};
  }
  const data = Array.from({length: count}, (_, k) => {
    const y = k % many, [a, b] = SHAPES[name].at(draw(), draw(), y, many);
    return {x: [a + noise * normal(), b + noise * normal()], y};
  });
  return {...PLAIN, data, classes: Array.from({length: many}, (_, y) => String(y))};
}

/** Handwritten digits, 8 × 8 pixels from 0 (paper) to 1 (ink): 50 of each. */
function digits() {
  const data = DATA.digits.trim().split("\n").map((line) => {
    const [y, ink] = line.split(" ");
    return {x: Array.from(ink, (c) => parseInt(c, 17) / 16), y: Number(y)};
  });
  return {...taskOf({X: data.map(({x}) => x), y: data.map(({y}) => y), classes: [..."0123456789"]}), data};
}

/** What Python or a table gave, as a task; `scaled`: to mean 0 and deviation 1. */
function taskOf({X, y, classes, scaled}) {
  const columns = X[0].length, mean = (list) => list.reduce((s, x) => s + x, 0) / list.length;
  const standard = (list) => {
    const centre = scaled ? mean(list) : 0;
    return [centre, scaled ? Math.sqrt(mean(list.map((x) => (x - centre) ** 2))) || 1 : 1];
  };
  const spans = Array.from({length: columns}, (_, k) => standard(X.map((row) => row[k])));
  const [middle, spread] = classes ? [0, 1] : standard(y);
  const data = X.map((row, i) => ({
    x: row.map((x, k) => (x - spans[k][0]) / spans[k][1]),
    y: classes ? y[i] : (y[i] - middle) / spread,
  }));
  return {data, classes, columns, centre: spans.map(([c]) => c), scale: spans.map(([, s]) => s), middle, spread};
}

/** A table of two numbers and a class, or a value, a line; playground/given.py reads tables alike. */
function readTable(text) {
  const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));
  const cells = /,(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g;
  const split = (row) => [...`,${row}`.matchAll(cells)].map(([, quoted, plain]) => (plain ?? quoted.replaceAll('""', '"')).trim());
  let rows = text.split(/\r?\n/).map(split).filter((row) => row.some(Boolean));
  const numeric = (row) => row.length === 3 && row.slice(0, 2).every(isNumber);
  if (rows.length && !numeric(rows[0])) rows = rows.slice(1);
  if (rows.length > DATA.most) throw new Error(`The table has ${rows.length} rows, and the page trains on up to ${DATA.most}; give fewer.`);
  const wrong = rows.findIndex((row) => !numeric(row));
  if (wrong >= 0) throw new Error(`Row ${wrong + 1} is “${rows[wrong].join(",")}”; give two numbers and a class, separated by commas.`);
  const X = rows.map((row) => row.slice(0, 2).map(Number)), labels = rows.map((row) => row[2]);
  const different = [...new Set(labels)], all = different.every(isNumber);
  if (all && (different.length > DATA.mostClasses || !different.every((label) => Number.isInteger(Number(label))))) {
    return {X, y: labels.map(Number), classes: null, scaled: true};
  }
  if (different.length < 2 || different.length > DATA.mostClasses) throw new Error(`The third column has ${different.length} classes; give 2 to ${DATA.mostClasses}.`);
  const classes = different.sort(all ? (a, b) => a - b : undefined);
  return {X, y: labels.map((label) => classes.indexOf(label)), classes, scaled: true};
}
