#pragma once
// Tasks as ledgers and tables hold them: whoever reads one knows what its scores are, whatever
// tasks its own version has.

#include <nlohmann/json_fwd.hpp>

#include "design_specs/requirements/task_kind.hpp"

namespace atto::search {

nlohmann::json score_json(const spec::Score& score);
nlohmann::json task_json(const spec::TaskKind& kind);

/// Each throws nlohmann::json::exception, or SpecError, for what was not written so.
spec::Score read_score(const nlohmann::json& json);
spec::TaskKind read_task(const nlohmann::json& json);

}  // namespace atto::search
