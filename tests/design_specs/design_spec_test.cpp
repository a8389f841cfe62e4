#include "design_specs/requirements/design_spec.hpp"

#include <catch2/catch.hpp>

using namespace atto::spec;

namespace {

DesignSpec read(const std::string& body) {
  const std::string text = R"({ "name": "x", "prototype": "../prototypes/a.json")" +
                           (body.empty() ? "" : ", " + body) + " }";
  return read_design_spec(parse_json(text, "x.json"), "specs/x.json");
}

}  // namespace

TEST_CASE("A spec of name and prototype alone gets every default") {
  const DesignSpec spec = read("");
  CHECK(spec.name == "x");
  CHECK(spec.prototype == "prototypes/a.json");
  CHECK(spec.prototype_location.column == 29);
  CHECK(spec.task.dataset == "fashion_mnist");
  CHECK_FALSE(spec.task.resolution);
  CHECK_FALSE(spec.require.params.max);
  CHECK_FALSE(spec.maximise.is_netscore);
  CHECK(spec.search.strategy == "random_asha");
  CHECK(spec.search.rungs == std::vector<int>{1, 3});
  CHECK(spec.search.band == Band(0.9));
  CHECK(spec.search.synthesis.inquisitor);
  CHECK(spec.search.synthesis.rungs);
  CHECK(spec.search.synthesis.context);
  CHECK(spec.training.recipe.batch == 128);
  CHECK(spec.training.final_seeds == 3);
  CHECK(spec.export_formats.empty());
  CHECK(spec.tiers.empty());
}

TEST_CASE("Every key of a spec reaches its field") {
  const DesignSpec spec = read(R"(
    "$schema": "design_spec.schema.json", "format": 1,
    "task": { "dataset": "imagenet50", "resolution": 192 },
    "require": { "params": { "max": "1.87M", "min": 1000 }, "macs": { "max": "277.5M", "at": 224 },
                 "peak_activation_kib": { "max": 6144.5 }, "model_kib": { "max": 99, "min": 1 },
                 "latency_ms": { "max": 12, "threads": 2, "precision": "int8" }, "top1": { "min": 0.65 } },
    "maximise": { "netscore": { "alpha": 3, "beta": 0.25, "gamma": 1 } },
    "search": { "strategy": "aging_evolution", "candidates": 128, "rungs": [1, 3, 9], "promote": 0.5,
                "finalists": 3, "images": 6000, "validation_images": 9000, "window": 7, "band": 0.8,
                "budget": { "cpu_seconds": 3600 },
                "synthesis": { "inquisitor": false, "probes": false, "zero_cost": false, "rungs": false,
                               "context": false, "front": 0.25 },
                "evolution": { "population": 0.5, "tournament": 0.1 },
                "local_search": { "starts": 0.75 }, "seed": 9223372036854775807 },
    "training": { "recipe": "default", "batch": 64, "learning_rate": 0.1, "warmup_epochs": 2,
                  "final_learning_rate": 0.01, "momentum": 0.8, "weight_decay": 1e-4,
                  "label_smoothing": 0.2, "crop_padding": 2, "flip": false, "cutout": 8, "ema": 0.99,
                  "threads": 2, "final_threads": 4, "final_epochs": 60,
                  "final_images": 9000, "final_seeds": 5 },
    "export": ["onnx", "atto"])");
  CHECK(spec.task.dataset == "imagenet50");
  CHECK(spec.task.resolution == 192);
  CHECK(spec.require.params.max == 1870000);
  CHECK(spec.require.params.min == 1000);
  CHECK(spec.require.params.max_location.line == 4);
  CHECK(spec.require.params.max_location.column == 37);
  CHECK(spec.require.params.min_location.column == 53);
  CHECK(spec.require.macs.at == 224);
  CHECK(spec.require.peak_activation_kib.max == 6144.5);
  CHECK(spec.require.model_kib.min == 1);
  CHECK(spec.require.latency_ms.max == 12);
  CHECK(spec.require.latency == LatencySetting{2, LatencyPrecision::Int8});
  CHECK(spec.require.scores.at("top1").min == 0.65);
  CHECK(spec.maximise.is_netscore);
  CHECK(spec.maximise.alpha == 3);
  CHECK(spec.maximise.beta == 0.25);
  CHECK(spec.maximise.gamma == 1);
  CHECK(spec.search.strategy == "aging_evolution");
  CHECK(spec.search.candidates == 128);
  CHECK(spec.search.rungs == std::vector<int>{1, 3, 9});
  CHECK(spec.search.promote == 0.5);
  CHECK(spec.search.finalists == 3);
  CHECK(spec.search.images == 6000);
  CHECK(spec.search.validation_images == 9000);
  CHECK(spec.search.window == 7);
  CHECK(spec.search.band == Band(0.8));
  CHECK(spec.search.budget_cpu_seconds == 3600);
  CHECK(spec.search.seed == 9223372036854775807U);
  CHECK_FALSE(spec.search.synthesis.inquisitor);
  CHECK_FALSE(spec.search.synthesis.probes);
  CHECK_FALSE(spec.search.synthesis.zero_cost);
  CHECK_FALSE(spec.search.synthesis.rungs);
  CHECK_FALSE(spec.search.synthesis.context);
  CHECK(spec.search.synthesis.front == 0.25);
  CHECK(spec.search.evolution.population == 0.5);
  CHECK(spec.search.evolution.tournament == 0.1);
  CHECK(spec.search.local_search.starts == 0.75);
  const TrainingRecipe& recipe = spec.training.recipe;
  CHECK(recipe.batch == 64);
  CHECK(recipe.learning_rate == 0.1);
  CHECK(recipe.warmup_epochs == 2);
  CHECK(recipe.final_learning_rate == 0.01);
  CHECK(recipe.momentum == 0.8);
  CHECK(recipe.weight_decay == 1e-4);
  CHECK(recipe.label_smoothing == 0.2);
  CHECK(recipe.crop_padding == 2);
  CHECK_FALSE(recipe.flip);
  CHECK(recipe.cutout == 8);
  CHECK(recipe.ema == 0.99);
  CHECK(recipe.threads == 2);
  CHECK(spec.training.final_threads == 4);
  CHECK(spec.training.final_recipe().threads == 4);
  CHECK(spec.training.final_recipe().batch == 64);
  CHECK(spec.training.final_epochs == 60);
  CHECK(spec.training.final_images == 9000);
  CHECK(spec.training.final_seeds == 5);
  REQUIRE(spec.export_formats.size() == 2);
  CHECK(spec.export_formats[0].name == "onnx");
  CHECK(spec.export_formats[1].name == "atto");
  CHECK(spec.export_formats[1].location.line == spec.export_formats[0].location.line);
}

