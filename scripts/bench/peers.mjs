// Times our engine and ONNX Runtime in turns on the networks of DIR, after comparing their outputs.
//   node peers.mjs DIR EDGE_PEERS ROUNDS [NAME...]      (run in the folder that holds node_modules)
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const require = createRequire(join(process.cwd(), 'package.json'));
const ort = require('onnxruntime-node');
const [folder, program, roundText, ...only] = process.argv.slice(2);
const rounds = Number(roundText), kRoundMs = 60, kMaxError = 1e-4;
// A rounding apart in one layer is a few steps at the end of random weights.
const kMaxInt8Error = 0.25;

const child = spawn(program, ['serve', folder], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
async function ask(line) {
  child.stdin.write(line + '\n');
  return (await lines.next()).value;
}
function floats(name) {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
const median = values => [...values].sort((a, b) => a - b)[values.length >> 1];
const spread = values => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length * 0.75)] - sorted[Math.floor(sorted.length * 0.25)]) / median(values);
};

const networks = JSON.parse(readFileSync(join(folder, 'networks.json')))
  .filter(n => only.length === 0 || only.includes(n.name));
const peaks = { peak: 0, int8_peak: 0 };
let product = 1, int8Product = 1;
const rows = [];
const precisions = networks.flatMap(n => [n, { ...n, name: n.name + '.int8' }]);
for (const { name, shape, macs } of precisions) {
  const isInt8 = name.endsWith('.int8');
  const session = await ort.InferenceSession.create(join(folder, name + '.onnx'),
      { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' });
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', floats(name.replace('.int8', '') + '.in'), [1, ...shape]) };
  const theirs = async runs => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < runs; ++i) await session.run(feeds);
    return Number(process.hrtime.bigint() - start) / 1e6 / runs;
  };
  await ask('run ' + name);
  const ours = floats(name + '.out'), wanted = (await session.run(feeds))[session.outputNames[0]].data;
  const scale = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-20);
  const error = wanted.reduce((a, b, i) => Math.max(a, Math.abs(b - ours[i])), 0) / scale;
  if (!(error <= (isInt8 ? kMaxInt8Error : kMaxError)) || ours.length !== wanted.length)
    throw new Error(`${name}: outputs differ by ${error}`);
  await theirs(3);
  const runs = Math.max(1, Math.round(kRoundMs / await theirs(2)));
  const us = [], them = [], ratios = [];
  for (let round = 0; round < rounds; ++round) {
    const peak = isInt8 ? 'int8_peak' : 'peak';
    peaks[peak] = Math.max(peaks[peak], Number(await ask(peak)));
    us.push(Number(await ask(`time ${name} ${runs} 1`)));
    them.push(await theirs(runs));
    ratios.push(us.at(-1) / them.at(-1));
  }
  rows.push({ name, macs, us, them, ratio: median(ratios), isInt8 });
  if (isInt8) int8Product *= median(ratios); else product *= median(ratios);
  await session.release();
}
console.log(`ONNX Runtime ${require('onnxruntime-node/package.json').version}, 1 thread, ${rounds} rounds in turns; ` +
            `measured FMA peak ${peaks.peak.toFixed(1)} GFLOP/s, int8 peak ${peaks.int8_peak.toFixed(1)} GOP/s`);
console.log('| network | ours, ms (spread) | ONNX Runtime, ms (spread) | ours / theirs, paired | GFLOP/s | share of peak |');
console.log('|---|---|---|---|---|---|');
for (const { name, macs, us, them, ratio, isInt8 } of rows) {
  const peak = isInt8 ? peaks.int8_peak : peaks.peak;
  const gflops = 2 * macs / median(us) / 1e6;
  console.log(`| ${name} | ${median(us).toPrecision(4)} (${(100 * spread(us)).toFixed(1)} %) ` +
              `| ${median(them).toPrecision(4)} (${(100 * spread(them)).toFixed(1)} %) | ${ratio.toFixed(3)} ` +
              `| ${gflops.toFixed(1)} | ${(100 * gflops / peak).toFixed(1)} % |`);
}
console.log(`geometric mean of the ratios: fp32 ${(product ** (1 / networks.length)).toFixed(3)}, ` +
            `int8 ${(int8Product ** (1 / networks.length)).toFixed(3)}; shares are of the peak of the row's precision`);
child.stdin.end();
