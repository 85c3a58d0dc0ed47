// Python off the page's own thread: loads Pyodide and the package, then answers one question at a time.

import {loadPyodide} from "./pyodide/pyodide.mjs";

let loaded = 0;
const fetched = self.fetch.bind(self);

/** Every file that is fetched counts towards the progress bar. */
self.fetch = async (...request) => {
  const response = await fetched(...request);
  if (!response.ok || !response.body) return response;
  const counting = new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.length;
      self.postMessage({loaded});
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counting), {status: response.status, headers: response.headers});
};

async function start() {
  const packages = fetch("glassgrad.zip").then((response) => {
    if (!response.ok) throw new Error(`glassgrad.zip: ${response.status}`);
    return response.arrayBuffer();
  });
  const python = await loadPyodide();
  self.postMessage({said: "Starting Python …"});
  python.unpackArchive(await packages, "zip", {extractDir: "/glassgrad"});
  return python.runPython(`
import sys
sys.path.insert(0, "/glassgrad")
from answer import answer_text
answer_text('{"expression": "x * y"}')  # what Python loads when it is first used
answer_text`);
}

const ready = start();
ready.then(
  () => self.postMessage({ready: true}),
  (error) => self.postMessage({failed: String(error.message || error)}),
);

self.onmessage = async ({data: {id, asked}}) => {
  const answer = await ready, began = performance.now();
  try {
    self.postMessage({id, told: JSON.parse(answer(JSON.stringify(asked))), took: performance.now() - began});
  } catch (error) {
    // a defect of ours: said, not hidden
    const last = String(error.message).trim().split("\n").pop();
    self.postMessage({id, told: {refused: `this should not happen: ${last}`}, took: 0});
  }
};
