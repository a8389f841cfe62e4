// Times our module and others in turns, in Node, one thread, after comparing outputs; then how long each takes to open.
//   node web.mjs FOLDER ROUNDS      FOLDER: model[.int8].{web,onnx,tflite}; run in the folder that holds node_modules
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { liteRt, tensorflowLite } from '../../../tests/export/tflite/engines.mjs';

const [folder, roundsText, opened] = process.argv.slice(2), peersFolder = process.cwd();
const kRoundMs = 60, rounds = Number(roundsText);
const require = createRequire(join(peersFolder, 'package.json'));
const bytesOf = file => Uint8Array.from(readFileSync(file));
const inPeers = (...names) => join(peersFolder, 'node_modules', ...names);

// An engine opens a model: { put(image), run(), output() }, an image being float32, normalised, by channels.
async function ours(file) {
  const { open } = await import(pathToFileURL(join(file, 'atto_edge.mjs')));
  const session = await open(bytesOf(join(file, 'model.atto')), bytesOf(join(file, 'atto_edge.wasm')));
  let image, output;
  return { put: given => { image = given; }, run: () => { output = session.run(image); }, output: () => output, shape: session.inputShape };
}

async function onnxRuntime(file, shape) {
  const ort = require('onnxruntime-web');
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytesOf(file), { executionProviders: ['wasm'] });
  let feeds, output;
  return { put: image => { feeds = { [session.inputNames[0]]: new ort.Tensor('float32', image, [1, ...shape]) }; },
           run: async () => { output = (await session.run(feeds))[session.outputNames[0]].data; }, output: () => output };
}

/** Its own order of an image: pixel by pixel. int8 does not tell its scale here: any bytes take as long. */
function byPixels(image, [channels, height, width], isInt8) {
  const plane = height * width, Values = isInt8 ? Int8Array : Float32Array;
  return Values.from(image, (_, i) => isInt8 ? i * 7 : image[i % channels * plane + Math.floor(i / channels)]);
}
async function tflite(file, shape) {
  const run = (await tensorflowLite())(file), isInt8 = file.endsWith('.int8.tflite');
  let image, output;
  return { put: given => { image = byPixels(given, shape, isInt8); }, run: () => { [output] = run(image); },
           output: () => isInt8 ? null : new Float32Array(output.buffer) };
}
async function liteRtModel(file, shape) {
  const run = await (await liteRt())(file), [channels, height, width] = shape;
  let image, output;
  return { put: given => { image = byPixels(given, shape, false); },
           run: async () => { [output] = await run(image, [1, height, width, channels]); }, output: () => output };
}

const kEngines = [
  { name: 'ours', ending: 'web', open: ours, files: ['atto_edge.wasm', 'atto_edge.mjs'].map(name => join(folder, 'model.web', name)) },
  { name: 'ONNX Runtime web', ending: 'onnx', open: onnxRuntime,
    files: ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs', 'ort.wasm.min.mjs'].map(name => inPeers('onnxruntime-web/dist', name)) },
  { name: 'TFLite (tfjs-tflite)', ending: 'tflite', open: tflite,
    files: ['js', 'wasm'].map(ending => inPeers(`@tensorflow/tfjs-tflite/wasm/tflite_web_api_cc_simd.${ending}`)) },
  { name: 'TFLite (LiteRT.js)', ending: 'tflite', open: liteRtModel, hasNoBytes: true,  // takes and gives floats alone
    files: ['js', 'wasm'].map(ending => inPeers(`@litertjs/core/wasm/litert_wasm_compat_internal.${ending}`)) }];
const fileOf = (engine, infix) => join(folder, `model${infix}.${engine.ending}`);
const shape = (await ours(fileOf(kEngines[0], ''))).shape;

// In a process of its own: from bytes on disk to the first output.
if (opened !== undefined) {
  const engine = kEngines[Number(opened)], begin = performance.now();
  const model = await engine.open(fileOf(engine, ''), shape);
  model.put(new Float32Array(shape.reduce((a, b) => a * b)));
  await model.run();
  console.log(performance.now() - begin);
  process.exit(0);
}

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1];
const quartile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
const errorOf = (made, wanted) => wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - made[i])), 0) /
                                  wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-20);
const image = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 0.7) + Math.sin(i * 0.013));

/** Milliseconds of processor time a run, which other work on the machine hardly changes. */
async function time(model, runs) {
  const begin = process.cpuUsage();
  for (let i = 0; i < runs; ++i) { const done = model.run(); if (done) await done; }
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000 / runs;
}

const rows = [];
for (const [precision, infix, most] of [['float32', '', 1e-4], ['int8', '.int8', 0.25]]) {
  const models = [];
  for (const engine of kEngines) {
    if (!existsSync(fileOf(engine, infix)) || (engine.hasNoBytes && infix !== '')) continue;
    const model = await engine.open(fileOf(engine, infix), shape);
    model.put(image);
    await time(model, 200);  // until the browser's compiler has done its best
    const wanted = models[0]?.model.output(), error = wanted && model.output() ? errorOf(model.output(), wanted) : 0;
    if (!(error <= most)) throw new Error(`${engine.name}, ${precision}: outputs differ by ${error}`);
    models.push({ engine, model, runs: Math.ceil(kRoundMs / await time(model, 50)), times: [] });
  }
  for (let round = 0; round < rounds; ++round)
    for (const { model, runs, times } of models) times.push(await time(model, runs));
  for (const { engine, times } of models)
    rows.push([engine.name, precision, median(times).toFixed(3), `${quartile(times, 0.25).toFixed(3)} to ${quartile(times, 0.75).toFixed(3)}`,
               median(times.map((_, round) => models[0].times[round] / times[round])).toFixed(2)]);
}
const table = lines => console.log(lines.map(cells => `| ${cells.join(' | ')} |`).join('\n') + '\n');
console.log(`Node ${process.versions.node}; ${rounds} rounds in turns\n`);
table([['engine', 'precision', 'ms of processor time, median', 'middle half', 'ours / theirs'], Array(5).fill('---'), ...rows]);

const starts = kEngines.flatMap((engine, index) => {
  if (!existsSync(fileOf(engine, ''))) return [];
  const all = Array.from({ length: 9 }, () => Number(spawnSync(
      process.execPath, [fileURLToPath(import.meta.url), folder, roundsText, String(index)], { encoding: 'utf8' }).stdout));
  const files = engine.files.map(bytesOf), sum = of => files.reduce((total, file) => total + of(file), 0);
  return [[engine.name, Math.min(...all).toFixed(0), sum(file => file.length).toLocaleString('en'),
           sum(file => gzipSync(file, { level: 9 }).length).toLocaleString('en')]];
});
table([['engine', 'opens and runs once, ms, best of nine', 'bytes', 'packed'], Array(4).fill('---'), ...starts]);