TEST_CASE("Finalists train with the threads of a trial unless the spec gives them their own") {
  CHECK(read(R"("training": { "threads": 3 })").training.final_threads == 3);
}

TEST_CASE("The band is off by default when NetScore is the objective") {
  CHECK(read(R"("maximise": { "netscore": {} })").search.band == Band(0));
  CHECK(read(R"("maximise": { "netscore": {} }, "search": { "candidates": 4 })").search.band ==
        Band(0));
  CHECK(read(R"("search": { "band": 0.5 }, "maximise": { "netscore": {} })").search.band ==
        Band(0.5));
  CHECK(read(R"("maximise": "top1", "search": {})").search.band == Band(0.9));
}

TEST_CASE("The band is a share of any ceiling, or one for each that is named") {
  const DesignSpec spec =
      read(R"("require": { "params": { "max": "2M" }, "model_kib": { "max": 9 } },
    "search": { "band": { "params": 0.8, "model_kib": 0.5 } })");
  CHECK(spec.search.band.any == 0);
  CHECK(spec.search.band.params == 0.8);
  CHECK(spec.search.band.macs == 0);
  CHECK(spec.search.band.model_kib == 0.5);
  CHECK_FALSE(read(R"("search": { "band": {} })").search.band.is_on());
  const DesignSpec netscore = read(R"("require": { "macs": { "max": "2M" } },
    "maximise": { "netscore": {} }, "search": { "band": { "macs": 0.8 } })");
  CHECK(netscore.search.band.macs == 0.8);
}

TEST_CASE("A tier takes the shared requirements and puts its own in their place") {
  const DesignSpec spec = read(R"("require": { "top1": { "min": 0.5 }, "params": { "max": "3M" } },
    "tiers": [ { "name": "A", "require": { "macs": { "max": "400M" } } },
               { "name": "B", "require": { "params": { "max": "2M" }, "top1": { "min": 0.4 } } } ])");
  REQUIRE(spec.tiers.size() == 2);
  CHECK(spec.tiers[0].name == "A");
  CHECK(spec.tiers[0].require.params.max == 3e6);
  CHECK(spec.tiers[0].require.macs.max == 400e6);
  CHECK(spec.tiers[1].require.params.max == 2e6);
  CHECK(spec.tiers[1].require.scores.at("top1").min == 0.4);
  CHECK_FALSE(spec.tiers[1].require.macs.max);
}

TEST_CASE("What a device has is asked for on the first core, and switches the default band off") {
  const DesignSpec spec =
      read(R"("require": { "flash_kib": { "max": 96, "core": "cortex-m7" } }, "tiers": [
    { "name": "A", "require": { "ram_kib": { "max": 64.5 } } },
    { "name": "B", "require": { "flash_kib": { "max": 64 } } } ])");
  CHECK(spec.tiers[0].require.core == "cortex-m7");
  CHECK(spec.tiers[0].require.flash_kib.max == 96);
  CHECK(spec.tiers[0].require.ram_kib.max == 64.5);
  CHECK(spec.tiers[1].require.core == "cortex-m4");
  CHECK_FALSE(spec.tiers[1].require.ram_kib.max);
  CHECK(spec.search.band == Band(0));
  CHECK(read(R"("require": { "ram_kib": { "max": 9 } }, "search": { "band": 0.5 })").search.band ==
        Band(0.5));
}

TEST_CASE("A latency is asked for on one thread in fp32 unless its own entry says otherwise") {
  const DesignSpec spec =
      read(R"("require": { "latency_ms": { "max": 9, "threads": 4 } }, "tiers": [
    { "name": "A", "require": {} }, { "name": "B", "require": { "latency_ms": { "max": 8 } } },
    { "name": "C", "require": { "latency_ms": { "max": 10, "precision": "int8" } } } ])");
  CHECK(spec.require.latency == LatencySetting{4, LatencyPrecision::Fp32});
  CHECK(spec.tiers[0].require.latency == LatencySetting{4, LatencyPrecision::Fp32});
  CHECK(spec.tiers[1].require.latency == LatencySetting{1, LatencyPrecision::Fp32});
  CHECK(spec.tiers[2].require.latency == LatencySetting{1, LatencyPrecision::Int8});
  CHECK(spec.tiers[2].require.latency_ms.max == 10);
}

TEST_CASE("An absolute prototype path stays as it is") {
  const auto document = parse_json(R"({ "name": "x", "prototype": "/p/a.json" })", "x.json");
  CHECK(read_design_spec(document, "specs/x.json").prototype == "/p/a.json");
}
