#pragma once
// The texts of export/wasm that become part of what is written.

#include <string_view>

namespace atto::deploy::web {

extern const std::string_view kModule;  ///< atto_edge.mjs
extern const std::string_view
    kPage;  ///< page.html, with {{name}}, {{module}}, {{engine}}, {{model}}
extern const std::string_view kRunner;  ///< run_page.mjs

}  // namespace atto::deploy::web
