// Runs the program of the format's page on the delivered winner, exported as it says.
//   node page_example.mjs ATTO SOURCE DIR        (run in the folder that holds node_modules)
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [atto, source, folder] = process.argv.slice(2);
const page = readFileSync(join(source, 'docs/targets/tflite.md'), 'utf8');
const first = page.indexOf("    const { readFileSync } = require('fs');"), end = page.indexOf('\n    });\n', first);
if (first < 0 || end < 0) throw new Error('the page has no such program');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
writeFileSync(join(folder, 'main.js'), page.slice(first, end + 8));
const winner = join(source, 'tests/interop/winner');
execFileSync(atto, ['export', winner, '--to', 'tflite', '--int8', '--name', 'clothes', '--out', folder,
                    '--calibrate', join(winner, 'reference.safetensors')], { stdio: 'inherit' });
writeFileSync(join(folder, 'image.json'), JSON.stringify(Array(28 * 28).fill(-100)));
const said = execFileSync('node', ['main.js'], { cwd: folder, encoding: 'utf8' }).trim();
const classes = readFileSync(join(folder, 'clothes.int8.labels.txt'), 'utf8').split('\n');
console.log(said);
process.exit(classes.length === 11 && classes.slice(0, 10).includes(said) ? 0 : 1);
