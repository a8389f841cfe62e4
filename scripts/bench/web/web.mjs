// Times our module and others in turns, in Node, one thread, after comparing outputs; then how long each takes to open.
//   node web.mjs FOLDER PEERS ROUNDS      FOLDER: model[.int8].{web,onnx,tflite}; PEERS: holds node_modules
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [folder, peersFolder, roundsText, opened] = process.argv.slice(2);
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

async function tflite(file, [channels, height, width]) {
  const wasm = inPeers('@tensorflow/tfjs-tflite/wasm/tflite_web_api_cc_simd');
  const factory = new Function(`${readFileSync(`${wasm}.js`, 'utf8')}; return tflite_web_api_ModuleFactory;`)();
  const module = await factory({ wasmBinary: bytesOf(`${wasm}.wasm`) });
  const model = bytesOf(file), at = module._malloc(model.length);
  module.HEAPU8.set(model, at);
  const made = module.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, model.length,
      { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 1 });
  if (!made.ok()) throw new Error(made.errorMessage());
  const runner = made.value(), input = runner.GetInputs().get(0), output = runner.GetOutputs().get(0);
  const isInt8 = input.dataType === 'int8';  // whose scale it does not tell: any bytes take as long
  const put = image => {
    const into = input.data(), plane = height * width;
    for (let i = 0; i < plane; ++i)
      for (let c = 0; c < channels; ++c) into[i * channels + c] = isInt8 ? i * 7 + c : image[c * plane + i];
  };
  return { put, run: () => { runner.Infer(); }, output: () => isInt8 ? null : output.data() };
}

const kEngines = [
  { name: 'ours', ending: 'web', open: ours, files: ['atto_edge.wasm', 'atto_edge.mjs'].map(name => join(folder, 'model.web', name)) },
  { name: 'ONNX Runtime web', ending: 'onnx', open: onnxRuntime,
    files: ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs', 'ort.wasm.min.mjs'].map(name => inPeers('onnxruntime-web/dist', name)) },
  { name: 'TFLite (tfjs-tflite)', ending: 'tflite', open: tflite,
    files: ['js', 'wasm'].map(ending => inPeers(`@tensorflow/tfjs-tflite/wasm/tflite_web_api_cc_simd.${ending}`)) }];
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
    if (!existsSync(fileOf(engine, infix))) continue;
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
      process.execPath, [fileURLToPath(import.meta.url), folder, peersFolder, roundsText, String(index)], { encoding: 'utf8' }).stdout));
  const files = engine.files.map(bytesOf), sum = of => files.reduce((total, file) => total + of(file), 0);
  return [[engine.name, Math.min(...all).toFixed(0), sum(file => file.length).toLocaleString('en'),
           sum(file => gzipSync(file, { level: 9 }).length).toLocaleString('en')]];
});
table([['engine', 'opens and runs once, ms, best of nine', 'bytes', 'packed'], Array(4).fill('---'), ...starts]);
