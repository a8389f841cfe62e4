// Runs the cases of DIR/cases.json with Google's interpreters, and leaves the outputs of each image behind each other in
// a case's .out: for TensorFlow Lite all tensors' bytes in the order of the model's operators, for LiteRT the floats.
//   node run_models.mjs DIR        (run in the folder that holds node_modules)
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { liteRt, tensorflowLite } from './engines.mjs';

const folder = process.argv[2];
const cases = JSON.parse(readFileSync(join(folder, 'cases.json')));
const openTflite = await tensorflowLite(), openLiteRt = await liteRt();

for (const one of cases) {
  const file = join(folder, one.stem + '.tflite'), bytes = Uint8Array.from(readFileSync(join(folder, one.stem + '.in')));
  const parts = [];
  if (one.engine === 'tfjs') {
    const run = openTflite(file), each = bytes.length / one.images;
    const images = new Int8Array(bytes.buffer);
    for (let n = 0; n < one.images; ++n) parts.push(...run(images.subarray(n * each, (n + 1) * each)));
  } else {
    const run = await openLiteRt(file), images = new Float32Array(bytes.buffer), each = images.length / one.images;
    for (let n = 0; n < one.images; ++n)
      for (const output of await run(images.slice(n * each, (n + 1) * each), one.dims))
        parts.push(new Uint8Array(output.buffer));
  }
  writeFileSync(join(folder, one.stem + '.out'), Buffer.concat(parts));
}
console.log(`${cases.length} models run`);
process.exit(0);  // LiteRT keeps Node alive
