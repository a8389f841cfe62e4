#pragma once
// The words that ledgers, JSON and the command line have for what is an enum in here. They stand in
// ledgers: none may change.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace atto::search {

/// Who made a design.
enum class Origin : std::uint8_t { Machine, Human };
constexpr std::array<std::string_view, 2> words_of(Origin) {
  return {"machine", "human"};
}

/// What a person asks for who steers.
enum class SteerKind : std::uint8_t { Pin, Forbid, Free, Require, Note, Try };
constexpr std::array<std::string_view, 6> words_of(SteerKind) {
  return {"pin", "forbid", "free", "require", "note", "try"};
}

/// What trains a campaign's designs.
enum class EvaluatorKind : std::uint8_t { Torch, Fake };
constexpr std::array<std::string_view, 2> words_of(EvaluatorKind) {
  return {"torch", "fake"};
}

/// What a campaign's coordinator last said of it.
enum class CampaignState : std::uint8_t { New, Running, Stopped, Finished };
constexpr std::array<std::string_view, 4> words_of(CampaignState) {
  return {"new", "running", "stopped", "finished"};
}

template <class Enum>
std::string word_of(Enum value) {
  return std::string(words_of(value)[static_cast<std::size_t>(value)]);
}

[[noreturn]] void refuse_word(std::string_view word);

/// Returns the value of a word. Throws EnvironmentError where there is none: the ledger is damaged.
template <class Enum>
Enum read_word(std::string_view word) {
  constexpr auto kWords = words_of(Enum{});
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (kWords[i] == word) return static_cast<Enum>(i);
  refuse_word(word);
}

}  // namespace atto::search
