// `atto export --to web`, its page in Chromium from file://, its package in Node, and the examples of docs/targets/web.md.
//   page_test.mjs ATTO SOURCE PICTURES SCRATCH       PICTURES: what write_pictures wrote
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startBrowser } from './browser.mjs';

const [atto, source, pictures, scratch] = process.argv.slice(2).map(path => resolve(path));
const kTolerance = 0.005;  // of a probability: browsers make 8 bits of 16 in their own way
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });

function called(program, words, options = {}) {
  const done = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 28, cwd: scratch, ...options });
  if (done.error) throw done.error;
  return done;
}
function succeed(program, words, options) {
  const done = called(program, words, options);
  assert.equal(done.status, 0, `${program} ${words.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

// Class names that would end a script, or begin a picture, if they were ever read as HTML.
const kNames = ['plain', 'a "quoted" one', "it's", '</script><script>broken = 1</script>', '<img src=x onerror="broken = 1">',
                '日本語', '&amp; & &lt;', '{{model}}', '`${broken = 1}`', 'ü'.repeat(60)];
function writeNamed(folder) {
  mkdirSync(folder);
  const winner = join(source, 'tests/interop/winner');
  for (const name of ['design.json', 'reference.safetensors']) cpSync(join(winner, name), join(folder, name));
  const file = readFileSync(join(winner, 'weights.safetensors')), length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length));
  header.__metadata__.class_names = kNames.join('\n');
  let text = Buffer.from(JSON.stringify(header));
  text = Buffer.concat([text, Buffer.alloc((8 - text.length % 8) % 8, 32)]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(join(folder, 'weights.safetensors'), Buffer.concat([size, text, file.subarray(8 + length)]));
}

const trained = join(scratch, 'trained'), out = join(scratch, 'my site');
writeNamed(trained);
const reference = join(trained, 'reference.safetensors');
for (const more of [[], ['--int8', '--calibrate', reference]]) {
  const [made] = JSON.parse(succeed(atto, ['export', trained, '--to', 'web', '--out', out, '--json', ...more]));
  assert.equal(made.agrees, true);
  assert.equal(made.not_run, '');
}
assert.deepEqual(readdirSync(out).sort(), ['model.html', 'model.int8.html', 'model.int8.web', 'model.web']);
assert.deepEqual(readdirSync(join(out, 'model.web')).sort(), ['atto_edge.mjs', 'atto_edge.wasm', 'model.atto', 'package.json']);
const page = readFileSync(join(out, 'model.html'), 'utf8');
assert.equal(page.match(/<script/g).length, 3);
assert.equal(page.match(/https?:/g), null);

// Without node it is written, and nothing is claimed; without the engine nothing is written.
const elsewhere = join(scratch, 'elsewhere');
const [unrun] = JSON.parse(succeed(atto, ['export', trained, '--to', 'web', '--out', elsewhere, '--json'],
                                   { env: { ...process.env, NODE: 'no_such_node' } }));
assert.deepEqual([unrun.agrees, unrun.not_run], [null, 'no no_such_node']);
rmSync(elsewhere, { recursive: true });
const lacking = called(atto, ['export', trained, '--to', 'atto,web', '--out', elsewhere],
                       { env: { ...process.env, ATTO_WASM: join(scratch, 'none.wasm') } });
assert.equal(lacking.status, 4, lacking.stderr);
assert(!existsSync(elsewhere));

/** The probabilities of `atto run` by class. */
function wantedOf(model, picture) {
  const done = called(atto, ['run', model, picture, '--json']);
  return done.status === 0 ? JSON.parse(done.stdout)[0].top : null;
}

const browser = await startBrowser(join(scratch, 'profile'),
                                   ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
const kRead = `[...document.querySelectorAll('#classes li')].map(row => ({
  name: row.firstChild.textContent, probability: Number(row.dataset.probability),
  width: parseFloat(row.querySelector('i').style.width), shown: row.children[1].textContent }))`;
let largest = 0;
const apart = {};
function requireSame(shown, wanted, what) {
  assert.equal(shown.length, wanted.length, what);
  const byName = new Map(shown.map(row => [row.name, row]));
  for (const { class: name, share } of wanted) {
    const row = byName.get(name);
    if (row === undefined) { assert(share - wanted.at(-1).share <= kTolerance, `${what}: ${name} is missing`); continue; }
    const difference = Math.abs(row.probability - share);
    largest = Math.max(largest, difference);
    apart[what] = Math.max(apart[what] ?? 0, difference);
    assert(difference <= kTolerance, `${what}: ${name} ${row.probability}, wanted ${share}`);
    assert(Math.abs(row.width - 100 * row.probability) < 0.01);
    assert.equal(row.shown, `${(100 * row.probability).toFixed(1)} %`);
  }
}

// Awkward pictures, on pages of other networks too: a model is a text in the page.
const readable = readdirSync(pictures).filter(name => /\.(jpg|png)$/.test(name) && !/^(cut|none|cmyk|inverted|scans)/.test(name));
function pageWith(model, name) {
  const file = join(out, `${name}.html`), text = readFileSync(model).toString('base64');
  writeFileSync(file, page.replace(/(id="model">)[^<]*/, (_, begin) => begin + text));
  return file;
}
const pages = [['model', join(out, 'model.html'), join(out, 'model.web/model.atto')],
               ['int8', join(out, 'model.int8.html'), join(out, 'model.int8.web/model.atto')],
               ...['colour', 'grey', 'bare'].map(name => [name, pageWith(join(pictures, `${name}.atto`), name), join(pictures, `${name}.atto`)])];
let compared = 0;
for (const [name, file, model] of pages) {
  const tab = await browser.open(pathToFileURL(file).href);
  await tab.until('ready');
  for (const picture of readable) {
    const path = join(pictures, picture);
    await tab.run(`document.documentElement.dataset.state = 'waiting'`);
    await tab.choose('#file', [path]);
    await tab.until('done');
    requireSame(await tab.run(kRead), wantedOf(model, path), `${name}, ${picture}`);
    ++compared;
  }
  await tab.close();
}

const tab = await browser.open(pathToFileURL(join(out, 'model.html')).href);
await tab.until('ready');
assert.equal(await tab.run('document.title'), 'model');
// Dropped.
const dropped = join(pictures, 'rgb_300x63.jpg');
await tab.run(`{
  const given = new DataTransfer(), text = ${JSON.stringify(readFileSync(dropped).toString('base64'))};
  given.items.add(new File([Uint8Array.from(atob(text), letter => letter.charCodeAt(0))], 'a.jpg', { type: 'image/jpeg' }));
  document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true }));
}`);
await tab.until('done');
const first = await tab.run(kRead);
requireSame(first, wantedOf(join(out, 'model.web/model.atto'), dropped), 'dropped');
assert(first.every(row => kNames.includes(row.name)));
assert.equal(await tab.run('typeof broken'), 'undefined');
assert.match(await tab.run(`document.getElementById('time').textContent`), /^[\d.]+ ms a picture$/);
// What is no picture is said, and the page goes on.
await tab.choose('#file', [join(pictures, 'none.jpg')]);
await tab.until('refused');
assert.match(await tab.run(`document.getElementById('trouble').textContent`), /^none\.jpg is no picture/);
// The camera, and an end of it.
await tab.run(`document.documentElement.dataset.state = 'waiting'; document.getElementById('camera').click()`);
await tab.until('done');
assert.equal(await tab.run(`document.getElementById('video').videoWidth > 0 && document.getElementById('trouble').hidden`), true);
await tab.run(`document.getElementById('camera').click()`);
assert.equal(await tab.run(`document.getElementById('video').hidden`), true);

const troubles = browser.events.filter(({ method, params }) => method === 'Runtime.exceptionThrown' ||
    (method === 'Log.entryAdded' && params.entry.level === 'error') ||
    (method === 'Network.requestWillBeSent' && !/^(file|data|blob):/.test(params.request.url)));
assert.deepEqual(troubles, []);

// The package, as npm links a folder, and the examples of the format's page.
const user = join(scratch, 'user');
mkdirSync(join(user, 'node_modules'), { recursive: true });
symlinkSync(join(out, 'model.web'), join(user, 'node_modules/model'));
cpSync(join(out, 'model.web'), join(user, 'model.web'), { recursive: true });
writeFileSync(join(user, 'linked.mjs'), `import { open } from 'model';
console.log((await open()).classes.join('\\n'));`);
assert.equal(succeed('node', ['linked.mjs'], { cwd: user }).trimEnd(), kNames.join('\n'));
const document = readFileSync(join(source, 'docs/targets/web.md'), 'utf8');
const [example] = document.match(/^ {4}import \{ open \} from '.\/model\.web[^]*?\n(?! {4}|\n)/m);
writeFileSync(join(user, 'example.mjs'), example.replace(/^ {4}/gm, ''));
assert(kNames.some(name => succeed('node', ['example.mjs'], { cwd: user }).startsWith(name)));
// Its page, from a server.
const [shown] = document.match(/^ {4}<canvas id="picture"[^]*?^ {4}<\/script>\n/m);
writeFileSync(join(user, 'index.html'), shown);
const kTypes = { html: 'text/html', mjs: 'text/javascript', wasm: 'application/wasm' };
const server = createServer((request, answer) => {
  const file = join(user, request.url === '/' ? 'index.html' : request.url);
  if (!existsSync(file)) return answer.writeHead(404).end();
  answer.setHeader('Content-Type', kTypes[file.split('.').at(-1)] ?? 'application/octet-stream');
  answer.end(readFileSync(file));
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const served = await browser.open(`http://127.0.0.1:${server.address().port}/`);
const title = await served.run(`new Promise((yes, no) => {
  const end = Date.now() + 60000;
  const look = () => document.title ? yes(document.title) : Date.now() > end ? no(new Error('no title')) : setTimeout(look, 5);
  look();
})`);
assert(kNames.includes(title), title);
await browser.close();
server.close();
console.log(`${compared} pictures on ${pages.length} pages; probabilities at most ${largest.toExponential(1)} from those of atto run`);
console.log(Object.entries(apart).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([what, by]) => `  ${what}: ${by.toExponential(1)}`).join('\n'));
