// The bug zoo: right gradients in the diagram and the table, those of each bug beside them.

find("#title").textContent = DATA.title;
const model = new Model(DATA.scene);
new Drawing(find("#canvas"), model, [], true, `${DATA.title}: the circuit with its right gradients`);

const f = model.rootName();
find("#table").append(
  html("thead", {}, html("tr", {}, html("th", {scope: "col"}, "gradient"), html("th", {scope: "col"}, "right"), DATA.bugs.map((bug) => html("th", {scope: "col"}, bug.title)))),
  html("tbody", {}, DATA.rows.map(({node, name, right, cells}) => html(
    "tr",
    {"data-name": name},
    html("th", {scope: "row"}, `∂${f}/∂${model.name(node)}`),
    html("td", {class: "right"}, number(right)),
    cells.map(({text, wrong}) => html("td", {class: wrong ? "wrong" : ""}, wrong ? html("span", {role: "img", "aria-label": "wrong: "}, "✗ ") : null, text)),
  ))),
);
find("#bugs").append(...DATA.bugs.map(({title, code, why, wrong}) => html(
  "section",
  {class: "card"},
  html("h2", {}, title),
  html("p", {}, html("code", {}, code)),
  html("p", {}, why),
  html("p", {class: "verdict"}, wrong ? `✗ ${wrong} of ${DATA.rows.length} gradients are wrong here.` : "✓ Here it goes unnoticed: this circuit does not show the bug."),
)));
