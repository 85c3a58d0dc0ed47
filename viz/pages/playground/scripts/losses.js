// The losses of the points trained on and of those held back, over the steps, with axes.

/** Round numbers from 0 up to `most`, about `count` of them. */
function ticks(most, count) {
  const rough = most / count, power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].find((n) => n * power >= rough) * power;
  return Array.from({length: Math.floor(most / gap + 1e-9) + 1}, (_, k) => k * gap);
}

/** Rows {step, training, test} as two lines; a test loss that is NaN is not drawn. */
function drawLosses(host, rows) {
  const told = ["training", "test"].filter((name) => rows.some((row) => Number.isFinite(row[name])));
  const steps = rows[rows.length - 1].step, last = rows[rows.length - 1];
  host.toggleAttribute("hidden", !steps || !told.length);
  if (!steps || !told.length) return;
  const top = Math.max(...rows.flatMap((row) => told.map((name) => row[name])).filter(Number.isFinite)) || 1;
  const x = (step) => 34 + (step / steps) * 256, y = (loss) => 122 - (loss / top) * 98;
  const across = ticks(steps, 4).filter(Number.isInteger);
  host.replaceChildren(
    ...ticks(top, 5).flatMap((loss) => [
      svg("line", {class: loss ? "grid" : "axis", x1: 34, y1: y(loss), x2: 290, y2: y(loss)}),
      svg("text", {x: 30, y: y(loss) + 4, "text-anchor": "end"}, number(loss, 3)),
    ]),
    svg("line", {class: "axis", x1: 34, y1: 24, x2: 34, y2: 122}),
    ...across.flatMap((step) => [
      svg("line", {class: "axis", x1: x(step), y1: 122, x2: x(step), y2: 126}),
      svg("text", {x: x(step), y: 137, "text-anchor": "middle"}, number(step, 3)),
    ]),
    svg("text", {x: 162, y: 149, "text-anchor": "middle"}, "step"),
    svg("text", {x: 4, y: 12}, "Loss"),
    ...told.flatMap((name, k) => [
      svg("line", {class: name, x1: 60 + 128 * k, y1: 8, x2: 78 + 128 * k, y2: 8}),
      svg("text", {x: 82 + 128 * k, y: 12}, name === "test" ? `test ${number(last[name], 3)}` : `training ${number(last[name], 3)}`),
      svg("polyline", {class: name, points: rows.filter((row) => Number.isFinite(row[name])).map((row) => `${x(row.step).toFixed(1)},${y(row[name]).toFixed(1)}`).join(" ")}),
    ]),
  );
  const went = told.map((name) => {
    const ends = [rows[0][name], last[name]].map((x) => number(x, 3));
    return name === "test" ? `test loss from ${ends[0]} to ${ends[1]}` : `training loss from ${ends[0]} to ${ends[1]}`;
  });
  host.setAttribute("aria-label", [...went, steps === 1 ? "in 1 step" : `in ${steps} steps`].join(", "));
}
