// A campaign's description in its ledger.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "design_specs/json_text.hpp"
#include "search/campaign/campaign.hpp"
#include "search/campaign/task_json.hpp"

namespace atto::search {

using Json = nlohmann::json;

void store_campaign(Ledger& ledger, const Campaign& campaign) {
  ledger.set_meta("spec_text", campaign.spec_text);
  ledger.set_meta("spec_name", campaign.spec_name);
  ledger.set_meta("prototype_text", campaign.prototype_text);
  ledger.set_meta("prototype_name", campaign.prototype_name);
  const Json campaign_json = {{"seed", campaign.spec.search.seed},
                              {"candidates", campaign.spec.search.candidates},
                              {"strategy", campaign.spec.search.strategy},
                              {"task", task_json(campaign.spec.task.kind)},
                              {"evaluator", word_of(campaign.evaluator)},
                              {"device", campaign.device},
                              {"async", campaign.is_async},
                              {"responses", campaign.wants_responses},
                              {"scored_jobs", campaign.scored_jobs},
                              {"switched_off", campaign.switched_off},
                              {"channels", campaign.input.input.channels},
                              {"height", campaign.input.input.height},
                              {"width", campaign.input.input.width},
                              {"classes", campaign.input.classes},
                              {"train_images", campaign.train_images},
                              {"validation_images", campaign.validation_images},
                              {"test_images", campaign.test_images},
                              {"data", campaign.data},
                              {"dataset", campaign.spec.task.dataset},
                              {"dataset_name", campaign.dataset.name},
                              {"dataset_place", campaign.dataset.place.string()},
                              {"dataset_digest", campaign.dataset.digest}};
  ledger.set_meta("campaign", spec::json_text(campaign_json));
  ledger.set_meta("version", ATTO_VERSION);
}

namespace {

/// Runs `read`; whatever it cannot read was not written by us.
template <class Read>
auto expecting_ours(const Ledger& ledger, const char* entry, Read&& read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    throw EnvironmentError(ledger.damage_text(fmt::format("{}: {}", entry, error.what())));
  } catch (const SpecError& error) {
    throw EnvironmentError(ledger.damage_text(fmt::format("{}: {}", entry, error.what())));
  }
}

Campaign read_stored(Ledger& ledger, const std::string& stored) {
  Campaign campaign;
  campaign.spec_text = ledger.meta("spec_text");
  campaign.spec_name = ledger.meta("spec_name");
  campaign.prototype_text = ledger.meta("prototype_text");
  campaign.prototype_name = ledger.meta("prototype_name");
  const Json json = Json::parse(stored);
  // Absent in ledgers of a version that knew one task.
  const std::vector<spec::TaskKind> kinds = {json.contains("task") ? read_task(json.at("task"))
                                                                   : spec::task_kinds().front()};
  campaign.spec = spec::read_design_spec(spec::parse_json(campaign.spec_text, campaign.spec_name),
                                         campaign.spec_name, strategy_names(), kinds);
  campaign.spec.search.seed = json.at("seed").get<std::uint64_t>();
  campaign.spec.search.candidates = json.at("candidates").get<int>();
  campaign.spec.search.strategy = json.at("strategy").get<std::string>();
  campaign.prototype = std::make_unique<net::Prototype>(
      spec::parse_json(campaign.prototype_text, campaign.prototype_name));
  campaign.evaluator = read_word<EvaluatorKind>(json.at("evaluator").get<std::string>());
  campaign.device = json.at("device").get<std::string>();
  campaign.earlier_devices = json.value("earlier_devices", std::vector<std::string>{});
  campaign.is_async = json.at("async").get<bool>();
  campaign.wants_responses = json.value("responses", false);  // absent in ledgers of schema 1
  campaign.scored_jobs = json.value("scored_jobs", std::int64_t{0});
  campaign.switched_off = json.value("switched_off", std::vector<std::string>{});
  const net::Shape shape = {json.at("channels").get<int>(), json.at("height").get<int>(),
                            json.at("width").get<int>()};
  campaign.input = task_input(campaign, shape, json.at("classes").get<int>());
  campaign.train_images = json.at("train_images").get<std::int64_t>();
  campaign.validation_images = json.at("validation_images").get<std::int64_t>();
  campaign.test_images = json.at("test_images").get<std::int64_t>();
  campaign.data = json.at("data").get<std::string>();
  // Ledgers without what follows took a relative path from the working directory.
  campaign.spec.task.base.clear();
  campaign.spec.task.dataset = json.value("dataset", campaign.spec.task.dataset);
  campaign.dataset = {json.value("dataset_name", ""), json.value("dataset_place", ""),
                      json.value("dataset_digest", ""), campaign.input.classes};
  return campaign;
}

}  // namespace

Campaign load_campaign(Ledger& ledger) {
  const std::string stored = ledger.meta("campaign");
  if (stored.empty())
    throw EnvironmentError(
        "the ledger has no campaign: its search was stopped before it began; remove the file and "
        "start the search again: " +
        ledger.name());
  Campaign campaign =
      expecting_ours(ledger, "its campaign", [&] { return read_stored(ledger, stored); });
  if (!find_strategy(campaign.spec.search.strategy) || campaign.spec.search.candidates < 1)
    throw EnvironmentError(ledger.damage_text("its campaign: no strategy, or no candidates"));
  return campaign;
}

CampaignState state_of(Ledger& ledger) {
  return read_word<CampaignState>(ledger.meta("state", word_of(CampaignState::New)));
}

void set_state(Ledger& ledger, CampaignState state) {
  ledger.set_meta("state", word_of(state));
}

void change_device(Ledger& ledger, const std::string& device) {
  const std::string before = load_campaign(ledger).device;
  if (device == before) return;
  Json json = Json::parse(ledger.meta("campaign"));
  json["device"] = device;
  const Totals totals = ledger.totals();
  if (totals.done > totals.refused) {
    json["earlier_devices"].push_back(before);
    ledger.add_event("device", "trained on " + device + " from here on, before on " + before);
  }
  ledger.set_meta("campaign", spec::json_text(json));
}

std::vector<Extension> read_extensions(Ledger& ledger) {
  return expecting_ours(ledger, "its extensions", [&] {
    std::vector<Extension> extensions;
    for (const Json& entry : Json::parse(ledger.meta("extensions", "[]")))
      extensions.push_back(
          {entry.at(0).get<int>(), entry.at(1).get<std::int64_t>(), entry.at(2).get<int>()});
    return extensions;
  });
}

void write_extensions(Ledger& ledger, const std::vector<Extension>& extensions) {
  Json json = Json::array();
  for (const Extension& extension : extensions)
    json.push_back({extension.tier, extension.position, extension.candidates});
  ledger.set_meta("extensions", spec::json_text(json));
}

}  // namespace atto::search
