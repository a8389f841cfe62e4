// Runs the engine and the model that a page holds:  run_page.mjs ATTO_EDGE.mjs PAGE.html IMAGES OUTPUTS
// IMAGES: float32 [count][channels][height][width]; OUTPUTS: float32 [count], of each the first output.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [module, page, images, outputs] = process.argv.slice(2);
const { open } = await import(pathToFileURL(module));
const text = readFileSync(page, 'latin1');
const bytes = id => Buffer.from(text.match(new RegExp(`id="${id}">([^<]*)<`))[1], 'base64');
const session = await open(bytes('model'), bytes('engine'));
const values = new Float32Array(Uint8Array.from(readFileSync(images)).buffer);
const each = session.inputShape.reduce((a, b) => a * b), made = [];
for (let at = 0; at < values.length; at += each) made.push(session.run(values.subarray(at, at + each)));
writeFileSync(outputs, Buffer.concat(made.map(output => Buffer.from(output.buffer))));
