// All test images of Fashion-MNIST: the delivered winner in int8, by TensorFlow Lite from npm and by our engine.
//   node agree.mjs GOOGLE_MODELS DIR        (run in the folder that holds node_modules)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tensorflowLite } from './engines.mjs';

const kLeastSame = 0.98, kMostPoints = 0.3, kMean = 0.285991251, kDeviation = 0.35292989;
const [program, folder] = process.argv.slice(2);
const roots = [...(process.env.ATTO_DATA ?? '').split(':').filter(Boolean), '/usr/share/datasets', '/usr/share/dataset'];
const root = ['fashion-mnist', 'fashion_mnist'].flatMap(name => roots.map(at => join(at, name)))
    .find(at => existsSync(join(at, 't10k-images-idx3-ubyte.gz')));
if (!root) throw new Error('no Fashion-MNIST: install dataset-fashion-mnist');
const pixels = name => gunzipSync(readFileSync(join(root, name + '-images-idx3-ubyte.gz'))).subarray(16);
const labels = gunzipSync(readFileSync(join(root, 't10k-labels-idx1-ubyte.gz'))).subarray(8);
const normalised = bytes => Float32Array.from(bytes, pixel => Math.fround((pixel / 255 - kMean) / kDeviation));

mkdirSync(folder, { recursive: true });
const images = normalised(pixels('t10k')), each = 28 * 28, count = images.length / each;
writeFileSync(join(folder, 'images.f32'), images);
writeFileSync(join(folder, 'calibration.f32'), normalised(pixels('train').subarray(0, 256 * each)));
execFileSync(program, ['agree', folder], { stdio: 'inherit' });

const best = scores => scores.indexOf(scores.reduce((a, b) => Math.max(a, b)));
const bytes = Uint8Array.from(readFileSync(join(folder, 'ours.f32')));
const ours = new Float32Array(bytes.buffer), classes = ours.length / count;
const { scale, zero_point: zero } = JSON.parse(readFileSync(join(folder, 'input.json')));
const run = (await tensorflowLite())(join(folder, 'model.int8.tflite'));
let same = 0, right = 0, oursRight = 0;
for (let n = 0; n < count; ++n) {
  const image = Int8Array.from(images.subarray(n * each, (n + 1) * each),
                               value => Math.max(-128, Math.min(127, Math.round(value / scale) + zero)));
  const theirs = best(new Int8Array(run(image)[0].buffer));
  const our = best(ours.subarray(n * classes, (n + 1) * classes));
  same += theirs === our;
  right += theirs === labels[n];
  oursRight += our === labels[n];
}
const percent = part => (100 * part / count).toFixed(2) + ' %';
console.log(`${count} images: same top class ${percent(same)}; top-1 ${percent(right)}, of our engine ${percent(oursRight)}`);
const points = 100 * (oursRight - right) / count;
process.exit(same / count >= kLeastSame && points <= kMostPoints ? 0 : 1);
