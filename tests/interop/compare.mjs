// Runs every case of DIR/cases.json with ONNX Runtime and compares with the expected values.
//   node compare.mjs DIR        (run in the folder that holds node_modules)
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const ort = require('onnxruntime-node');
const folder = process.argv[2];

function floats(name) {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

// Largest difference as a share of the largest expected value.
function relativeError(got, wanted) {
  if (got.length !== wanted.length) return Infinity;
  let difference = 0, largest = 1e-20;
  for (let i = 0; i < got.length; ++i) {
    if (!Number.isFinite(got[i])) return Infinity;
    difference = Math.max(difference, Math.abs(got[i] - wanted[i]));
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  return difference / largest;
}

function top1(logits, images) {
  const classes = logits.length / images;
  return Array.from({ length: images }, (_, n) => {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

const cases = JSON.parse(readFileSync(join(folder, 'cases.json')));
let failed = 0, worst = 0;
// Images of the int8 cases, whose top-1 agreement is judged over all of them.
let judged = 0, agreed = 0, wanted_agreement = 0;
for (const one of cases) {
  // Without VNNI, products of bytes are added in 16 bits that saturate unless precision is asked for.
  const session = await ort.InferenceSession.create(join(folder, one.model),
                                                    { intraOpNumThreads: 1, interOpNumThreads: 1,
                                                      extra: { session: { x64quantprecision: '1' } } });
  const images = one.input_dims[0];
  const input = new ort.Tensor('float32', floats(one.input), one.input_dims);
  const results = await session.run({ [one.input_name]: input });
  const is_int8 = one.min_agreement !== undefined;
  let error = 0, agreement = 1;
  for (const output of one.outputs) {
    const got = results[output.name].data, wanted = floats(output.expected);
    error = Math.max(error, relativeError(got, wanted));
    if (output !== one.outputs[0]) continue;
    const ours = top1(wanted, images);
    agreement = top1(got, images).filter((label, n) => label === ours[n]).length / images;
  }
  if (is_int8) {
    judged += images;
    agreed += agreement * images;
    wanted_agreement = Math.max(wanted_agreement, one.min_agreement);
  }
  const good = error <= one.max_error;
  if (!good) ++failed;
  worst = Math.max(worst, is_int8 ? 0 : error);
  console.log(`${good ? 'ok    ' : 'FAILED'} ${one.name}: ${images} images, error ${error.toExponential(2)}, ` +
              `top-1 agreement ${(100 * agreement).toFixed(1)} %`);
  await session.release();
}
console.log(`ONNX Runtime ${require('onnxruntime-node/package.json').version}: ` +
            `${cases.length - failed} of ${cases.length} cases agree; largest float error ${worst.toExponential(2)}`);
const share = agreed / judged;
console.log(`int8: top-1 agreement on ${agreed} of ${judged} images, ${(100 * share).toFixed(2)} %; ` +
            `wanted ${100 * wanted_agreement} %`);
process.exit(failed > 0 || cases.length === 0 || !(share >= wanted_agreement) ? 1 : 0);
