// Holds the JSON Schema to the reader's tables: the same keys in every object, the same choices.

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "design_specs/reading/json.hpp"
#include "design_specs/requirements/keys.hpp"
#include "design_specs/requirements/readers.hpp"
#include "design_specs/requirements/task_kind.hpp"

using namespace atto::spec;

namespace {

using Keys = std::set<std::string, std::less<>>;

const Document& schema() {
  static const Document document =
      read_json(std::string(ATTO_SOURCE_DIR) + "/design_specs/design_spec.schema.json");
  return document;
}

const Value& resolved(const Value& node) {
  const Value* ref = node.find("$ref");
  if (ref == nullptr) return node;
  const std::string name = ref->string.substr(std::string("#/definitions/").size());
  const Value* target = schema().root.find("definitions")->find(name);
  REQUIRE(target != nullptr);
  return *target;
}

/// Collects the keys of every object under `node`, as "path -> keys".
void collect(const Value& unresolved, const std::string& path, std::map<std::string, Keys>& found) {
  const Value& node = resolved(unresolved);
  if (const Value* items = node.find("items")) collect(*items, path + "/*", found);
  if (const Value* choices = node.find("oneOf"))
    for (const Value& choice : choices->items) collect(choice, path, found);
  const Value* properties = node.find("properties");
  if (properties == nullptr) return;
  INFO(path);
  REQUIRE(node.find("additionalProperties") != nullptr);
  CHECK(node.find("additionalProperties")->boolean == false);
  for (const Member& member : properties->members) {
    found[path].insert(member.key);
    INFO(member.key);
    const Value& property = member.value;
    CHECK((property.find("description") != nullptr ||
           resolved(property).find("description") != nullptr));
    collect(property, path + "/" + member.key, found);
  }
}

Keys texts(const Value& list) {
  Keys keys;
  for (const Value& item : list.items) keys.insert(item.string);
  return keys;
}

const Value& property(std::initializer_list<const char*> path) {
  const Value* node = &schema().root;
  for (const char* key : path) node = resolved(*node).find("properties")->find(key);
  return *node;
}

std::vector<Score> goals() {
  std::vector<Score> goals;
  for (const TaskKind& kind : task_kinds())
    for (const Score& score : kind.scores)
      if (score.is_goal) goals.push_back(score);
  return goals;
}

}  // namespace

TEST_CASE("The schema has exactly the keys that the reader knows, object by object") {
  std::map<std::string, Keys> found;
  collect(schema().root, "", found);
  std::map<std::string, Keys> known;
  for (const KeyTable& table : kKeyTables)
    known[std::string(table.path)] = Keys(table.keys.begin(), table.keys.end());
  CHECK(known.size() == kKeyTables.size());
  for (const auto& [strategy, keys] : strategy_keys()) {
    known["/search"].insert(std::string(strategy));
    known["/search/" + std::string(strategy)] = Keys(keys.begin(), keys.end());
  }
  for (const std::string require : {"/require", "/tiers/*/require"})
    for (const Score& score : goals()) {
      known[require].insert(score.name);
      known[require + "/" + score.name] = {score.better == Better::More ? "min" : "max"};
    }
  CHECK(found == known);
}

TEST_CASE("The schema has exactly the choices that the reader knows") {
  CHECK(texts(*property({"training", "recipe"}).find("enum")) ==
        Keys(kRecipes.begin(), kRecipes.end()));
  CHECK(texts(*property({"require", "latency_ms", "precision"}).find("enum")) ==
        Keys(kLatencyPrecisions.begin(), kLatencyPrecisions.end()));
  CHECK(texts(*property({"require", "flash_kib", "core"}).find("enum")) ==
        Keys(kCores.begin(), kCores.end()));
  Keys kinds, maximised;
  for (const TaskKind& kind : task_kinds()) kinds.insert(kind.name);
  for (const Score& score : goals()) maximised.insert(score.name);
  CHECK(texts(*property({"task", "kind"}).find("enum")) == kinds);
  Keys choices;
  for (const Value& choice : property({"maximise"}).find("oneOf")->items)
    if (const Value* name = choice.find("const")) choices.insert(name->string);
  CHECK(choices == maximised);
}
