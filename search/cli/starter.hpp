#pragma once
// A first prototype and spec for a data set, as `atto init` writes them.

#include <optional>
#include <string>

#include "trainer/data/datasets.hpp"

namespace atto::cli {

struct Starter {
  std::string prototype, spec;  ///< JSON
  std::string notes;            ///< Markdown: what the files say, and the commands to go on with
};

/// Makes a prototype that suits images of this size, and a spec whose ceilings lie between its
/// smallest and its largest designs. `name`: of both; `dataset`, `resolution`: as the spec names
/// them.
Starter make_starter(const std::string& name, const std::string& dataset,
                     const train::DatasetInfo& data, std::optional<int> resolution);

}  // namespace atto::cli
