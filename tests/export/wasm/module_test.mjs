// The engine as a WebAssembly module against the interpreters' cases (tests/export/runtime/cases), and what it refuses.
//   module_test.mjs ATTO_EDGE.wasm ATTO_EDGE.mjs CASES
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const [enginePath, modulePath, cases] = process.argv.slice(2);
const { open, probabilities } = await import(pathToFileURL(resolve(modulePath)));
const kMostBytes = 300_000, kMostPacked = 110_000, kFloatBound = 1e-5;

const engineBytes = readFileSync(enginePath), packed = gzipSync(engineBytes, { level: 9 }).length;
console.log(`atto_edge.wasm: ${engineBytes.length} bytes, ${packed} packed`);
assert(engineBytes.length <= kMostBytes && packed <= kMostPacked);
const engine = await WebAssembly.compile(engineBytes);
assert.deepEqual(WebAssembly.Module.imports(engine), [{ module: 'atto', name: 'fail', kind: 'function' }]);

const bytesOf = name => readFileSync(join(cases, name));
const floatsOf = name => new Float32Array(Uint8Array.from(bytesOf(name)).buffer);
const isInt8 = name => name.endsWith('.int8'), isBf16 = name => name.endsWith('.bf16');

/** The largest difference as a share of the largest wanted value. */
function errorOf(made, wanted) {
  assert.equal(made.length, wanted.length);
  let difference = 0, largest = 0;
  made.forEach((value, i) => {
    if (!Number.isFinite(value)) difference = Infinity;
    difference = Math.max(difference, Math.abs(value - wanted[i]));
    largest = Math.max(largest, Math.abs(wanted[i]));
  });
  return largest > 0 ? difference / largest : difference;
}

const worst = { float32: 0, bf16: 0, int8: 0 };
let failed = 0, count = 0;
for (const line of bytesOf('cases.txt').toString().trim().split('\n')) {
  const [name, boundText] = line.split(' ');
  const session = await open(bytesOf(`${name}.atto`), engine);
  session.run(floatsOf(`${name}.input`));
  let wanted = floatsOf(`${name}.output`), error = 0;
  session.outputs.forEach((output, index) => {
    const made = session.output(index);
    error = Math.max(error, errorOf(made, wanted.subarray(0, made.length)));
    wanted = wanted.subarray(made.length);
  });
  assert.equal(wanted.length, 0);
  const kind = isInt8(name) ? 'int8' : isBf16(name) ? 'bf16' : 'float32';
  const bound = kind === 'float32' ? Math.min(Number(boundText), kFloatBound) : Number(boundText);
  worst[kind] = Math.max(worst[kind], error);
  ++count;
  if (error <= bound) continue;
  ++failed;
  console.log(`${name}: error ${error}, bound ${bound}`);
}
console.log(`${count} models, ${failed} failures; largest errors: ${JSON.stringify(worst)}`);
assert(count > 150 && failed === 0);

// Pixels are normalised as the file says; a picture of the right size is its own pixels.
const model = bytesOf('quickstart_0.atto'), session = await open(model, engine);
assert.deepEqual(session.inputShape, [1, 28, 28]);
const grey = Uint8Array.from({ length: 784 }, (_, i) => i * 7 % 256);
const byPixels = session.run(grey), byValues = session.run(Float32Array.from(grey, value => value / 255));
assert(errorOf(byPixels, byValues) < 1e-6);
const picture = { width: 28, height: 28, data: Uint8ClampedArray.from({ length: 4 * 784 }, (_, i) => i % 4 === 3 ? 255 : grey[i >> 2]) };
assert.deepEqual(session.pixels(picture), grey);
assert.deepEqual(session.run(picture), byPixels);
const found = session.classify(picture, 3);
assert.equal(found.length, 3);
assert(found[0].probability >= found[1].probability && found[1].probability >= found[2].probability);
assert.equal(found[0].probability, Math.max(...probabilities(byPixels)));
assert.deepEqual(probabilities([0.25, 0.75]), [0.25, 0.75]);

// Sessions are apart, and memory that grows is no trouble.
const large = { width: 3000, height: 2000, data: new Uint8Array(4 * 6e6).fill(255) };
const other = await open(model, engine);
assert(session.pixels(large).every(value => value === 255));
assert.deepEqual(other.run(grey), byPixels);
assert.deepEqual(session.run(grey), byPixels);

// What is wrong is said.
await assert.rejects(open(new Uint8Array(0), engine), /the file ends inside the 64-byte header/);
await assert.rejects(open(new TextEncoder().encode('x'.repeat(100)), engine), /this is not an \.atto model file/);
await assert.rejects(open('model.atto', engine), /the model must be bytes/);
for (const length of [64, 100, 1000, model.length - 1])
  await assert.rejects(open(model.subarray(0, length), engine), /at byte \d+: /);
const damaged = Uint8Array.from(model);
damaged[damaged.length - 100] ^= 1;
await assert.rejects(open(damaged, engine), /is damaged/);
await assert.rejects(open(model, new Uint8Array(8)), WebAssembly.CompileError);
assert.throws(() => session.run(new Float32Array(783)), /must have 1 x 28 x 28 values; got 783/);
assert.throws(() => session.run([1, 2]), TypeError);
assert.throws(() => session.run(undefined), TypeError);
assert.throws(() => session.pixels({ data: new Uint8Array(3), width: 1, height: 1 }), RangeError);
// A session that ran out of memory is over; others are not.
const huge = { data: { length: 4 * 40_000 * 20_000 }, width: 40_000, height: 20_000 };
assert.throws(() => session.pixels(huge), /out of memory/);
assert.throws(() => session.run(grey), /out of memory/);
assert.deepEqual(other.run(grey), byPixels);
assert.equal(probabilities(new Float32Array(1e6)).length, 1e6);
// Any byte of a model may be anything.
let refused = 0;
for (let i = 0; i < 400; ++i) {
  const hostile = Uint8Array.from(model);
  hostile[i * 7919 % Math.min(hostile.length, 20_000)] ^= 1 << i % 8;
  const opened = await open(hostile, engine).catch(error => { ++refused; assert(error instanceof Error); });
  opened?.run(new Float32Array(opened.inputShape.reduce((a, b) => a * b)));
}
console.log(`${refused} of 400 damaged models refused`);
assert(refused > 0);
