// Google's interpreters from npm, in Node: TensorFlow Lite of tfjs-tflite, and LiteRT. Both are made for browsers.
//   run in the folder that holds node_modules
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Small files share a pool of memory, of which a copy is free.
const bytesOf = file => Uint8Array.from(readFileSync(file));
const modules = join(process.cwd(), 'node_modules');

/// Returns open(model file), which returns run(Int8Array): the bytes of each output.
export async function tensorflowLite() {
  const folder = join(modules, '@tensorflow/tfjs-tflite/wasm');
  const text = readFileSync(join(folder, 'tflite_web_api_cc_simd.js'), 'utf8');
  const factory = new Function(text + '; return tflite_web_api_ModuleFactory;')();
  const module = await factory({ wasmBinary: bytesOf(join(folder, 'tflite_web_api_cc_simd.wasm')),
                                 print: () => {}, printErr: () => {} });
  const listed = vector => Array.from({ length: vector.size() }, (_, i) => vector.get(i));
  return file => {
    const model = bytesOf(file), place = module._malloc(model.length);
    module.HEAPU8.set(model, place);
    const made = module.TFLiteWebModelRunner.CreateFromBufferAndOptions(
        place, model.length, { numThreads: -1, enableProfiling: false, maxProfilingBufferEntries: 64 });
    if (!made.ok()) throw new Error(`${file}: ${made.errorMessage()}`);
    const runner = made.value();
    return image => {
      runner.GetInputs().get(0).data().set(image);
      if (!runner.Infer()) throw new Error(`${file}: does not run`);
      return listed(runner.GetOutputs()).map(output => {
        const data = output.data();
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      });
    };
  };
}

/// Returns open(model file), which returns run(Float32Array, dims): the floats of each output.
export async function liteRt() {
  globalThis.self = globalThis;
  globalThis.Module = { print: () => {}, printErr: () => {} };
  globalThis.document = {
    createElement: () => ({ addEventListener(event, then) { if (event === 'load') this.loaded = then; } }),
    body: { appendChild(script) {
      globalThis.ModuleFactory = new Function('require', '__filename', '__dirname',
          readFileSync(script.src, 'utf8') + '; return ModuleFactory;')(
          createRequire(script.src), script.src, dirname(script.src));
      script.loaded();
    } }
  };
  const folder = join(modules, '@litertjs/core');
  const { loadLiteRt, loadAndCompile, Tensor } = await import(pathToFileURL(join(folder, 'dist/index.js')));
  // The other module has instructions that this Node does not know.
  await loadLiteRt(join(folder, 'wasm/litert_wasm_compat_internal.js'));
  return async file => {
    const model = await loadAndCompile(bytesOf(file), { accelerator: 'wasm' });
    return async (image, dims) => {
      const input = new Tensor(image, dims);
      const results = await model.run([input]);
      input.delete();
      return results.map(result => {
        const values = Float32Array.from(result.toTypedArray());
        result.delete();
        return values;
      });
    };
  };
}
