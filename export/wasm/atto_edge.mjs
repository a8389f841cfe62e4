// Runs a .atto model, in a page and in Node:
//   const session = await open(bytes);              // without bytes: model.atto beside this file
//   session.run(image)                              // Float32Array: the first output, here logits
//   session.classify(image)                         // [{ name, probability }, ...], likeliest first
// An image is a Float32Array [channels][height][width], normalised as in training, a Uint8Array of pixels
// [height][width][channels], or a picture of any size as canvases give it: { data, width, height }, four bytes a pixel.

/** Reads a file beside this one. */
async function beside(name) {
  const url = new URL(name, import.meta.url);
  if (url.protocol === 'file:' && globalThis.process?.versions?.node)
    return (await import('node:fs/promises')).readFile(url);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
}

/** Opens a model (its bytes) with the engine (bytes of atto_edge.wasm, or a compiled module). Throws where it is none. */
export async function open(model = beside('model.atto'), engine = beside('atto_edge.wasm')) {
  model = await model;
  engine = await engine;
  if (!ArrayBuffer.isView(model) && !(model instanceof ArrayBuffer)) throw new TypeError('the model must be bytes');
  const module = engine instanceof WebAssembly.Module ? engine : await WebAssembly.compile(engine);
  const state = {};
  let wasm;
  const fail = (at, length) => { throw state.error = new Error(new TextDecoder().decode(memory(wasm, Uint8Array, at, length))); };
  wasm = (await WebAssembly.instantiate(module, { atto: { fail } })).exports;
  wasm._initialize();
  const bytes = ArrayBuffer.isView(model) ? new Uint8Array(model.buffer, model.byteOffset, model.byteLength) : new Uint8Array(model);
  const at = wasm.take(bytes.length);
  memory(wasm, Uint8Array, at, bytes.length).set(bytes);
  wasm.open(at, bytes.length);
  return new Session(wasm, state);
}

/** A view of an engine's memory, until it grows. */
const memory = (wasm, Type, at, length) => new Type(wasm.memory.buffer, at >>> 0, length);
const elements = shape => shape.reduce((a, b) => a * b, 1);
const list = (count, of) => Array.from({ length: count }, (_, index) => of(index));

class Session {
  #module;
  #state;  // holds the error after which the module is of no more use
  constructor(wasm, state) {
    const text = at => new TextDecoder().decode(memory(wasm, Uint8Array, at, memory(wasm, Uint8Array, at).indexOf(0)));
    this.#module = wasm;
    this.#state = state;
    this.inputShape = [wasm.channels(), wasm.height(), wasm.width()];
    this.classes = list(wasm.classes(), index => text(wasm.class_name(index)));
    this.outputs = list(wasm.outputs(), index => ({
      name: text(wasm.output_name(index)),
      shape: [wasm.output_channels(index), wasm.output_height(index), wasm.output_width(index)] }));
  }

  get #wasm() {
    if (this.#state.error) throw this.#state.error;
    return this.#module;
  }

  /** The pixels [height][width][channels] that training would have made of a picture: docs/pixels.md. */
  pixels({ data, width, height }) {
    const [channels] = this.inputShape;
    if (channels !== 1 && channels !== 3) throw new RangeError(`a picture cannot become ${channels} channels`);
    if (data.length !== 4 * width * height || data.length === 0)
      throw new RangeError(`a picture must have 4 x ${width} x ${height} bytes; got ${data.length}`);
    const at = this.#wasm.take(data.length);
    memory(this.#wasm, Uint8Array, at, data.length).set(data);
    this.#wasm.see(at, height, width);
    this.#wasm.release(at);
    return memory(this.#wasm, Uint8Array, this.#wasm.pixels(), elements(this.inputShape)).slice();
  }

  run(image) {
    if (image?.data && image.width) image = this.pixels(image);
    const isPixels = image instanceof Uint8Array || image instanceof Uint8ClampedArray;
    if (!isPixels && !(image instanceof Float32Array))
      throw new TypeError('an image must be a Float32Array, a Uint8Array or { data, width, height }');
    if (image.length !== elements(this.inputShape))
      throw new RangeError(`an image must have ${this.inputShape.join(' x ')} values; got ${image.length}`);
    const at = isPixels ? this.#wasm.pixels() : this.#wasm.image();
    memory(this.#wasm, isPixels ? Uint8Array : Float32Array, at, image.length).set(image);
    isPixels ? this.#wasm.run_pixels() : this.#wasm.run();
    return this.output(0);
  }

  /** An output of the last run, [channels][height][width]. */
  output(index) {
    return memory(this.#wasm, Float32Array, this.#wasm.output(index), elements(this.outputs[index].shape)).slice();
  }

  classify(image, count = 5) {
    const shares = probabilities(this.run(image));
    return list(shares.length, index => ({ name: this.classes[index] ?? `class ${index}`, probability: shares[index] }))
      .sort((a, b) => b.probability - a.probability).slice(0, count);
  }
}

/** Softmax; what is one already stays. */
export function probabilities(scores) {
  const sum = values => values.reduce((a, b) => a + b, 0);
  if (scores.every(score => score >= 0) && Math.abs(sum(scores) - 1) < 1e-3) return Array.from(scores);
  const largest = scores.reduce((a, b) => Math.max(a, b)), shares = Array.from(scores, score => Math.exp(score - largest)), all = sum(shares);
  return shares.map(share => share / all);
}
