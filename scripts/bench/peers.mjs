// Times our engine and others in turns on the networks of DIR, after comparing their outputs: ONNX Runtime, and those
// that EDGE_PEERS has linked in.
//   node peers.mjs DIR EDGE_PEERS ROUNDS [NAME...]      (run in the folder that holds node_modules)
// Networks that are on request (scripts/bench/peers/networks.cpp) run only when they are named.
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
// are shares of. A rounding apart in one layer is a few steps at the end of random weights; bf16's peers compute in
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

/// An engine with one model: output(), and time(runs, threads) in ms a run.
async function linked(engine, model) {
  const answer = await ask(`run ${engine} ${model}`);
  if (answer !== 'ok') throw new Error(answer);
  const output = floats(model + '.out');
  return { output: () => output, end: () => {},
           time: async (runs, threads) => Number(await ask(`time ${engine} ${model} ${runs} ${threads}`)) };
}
async function onnxRuntime(network, model) {
  const sessions = await Promise.all([1, 2].map(threads => ort.InferenceSession.create(join(folder, model + '.onnx'),
      { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' })));
  const feeds = { [sessions[0].inputNames[0]]:
                  new ort.Tensor('float32', floats(network.name + '.in'), [1, ...network.shape]) };
  const output = (await sessions[0].run(feeds))[sessions[0].outputNames[0]].data;
  const time = async (runs, threads) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < runs; ++i) await sessions[threads - 1].run(feeds);
    return Number(process.hrtime.bigint() - start) / 1e6 / runs;
  };
  return { output: () => output, time, end: () => Promise.all(sessions.map(session => session.release())) };
}
const others = (await ask('engines')).split(' ').slice(1);
const kPeers = [{ name: 'ONNX Runtime', make: (network, model) => onnxRuntime(network, model) },
                ...others.map(name => ({ name, make: (_, model) => linked(name, model) }))];

/// The peers that run a model and agree with our output.
async function peersOf(network, precision, ours) {
  const peers = [];
  for (const { name, make } of kPeers) {
    let engine;
    try {
      engine = await make(network, network.name + precision.peer);
    } catch (error) {
      console.error(`${network.name}${precision.suffix}: ${name}: ${error.message}`);
      continue;
    }
    const wanted = engine.output(), got = ours.output();
    const scale = wanted.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-20);
    const error = wanted.reduce((a, b, i) => Math.max(a, Math.abs(b - got[i])), 0) / scale;
    if (!(error <= precision.maxError) || got.length !== wanted.length)
      throw new Error(`${network.name}${precision.suffix}: outputs of ${name} differ by ${error}`);
    peers.push({ name, engine });
  }
  return peers;
}

const networks = JSON.parse(readFileSync(join(folder, 'networks.json')))
  .filter(n => only.length === 0 ? !n.isOnRequest : only.includes(n.name));
const peaks = {}, rows = [];
for (const { network, precision } of networks.flatMap(network => kPrecisions.map(precision => ({ network, precision })))) {
  const ours = await linked('ours', network.name + precision.suffix);
  const peers = await peersOf(network, precision, ours);
  const time = async (engine, runs, threads) => (await rest(), engine.time(runs, threads));
  for (const engine of [ours, ...peers.map(peer => peer.engine)])
    for (const threads of [1, 2]) await engine.time(3, threads);
  const pair = async runs => (await rest(), Number(await ask(`pair ${network.name + precision.suffix} ${runs}`)));
  await pair(3);
  const runs = Math.max(1, Math.round(kRoundMs / await time(ours, 3, 1)));
  const turns = [];
  for (let round = 0; round < rounds; ++round) {
    peaks[precision.name] = Math.max(peaks[precision.name] ?? 0, Number(await ask(precision.peak)));
    const turn = { us: {}, them: { 1: {}, 2: {} } };
    const before = Number(await ask('distance'));
    for (const threads of [1, 2]) {
      turn.us[threads] = await time(ours, runs, threads);
      if (threads === 2) turn.pair = await pair(runs);
      for (const { name, engine } of peers) turn.them[threads][name] = await time(engine, runs, threads);
    }
    turn.distance = Math.max(before, Number(await ask('distance')));  // they may move in a turn
    turns.push(turn);
  }
  for (const { engine } of peers) await engine.end();
  rows.push({ name: network.name + precision.suffix, macs: network.macs, precision: precision.name, turns });
}

/// Against a peer at a number of threads: its time, and ours as a share of it, both as medians.
function against(name, turns, threads) {
  const of = turns.filter(turn => name in turn.them[threads]);
  if (of.length === 0) return null;
  return { ms: of.map(turn => turn.them[threads][name]),
           ratio: median(of.map(turn => turn.us[threads] / turn.them[threads][name])) };
}
/// The largest ratio is that to the best peer.
const best = (turns, threads) => Math.max(...kPeers.map(({ name }) => against(name, turns, threads)?.ratio ?? 0));
const table = (head, lines) => console.log(
  [head, head.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n'));
const peerHead = kPeers.flatMap(({ name }) => [`${name}, ms`, 'ours / theirs']);

console.log(`ONNX Runtime ${require('onnxruntime-node/package.json').version}${others.map(name => ', ' + name).join('')}; ` +
            `${rounds} rounds in turns, medians (spread); measured peaks: FMA ${peaks.fp32.toFixed(1)} GFLOP/s, ` +
            `bf16 ${peaks.bf16.toFixed(1)} GFLOP/s, int8 ${peaks.int8.toFixed(1)} GOP/s\n\n1 thread`);
const withSpread = values => `${median(values).toPrecision(4)} (${(100 * spread(values)).toFixed(1)} %)`;
table(['network', 'ours, ms', ...peerHead, 'GFLOP/s', 'share of peak'], rows.map(({ name, macs, precision, turns }) => {
  const us = turns.map(turn => turn.us[1]), gflops = 2 * macs / median(us) / 1e6;
  const them = kPeers.flatMap(peer => {
    const of = against(peer.name, turns, 1);
    return of === null ? ['', ''] : [withSpread(of.ms), of.ratio.toFixed(3)];
  });
  return [name, withSpread(us), ...them, gflops.toFixed(1), `${(100 * gflops / peaks[precision]).toFixed(1)} %`];
}));
const means = kPrecisions.map(({ name }) => {
  const of = rows.filter(row => row.precision === name).map(row => Math.log(best(row.turns, 1)));
  return `${name} ${Math.exp(of.reduce((a, b) => a + b, 0) / of.length).toFixed(3)}`;
});
console.log(`\ngeometric mean of the ratios to the best peer: ${means.join(', ')}; shares are of the peak of the row's ` +
            `precision\n\n2 threads; near: rounds in which the cores passed a cache line and back in less than ${kNearNs} ns; ` +
            `two engines at once: of one thread each, which share no work: their runs against those of one alone`);
table(['network', 'cores', 'rounds', 'round trip, ns', 'ours, ms', 'our 1 thread / 2 threads', 'of their least times',
       'two engines at once', ...peerHead],
      rows.flatMap(({ name, turns }) => ['near', 'far'].flatMap(cores => {
  const of = turns.filter(turn => (turn.distance < kNearNs) === (cores === 'near'));
  if (of.length === 0) return [];
  const middle = value => median(of.map(value)), least = threads => Math.min(...of.map(turn => turn.us[threads]));
  const them = kPeers.flatMap(peer => {
    const at = against(peer.name, of, 2);
    return at === null ? ['', ''] : [median(at.ms).toPrecision(4), at.ratio.toFixed(3)];
  });
  return [[name, cores, of.length, middle(turn => turn.distance).toFixed(0), middle(turn => turn.us[2]).toPrecision(4),
           middle(turn => turn.us[1] / turn.us[2]).toFixed(2), (least(1) / least(2)).toFixed(2),
           middle(turn => 2 * turn.us[1] / turn.pair).toFixed(2), ...them]];
})));
child.stdin.end();
