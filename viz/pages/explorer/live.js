// Bound to Python: numbers that change here are sent to it, numbers that it sends are shown.

const numbers = () => Object.fromEntries(leaves.map(({i}) => [i, model.graph.data[i]]));
let hearing = false;

addEventListener("changed", () => {
  if (!hearing) parent.postMessage({numbers: numbers()}, "*");
});
addEventListener("message", ({data, source}) => {
  if (source !== parent || !data.numbers) return;
  const moved = leaves.filter(({i}) => i in data.numbers && data.numbers[i] !== model.graph.data[i]);
  if (!moved.length) return;
  for (const {i} of moved) setNumber(i, data.numbers[i]);
  hearing = true;
  changed();
  hearing = false;
});
parent.postMessage({ready: true}, "*");
