// Runs the program of docs/targets/onnx.md on the delivered winner, exported as it says.
//   node page_example.mjs ATTO SOURCE DIR        (run in the folder that holds node_modules)
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [atto, source, folder] = process.argv.slice(2);
const page = readFileSync(join(source, 'docs/targets/onnx.md'), 'utf8');
const first = page.indexOf("    const ort = require('onnxruntime-node');"), end = page.indexOf('\n    })();\n', first);
if (first < 0 || end < 0) throw new Error('the page has no such program');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
writeFileSync(join(folder, 'main.js'), page.slice(first, end + 11));
execFileSync(atto, ['export', join(source, 'tests/interop/winner'), '--to', 'onnx', '--out', folder], { stdio: 'inherit' });
writeFileSync(join(folder, 'image.json'), JSON.stringify(Array(28 * 28).fill(-1)));
const said = execFileSync('node', ['main.js'], { cwd: folder, encoding: 'utf8' }).trim();
console.log(`class ${said}`);
process.exit(/^[0-9]$/.test(said) ? 0 : 1);
