// The bug zoo: right gradients in the diagram and the table, those of each bug beside them.

find("#title").textContent = DATA.title;
const model = new Model(DATA.scene);
new Drawing(find("#canvas"), model, [], true, `${DATA.title}: the circuit with its right gradients`);

find("#table").append(
  html("thead", {}, html("tr", {}, html("th", {scope: "col"}, "gradient"), html("th", {scope: "col"}, "right"), DATA.bugs.map((bug) => html("th", {scope: "col"}, bug.title)))),
  html("tbody", {}, DATA.rows.map(({node, right, cells}) => html(
    "tr",
    {"data-name": model.name(node)},
    html("th", {scope: "row"}, model.total(node)),
    html("td", {class: "right"}, number(right)),
    cells.map(([got, wrong]) => html("td", {class: wrong ? "wrong" : ""}, wrong ? html("span", {role: "img", "aria-label": "wrong: "}, "✗ ") : null, number(got))),
  ))),
);
find("#bugs").append(...DATA.bugs.map(({title, code, why}, k) => {
  const wrong = DATA.rows.filter(({cells}) => cells[k][1]).length;
  return html(
    "section",
    {class: "card"},
    html("h2", {}, title),
    html("p", {}, html("code", {}, code)),
    html("p", {}, why),
    html("p", {class: "verdict"}, wrong ? `✗ ${wrong} of ${DATA.rows.length} gradients are wrong here.` : "✓ Here it goes unnoticed: this circuit does not show the bug."),
  );
}));
