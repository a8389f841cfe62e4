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
const rounds = Number(roundText), kRoundMs = 60;
const kNearNs = 200;  // two threads of near cores pass a cache line and back in less
// Threads of either side spin for a moment after a run: the other side's turn waits for that to end.
const rest = () => new Promise(done => setTimeout(done, 5));
// Where a precision differs from another: what it is compared with, how far outputs may be apart, the peak that speeds
// are shares of. A rounding apart in one layer is a few steps at the end of random weights; bf16's peer computes in
// fp32.
const kPrecisions = [
  { name: 'fp32', suffix: '', peer: '', maxError: 1e-4, peak: 'peak' },
  { name: 'bf16', suffix: '.bf16', peer: '', maxError: 0.1, peak: 'bf16_peak' },
  { name: 'int8', suffix: '.int8', peer: '.int8', maxError: 0.25, peak: 'int8_peak' }];

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
const peaks = {}, products = {};
const rows = [];
for (const { network, precision } of networks.flatMap(network => kPrecisions.map(precision => ({ network, precision })))) {
  const { shape, macs } = network, name = network.name + precision.suffix;
  const [session, session2] = await Promise.all([1, 2].map(threads =>
    ort.InferenceSession.create(join(folder, network.name + precision.peer + '.onnx'),
      { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' })));
  const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', floats(network.name + '.in'), [1, ...shape]) };
  const theirs = async (session, runs) => {
    await rest();
    const start = process.hrtime.bigint();
    for (let i = 0; i < runs; ++i) await session.run(feeds);
    return Number(process.hrtime.bigint() - start) / 1e6 / runs;
  };
  const ourTime = async (runs, threads) => {
    await rest();
    return Number(await ask(`time ${name} ${runs} ${threads}`));
  };
  await ask('run ' + name);
  const ours = floats(name + '.out'), wanted = (await session.run(feeds))[session.outputNames[0]].data;
  const scale = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-20);
  const error = wanted.reduce((a, b, i) => Math.max(a, Math.abs(b - ours[i])), 0) / scale;
  if (!(error <= precision.maxError) || ours.length !== wanted.length)
    throw new Error(`${name}: outputs differ by ${error}`);
  await theirs(session, 3);
  await theirs(session2, 3);
  await ourTime(3, 2);
  const runs = Math.max(1, Math.round(kRoundMs / await theirs(session, 2)));
  const turns = [];
  for (let round = 0; round < rounds; ++round) {
    peaks[precision.name] = Math.max(peaks[precision.name] ?? 0, Number(await ask(precision.peak)));
    const turn = { us: await ourTime(runs, 1), them: await theirs(session, runs) };
    const before = Number(await ask('distance'));
    turn.us2 = await ourTime(runs, 2);
    turn.them2 = await theirs(session2, runs);
    turn.distance = Math.max(before, Number(await ask('distance')));  // they may move in a turn
    turns.push(turn);
  }
  const ratio = median(turns.map(turn => turn.us / turn.them));
  rows.push({ name, macs, turns, ratio, precision: precision.name });
  products[precision.name] = (products[precision.name] ?? 1) * ratio;
  await session.release();
  await session2.release();
}
console.log(`ONNX Runtime ${require('onnxruntime-node/package.json').version}, 1 thread, ${rounds} rounds in turns; ` +
            `measured peaks: FMA ${peaks.fp32.toFixed(1)} GFLOP/s, bf16 ${peaks.bf16.toFixed(1)} GFLOP/s, ` +
            `int8 ${peaks.int8.toFixed(1)} GOP/s`);
console.log('| network | ours, ms (spread) | ONNX Runtime, ms (spread) | ours / theirs, paired | GFLOP/s | share of peak |');
console.log('|---|---|---|---|---|---|');
for (const { name, macs, turns, ratio, precision } of rows) {
  const us = turns.map(turn => turn.us), them = turns.map(turn => turn.them);
  const gflops = 2 * macs / median(us) / 1e6;
  console.log(`| ${name} | ${median(us).toPrecision(4)} (${(100 * spread(us)).toFixed(1)} %) ` +
              `| ${median(them).toPrecision(4)} (${(100 * spread(them)).toFixed(1)} %) | ${ratio.toFixed(3)} ` +
              `| ${gflops.toFixed(1)} | ${(100 * gflops / peaks[precision]).toFixed(1)} % |`);
}
const means = kPrecisions.map(({ name }) => `${name} ${(products[name] ** (1 / networks.length)).toFixed(3)}`);
console.log(`geometric mean of the ratios: ${means.join(', ')}; shares are of the peak of the row's precision`);

console.log(`\n2 threads; near: rounds in which the cores passed a cache line and back in less than ${kNearNs} ns, far: the others`);
console.log('| network | cores | rounds | round trip, ns | ours, ms | our 1 thread / 2 threads | ONNX Runtime, ms | ours / theirs, paired |');
console.log('|---|---|---|---|---|---|---|---|');
for (const { name, turns } of rows)
  for (const cores of ['near', 'far']) {
    const of = turns.filter(turn => (turn.distance < kNearNs) === (cores === 'near'));
    if (of.length === 0) continue;
    const middle = value => median(of.map(value));
    console.log(`| ${name} | ${cores} | ${of.length} | ${middle(turn => turn.distance).toFixed(0)} ` +
                `| ${middle(turn => turn.us2).toPrecision(4)} | ${middle(turn => turn.us / turn.us2).toFixed(2)} ` +
                `| ${middle(turn => turn.them2).toPrecision(4)} | ${middle(turn => turn.us2 / turn.them2).toFixed(3)} |`);
  }
child.stdin.end();
