// Holds prototype.schema.json to the reader's tables: the same keys in every object, the same
// words.

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "design_specs/reading/json.hpp"
#include "design_specs/requirements/keys.hpp"
#include "prototypes/language/keys.hpp"
#include "prototypes/network/network.hpp"

using namespace atto;

namespace {

using Names = std::set<std::string, std::less<>>;

const spec::Document& schema() {
  static const spec::Document document =
      spec::read_json(std::string(ATTO_SOURCE_DIR) + "/prototypes/prototype.schema.json");
  return document;
}

const spec::Value& definition(const std::string& name) {
  const spec::Value* found = schema().root.find("definitions")->find(name);
  INFO(name);
  REQUIRE(found != nullptr);
  return *found;
}

Names keys(const spec::Value& object) {
  REQUIRE(object.find("additionalProperties") != nullptr);
  CHECK_FALSE(object.find("additionalProperties")->boolean);
  Names names;
  for (const spec::Member& member : object.find("properties")->members) names.insert(member.key);
  return names;
}

Names names(net::Words words) {
  return {words.begin(), words.end()};
}

/// Returns the words of a property that is one of several words, a hole or a tie.
Names words(const spec::Value& object, const char* property) {
  const spec::Value* choices = object.find("properties")->find(property)->find("anyOf");
  REQUIRE(choices != nullptr);
  Names found;
  for (const spec::Value& item : choices->items.front().find("enum")->items)
    found.insert(item.string);
  return found;
}

}  // namespace

TEST_CASE("The schema of prototypes has the keys that the reader knows") {
  CHECK(keys(schema().root) == names(net::kNetworkKeys));
  CHECK(keys(definition("detector")) == names(net::kDetectorKeys));
  CHECK(keys(definition("pyramid")) == names(net::kPyramidKeys));
  CHECK(keys(definition("proposals")) == names(net::kProposalsKeys));
  CHECK(keys(definition("box")) == names(net::kBoxKeys));
  CHECK(keys(definition("mask")) == names(net::kMaskKeys));
  CHECK(keys(definition("settings")) == names(spec::kDetectorSettingsKeys));
  CHECK(keys(definition("anchors")) == names(spec::kAnchorKeys));
  CHECK(words(definition("mask"), "enlarge") == names(net::kEnlargeNames));
  CHECK(keys(definition("input")) == names(net::kInputKeys));
  CHECK(keys(definition("stage")) == names(net::kStageKeys));
  CHECK(keys(definition("body")) == names(net::kBodyKeys));
  CHECK(keys(definition("nested_body")) == names(net::kNestedBodyKeys));
  CHECK(keys(definition("sources")) == names(net::kSourcesKeys));
  CHECK(keys(definition("entry")) == names(net::kEntryKeys));
  CHECK(keys(definition("reference")) == names(net::kTemplateReferenceKeys));
  CHECK(keys(definition("free_chain")) == names(net::kFreeChainKeys));
  CHECK(keys(definition("times")) == names(net::kTimesKeys));
  CHECK(keys(definition("choose")) == names(net::kChooseKeys));
  CHECK(keys(definition("range")) == names(net::kRangeKeys));
  CHECK(keys(definition("record")) == names(net::kRecordKeys));
  Names entry_body = names(net::kBodyKeys);
  entry_body.insert({"repeat", "stride"});
  CHECK(keys(definition("entry_body")) == entry_body);
}

TEST_CASE("The schema of prototypes has the operators and words that the reader knows") {
  CHECK(definition("operator").find("oneOf")->items.size() == net::kOperatorNames.size());
  for (std::size_t i = 0; i < net::kOperatorNames.size(); ++i) {
    const spec::Value& op = definition("op_" + std::string(net::kOperatorNames[i]));
    CHECK(keys(op) == names(net::kOperatorKeys[i]));
    CHECK(op.find("properties")->find("op")->find("const")->string == net::kOperatorNames[i]);
  }
  CHECK(words(schema().root, "activation") == names(net::kActivationNames));
  CHECK(words(definition("op_conv"), "activation") == names(net::kActivationNames));
  CHECK(words(definition("body"), "shortcut") == names(net::kShortcutNames));
  CHECK(words(definition("body"), "join") == names(net::kJoinNames));
  CHECK(words(definition("nested_body"), "join") == names(net::kJoinNames));
  CHECK(words(definition("sources"), "join") == names(net::kJoinNames));
}
