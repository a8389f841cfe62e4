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

function overlap(a, b) {
  const area = box => Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
  const both = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  return both / (area(a) + area(b) - both);
}

// What a detector says of one picture, in some order: the largest error of boxes in pixels, of scores and of masks;
// and that nothing lies behind the count.
function detectionErrors(results, wanted) {
  const rows = results.scores.data.length, count = Number(results.count.data[0]);
  const masks = results.masks ? floats(wanted.masks) : new Float32Array(0);
  const pixels = results.masks ? results.masks.data.length / rows : 0;
  const errors = { box: 0, score: 0, mask: 0 };
  for (const output of [results.boxes, results.scores, results.classes, results.masks])
    if (output && output.data.slice(count * output.data.length / rows).some(x => Number(x) !== 0)) return null;
  if (count !== wanted.count) return null;
  const boxes = floats(wanted.boxes), scores = floats(wanted.scores), classes = floats(wanted.classes);
  const free = new Set(Array(count).keys());
  const box = (from, i) => from.subarray(4 * i, 4 * i + 4);
  for (let i = 0; i < count; ++i) {
    const match = [...free].filter(k => Number(results.classes.data[k]) === classes[i])
      .reduce((best, k) => best < 0 || overlap(box(results.boxes.data, k), box(boxes, i)) >
                                       overlap(box(results.boxes.data, best), box(boxes, i)) ? k : best, -1);
    if (match < 0) return null;
    free.delete(match);
    for (let c = 0; c < 4; ++c)
      errors.box = Math.max(errors.box, Math.abs(results.boxes.data[4 * match + c] - boxes[4 * i + c]));
    errors.score = Math.max(errors.score, Math.abs(results.scores.data[match] - scores[i]));
    for (let p = 0; p < pixels; ++p)
      errors.mask = Math.max(errors.mask, Math.abs(results.masks.data[match * pixels + p] - masks[i * pixels + p]));
  }
  return errors;
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
  const input = new ort.Tensor('float32', floats(one.input), one.input_dims);
  const results = await session.run({ [one.input_name]: input });
  if (one.objects) {
    const errors = detectionErrors(results, one.objects);
    const good = errors !== null && errors.box < 0.01 && errors.score < 1e-4 && errors.mask < 1e-3;
    if (!good) ++failed;
    console.log(`${good ? 'ok    ' : 'FAILED'} ${one.name}: ${one.objects.count} objects, ` +
                (errors === null ? 'others are said' : `errors: box ${errors.box.toExponential(2)} px, ` +
                 `score ${errors.score.toExponential(2)}, mask ${errors.mask.toExponential(2)}`));
    await session.release();
    continue;
  }
  const images = one.input_dims[0];
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
