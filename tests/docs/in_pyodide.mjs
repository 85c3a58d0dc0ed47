// node in_pyodide.mjs PYODIDE ARCHIVE FOLDER PROGRAM: runs a Python program in Pyodide, with the
// studio's archive on the path and a folder of this machine at /folder.

import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [pyodide, archive, folder, program] = process.argv.slice(2);
const {loadPyodide} = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({indexURL: `${pyodide}/`});
python.unpackArchive(new Uint8Array(readFileSync(archive)), "zip", {extractDir: "/glassgrad"});
python.FS.mkdirTree("/folder");
python.FS.mount(python.FS.filesystems.NODEFS, {root: folder}, "/folder");
try {
  python.runPython(`import sys\nsys.path[:0] = ["/glassgrad", "/folder"]\n${readFileSync(program, "utf8")}`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
