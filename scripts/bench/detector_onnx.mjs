// Times an exported detector with ONNX Runtime, one thread, on the pictures of a reference; says what it finds there.
// Hold it against `atto bench` of the same training's .atto file, in turns.
//   node detector_onnx.mjs MODEL.onnx REFERENCE.safetensors [ROUNDS]      (run in the folder that holds node_modules)
import { createRequire } from 'node:module';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const ort = require('onnxruntime-node');
const [model, reference, roundText = '5'] = process.argv.slice(2);

// Pictures [count, channels, height, width] of a safetensors file.
function pictures(file) {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const { shape, data_offsets: [begin, end] } = JSON.parse(bytes.subarray(8, 8 + headerBytes)).inputs;
  const at = bytes.byteOffset + 8 + headerBytes;
  const values = new Float32Array(bytes.buffer.slice(at + begin, at + end));
  const each = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, n) =>
    new ort.Tensor('float32', values.slice(n * each, (n + 1) * each), [1, ...shape.slice(1)]));
}

const inputs = pictures(reference);
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
let found = 0;
for (const input of inputs) found += Number((await session.run({ input })).count.data[0]);

const times = [];
for (let round = 0; round < Number(roundText); ++round)
  for (const input of inputs) {
    const start = process.hrtime.bigint();
    await session.run({ input });
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
times.sort((a, b) => a - b);
const at = share => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(2);
console.log(`ONNX Runtime ${require('onnxruntime-node/package.json').version}, one thread: ${inputs.length} pictures, ` +
            `${(found / inputs.length).toFixed(1)} objects each; a picture takes ${at(0.5)} ms ` +
            `(tenths ${at(0.1)} to ${at(0.9)}); the file has ${(statSync(model).size / 1e6).toFixed(1)} MB, ` +
            `the process at most ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
