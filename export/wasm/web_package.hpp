#pragma once
// What leaves for browsers and Node: the engine as a WebAssembly module, a page that holds it and
// a model.

#include <string>
#include <string_view>

namespace atto::deploy::web {

/// Returns atto_edge.wasm: that of $ATTO_WASM, else that which was installed or built beside this
/// program. Throws EnvironmentError that says how to build it.
std::string read_engine();

/// Returns an HTML file that needs nothing else. `name`: letters, digits, _, - and .
std::string page_of(std::string_view name, std::string_view engine, std::string_view model);
/// Returns the model in such a page.
std::string model_in(std::string_view page);

/// Returns the package.json of the folder with atto_edge.mjs, atto_edge.wasm and model.atto.
std::string package_json(std::string_view name);

}  // namespace atto::deploy::web
