// A trained network for elsewhere: a file that nn.load reads, and Python that runs.

/** safetensors, as nn.save writes it: the length of a header, the header, the numbers. */
function modelFile(net, {classes}, told) {
  const state = net.state(), numbers = Object.values(state).map((array) => array.flat());
  let offset = 0;
  const layers = net.widths.map((nout, l) => {
    const hidden = l < net.widths.length - 1 && net.activation.gate;
    return {class: "Layer", nin: l ? net.widths[l - 1] : net.inputs.length, nout, ...(hidden ? {activation: net.activation.gate} : {})};
  });
  const metadata = {format: "glassgrad 1", architecture: JSON.stringify({class: "MLP", modules: layers}), playground: JSON.stringify(told)};
  if (classes) metadata.classes = JSON.stringify({classes, counts: told.counts});
  const header = {__metadata__: metadata};
  Object.entries(state).forEach(([name, array], k) => {
    const end = offset + 8 * numbers[k].length;
    header[name] = {dtype: "F64", shape: Array.isArray(array[0]) ? [array.length, array[0].length] : [array.length], data_offsets: [offset, end]};
    offset = end;
  });
  const plain = new TextEncoder().encode(JSON.stringify(header)), length = Math.ceil(plain.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + offset).fill(32, 8, 8 + length), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(plain, 8);
  numbers.flat().forEach((x, k) => view.setFloat64(8 + length + 8 * k, x, true));
  return bytes;
}

/** The network as Python for this package, with the scales of the data and the names of the classes. */
function pythonCode(net, {columns, centre, scale, middle, spread, classes}) {
  const plain = (x) => (Array.isArray(x) ? `[${x.map(plain).join(", ")}]` : x === null ? "None" : JSON.stringify(x));
  const state = Object.entries(net.state()).map(([name, array]) => `    ${JSON.stringify(name)}: ${JSON.stringify(array)},`);
  const plane = columns === 2, given = plane ? "x1, x2" : "x", texts = net.features.map(({text}) => text);
  const sine = texts.some((text) => text.includes("sin"));
  const scaled = plane ? "x1, x2 = ((x - c) / s for x, c, s in zip((x1, x2), centre, scale))" : "return [(p - c) / s for p, c, s in zip(x, centre, scale)]";
  const many = classes && classes.length > 2;
  const told = !classes ? "The value at a point." : many ? "The logits of all classes." : "The logit of a point; above 0 it is of classes[1].";
  const result = !classes ? "model(inputs(GIVEN)).data * spread + middle" : many ? "[z.data for z in model(inputs(GIVEN))]" : "model(inputs(GIVEN)).data";
  return `${sine ? "from math import sin\n\n" : ""}from nn import MLP

model = MLP(${net.inputs.length}, ${plain(net.widths)}, ${plain(net.activation.gate)})
model.load_state_dict({
${state.join("\n")}
})
centre, scale = ${plain(centre)}, ${plain(scale)}
${classes ? `classes = ${plain(classes)}` : `middle, spread = ${middle}, ${spread}`}


def inputs(${given}):
    """What the network takes: ${plane ? "features of the coordinates, brought to one scale" : "the 64 pixels, from 0 to 1, row by row"}."""
    ${scaled}
${plane ? `    return [${texts.join(", ")}]\n` : ""}

def predict(${given}):
    """${told}"""
    return ${result.replace("GIVEN", given)}
${!classes ? "" : `

def classify(${given}):
    """The class of a ${plane ? "point" : "picture"}."""
    ${many ? `logits = predict(${given})\n    return classes[logits.index(max(logits))]` : `return classes[predict(${given}) > 0]`}
`}

if __name__ == "__main__":
    print(${classes ? "classify" : "predict"}(${plane ? "0.5, -0.25" : "[0.0] * 64"}))
`;
}
